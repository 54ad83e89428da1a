package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	slackapi "github.com/slack-go/slack"

	"github.com/syncrobot/syncrobot/chat"
)

const (
	// triggerLife is how long after what a person did a modal may be opened,
	// once (docs.slack.dev, "Modals").
	triggerLife = 3 * time.Second

	// quickly is how long the bot may take over what Slack waits 3 s for: a
	// form that was handed in, a search.
	quickly = 2300 * time.Millisecond

	// vetTime is how much of that may be spent to learn who the person is.
	vetTime = time.Second
)

// trigger is the leave to open a modal.
type trigger struct {
	id    string
	until time.Time
}

func (a *Adapter) trigger(id string) trigger { return trigger{id, a.now().Add(triggerLife)} }

// origin is what a modal remembers: the form, and where it was opened.
type origin struct {
	Form string `json:"f"`
	At   place  `json:"p"`
	Card bool   `json:"c"` // At is a card's
}

// Ask opens form as a modal. Where Slack does not allow that any more, a card
// is shown whose button opens it.
func (r replier) Ask(ctx context.Context, form chat.Form) error {
	view, err := modal(form, r.a.sealed(forForm, origin{form.ID, r.at, r.card}))
	if err == nil {
		err = r.a.openModal(ctx, r.trigger, view)
	}
	if err == nil {
		return nil
	}
	card := form.Opener()
	if why := fault(err); why != "" {
		r.a.log.ErrorContext(ctx, "Slack does not show a form", "inputs", len(form.Inputs), "error", err)
		card = chat.Card{
			Title: form.Title, Tone: chat.Bad,
			Parts: []chat.Part{chat.Text("This form cannot be filled in here: " + why + ". Nothing was sent.")},
		}
	} else {
		r.a.log.InfoContext(ctx, "too late to open a form", "user", r.user.Key(), "error", err)
	}
	return r.a.show(ctx, r.user, r.at, card, false)
}

// fault says what is wrong with a form itself, so that opening it again is of
// no use; empty where that may help.
func fault(err error) string {
	if u, ok := errors.AsType[unfit](err); ok {
		return string(u)
	}
	if r, ok := errors.AsType[slackapi.SlackErrorResponse](err); ok {
		if strings.Contains(r.Err, "trigger") { // expired_trigger_id, trigger_exchanged, ...
			return ""
		}
		return "Slack refuses it (" + cmp.Or(word.FindString(r.Err), "no reason given") + ")"
	}
	return ""
}

func (a *Adapter) openModal(ctx context.Context, t trigger, view slackapi.ModalViewRequest) error {
	left := t.until.Sub(a.now())
	if t.id == "" || left <= 0 {
		return errors.New("there is no leave to open a modal, or no more")
	}
	ctx, cancel := context.WithTimeout(ctx, left)
	defer cancel()
	if _, err := a.web.OpenViewContext(ctx, t.id, view); err != nil {
		return fmt.Errorf("views.open: %w", err)
	}
	return nil
}

// vetSoon is vet for what Slack waits for.
func (a *Adapter) vetSoon(ctx context.Context, u chat.User, where string) chat.User {
	ctx, cancel := context.WithTimeout(ctx, vetTime)
	defer cancel()
	return a.people.vet(ctx, u, where)
}

// takeSubmission takes a modal that is proven to be Slack's. Problems, by
// inputs, keep it open. goOn is called when Slack has its answer.
func (a *Adapter) takeSubmission(ctx context.Context, delivery string, p interaction, v view) (problems map[string]string, goOn func()) {
	refuse := func(why string) (map[string]string, func()) { return v.problems(map[string]string{"": why}), func() {} }
	var from origin
	switch {
	case a.appID != "" && p.AppID != a.appID:
		a.log.WarnContext(ctx, "another app's form", "delivery", delivery, "app", p.AppID)
		return refuse("Nothing was sent. This form is of another Slack app than the one I serve.")
	case !a.served(p.Team.ID) || p.User.ID == "":
		a.log.WarnContext(ctx, "a form in a workspace that is not served", "delivery", delivery, "team", p.Team.ID)
		return refuse("Nothing was sent. I do not serve this workspace.")
	}
	if err := a.unsealed(forForm, v.Metadata, &from); err != nil {
		a.log.WarnContext(ctx, "a form of unknown origin", "delivery", delivery, "error", err)
		return refuse("Nothing was sent. I do not know this form any more: please open it again.")
	}
	trigger := a.trigger(p.TriggerID)
	// There is room to go on before the form is taken: it is not lost between.
	begin, ok := a.work.Reserve(ctx, p.user().Key())
	if !ok {
		return refuse(busy)
	}
	taken := false
	defer func() {
		if !taken {
			begin(nil)
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, quickly)
	defer cancel()
	values, labels := v.values()
	req := chat.Request{Delivery: delivery, User: a.vetSoon(ctx, p.user(), p.Team.ID), Form: &chat.Filled{ID: from.Form, Values: values, Labels: labels}}
	if from.Card {
		req.Form.Card = a.ref(from.At)
	}
	wrong, next := a.handler.Submit(ctx, req)
	if len(wrong) > 0 {
		return v.problems(wrong), func() {}
	}
	if next == nil {
		return nil, func() {}
	}
	if first, err := a.first(ctx, delivery); !first && err == nil {
		return nil, func() {} // its work goes on already
	}
	taken = true
	return nil, func() {
		begin(func(ctx context.Context) { next(ctx, replier{a, req.User, from.At, from.Card, trigger}) })
	}
}

// problems are what is wrong, as Slack takes it: in words, and by inputs of
// the modal alone. What is about none of them stands at the first.
func (v view) problems(wrong map[string]string) map[string]string {
	inputs, said := v.inputs(), map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(wrong)) {
		why := wrong[name]
		if !slices.Contains(inputs, name) && len(inputs) > 0 {
			name = inputs[0]
		}
		said[name] = strings.TrimSpace(said[name] + "\n" + cmp.Or(clean(why), "This cannot be taken."))
	}
	for name, why := range said {
		said[name] = cut(why, maxInputLabel)
	}
	return said
}

// suggest finds what can be chosen in a search that is proven to be Slack's.
func (a *Adapter) suggest(ctx context.Context, delivery string, p interaction, s submission) []*slackapi.OptionBlockObject {
	var from origin
	none := []*slackapi.OptionBlockObject{}
	switch {
	case a.appID != "" && p.AppID != a.appID || !a.served(p.Team.ID) || p.User.ID == "":
		a.log.WarnContext(ctx, "a search of another app or workspace", "delivery", delivery, "app", p.AppID, "team", p.Team.ID)
		return none
	case a.unsealed(forForm, s.View.Metadata, &from) != nil:
		a.log.WarnContext(ctx, "a search in a form of unknown origin", "delivery", delivery)
		return none
	}
	ctx, cancel := context.WithTimeout(ctx, quickly)
	defer cancel()
	search := &chat.Search{Form: from.Form, Input: s.ActionID, Typed: s.Value}
	if s.View.State.Values != nil {
		search.Values, _ = s.View.values()
	}
	found := options(a.handler.Suggest(ctx, chat.Request{Delivery: delivery, User: a.vetSoon(ctx, p.user(), p.Team.ID), Search: search}))
	return found[:min(len(found), maxOptions)]
}

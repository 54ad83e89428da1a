package teams

import (
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

// handedIn is a form that came back, to be taken or put away.
type handedIn struct {
	formData
	values map[string]string // by input, without those left empty
}

// handedIn is the form that a carries: beside the inputs in the data of an
// Action.Execute or of a dialog, or in the value itself on old clients.
func (a activity) handedIn() (handedIn, bool) {
	data := json.RawMessage(a.unpacked())
	var verb string
	switch a.Name {
	case "adaptiveCard/action":
		var value struct {
			Action struct {
				Verb string          `json:"verb"`
				Data json.RawMessage `json:"data"`
			} `json:"action"`
		}
		if json.Unmarshal(data, &value) != nil {
			return handedIn{}, false
		}
		verb, data = value.Action.Verb, value.Action.Data
	case "composeExtension/submitAction":
		var value struct {
			Data json.RawMessage `json:"data"`
		}
		if json.Unmarshal(data, &value) != nil {
			return handedIn{}, false
		}
		data = value.Data
	}
	var in handedIn
	if json.Unmarshal(data, &in.formData) != nil {
		return handedIn{}, false
	}
	in.Verb, in.values = cmp.Or(verb, in.Verb), texts(data)
	return in, in.values != nil && in.Form != "" && (in.Verb == verbSubmit || in.Verb == verbDismiss)
}

// texts are the inputs among data, without those left empty; nil where it is no
// object. What an input sends is text.
func texts(data json.RawMessage) map[string]string {
	var all map[string]json.RawMessage
	if json.Unmarshal(data, &all) != nil || all == nil {
		return nil
	}
	filled := map[string]string{}
	for name, raw := range all {
		var text string
		if json.Unmarshal(raw, &text) != nil || strings.Contains(name, "_") {
			continue
		}
		if text = strings.ReplaceAll(text, "\r\n", "\n"); text != "" {
			filled[name] = text
		}
	}
	return filled
}

// filled is the form as the bot gets it. The card that it was opened from is
// the one in whose place it stands.
func (in handedIn) filled(act activity) *chat.Filled {
	f := &chat.Filled{ID: in.Form, Values: in.values}
	if in.Over {
		at := act.place()
		at.Activity = act.ReplyToID
		f.Card = at.ref()
	}
	return f
}

// notTheirs reports whether the form was made for somebody else: in a
// conversation of several, all see it. The bot itself decides again by its
// own records; here it is about the form, which must not be replaced under
// the hands of the one who fills it in.
func (in handedIn) notTheirs(act activity) bool { return in.For != "" && in.For != act.person() }

const theirs = "Nothing was sent. This form is for the person who asked for it."

// working stands in a form's place until there is an answer to it.
func working() chat.Card {
	return chat.Card{Title: "One moment…", Tone: chat.Working}
}

// putAway stands in a form's place that was put away. A card below it that
// only this person does not see is what Teams has stored, and shows again
// (microsoft/botbuilder-js issue 4635).
func putAway(form *chat.Form, over bool) chat.Card {
	c := chat.Card{Title: "Nothing was sent."}
	if form != nil && form.Title != "" {
		c = chat.Card{Title: form.Title, Parts: []chat.Part{chat.Text("Nothing was sent.")}}
	}
	if over {
		c.Parts = append(c.Parts, chat.Text("The card that was here was not touched. It is shown again when Teams loads this chat anew."))
		if form != nil {
			c.Buttons = form.Opener().Buttons
		}
	}
	return c
}

// formOf asks the bot for a form by its id, as its button would; nil where
// there is none for this person any more.
func (a *Adapter) formOf(ctx context.Context, req chat.Request, act activity, id string) *chat.Form {
	at := act.place()
	at.Activity = act.ReplyToID
	return a.handler.Click(ctx, chat.Request{
		Delivery: req.Delivery, User: req.User,
		Click: &chat.Click{Verb: chat.VerbForm, Value: id, Card: at.ref()},
	}).Form
}

// take answers a form that was handed in, or put away, from a card.
func (a *Adapter) take(ctx context.Context, w http.ResponseWriter, act activity, in handedIn) {
	if in.notTheirs(act) {
		a.answer(w, http.StatusOK, told(theirs))
		return
	}
	begin, ok := a.work.Reserve(ctx, a.sender(act).Key())
	if !ok {
		a.answer(w, http.StatusOK, told("Nothing was sent. "+noRoom))
		return
	}
	defer begin(nil)

	ctx, cancel := context.WithTimeout(ctx, clickTime)
	defer cancel()
	req := chat.Request{Delivery: act.ID, User: a.asker(ctx, act), Form: in.filled(act)}
	if in.Verb == verbDismiss {
		d := render(putAway(a.formOf(ctx, req, act, in.Form), in.Over))
		a.answer(w, http.StatusOK, shown(d))
		if !in.Over {
			begin(func(ctx context.Context) { a.cover(ctx, act, req.User, d) })
		}
		return
	}

	problems, then := a.handler.Submit(ctx, req)
	switch {
	case len(problems) > 0:
		reply := told("Nothing was sent. " + sentences(problems))
		if form := a.formOf(ctx, req, act, in.Form); form != nil {
			s := sheet{form: *form, person: act.person(), over: in.Over}.again(in.values, problems)
			if d, ok := s.draw(); ok {
				reply = shown(d)
			}
		}
		a.answer(w, http.StatusOK, reply)
		return
	case then == nil:
		a.answer(w, http.StatusOK, told("The bot got your form."))
		return
	}
	first, err := a.fresh(ctx, act)
	if err != nil {
		a.answer(w, http.StatusOK, told("Nothing was sent. "+noMemory))
		return
	}
	a.answer(w, http.StatusOK, shown(render(working())))
	if first {
		begin(func(ctx context.Context) { then(ctx, a.inPlace(act, req.User)) })
	}
}

// takeLate takes a form from an old client, which gets no answer in the HTTP
// response.
func (a *Adapter) takeLate(ctx context.Context, act activity, req chat.Request, in handedIn) {
	aside := func(c chat.Card) {
		if _, err := a.whisper(ctx, act, render(c)); err != nil {
			a.log.Warn("teams: a person was not told", "delivery", act.ID, "err", err)
		}
	}
	req.Form = in.filled(act)
	switch {
	case in.notTheirs(act):
		aside(chat.Card{Title: theirs})
	case in.Verb == verbDismiss:
		a.cover(ctx, act, req.User, render(putAway(a.formOf(ctx, req, act, in.Form), false)))
	default:
		problems, then := a.handler.Submit(ctx, req)
		if len(problems) > 0 {
			aside(chat.Card{Title: "Nothing was sent.", Tone: chat.Warn, Parts: []chat.Part{chat.Text(sentences(problems))}})
		} else if then != nil {
			then(ctx, a.inPlace(act, req.User))
		}
	}
}

// cover replaces the message that act is about, for everybody.
func (a *Adapter) cover(ctx context.Context, act activity, user chat.User, d drawn) {
	at := act.place()
	at.Activity = act.ReplyToID
	if err := a.redraw(ctx, user, at, d); err != nil {
		a.log.Warn("teams: a form was not put away", "delivery", act.ID, "err", err)
	}
}

// sentences are problems where the form itself cannot be shown again.
func sentences(problems map[string]string) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(problems)) {
		all = append(all, name+": "+problems[name])
	}
	return strings.Join(all, "\n")
}

package teams

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	library "github.com/infracloudio/msbotbuilder-go/core/activity"
	"github.com/infracloudio/msbotbuilder-go/schema"

	"github.com/syncrobot/syncrobot/chat"
)

// place is where a card is, and what a Ref holds. There is no secret in it.
type place struct {
	Service      string `json:"service"`
	Conversation string `json:"conversation"`
	Activity     string `json:"activity"`
	Member       string `json:"member,omitempty"` // instead of Activity: in this person's own chat, anew each time
}

// ref is p as a Ref, empty where there is no card to redraw.
func (p place) ref() chat.Ref {
	if p.Activity == "" && p.Member == "" {
		return ""
	}
	// Marshal cannot fail on strings.
	b, _ := json.Marshal(p)
	return chat.Ref(b)
}

// aside is a Ref before the eyes of act's sender alone.
func (p place) aside(act activity) chat.Ref {
	return place{Service: p.Service, Conversation: p.Conversation, Member: act.From.ID}.ref()
}

func parseRef(ref chat.Ref) (place, error) {
	var p place
	if err := json.Unmarshal([]byte(ref), &p); err != nil {
		return place{}, fmt.Errorf("teams: where the card is: %w", err)
	}
	if !plainID(p.Conversation) || !plainID(cmp.Or(p.Activity, p.Member)) {
		return place{}, errors.New("teams: where the card is: no usable ids")
	}
	return p, nil
}

// replier answers an activity with cards and forms, which show shows.
type replier struct {
	adapter *Adapter
	act     activity
	show    func(context.Context, drawn) (chat.Ref, error)
}

// Reply shows card.
func (r replier) Reply(ctx context.Context, card chat.Card) (chat.Ref, error) {
	return r.show(ctx, render(card))
}

// Ask shows form, as a message with inputs that is for the person alone to
// hand in, whoever sees it.
func (r replier) Ask(ctx context.Context, form chat.Form) error {
	_, err := r.show(ctx, r.adapter.form(r.act, form))
	return err
}

// form is a form as a message of its own, or what stands for one that is too
// long.
func (a *Adapter) form(act activity, form chat.Form) drawn {
	if d, ok := (sheet{form: form, person: act.person()}).draw(); ok {
		return d
	}
	return render(tooLong(form))
}

// here answers an activity where it was written, which in a channel is the
// same thread: its conversation id names that. What was seen by nobody else
// is answered in the person's own chat.
func (a *Adapter) here(act activity) replier {
	return replier{a, act, func(ctx context.Context, d drawn) (chat.Ref, error) {
		if act.private() {
			return a.whisper(ctx, act, d)
		}
		return a.send(ctx, act.place(), act.ID, d)
	}}
}

// answers is where user is answered what they typed; false where nothing is
// done, and they were told why. What somebody of elsewhere would read as well
// is answered in user's own chat, and said to be: it may be a customer who is
// a guest there, and the ticket another's. Whoever is refused learns nothing,
// and is refused where they asked.
func (a *Adapter) answers(ctx context.Context, act activity, user chat.User) (replier, bool) {
	if act.personal() || act.private() || user.Outsider != "" {
		return a.here(act), true
	}
	asking, stop := context.WithTimeout(ctx, rosterTime)
	defer stop()
	why, err := a.overheard(asking, act)
	if err != nil {
		// As with whom is asked whether they are a guest: Teams' troubles keep nobody from work.
		a.log.Warn("teams: it could not be learned who reads along", "delivery", act.ID, "err", err)
	}
	if why == "" {
		return a.here(act), true
	}
	a.log.Info("teams: a command is answered in a personal chat", "delivery", act.ID, "why", why)
	const whoReads = "Somebody of another organisation may read along here."
	if !a.reaches(ctx, act) {
		a.say(ctx, act, chat.Card{
			Title: "Nothing was sent.", Tone: chat.Warn,
			Parts: []chat.Part{chat.Text(whoReads + " I answer you in a chat of our own: add the app for yourself in Teams, and type it again.")},
		})
		return replier{}, false
	}
	said := false
	return replier{a, act, func(ctx context.Context, d drawn) (chat.Ref, error) {
		ref, err := a.direct(ctx, act.place(), act.From.ID, d)
		if err == nil && !said {
			said = true
			a.say(ctx, act, chat.Card{Title: "I answered in our own chat.", Parts: []chat.Part{chat.Text(whoReads)}})
		}
		return ref, err
	}}, true
}

// inPlace answers a form with what takes the place of its message; all that
// comes after is shown below.
func (a *Adapter) inPlace(act activity, user chat.User) replier {
	at := act.place()
	at.Activity = act.ReplyToID
	taken := false
	return replier{a, act, func(ctx context.Context, d drawn) (chat.Ref, error) {
		if taken {
			return a.send(ctx, act.place(), act.ReplyToID, d)
		}
		err := a.redraw(ctx, user, at, d)
		taken = err == nil
		return at.ref(), err
	}}
}

// apart answers in the person's own chat what they did out of everybody's
// sight.
func (a *Adapter) apart(act activity) replier {
	return replier{a, act, func(ctx context.Context, d drawn) (chat.Ref, error) {
		return a.direct(ctx, act.place(), act.From.ID, d)
	}}
}

// whisper shows d to the sender of act alone.
func (a *Adapter) whisper(ctx context.Context, act activity, d drawn) (chat.Ref, error) {
	if act.personal() {
		return a.send(ctx, act.place(), "", d)
	}
	return a.direct(ctx, act.place(), act.From.ID, d)
}

// Redraw replaces the card at ref for everybody who sees it. When it is gone
// (404), or the bot may not change it any more (403), the card is shown anew
// in the user's personal chat, where there is a user.
func (a *Adapter) Redraw(ctx context.Context, user chat.User, ref chat.Ref, card chat.Card) error {
	at, err := parseRef(ref)
	if err != nil {
		return err
	}
	return a.redraw(ctx, user, at, render(card))
}

func (a *Adapter) redraw(ctx context.Context, user chat.User, at place, d drawn) error {
	if at.Activity == "" {
		_, err := a.direct(ctx, at, at.Member, d)
		return err
	}
	act := a.outgoing(at, d)
	act.ID = at.Activity
	err := a.bot.UpdateActivity(ctx, act)
	e, answered := errors.AsType[*connectorError](err)
	if !answered || user.ID == "" || e.Status != http.StatusNotFound && e.Status != http.StatusForbidden {
		return err
	}
	if _, anew := a.direct(ctx, at, user.ID, d); anew != nil {
		return errors.Join(err, anew)
	}
	return nil
}

// direct shows d in member's personal chat with the bot, at the same service
// as at. member is their id in Teams ("29:...") or in Entra, which the
// connector takes as well (MicrosoftDocs/msteams-docs issue 14079).
func (a *Adapter) direct(ctx context.Context, at place, member string, d drawn) (chat.Ref, error) {
	at, err := a.personalChat(ctx, at, member)
	if err != nil {
		return "", err
	}
	return a.send(ctx, at, "", d)
}

// personalChat is member's personal chat with the bot.
func (a *Adapter) personalChat(ctx context.Context, at place, member string) (place, error) {
	service, err := url.Parse(at.Service)
	if err != nil {
		return place{}, err
	}
	at.Activity = ""
	at.Conversation, err = a.connector.createConversation(ctx, service, a.account(), member, a.tenant)
	if err != nil {
		return place{}, fmt.Errorf("opening the personal chat: %w", err)
	}
	return at, nil
}

// post shows card as a new message in at's conversation.
func (a *Adapter) post(ctx context.Context, at place, replyTo string, card chat.Card) (chat.Ref, error) {
	return a.send(ctx, at, replyTo, render(card))
}

// send shows d as a new message in at's conversation.
func (a *Adapter) send(ctx context.Context, at place, replyTo string, d drawn) (chat.Ref, error) {
	act := a.outgoing(at, d)
	act.ReplyToID = replyTo
	var id string
	err := a.bot.ProcessActivity(withSent(ctx, &id), act, library.HandlerFuncs{
		OnMessageFunc: func(*library.TurnContext) (schema.Activity, error) { return act, nil },
	})
	if err != nil {
		return "", err
	}
	at.Activity = id
	return at.ref(), nil
}

func (a *Adapter) outgoing(at place, d drawn) schema.Activity {
	return schema.Activity{
		Type:         schema.Message,
		ServiceURL:   at.Service,
		From:         schema.ChannelAccount{ID: a.account()},
		Conversation: schema.ConversationAccount{ID: at.Conversation},
		Summary:      d.summary,
		Attachments:  []schema.Attachment{{ContentType: cardAnswer, Content: d.card}},
	}
}

// account is the bot's own id in Teams.
func (a *Adapter) account() string { return "28:" + a.appID }

package teams

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// Teams sends an activity again when it is not answered in about 15 seconds
// (MicrosoftDocs/msteams-docs issue 6084).
const (
	clickTime = 10 * time.Second // for the bot's answer to a click
	guestTime = 2 * time.Second  // of it, for asking whether a guest clicked
	drawTime  = 8 * time.Second  // for what a click shows besides, where something comes after: it draws again
)

// What a person is told, after "Nothing was sent.".
const (
	noRoom   = "The bot has too much to do at the moment, or is about to stop. Try again in a minute."
	noMemory = "The bot's memory (Redis) does not answer. Try again in a minute; if that does not help, tell whoever runs the bot."
)

// message handles what was typed, or a button of an old client. The work is
// done after the acknowledgement.
func (a *Adapter) message(ctx context.Context, act activity) {
	in, filled := act.handedIn()
	click, clicked := act.click()
	if !filled && !clicked && (act.hasValue() || !act.addressed()) {
		return // a button of a card that is none of ours, or talk among people
	}
	text := act.typed(a.command)
	work := func(ctx context.Context) {
		a.references.keep(ctx, act)
		if !a.first(ctx, act) {
			return
		}
		req := chat.Request{Delivery: act.ID, User: a.user(ctx, act)}
		switch {
		case filled:
			a.takeLate(ctx, act, req, in)
		case clicked:
			req.Click = &click
			a.show(ctx, act, req.User, a.handler.Click(ctx, req), false)
		default:
			req.Text = text
			if to, ok := a.answers(ctx, act, req.User); ok {
				a.handler.Command(ctx, req, to)
			}
		}
	}
	if a.work.StartFor(ctx, a.sender(act).Key(), work) {
		return
	}
	// There is no room for work, so that this is said within the request.
	a.log.Warn("teams: too busy for a message", "delivery", act.ID)
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	a.say(ctx, act, chat.Card{
		Title: "Nothing was sent.", Tone: chat.Warn,
		Parts: []chat.Part{chat.Text(noRoom)},
	})
}

// first reports whether act comes for the first time. When that cannot be
// known nothing is done, and the person told.
func (a *Adapter) first(ctx context.Context, act activity) bool {
	first, err := a.fresh(ctx, act)
	if err != nil {
		a.say(ctx, act, chat.Card{
			Title: "Nothing was sent.", Tone: chat.Bad,
			Parts: []chat.Part{chat.Text(noMemory)},
		})
		return false
	}
	return first
}

// fresh reports whether act comes for the first time: Teams repeats what it
// waited for in vain.
func (a *Adapter) fresh(ctx context.Context, act activity) (bool, error) {
	first, err := a.seen.First(ctx, platform+"/"+act.Conversation.ID+"/"+act.ID)
	if err != nil {
		a.log.Error("teams: Redis did not say whether something came before", "delivery", act.ID, "err", err)
	}
	return first, err
}

func (a *Adapter) say(ctx context.Context, act activity, card chat.Card) {
	if _, err := a.here(act).Reply(ctx, card); err != nil {
		a.log.Error("teams: a reply was not delivered", "delivery", act.ID, "err", err)
	}
}

// Kinds of invoke answers. Source: learn.microsoft.com, "Universal Actions
// for Adaptive Cards", response format.
const (
	cardAnswer    = "application/vnd.microsoft.card.adaptive"
	messageAnswer = "application/vnd.microsoft.activity.message"
	errorAnswer   = "application/vnd.microsoft.error"
)

type invokeAnswer struct {
	StatusCode int    `json:"statusCode"`
	Type       string `json:"type"`
	Value      any    `json:"value"`
}

type invokeError struct {
	Code    string `json:"code"`
	Message string `json:"message"`
}

// invoke answers in the HTTP response what a person did and waits for.
func (a *Adapter) invoke(w http.ResponseWriter, r *http.Request, act activity) {
	// What somebody began is not given up because Teams hung up.
	ctx := context.WithoutCancel(r.Context())
	switch act.Name {
	case "adaptiveCard/action":
		if in, ok := act.handedIn(); ok {
			a.take(ctx, w, act, in)
			return
		}
		a.click(ctx, w, act)
	case "application/search":
		a.search(ctx, w, act)
	case "composeExtension/fetchTask":
		a.openDialog(ctx, w, act)
	case "composeExtension/submitAction":
		a.takeDialog(ctx, w, act)
	case "composeExtension/queryLink":
		a.unfurl(ctx, w, act)
	default:
		a.answer(w, http.StatusNotImplemented, invokeAnswer{http.StatusNotImplemented, errorAnswer,
			invokeError{"NotImplemented", "The bot does not know this action."}})
	}
}

// asker is who sent an invoke, without waiting long to learn it.
func (a *Adapter) asker(ctx context.Context, act activity) chat.User {
	ctx, stop := context.WithTimeout(ctx, guestTime)
	defer stop()
	return a.user(ctx, act)
}

// told is an answer in words, which leaves the card as it is.
func told(text string) invokeAnswer {
	return invokeAnswer{http.StatusOK, messageAnswer, plain(text, maxFallback)}
}

// shown is an answer that takes the card's place for the one who clicked.
func shown(d drawn) invokeAnswer { return invokeAnswer{http.StatusOK, cardAnswer, d.card} }

func misread(text string) invokeAnswer {
	return invokeAnswer{http.StatusBadRequest, errorAnswer, invokeError{"BadRequest", text}}
}

// click answers a pressed button.
func (a *Adapter) click(ctx context.Context, w http.ResponseWriter, act activity) {
	click, ok := act.click()
	if !ok {
		a.answer(w, http.StatusOK, misread("The button says nothing that the bot knows."))
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
	req := chat.Request{Delivery: act.ID, User: a.asker(ctx, act), Click: &click}
	given := a.handler.Click(ctx, req)

	reply := told("The bot got your click.")
	switch {
	case given.Replace != nil:
		reply = shown(render(*given.Replace))
	case given.Form != nil:
		reply = told(tooLong(*given.Form).Plain())
		if d, ok := (sheet{form: *given.Form, person: act.person(), over: true}).draw(); ok {
			reply = shown(d)
		}
	case given.Aside != nil:
		reply = told(given.Aside.Plain())
	}
	a.answer(w, http.StatusOK, reply)
	begin(func(ctx context.Context) { a.show(ctx, act, req.User, given, true) })
}

// show does what the answer to a click asks for besides the HTTP response,
// and then what comes after. answered says that the response has shown the
// card, or else the form, or else the aside, to the one who clicked: other
// people in the conversation still see the old card, and so do they when Teams
// loads the chat anew (microsoft/botbuilder-js issue 4635). In a personal chat
// that is left to what comes after, which draws its outcome there. What is stale
// is for the one who clicked alone: another card may be in its place.
func (a *Adapter) show(ctx context.Context, act activity, user chat.User, given chat.Answer, answered bool) {
	drawing, stop := ctx, context.CancelFunc(func() {})
	if given.Then != nil { // it may be what was confirmed
		drawing, stop = context.WithTimeout(ctx, drawTime)
	}
	defer stop()
	at := act.place()
	at.Activity = act.ReplyToID
	if given.Replace != nil && !(answered && (given.Stale || act.personal() && given.Then != nil)) {
		if err := a.Redraw(drawing, user, at.ref(), *given.Replace); err != nil {
			a.log.Warn("teams: a card was not redrawn", "delivery", act.ID, "err", err)
		}
	}
	if given.Form != nil && !(answered && given.Replace == nil) {
		if _, err := a.whisper(drawing, act, a.form(act, *given.Form)); err != nil {
			a.log.Warn("teams: a form was not shown", "delivery", act.ID, "err", err)
		}
	}
	if given.Aside != nil && !(answered && given.Replace == nil && given.Form == nil) {
		if _, err := a.whisper(drawing, act, render(*given.Aside)); err != nil {
			a.log.Warn("teams: a person was not told", "delivery", act.ID, "err", err)
		}
	}
	if given.Then != nil {
		given.Then(ctx)
	}
}

func (a *Adapter) answer(w http.ResponseWriter, status int, v any) {
	body, err := encode(v)
	if err != nil {
		a.log.Error("teams: an answer could not be written", "err", err)
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	// With its length the answer is whole when it is flushed, not when the
	// handler returns: what follows comes after it.
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if _, err := w.Write(body); err != nil {
		a.log.Warn("teams: an answer did not reach Teams", "err", err)
	}
	if f, ok := w.(http.Flusher); ok {
		f.Flush()
	}
}

// welcome greets a person who added the bot to their personal chat. Teams
// says so twice, as an installation and as a new member.
func (a *Adapter) welcome(ctx context.Context, act activity) {
	if !act.added() || !act.personal() {
		return
	}
	first, err := a.seen.First(ctx, platform+"/welcome/"+act.Conversation.ID)
	if err != nil {
		a.log.Warn("teams: nobody was greeted, since Redis does not answer", "err", err)
		return
	}
	if !first {
		return
	}
	card := a.handler.Greet(ctx, chat.Request{Delivery: act.ID, User: a.user(ctx, act)})
	// There is no message to reply to.
	if _, err := a.post(ctx, act.place(), "", card); err != nil {
		a.log.Warn("teams: a greeting was not delivered", "err", err)
	}
}

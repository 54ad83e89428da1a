package teams

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// Teams waits five seconds for what a message extension answers, and then
// asks again. Source: learn.microsoft.com, "Respond to the dialog submit
// action".
const (
	dialogTime = 4 * time.Second
	reachTime  = 1500 * time.Millisecond // of it, for finding the personal chat
	searchTime = 4 * time.Second
)

// dialog is an answer that opens a dialog, or shows another in an open one.
type dialog struct {
	Task struct {
		Type  string `json:"type"` // continue
		Value struct {
			Title  string `json:"title"`
			Height string `json:"height"`
			Width  string `json:"width"`
			Card   struct {
				ContentType string       `json:"contentType"`
				Content     adaptiveCard `json:"content"`
			} `json:"card"`
		} `json:"value"`
	} `json:"task"`
}

func newDialog(title string, d drawn) dialog {
	var out dialog
	out.Task.Type = "continue"
	v := &out.Task.Value
	v.Title, v.Height, v.Width = plain(title, maxLabel), "medium", "medium"
	if strings.TrimSpace(title) == "" {
		v.Title = "Syncro"
	}
	v.Card.ContentType, v.Card.Content = cardAnswer, d.card
	return out
}

// say is a dialog that says what card says. A dialog knows no button that the
// bot would hear of.
func say(card chat.Card) dialog {
	card.Buttons = nil
	return newDialog(card.Title, render(card))
}

// formDialog is a dialog with a form.
func formDialog(s sheet) dialog {
	s.dialog = true
	d, ok := s.draw()
	if !ok {
		return say(tooLong(s.form))
	}
	return newDialog(s.form.Title, d)
}

func nothingSent(why string) dialog {
	return say(chat.Card{Title: "Nothing was sent.", Tone: chat.Warn, Parts: []chat.Part{chat.Text(why)}})
}

// openDialog answers a shortcut. What comes of its form is shown in the
// personal chat, since nobody else saw what was done: where there is none,
// that is said before anything is filled in.
func (a *Adapter) openDialog(ctx context.Context, w http.ResponseWriter, act activity) {
	shortcut, ok := act.shortcut()
	if !ok {
		a.answer(w, http.StatusOK, nothingSent("The bot does not know this action."))
		return
	}
	ctx, cancel := context.WithTimeout(ctx, dialogTime)
	defer cancel()
	form, card := a.handler.Shortcut(ctx, chat.Request{Delivery: act.ID, User: a.asker(ctx, act), Shortcut: &shortcut})
	switch {
	case form != nil && !a.reaches(ctx, act):
		a.answer(w, http.StatusOK, nothingSent("The bot has no chat with you to answer in. Add the app for yourself in Teams, and try again."))
	case form != nil:
		a.answer(w, http.StatusOK, formDialog(sheet{form: *form, person: act.person()}))
	case card != nil:
		a.answer(w, http.StatusOK, say(*card))
	default:
		a.answer(w, http.StatusOK, nothingSent("The bot does not know this action."))
	}
}

// reaches reports whether the bot can write to the sender of act. What cannot
// be learned in time is hoped for.
func (a *Adapter) reaches(ctx context.Context, act activity) bool {
	ctx, stop := context.WithTimeout(ctx, reachTime)
	defer stop()
	_, err := a.personalChat(ctx, act.place(), act.From.ID)
	if err != nil {
		a.log.Warn("teams: a personal chat was not found", "delivery", act.ID, "err", err)
	}
	e, answered := errors.AsType[*connectorError](err)
	return !answered || e.Status != http.StatusForbidden && e.Status != http.StatusNotFound
}

// takeDialog answers a dialog's form that was handed in. An empty answer
// closes the dialog.
func (a *Adapter) takeDialog(ctx context.Context, w http.ResponseWriter, act activity) {
	in, ok := act.handedIn()
	if !ok {
		a.answer(w, http.StatusOK, nothingSent("The form says nothing that the bot knows."))
		return
	}
	begin, ok := a.work.Reserve(ctx, a.sender(act).Key())
	if !ok {
		a.answer(w, http.StatusOK, nothingSent(noRoom))
		return
	}
	defer begin(nil)

	ctx, cancel := context.WithTimeout(ctx, dialogTime)
	defer cancel()
	in.Over = false // a dialog stands over nothing
	req := chat.Request{Delivery: act.ID, User: a.asker(ctx, act), Form: in.filled(act)}
	problems, then := a.handler.Submit(ctx, req)
	if len(problems) > 0 {
		reply := nothingSent(sentences(problems))
		if form := a.formOf(ctx, req, act, in.Form); form != nil {
			reply = formDialog(sheet{form: *form, person: act.person()}.again(in.values, problems))
		}
		a.answer(w, http.StatusOK, reply)
		return
	}
	first, err := a.fresh(ctx, act)
	if err != nil {
		a.answer(w, http.StatusOK, nothingSent(noMemory))
		return
	}
	a.answer(w, http.StatusOK, struct{}{})
	if first && then != nil {
		begin(func(ctx context.Context) { then(ctx, a.apart(act)) })
	}
}

// shortcut is the action that a carries, with the message it was used on.
func (a activity) shortcut() (chat.Shortcut, bool) {
	var value struct {
		Command string `json:"commandId"`
		Context string `json:"commandContext"`
		Message *struct {
			Created string `json:"createdDateTime"`
			ReplyTo string `json:"replyToId"`
			Subject string `json:"subject"`
			Link    string `json:"linkToMessage"`
			From    struct {
				User, Application struct {
					Name string `json:"displayName"`
				}
			} `json:"from"`
			Body struct {
				Type    string `json:"contentType"` // html or text
				Content string `json:"content"`
			} `json:"body"`
			Attachments []struct {
				Type string `json:"contentType"` // reference: a file
				Name string `json:"name"`
				URL  string `json:"contentUrl"`
			} `json:"attachments"`
		} `json:"messagePayload"`
	}
	if json.Unmarshal(a.unpacked(), &value) != nil || value.Command == "" {
		return chat.Shortcut{}, false
	}
	s := chat.Shortcut{Name: value.Command}
	if m := value.Message; m != nil && value.Context == "message" {
		s.Message = &chat.Message{Author: m.From.User.Name, Text: m.Body.Content}
		if s.Message.Author == "" {
			s.Message.Author = m.From.Application.Name
		}
		if !strings.EqualFold(m.Body.Type, "text") {
			s.Message.Text = prose(m.Body.Content)
		}
		if m.Subject != "" {
			s.Message.Text = m.Subject + "\n" + s.Message.Text
		}
		if isWeb(m.Link) {
			s.Message.Link = m.Link
		}
		for _, f := range m.Attachments {
			if f.Type != "reference" || f.Name == "" {
				continue // a card, a quoted message
			}
			one := chat.File{Name: f.Name}
			if isWeb(f.URL) {
				one.Link = f.URL
			}
			s.Message.Files = append(s.Message.Files, one)
		}
		if m.ReplyTo != "" {
			s.Message.Alone = withoutThread
		}
		// A time that cannot be read is left out.
		if at, err := time.Parse(time.RFC3339, m.Created); err == nil {
			s.Message.Time = at
		}
	}
	return s, true
}

// withoutThread is why a message of a thread comes without it: the rest of it is
// Microsoft Graph's, which takes another permission than a bot has.
const withoutThread = "Teams hands over this message alone, not its thread: what else is needed can be pasted below."

const searchAnswer = "application/vnd.microsoft.search.searchResponse"

// search answers what a person has typed into a Lookup so far.
func (a *Adapter) search(ctx context.Context, w http.ResponseWriter, act activity) {
	var value struct {
		Typed   string `json:"queryText"`
		Dataset string `json:"dataset"`
		Options struct {
			Skip int `json:"skip"`
		} `json:"queryOptions"`
		Filled json.RawMessage `json:"data"` // where the query asked for associatedInputs
	}
	err := json.Unmarshal(act.unpacked(), &value)
	form, input, ok := strings.Cut(value.Dataset, "/")
	if err != nil || !ok {
		a.answer(w, http.StatusOK, misread("The search is for nothing that the bot knows."))
		return
	}
	found := struct {
		Results []choice `json:"results"`
	}{[]choice{}}
	if value.Options.Skip == 0 { // the bot has one page
		ctx, cancel := context.WithTimeout(ctx, searchTime)
		defer cancel()
		options := a.handler.Suggest(ctx, chat.Request{
			Delivery: act.ID, User: a.asker(ctx, act),
			Search: &chat.Search{Form: form, Input: input, Typed: value.Typed, Values: texts(value.Filled)},
		})
		for _, o := range options {
			if o.Value != "" && len(found.Results) < maxOptions {
				found.Results = append(found.Results, choice{Title: choiceTitle(o), Value: o.Value})
			}
		}
	}
	a.answer(w, http.StatusOK, invokeAnswer{http.StatusOK, searchAnswer, found})
}

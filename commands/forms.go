package commands

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
)

// asked is what Redis keeps of a form: who may hand it in, and which command
// it is for.
type asked struct {
	Owner   string    `json:"owner"`
	Command string    `json:"command"` // whose Submit takes the answers
	About   string    `json:"about"`   // what Submit needs besides: a ticket's number, an operation's id
	Form    chat.Form `json:"form"`

	// Replaces is the operation that the form edits.
	Replaces string `json:"replaces,omitempty"`
}

func formKey(id string) string { return "syncrobot:form:" + id }

// open saves a form, so that its answers can be taken by any process.
func (c choices) open(ctx context.Context, user chat.User, a asked) (chat.Form, error) {
	a.Owner, a.Form.ID = user.Key(), rand.Text()
	form := a.Form
	record, err := json.Marshal(a)
	if err == nil {
		err = c.rdb.Set(ctx, formKey(form.ID), record, c.ttl).Err()
	}
	if err != nil {
		return chat.Form{}, fmt.Errorf("save the form: %w", err)
	}
	return form, nil
}

// form reads a form back for the person it was made for.
func (c choices) form(ctx context.Context, user chat.User, id string) (asked, error) {
	if id == "" || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return asked{}, errNoChoice
	}
	record, err := c.rdb.Get(ctx, formKey(id)).Bytes()
	if errors.Is(err, redis.Nil) {
		return asked{}, errNoChoice
	}
	var a asked
	if err == nil {
		err = json.Unmarshal(record, &a)
	}
	if err == nil && a.Owner != user.Key() {
		err = errNotYours
	}
	return a, err
}

// Submit takes a form that was handed in: what is missing is said in the form
// at once, the rest goes on as if a command had been typed.
func (b *Bot) Submit(ctx context.Context, req chat.Request) (map[string]string, func(context.Context, chat.Replier)) {
	show := func(c chat.Card) (map[string]string, func(context.Context, chat.Replier)) {
		return nil, func(ctx context.Context, r chat.Replier) { b.reply(ctx, req, r, Result{Cards: []chat.Card{c}}) }
	}
	if !b.served(req.User) {
		return show(refusal())
	}
	if anyKey(req.Form.Values) { // the form closes: it would show it on
		return nil, func(ctx context.Context, r chat.Replier) {
			b.reply(ctx, req, r, b.present(ctx, req.User, "", Result{}, errKeyInChat))
		}
	}
	a, err := b.choices.form(ctx, req.User, req.Form.ID)
	if err != nil {
		return show(errorCard(err, ""))
	}
	command := named(b.commands, a.Command)
	if command == nil || command.Submit == nil {
		return show(errorCard(errNoChoice, ""))
	}
	if problems := missing(a.Form, req.Form.Values); len(problems) > 0 {
		return problems, nil
	}
	return nil, func(ctx context.Context, r chat.Replier) {
		ctx, cancel, r := b.patiently(ctx, req.User, r)
		defer cancel()
		if a.Replaces != "" {
			if late, ok := b.Engine.Replaced(ctx, req.User, a.Replaces, req.Form.Card); !ok {
				b.show(ctx, req, r, late)
				return
			}
		}
		result, err := b.propose(ctx, req.User, "", req.Form.Card, func(c *Call) (Result, error) {
			c.name = command.Name
			return command.Submit(ctx, c, a.About, req.Form.Values)
		})
		shown := b.present(ctx, req.User, "", result, err)
		if err != nil {
			b.offerAgain(ctx, req, a, &shown)
		}
		b.reply(ctx, req, r, shown)
	}
}

// offerAgain gives a form that came to nothing back as it was filled in, by a
// button: what was typed is never lost.
func (b *Bot) offerAgain(ctx context.Context, req chat.Request, a asked, shown *Result) {
	a.Form, a.Replaces = a.Form.Again(*req.Form), ""
	form, err := b.choices.open(ctx, req.User, a)
	if err != nil {
		b.Log.Error("a form could not be kept", "error", err)
		return
	}
	last := &shown.Cards[len(shown.Cards)-1]
	last.Buttons = append([]chat.Button{{Label: "Fill in again", Verb: chat.VerbForm, Value: form.ID, Style: chat.Primary}}, last.Buttons...)
}

// show gives the answer to a click to somebody who handed in a form.
func (b *Bot) show(ctx context.Context, req chat.Request, r chat.Replier, a chat.Answer) {
	for _, c := range []*chat.Card{a.Replace, a.Aside} {
		if c != nil {
			b.reply(ctx, req, r, card(*c))
		}
	}
	if a.Then != nil {
		a.Then(ctx)
	}
}

// missing names the inputs that must be filled in and are not.
func missing(form chat.Form, values map[string]string) map[string]string {
	problems := map[string]string{}
	for _, in := range form.Inputs {
		if !in.Optional && in.Kind != chat.Check && strings.TrimFunc(values[in.Name], space) == "" {
			problems[in.Name] = "This is needed."
		}
	}
	return problems
}

// suggested is how many options a lookup shows.
const suggested = 20

// edit opens the form of a card that is not confirmed yet, as it is filled in.
func (b *Bot) edit(ctx context.Context, req chat.Request) chat.Answer {
	edit, _, err := b.Engine.Kept(ctx, req.User, req.Click.Value)
	if err == nil && edit == nil {
		return b.Engine.Click(ctx, req) // it is too late, or not theirs: the card says how it stands
	}
	var form chat.Form
	if err == nil {
		form, err = b.choices.open(ctx, req.User, asked{Command: edit.Command, About: edit.About, Form: edit.Form, Replaces: req.Click.Value})
	}
	if err != nil {
		c := errorCard(err, "")
		return chat.Answer{Aside: &c}
	}
	return chat.Answer{Form: &form}
}

// Suggest finds what a person may mean by what they typed into a form.
func (b *Bot) Suggest(ctx context.Context, req chat.Request) []chat.Option {
	if !b.served(req.User) || hasKey(req.Search.Typed) {
		return nil
	}
	a, err := b.choices.form(ctx, req.User, req.Search.Form)
	if err != nil {
		return nil
	}
	command := named(b.commands, a.Command)
	if command == nil || command.Suggest == nil {
		return nil
	}
	call, err := b.call(ctx, req.User)
	if err != nil {
		b.Log.Warn("nothing could be suggested", "user", req.User.Key(), "error", err)
		return nil
	}
	search := *req.Search
	search.Typed = strings.TrimFunc(search.Typed, space)
	if search.Values == nil { // the platform does not tell: what was there when it opened
		search.Values = map[string]string{}
		for _, in := range a.Form.Inputs {
			search.Values[in.Name] = in.Value
		}
	}
	options, err := command.Suggest(ctx, call, search)
	if err != nil {
		b.Log.Warn("nothing could be suggested", "user", req.User.Key(), "error", err)
	}
	return options[:min(len(options), suggested)]
}

// Shortcut opens the form of an action on a message.
func (b *Bot) Shortcut(ctx context.Context, req chat.Request) (*chat.Form, *chat.Card) {
	fail := func(c chat.Card) (*chat.Form, *chat.Card) { return nil, &c }
	if !b.served(req.User) {
		return fail(refusal())
	}
	if m := req.Shortcut.Message; m != nil && hasKey(m.Text) {
		return fail(errorCard(errKeyInChat, ""))
	}
	for i := range b.commands {
		c := &b.commands[i]
		if c.Shortcut == nil || c.Shortcut.Name != req.Shortcut.Name {
			continue
		}
		asks := c.Shortcut.Form(req.Shortcut.Message, b.known(ctx, req.User))
		form, err := b.opened(ctx, req.User, c, &asks)
		if err != nil {
			return fail(errorCard(err, ""))
		}
		return form, nil
	}
	return fail(errorCard(refuse("This version does not have that shortcut."), ""))
}

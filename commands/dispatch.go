package commands

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/syncro"
)

// People is who may use the bot.
type People interface {
	// Known reports, without asking anybody, whether the configuration names
	// the person.
	Known(chat.User) bool
	// Standing is what else is known about them without asking anybody.
	Standing(chat.User) identity.Standing
	// Who is the technician behind a chat user, with a checked key.
	Who(context.Context, chat.User) (identity.Technician, error)
	// Everyone is the technicians as the configuration names them.
	Everyone() []identity.Person
}

// Options make a Bot. All must be set but Evening.
type Options struct {
	People People
	Syncro *syncro.Client
	Engine *confirm.Engine
	Redis  redis.UniversalClient
	Redraw func(ctx context.Context, user chat.User, card chat.Ref, c chat.Card) error
	TTL    time.Duration // how long a choice may be pressed
	Rules  Rules

	Evening Evening
	Post    func(ctx context.Context, at chat.Place, card chat.Card) (chat.Ref, error)

	Audit  *audit.Log
	Links  Links
	Log    *slog.Logger
	Failed func(code string) // told of each command that came to nothing, by the code on its card
}

// Bot is the chat.Handler behind all platforms.
type Bot struct {
	Options
	commands []Command
	choices  choices
	readings readings
	timers   timers
	noticed  noticed
}

// New makes a Bot.
func New(o Options) *Bot {
	return &Bot{
		Options: o, commands: all(), choices: choices{rdb: o.Redis, ttl: o.TTL}, readings: readings{o.Redis},
		timers: timers{o.Redis}, noticed: noticed{o.Redis},
	}
}

// known is what is known about a person's shop and work without asking Syncro.
func (b *Bot) known(ctx context.Context, user chat.User) Known {
	who := b.People.Standing(user)
	settings, _ := b.Syncro.KnownSettings(ctx)
	timers, err := b.timers.get(ctx, who.Name)
	if err != nil {
		b.Log.Warn("the running timers could not be read", "error", err)
	}
	return Known{
		Rules: b.Rules, Settings: settings, Own: who.Own, Timers: timers, Now: time.Now().In(zoneOf(who.Zone)),
		invoiced: func(word string) bool { return b.noticed.invoiced(ctx, word) },
	}
}

// Command answers a typed command.
func (b *Bot) Command(ctx context.Context, req chat.Request, r chat.Replier) {
	ctx, cancel, r := b.patiently(ctx, req.User, r)
	defer cancel()
	b.reply(ctx, req, r, b.answer(ctx, req.User, req.Text, ""))
}

// reply shows a result.
func (b *Bot) reply(ctx context.Context, req chat.Request, r chat.Replier, result Result) {
	var err error
	if result.form != nil {
		err = r.Ask(ctx, *result.form)
	}
	for i, card := range result.Cards {
		if i == 1 && req.Click != nil && req.Click.Aside != "" {
			r = inPlace{b, req, req.Click.Aside} // the first took the clicked card's place
		}
		if err == nil {
			_, err = r.Reply(ctx, card)
		}
	}
	if err != nil {
		b.Log.Error("an answer could not be shown", "delivery", req.Delivery, "user", req.User.Key(), "error", err)
	}
}

// Click answers a pressed button.
func (b *Bot) Click(ctx context.Context, req chat.Request) chat.Answer {
	if !b.served(req.User) {
		c := refusal()
		return chat.Answer{Aside: &c}
	}
	switch {
	case strings.HasPrefix(req.Click.Verb, verbChoose):
		return b.choose(ctx, req)
	case req.Click.Verb == chat.VerbHome:
		return chat.Answer{Then: func(ctx context.Context) {
			if who, err := b.People.Who(ctx, req.User); err == nil {
				b.Forget(ctx, who.Name) // whoever asks for it wants it fresh
			}
		}}
	case req.Click.Verb == chat.VerbForm:
		a, err := b.choices.form(ctx, req.User, req.Click.Value)
		if err != nil {
			c := errorCard(err, "")
			return chat.Answer{Aside: &c}
		}
		return chat.Answer{Form: &a.Form}
	case req.Click.Verb == verbTake, req.Click.Verb == verbView:
		return b.news(req)
	case req.Click.Verb == confirm.VerbEdit:
		return b.edit(ctx, req)
	case strings.HasPrefix(req.Click.Verb, confirm.VerbAfter+"-"):
		return b.after(ctx, req)
	}
	return b.Engine.Click(ctx, req)
}

// choose runs the command line behind a choice's button. Its answer takes the
// place of the card that was pressed.
func (b *Bot) choose(ctx context.Context, req chat.Request) chat.Answer {
	kept, err := b.choices.take(ctx, req.User, req.Click.Value)
	if err != nil {
		c := errorCard(err, "")
		if errors.Is(err, errNoChoice) {
			return chat.Answer{Replace: &c}
		}
		return chat.Answer{Aside: &c}
	}
	if kept.Aside {
		return b.runAside(req, kept.Line)
	}
	return b.runLine(ctx, req, kept.Line, kept.Replaces)
}

// runAside runs a command line for a click and answers before the eyes of the
// one who pressed alone; the clicked card stays.
func (b *Bot) runAside(req chat.Request, line string) chat.Answer {
	return chat.Answer{Then: func(ctx context.Context) {
		at := req.Click.Aside
		ctx, cancel, r := b.patiently(ctx, req.User, inPlace{b, req, at})
		defer cancel()
		b.reply(ctx, req, r, b.answer(ctx, req.User, line, at))
	}}
}

// after runs a command that follows from what was done, below the card that
// says so or in its place.
func (b *Bot) after(ctx context.Context, req chat.Request) chat.Answer {
	_, after, err := b.Engine.Kept(ctx, req.User, req.Click.Value)
	if err != nil {
		c := errorCard(err, "")
		return chat.Answer{Aside: &c}
	}
	n, _ := strconv.Atoi(strings.TrimPrefix(req.Click.Verb, confirm.VerbAfter+"-"))
	if n < 1 || n > len(after) {
		return b.Engine.Click(ctx, req)
	}
	next := after[n-1]
	if next.Instead {
		return b.runLine(ctx, req, next.Line, "")
	}
	if form := b.formAtOnce(ctx, req.User, next.Line); form != nil {
		return chat.Answer{Form: form}
	}
	return b.runAside(req, next.Line)
}

// formAtOnce is the form for what a line lacks, nil where it is answered by a
// card.
func (b *Bot) formAtOnce(ctx context.Context, user chat.User, line string) *chat.Form {
	command, rest, err := find(b.commands, line)
	if err != nil {
		return nil
	}
	form, err := b.asks(ctx, user, command, rest)
	if err != nil {
		return nil // the answer of the line says why
	}
	return form
}

// runLine runs a command line for a click. A form is opened at once; any other
// answer takes the place of the clicked card.
func (b *Bot) runLine(ctx context.Context, req chat.Request, line, replaces string) chat.Answer {
	if form := b.formAtOnce(ctx, req.User, line); form != nil {
		return chat.Answer{Form: form}
	}
	if replaces != "" {
		if late, ok := b.Engine.Replaced(ctx, req.User, replaces, req.Click.Card); !ok {
			return late
		}
	}
	title, _, _ := strings.Cut(line, "\n")
	return chat.Answer{
		Replace: &chat.Card{Title: clip(title, 60), Tone: chat.Working, Parts: []chat.Part{chat.Text("One moment…")}},
		Then: func(ctx context.Context) {
			ctx, cancel, r := b.patiently(ctx, req.User, inPlace{b, req, req.Click.Card})
			defer cancel()
			b.reply(ctx, req, r, b.answer(ctx, req.User, line, req.Click.Card))
		},
	}
}

// inPlace answers a click where the clicked card was, or at another place that
// came with the click.
type inPlace struct {
	b   *Bot
	req chat.Request
	at  chat.Ref
}

func (p inPlace) Reply(ctx context.Context, card chat.Card) (chat.Ref, error) {
	return p.at, p.b.Redraw(ctx, p.req.User, p.at, card)
}

func (p inPlace) Ask(ctx context.Context, form chat.Form) error {
	_, err := p.Reply(ctx, form.Opener())
	return err
}

func (b *Bot) served(u chat.User) bool { return u.Outsider == "" && b.People.Known(u) }

// answer does what a typed line says; at is the card that it was pressed on,
// empty where it was typed.
func (b *Bot) answer(ctx context.Context, user chat.User, line string, at chat.Ref) Result {
	if !b.served(user) {
		b.Log.Info("refused a person who is not served", "user", user.Key(), "outsider", user.Outsider)
		return card(refusal())
	}
	if hasKey(line) {
		return b.present(ctx, user, "", Result{}, errKeyInChat)
	}
	// What is wrong with the line is said before a key is asked for.
	command, rest, err := find(b.commands, line)
	if err != nil {
		return b.present(ctx, user, line, Result{}, err)
	}
	if command.NoKey {
		result, err := command.Run(ctx, &Call{Rest: rest, Rules: b.Rules, name: command.Name, commands: b.commands, user: user, links: b.Links})
		return b.present(ctx, user, line, result, err)
	}
	if form, err := b.asks(ctx, user, command, rest); form != nil || err != nil {
		return b.present(ctx, user, line, Result{form: form}, err)
	}
	result, err := b.propose(ctx, user, line, at, func(c *Call) (Result, error) {
		c.name, c.Rest = command.Name, rest
		return command.Run(ctx, c)
	})
	if err == nil && result.Ask != nil {
		result.form, err = b.opened(ctx, user, command, result.Ask)
	}
	if e, ok := errors.AsType[*UsageError](err); ok && e.Command == nil {
		e.Command = command
	}
	return b.present(ctx, user, line, result, err)
}

// asks is the form for what a line lacks, saved; nil where it lacks nothing.
func (b *Bot) asks(ctx context.Context, user chat.User, command *Command, rest string) (*chat.Form, error) {
	if command.Ask == nil {
		return nil, nil
	}
	lacking := command.Ask(rest, b.known(ctx, user))
	if lacking == nil {
		return nil, nil
	}
	return b.opened(ctx, user, command, lacking)
}

// opened saves a form of a command's. Forms lead to changes: who may make none
// is told before they have typed anything.
func (b *Bot) opened(ctx context.Context, user chat.User, command *Command, f *Form) (*chat.Form, error) {
	if err := b.People.Standing(user).Write; err != nil {
		return nil, err
	}
	form, err := b.choices.open(ctx, user, asked{Command: command.Name, About: f.About, Form: f.Form})
	return &form, err
}

// present makes of a result what can be shown: an error becomes the card that
// explains it, choices become buttons.
func (b *Bot) present(ctx context.Context, user chat.User, typed string, result Result, err error) Result {
	if err != nil {
		_, code := Explain(err)
		b.Failed(code)
		result = card(errorCard(err, typed))
		if e, ok := errors.AsType[*UsageError](err); ok {
			result.Choices = e.Choices
		} else {
			b.Log.Warn("a command failed", "user", user.Key(), "error", err)
		}
		if linkHelps(err) {
			result.Choices = append(result.Choices, linkMyKey)
		}
	}
	if len(result.Choices)+len(result.beside) > 0 {
		buttons, err := b.choices.offer(ctx, user, result)
		if err != nil {
			b.Log.Error("choices could not be offered", "error", err)
			buttons = make([]chat.Button, len(result.beside)) // that do nothing, and are not drawn
		}
		last := &result.Cards[len(result.Cards)-1]
		for _, part := range last.Parts {
			if table, ok := part.(chat.Table); ok {
				buttons = buttons[copy(table.Acts, buttons):]
			}
		}
		last.Buttons = append(last.Buttons, buttons...)
	}
	return result
}

// propose runs a command as a technician. A plan comes back as its card; one
// that is done at once where it was pressed (at) comes back done.
func (b *Bot) propose(ctx context.Context, user chat.User, typed string, at chat.Ref, run func(*Call) (Result, error)) (Result, error) {
	call, err := b.call(ctx, user)
	if err != nil {
		return Result{}, err
	}
	result, err := run(call)
	if err != nil || result.Plan == nil {
		return result, err
	}
	who := call.Who
	if !who.MayWrite {
		return Result{}, &identity.NoKeyError{Name: who.Name}
	}
	if result.Plan.Typed == "" {
		result.Plan.Typed = typed
	}
	if t := result.Plan.Ticket; t != nil && !slices.ContainsFunc(result.Plan.Steps, deletes) {
		result.Plan.After = append(result.Plan.After, confirm.After{Label: "Show the ticket", Line: fmt.Sprintf("ticket %d", t.Number)})
	}
	c, id, err := b.Engine.Propose(ctx, user, confirm.Actor{
		Name: who.Name, FullName: who.FullName, UserID: who.UserID, Shared: who.Shared, Key: who.Key,
	}, call.Reader, *result.Plan)
	if err != nil || !result.AtOnce || at == "" || id == "" {
		shown := card(c, result.Choices...)
		shown.operation = id
		return shown, err
	}
	a := b.Engine.Click(ctx, chat.Request{User: user, Click: &chat.Click{Verb: confirm.VerbConfirm, Value: id, Card: at}})
	if a.Then == nil {
		return card(c), nil // the ticket is busy: it can be confirmed on the card
	}
	a.Then(ctx)
	return Result{}, nil
}

// call is what a command is handed.
func (b *Bot) call(ctx context.Context, user chat.User) (*Call, error) {
	who, err := b.People.Who(ctx, user)
	if err != nil {
		return nil, err
	}
	return &Call{
		Reader: b.Syncro.Reader(who.Key, syncro.ClassLookup).Once(), Who: who, Now: time.Now().In(zoneOf(who.Zone)), Rules: b.Rules,
		Known:     func(ctx context.Context) Known { return b.known(ctx, user) },
		TicketURL: b.Syncro.TicketURL, commands: b.commands,
		colleague: func(id string) string {
			mentioned := chat.User{Platform: user.Platform, Tenant: user.Tenant, ID: id}
			return b.People.Standing(mentioned).Name
		},
		user: user, timers: b.timers, lists: lists{b.Redis}, readings: b.readings, noticed: b.noticed,
		Pending: func(ctx context.Context) ([]chat.Card, error) { return b.Engine.Pending(ctx, user) },
		Record: func(ctx context.Context, l audit.Line) error {
			l.Who, l.Technician, l.SyncroUser, l.Shared = user.Key(), who.Name, who.UserID, who.Shared
			if err := b.Audit.Add(ctx, l); err != nil {
				return &confirm.StoreError{Err: err}
			}
			return nil
		},
	}, nil
}

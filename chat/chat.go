// Package chat holds the words that all chat platforms share: what a person
// did (Request), what they are shown (Card), and what a platform must be able
// to do (Adapter). It imports nothing of ours.
package chat

import (
	"context"
	"net/http"
)

// User is a person on a platform. Platform, Tenant and ID together name them;
// Name is for display alone and is never trusted.
type User struct {
	Platform string // an Adapter's Name: "slack", "teams"
	Tenant   string // Slack workspace (T...), Entra tenant id
	ID       string // Slack user (U... or W...), Entra object id
	Name     string

	// Outsider says why this person may not be served however they are
	// configured ("a guest", "a bot", "from another workspace"); empty for
	// an ordinary member.
	Outsider string
}

// Key names the person uniquely across platforms, as "slack/T0001/U0001".
func (u User) Key() string { return u.Platform + "/" + u.Tenant + "/" + u.ID }

// Request is one thing a person did. An adapter fills it from a verified
// payload; nothing behind the adapter sees a payload.
type Request struct {
	Delivery string // unique to this delivery, for logs
	User     User
	Text     string // what was typed, without mention and command name; literal characters

	// One of these is set when something else was done than typing a command.
	Click    *Click
	Form     *Filled
	Search   *Search
	Shortcut *Shortcut
	Pasted   *Pasted
}

// Pasted is a link in somebody's message, or in what they are about to post.
type Pasted struct {
	URL string
	// Place names the conversation, where the platform shows the preview
	// without the person's doing; empty where they look at it first.
	Place string
}

// Click is a button pressed on a card.
type Click struct {
	Verb  string // the Button's Verb
	Value string // the Button's Value
	Card  Ref    // where the card is, so that it can be redrawn later
	Aside Ref    // before the eyes of the one who pressed alone: what is drawn there leaves the card as it is
}

// Ref says where a card is. Only the adapter that made it can read it. It is
// safe to store: an adapter seals in it whatever is a secret.
type Ref string

// Replier answers the person who made a Request, where they made it, and so
// that only those see it who saw what was typed.
type Replier interface {
	// Reply shows a new card and tells where it is; the Ref is empty where
	// the platform cannot change the card later without a click on it.
	Reply(ctx context.Context, card Card) (Ref, error)
	// Ask opens a form. Where the platform cannot do that now (Slack allows
	// it for three seconds after what the person did; Teams shows it in the
	// conversation), it shows a card with a button of the verb VerbForm and
	// the form's ID instead, whose click opens it.
	Ask(ctx context.Context, form Form) error
}

// VerbForm is the verb of a button that opens the form whose ID is its value.
const VerbForm = "form"

// VerbHome is the verb of a button that draws the person's Home anew. It has no
// value.
const VerbHome = "home"

// Answer is what a click gets at once. Everything slow goes into Then.
type Answer struct {
	Replace *Card // takes the place of the clicked card
	Stale   bool  // the click changed nothing: Replace was drawn before, and another card or a form may be in its place by now
	Aside   *Card // shown to the one who clicked, the clicked card stays
	Form    *Form // opened for the one who clicked

	// Then, if not nil, runs after the above was handed to the platform, on a tracked goroutine that a shutdown waits for.
	Then func(ctx context.Context)
}

// Handler is the bot behind all adapters.
type Handler interface {
	// Command does what was typed. It runs after the acknowledgement and
	// answers through r, exactly once unless it says that it is waiting.
	Command(ctx context.Context, req Request, r Replier)
	// Click answers a pressed button quickly, asking nothing but Redis.
	Click(ctx context.Context, req Request) Answer
	// Submit takes a form that was handed in, quickly as well. Problems, by
	// the inputs' names, leave it open and say what is wrong. Otherwise then
	// goes on as in Answer: it answers through the Replier, or redraws the
	// card that the form was opened from.
	Submit(ctx context.Context, req Request) (problems map[string]string, then func(context.Context, Replier))
	// Suggest finds options for a Lookup, at most 20. The caller's context
	// ends when the platform stops waiting (2.5 s on Slack).
	Suggest(ctx context.Context, req Request) []Option
	// Shortcut answers an action on a message, quickly, with a form to open;
	// or with a card that says why not.
	Shortcut(ctx context.Context, req Request) (*Form, *Card)
	// Home is the page that a person has with the bot, where the platform has
	// such a page: cards, one below the other, for their eyes alone.
	Home(ctx context.Context, req Request) []Card
	// Greet is what a person is told who takes up the bot.
	Greet(ctx context.Context, req Request) Card
	// Preview is the small card below a Pasted link, nil where there is none
	// to show. All in the conversation see it: the adapter asks only where
	// those are the organisation's own people.
	Preview(ctx context.Context, req Request) *Card
}

// Adapter is a chat platform.
type Adapter interface {
	// Name is the platform's short name, as in User.Platform.
	Name() string
	// Mount adds the platform's routes.
	Mount(mux *http.ServeMux)
	// Redraw replaces the card at ref, for everybody who can see it. Where
	// the platform does not let it be replaced any more, the card is shown
	// anew, to user alone; to nobody, and that is an error, where user has no
	// ID.
	Redraw(ctx context.Context, user User, ref Ref, card Card) error

	// Post shows a card where nobody asked for it. Its Ref can be redrawn as
	// long as the platform keeps the message. After a *LaterError or an
	// *UnreachableError nothing was shown; after any other error it may have
	// been: no platform tells, so it is for the caller not to post it twice.
	Post(ctx context.Context, at Place, card Card) (Ref, error)
	// Reach tells why Post would show nothing at a place, with an
	// *UnreachableError, or nil. It changes and shows nothing; another error
	// says that it could not be learned.
	Reach(ctx context.Context, at Place) error
}

// Seen remembers deliveries, so that a platform's repeats do nothing twice.
type Seen interface {
	// First reports whether key was not seen in the last hour, and marks it.
	First(ctx context.Context, key string) (bool, error)
}

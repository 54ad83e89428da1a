package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/syncro"
)

// Explain is an error in words a technician can act on, with the code under
// which docs/troubleshooting.md has more. Whether anything was sent is said
// by the caller, first.
func Explain(err error) (words, code string) {
	var (
		usage     *UsageError
		answer    *syncro.Error
		busy      *syncro.BusyError
		ambiguous *syncro.AmbiguousNumber
		noKey     *identity.NoKeyError
		wrong     *identity.WrongPersonError
		vault     *identity.VaultError
		actor     *confirm.ActorError
		store     *confirm.StoreError
		replicas  *confirm.ReplicasError
		uncounted *syncro.UncountedError
		taken     *identity.TakenError
		readOnly  *identity.ReadOnlyError
		away      *chat.UnreachableError
	)
	switch {
	case errors.As(err, &usage):
		return usage.Problem, "usage"
	case errors.Is(err, identity.ErrUnknown):
		return "I do not know you. Ask the administrator of this bot to add you to its technicians.", "unknown-person"
	case errors.As(err, &noKey) && noKey.Status != "":
		return "Your Syncro key was taken out of use. Ask the administrator why.", "no-key"
	case errors.As(err, &noKey):
		return "You have no Syncro key of your own in the vault, and the shared key may not be used for this. " +
			"Link your own: comments and charges then carry your name.", "no-key"
	case errors.Is(err, errKeyInChat):
		return "That looked like a Syncro key. I did not keep it, and do not repeat it. Whoever can read this chat may have seen it: " +
			"revoke it in Syncro now (Admin, API Tokens), delete your message if you can, and link a new key on my page.", "key-in-chat"
	case errors.As(err, &taken):
		return taken.Words(), "key-of-another"
	case errors.Is(err, ErrNoPage):
		return "Keys are linked on a page of mine, and nobody has told me my own address. Ask the administrator to set public_url in the config, " +
			"or to add your key with “bot keys add”.", "no-page"
	case errors.As(err, &readOnly):
		return "I cannot write in my vault; my log says why. Ask the administrator to mend that, or to add your key with “bot keys add”.", "vault-read-only"
	case errors.As(err, &away):
		return "I cannot write to you in our own chat: " + away.Why + ". " + away.Remedy, "unreachable"
	case errors.As(err, &wrong):
		return fmt.Sprintf("The key in your vault entry belongs to Syncro user %d, not to %d as the entry says. "+
			"It is not used until the administrator has mended the entry.", wrong.Got, wrong.Want), "wrong-person"
	case errors.As(err, &actor) && actor.Got.UserID == 0:
		return fmt.Sprintf("You do not act as %s any more, as on the card. Type the command again.", actor.Want.Name), "wrong-person"
	case errors.As(err, &actor):
		return fmt.Sprintf("Your key now answers as %s (Syncro user %d), not as %s as on the card. Type the command again.",
			actor.Got.FullName, actor.Got.UserID, actor.Want), "wrong-person"
	case errors.As(err, &vault):
		return "Your vault entry cannot be opened. Ask the administrator to look at the bot's log.", "vault"
	case errors.As(err, &replicas):
		return fmt.Sprintf("My memory (Redis) has %d of the %d replicas that must keep a record of what I send. Without them it could forget, so I send nothing.",
			replicas.Have, replicas.Want), "redis-replicas"
	case errors.As(err, &store):
		return "My memory (Redis) does not answer, and without it I change nothing.", "redis"
	case errors.As(err, &uncounted):
		return "My memory (Redis) does not answer, and without it I ask Syncro nothing: nobody would count the requests.", "redis"
	case errors.As(err, &busy):
		return fmt.Sprintf("Syncro allows this office only so many requests a minute, and they are used up. It takes about %s more.",
			busy.Wait.Round(time.Second)), "rate-limit"
	case errors.As(err, &ambiguous):
		return sameNumber(ambiguous), "ambiguous-number"
	case errors.As(err, &answer):
		return answered(answer)
	case errors.Is(err, context.DeadlineExceeded):
		return "Syncro did not answer in time.", "syncro-slow"
	case errors.Is(err, errNoChoice):
		return "This button has been used, or has expired. Type the command again.", "card-expired"
	case errors.Is(err, errNotYours):
		return "This card belongs to somebody else.", "not-your-card"
	}
	return "Something went wrong inside the bot; its log says what.", "internal"
}

// linkHelps reports whether linking a key is the way out of an error.
func linkHelps(err error) bool {
	if e, ok := errors.AsType[*identity.NoKeyError](err); ok {
		return e.Status == ""
	}
	if e, ok := errors.AsType[*syncro.Error](err); ok {
		return e.Kind == syncro.KeyRefused
	}
	return errors.Is(err, errKeyInChat)
}

// answered is Syncro's refusal in words.
func answered(e *syncro.Error) (words, code string) {
	switch e.Kind {
	case syncro.KeyRefused:
		return "Syncro refuses your key (401): it is wrong, expired or revoked. Link a new one.", "key-refused"
	case syncro.NotPermitted:
		return fmt.Sprintf("Your Syncro key lacks a permission for this (%d). Syncro says: “%s”", e.Status, e.Message), "not-permitted"
	case syncro.NotFound:
		return "Syncro does not have it, or not any more (404).", "not-found"
	case syncro.Invalid:
		return fmt.Sprintf("Syncro does not accept it (%d): “%s”", e.Status, e.Message), "not-accepted"
	case syncro.RateLimited:
		return "Syncro is limiting this office (429): 180 requests a minute, shared by every tool here. I pause, and go on by myself.", "rate-limit"
	case syncro.Unavailable:
		return fmt.Sprintf("Syncro has a fault of its own (%d).", e.Status), "syncro-fault"
	case syncro.Garbled:
		return "Syncro's answer was not what it should be: a page instead of data, or only a part.", "syncro-garbled"
	}
	if e.NotSent {
		return "Syncro cannot be reached.", "syncro-unreachable"
	}
	return "Syncro did not answer, or the connection broke.", "syncro-unreachable"
}

func sameNumber(e *syncro.AmbiguousNumber) string {
	lines := []string{fmt.Sprintf("Several tickets have the number #%d. Paste the link of the one you mean:", e.Number)}
	for _, t := range e.Tickets {
		lines = append(lines, fmt.Sprintf("%s · %s · %s", t.Customer, t.Status, t.Subject))
	}
	return strings.Join(lines, "\n")
}

// errorCard is the answer to a command that came to nothing. Commands cannot
// write, so nothing was sent; what was typed comes back.
func errorCard(err error, typed string) chat.Card {
	words, code := Explain(err)
	c := chat.Card{Title: "That did not work", Tone: chat.Bad, Note: code}
	c.Parts = append(c.Parts, chat.Text("Nothing was sent. "+words))
	if e, ok := errors.AsType[*UsageError](err); ok {
		c.Title, c.Tone = cmp.Or(e.Title, "I did not understand that"), chat.Warn
		if e.Title == "" && e.Command != nil {
			c.Parts = append(c.Parts, chat.Text("Usage: "+e.Command.usage()))
		}
	}
	if typed = strings.TrimFunc(typed, space); typed != "" && !errors.Is(err, errKeyInChat) {
		c.Parts = append(c.Parts, chat.Text("You typed:"), chat.Code(typed))
	}
	return c
}

// refusal is all that a person who is not served is told.
func refusal() chat.Card {
	words, code := Explain(identity.ErrUnknown)
	return chat.Card{Title: "Sorry", Tone: chat.Warn, Parts: []chat.Part{chat.Text("Nothing was sent. " + words)}, Note: code}
}

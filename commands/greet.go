package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/identity"
)

// Greet is the first contact: what the bot is for, whether the person can
// begin, and where not, what their administrator needs to know.
func (b *Bot) Greet(ctx context.Context, req chat.Request) chat.Card {
	first, _, _ := strings.Cut(strings.TrimSpace(req.User.Name), " ")
	card := chat.Card{
		Title: strings.TrimSpace("Hi "+clip(first, 30)) + ". I show and change Syncro tickets from here.",
		Note:  "Nothing is ever posted before you see it and press Confirm.",
	}
	if !b.served(req.User) {
		card.Tone = chat.Warn
		card.Parts = []chat.Part{chat.Text("I do not know you yet. " + cmp.Or(notServed(req.User), "Ask the administrator of this bot to add you to its technicians, with this id:"))}
		if req.User.Outsider == "" {
			_, id, _ := strings.Cut(req.User.Key(), "/") // as the config has it
			card.Parts = append(card.Parts, chat.Code(id))
		}
		return card
	}
	who, err := b.People.Who(ctx, req.User)
	switch {
	case lacksKey(err), err == nil && who.Shared:
		card.Tone = chat.Warn
		may := "I cannot show you tickets before that"
		if err == nil {
			may = "Until then I can show you tickets"
			if who.MayWrite {
				may = "Until then what you do is logged under the shared key, as " + who.FullName
			}
		}
		card.Parts = []chat.Part{chat.Text("You have no Syncro key of your own here yet. Write “link” to link it: comments and charges then carry your name. " + may + ".")}
	case err != nil:
		words, code := Explain(err)
		card.Parts = []chat.Part{chat.Text(words)}
		card.Tone, card.Note = chat.Warn, code
		return card
	default:
		card.Parts = []chat.Part{chat.Text(fmt.Sprintf("You act as %s (Syncro user %d).", who.FullName, who.UserID))}
	}
	if err == nil {
		card.Parts = append(card.Parts, chat.Table{Header: []string{"Write", "Shows"}, Rows: [][]string{
			{"open", "your day: your timer, what waits for you, your tickets"},
			{"32164", "one ticket, by its number"},
			{"help", "all that can be written"},
		}})
	}
	return card
}

// notServed says why somebody is not served however they are configured.
func notServed(u chat.User) string {
	if u.Outsider == "" {
		return ""
	}
	return "I do not serve you here: you are " + u.Outsider + "."
}

// lacksKey reports whether nobody has given the person a key.
func lacksKey(err error) bool {
	_, ok := errors.AsType[*identity.NoKeyError](err)
	return ok
}

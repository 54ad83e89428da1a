package commands

import (
	"context"
	"errors"

	"github.com/syncrobot/syncrobot/chat"
)

// Links let people put keys of their own into the vault.
type Links interface {
	// Offer gives the person a link to the page where they can, in their own
	// chat with the bot.
	Offer(ctx context.Context, user chat.User) error
	// Unlink takes the person's own key out again.
	Unlink(ctx context.Context, user chat.User) error
}

// ErrNoPage is what Offer returns where nobody can reach the page.
var ErrNoPage = errors.New("public_url is not configured")

// linkMyKey is the button for whoever lacks a key, or has one that does not
// work.
var linkMyKey = Choice{Label: "Link my key", Line: "link"}

func link() Command {
	return Command{
		Name: "link", Summary: "Link your own Syncro key, on a page of mine",
		Examples: []string{"link"}, NoKey: true,
		Run: func(ctx context.Context, c *Call) (Result, error) {
			if c.Rest != "" {
				return Result{}, errKeyInChat // whatever it is: keys are not given here
			}
			if err := c.links.Offer(ctx, c.user); err != nil {
				return Result{}, err
			}
			return card(chat.Card{
				Title: "I have written to you",
				Parts: []chat.Part{chat.Text("In our own chat there is a link to the page where you can paste your Syncro key. It works once, for ten minutes. Never write the key in a chat.")},
			}), nil
		},
	}
}

func unlink() Command {
	return Command{
		Name: "unlink", Summary: "Take your own Syncro key out of my vault",
		Examples: []string{"unlink"}, NoKey: true,
		Run: func(ctx context.Context, c *Call) (Result, error) {
			switch c.Rest {
			case "":
				return card(chat.Card{
					Title: "Unlink your Syncro key?", Tone: chat.Ask,
					Parts: []chat.Part{chat.Text("I delete it from my vault. After that I cannot write as you. What you confirmed and is not sent yet stops.")},
					Note:  "Nothing is done yet.",
				}, Choice{Label: "Unlink my key", Line: "unlink now"}), nil
			case "now":
				if err := c.links.Unlink(ctx, c.user); err != nil {
					return Result{}, err
				}
				return card(chat.Card{
					Title: "Your key is unlinked", Tone: chat.Good,
					Parts: []chat.Part{chat.Text("It is deleted here, and still valid in Syncro: revoke it there (Admin, API Tokens) if you do not need it elsewhere.")},
				}, linkMyKey), nil
			}
			return Result{}, usage("After unlink I expect nothing, or the word now.")
		},
	}
}

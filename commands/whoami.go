package commands

import (
	"context"
	"fmt"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/identity"
)

func whoami() Command {
	return Command{
		Name: "whoami", Aliases: []string{"me"}, Summary: "As whom Syncro logs what you do here",
		Examples: []string{"whoami"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			me, err := c.Reader.Me(ctx)
			if err != nil {
				return Result{}, err
			}
			if me.UserID != c.Who.UserID {
				return Result{}, &identity.WrongPersonError{Name: c.Who.Name, Want: c.Who.UserID, Got: me.UserID, GotName: me.Name}
			}
			key := "your own"
			may := "read and change tickets"
			if c.Who.Shared {
				key = "the shared key"
			}
			if !c.Who.MayWrite {
				may = "read tickets"
			}
			out := chat.Card{
				Title: "You are " + c.Who.Name,
				Parts: []chat.Part{chat.Fields{
					{Name: "Logged as", Value: fmt.Sprintf("%s (Syncro user %d)", me.Name, me.UserID)},
					{Name: "Key", Value: key},
					{Name: "You can", Value: may},
				}},
			}
			if c.Who.Shared {
				out.Tone = chat.Warn
				out.Parts = append(out.Parts, chat.Text("You have no Syncro key of your own: what is logged under the shared key carries its owner's name, not yours."))
			}
			return card(out), nil
		},
	}
}

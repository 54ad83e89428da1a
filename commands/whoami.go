package commands

import (
	"context"
	"fmt"

	"github.com/syncrobot/syncrobot/chat"
)

func whoami() Command {
	return Command{
		Name: "whoami", Aliases: []string{"me"}, Summary: "As whom Syncro logs what you do here",
		Examples: []string{"whoami"},
		Run: func(_ context.Context, c *Call) (Result, error) {
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
					{Name: "Logged as", Value: fmt.Sprintf("%s (Syncro user %d)", c.Who.FullName, c.Who.UserID)},
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

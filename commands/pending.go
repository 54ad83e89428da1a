package commands

import (
	"context"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

// pendingCards is how many operations are shown again at once: an answer to a
// Slack command may be at most five messages (slack.md).
const pendingCards = 4

func pending() Command {
	return Command{
		Name: "pending", Args: "[operation]", Summary: "Your cards that wait for you, and what is not settled",
		Examples: []string{"pending", "pending K7F3A"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			cards, err := c.Pending(ctx)
			if err != nil {
				return Result{}, err
			}
			if c.Rest != "" {
				for _, one := range cards {
					if strings.EqualFold(operationName(one), c.Rest) {
						return card(one), nil
					}
				}
				return Result{}, refuse("No operation of yours named “%s” waits for you any more.", clip(c.Rest, 20))
			}
			out := chat.Card{Title: "Nothing waits for you", Parts: []chat.Part{chat.Text("No card of yours is unconfirmed, and nothing is unsettled.")}}
			if len(cards) > 0 {
				out = chat.Card{Title: fmt.Sprintf("Waiting for you · %d", len(cards)), Parts: []chat.Part{chat.Text("The oldest first. Each is shown again below.")}}
			}
			if len(cards) > pendingCards {
				out.Note = fmt.Sprintf("The first %d are shown. Settle them and ask again for the rest.", pendingCards)
				cards = cards[:pendingCards]
			}
			return Result{Cards: append([]chat.Card{out}, cards...)}, nil
		},
	}
}

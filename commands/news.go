package commands

import (
	"strconv"

	"github.com/syncrobot/syncrobot/chat"
)

// The verbs of the buttons on a card that the bot shows to all in a channel.
// Every technician may press them, with their own key: the value is the id of
// the ticket, which is no secret, and works as long as the card is there. The
// answer is before the eyes of the one who pressed alone.
const (
	verbTake = "take"
	verbView = "view"
)

// NewsButtons are the buttons on a channel's card of a ticket.
func NewsButtons(ticketID int64, unassigned bool) []chat.Button {
	id := strconv.FormatInt(ticketID, 10)
	view := chat.Button{Label: "View", Verb: verbView, Value: id}
	if !unassigned {
		return []chat.Button{view}
	}
	return []chat.Button{{Label: "Take it", Verb: verbTake, Value: id, Style: chat.Primary}, view}
}

// news answers a button on a channel's card.
func (b *Bot) news(req chat.Request) chat.Answer {
	id, err := strconv.ParseInt(req.Click.Value, 10, 64)
	if err != nil || id <= 0 {
		c := errorCard(errNoChoice, "")
		return chat.Answer{Aside: &c}
	}
	line := "ticket " + b.Syncro.TicketURL(id)
	if req.Click.Verb == verbTake {
		line = "assign " + b.Syncro.TicketURL(id) + " me " + flagOf(from, "nobody") + " --now"
	}
	return b.runAside(req, line)
}

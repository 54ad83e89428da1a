package slack

import (
	"context"
	"encoding/json"
	"errors"

	slackapi "github.com/slack-go/slack"
	"github.com/slack-go/slack/slackutilsx"
)

// What Slack sends comes through one of these doors, over HTTP and over a
// socket alike; subscribed.go has the one for events. Whoever opens one has
// made sure that it is Slack who sends.

// said is what Slack is answered at once.
type said struct {
	body any    // as JSON; nil: nothing is said
	then func() // called when Slack has its answer; may be nil
}

var errNoInteraction = errors.New("the payload is no interaction")

// onCommand takes a slash command.
func (a *Adapter) onCommand(ctx context.Context, delivery string, c slashCommand) said {
	notice := a.takeCommand(ctx, delivery, c)
	if notice == "" {
		return said{}
	}
	return said{body: map[string]string{"response_type": "ephemeral", "text": slackutilsx.EscapeMessage(notice)}}
}

// onInteraction takes the payload of an interaction: a click, a form that was
// handed in, a search in a form, a shortcut.
func (a *Adapter) onInteraction(ctx context.Context, delivery string, payload []byte) (said, error) {
	var p interaction
	if json.Unmarshal(payload, &p) != nil {
		return said{}, errNoInteraction
	}
	switch p.Type {
	case "view_submission", "block_suggestion":
		var s submission
		if json.Unmarshal(payload, &s) != nil {
			return said{}, errNoInteraction
		}
		if p.Type == "block_suggestion" {
			return said{body: map[string][]*slackapi.OptionBlockObject{"options": a.suggest(ctx, delivery, p, s)}}, nil
		}
		problems, goOn := a.takeSubmission(ctx, delivery, p, s.View)
		if len(problems) > 0 {
			return said{slackapi.NewErrorsViewSubmissionResponse(problems), goOn}, nil
		}
		return said{then: goOn}, nil // what goes on may open the next modal, after this one is closed
	case "message_action", "shortcut":
		var on messageAction
		if json.Unmarshal(payload, &on) != nil {
			return said{}, errNoInteraction
		}
		a.takeShortcut(ctx, delivery, p, on)
	default:
		a.takeClick(ctx, delivery, p)
	}
	return said{}, nil
}

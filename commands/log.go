package commands

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/sessionlog"
)

// write is the flag of the line behind the preview's button, with the mark of
// the draft that was shown: only that is written.
const write = "--write="

func sessionLog() Command {
	return Command{
		Name: "log", Args: "<ticket>",
		Summary:  "The session log of a ticket, previewed, then written to the shop's folder",
		Examples: []string{"log 32164"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			mark, confirmed := strings.CutPrefix(rest, write)
			if rest != "" && !confirmed {
				return Result{}, usage("After the ticket I expect nothing more.")
			}
			draft := sessionlog.New(t, c.Who.FullName, c.Now)
			if !confirmed || mark != draft.Mark() {
				return preview(t.Number, draft, confirmed), nil
			}
			line := audit.Line{What: audit.SessionLog, Ticket: t.Number, SHA256: fmt.Sprintf("%x", sha256.Sum256([]byte(draft.Text)))}
			if err := c.Record(ctx, line); err != nil {
				return Result{}, err
			}
			name, written, err := c.Logs.Write(ctx, draft)
			if err != nil {
				return Result{}, err
			}
			out := chat.Card{Title: "Session log written", Tone: chat.Good, Parts: []chat.Part{chat.Code(name)}}
			if c.Logs.Git {
				out.Title = "Session log committed"
			}
			if !written {
				out.Title = "This session log was there already"
			}
			return card(out), nil
		},
	}
}

func preview(ticket int64, d sessionlog.Draft, changed bool) Result {
	out := chat.Card{Title: fmt.Sprintf("Session log of #%d", ticket), Tone: chat.Ask, Note: "Nothing is written yet."}
	if changed {
		out.Parts = append(out.Parts, chat.Text("Nothing was written: the ticket changed after the preview. Look again."))
	}
	if d.Masked > 0 {
		out.Parts = append(out.Parts, chat.Text(fmt.Sprintf("%d things that look like secrets are masked.", d.Masked)))
	}
	out.Parts = append(out.Parts, chat.Fields{{Name: "File", Value: d.Path}}, chat.Code(d.Text))
	return card(out, Choice{Label: "Write it", Line: fmt.Sprintf("log %d %s%s", ticket, write, d.Mark())})
}

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/spf13/cobra"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/confirm"
)

func auditCommand() *cobra.Command {
	var path string
	var show auditQuery
	c := &cobra.Command{
		Use:   "audit",
		Short: "Print who asked, who confirmed, what was sent and what came back, as JSON lines",
		Long: "Print the record of who did what as JSON lines, the oldest first: who asked, edited and confirmed,\n" +
			"what was sent (the SHA-256 of the exact body), and what came back.",
		Example: "  bot audit --since 24h\n  bot audit --ticket 32164\n  bot audit --who dana --follow",
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			cfg, err := offlineConfig(path)
			if err != nil {
				return err
			}
			rdb := openRedis(cfg.Redis)
			defer rdb.Close()
			return show.print(c.Context(), audit.New(rdb, slog.New(slog.DiscardHandler), confirm.AuditStreams()...), c.OutOrStdout())
		},
	}
	configFlag(c, &path)
	c.Flags().Var(&show.since, "since", "the first time: 24h ago, 2026-11-23, or 2026-11-23T09:00:00Z")
	c.Flags().Var(&show.until, "until", "the time to end before, written like --since")
	c.Flags().Int64Var(&show.ticket, "ticket", 0, "only of the ticket with this number")
	c.Flags().StringVar(&show.who, "who", "", "only of this technician (dana) or chat user (slack/T0001/U0001)")
	c.Flags().BoolVar(&show.follow, "follow", false, "go on with what happens from now on")
	c.MarkFlagsMutuallyExclusive("until", "follow")
	return c
}

// auditQuery is which lines are wanted.
type auditQuery struct {
	since, until moment
	ticket       int64
	who          string
	follow       bool
}

func (q auditQuery) print(ctx context.Context, log *audit.Log, w io.Writer) error {
	until := q.until.Time
	if until.IsZero() && !q.follow {
		until = time.Now()
	}
	out := json.NewEncoder(w)
	for line, err := range log.Lines(ctx, q.since.Time, until) {
		if err != nil {
			return err
		}
		if q.wants(line) {
			if err := out.Encode(line); err != nil {
				return err
			}
		}
	}
	return nil
}

func (q auditQuery) wants(l audit.Line) bool {
	return (q.ticket == 0 || q.ticket == l.Ticket) && (q.who == "" || q.who == l.Who || q.who == l.Technician)
}

// moment is a time as a flag takes it.
type moment struct{ time.Time }

func (m *moment) Type() string { return "time" }

func (m *moment) String() string {
	if m.IsZero() {
		return ""
	}
	return m.Format(time.RFC3339)
}

// Set reads "24h" as that long ago, a date as its first moment here, and
// RFC 3339.
func (m *moment) Set(s string) error {
	if d, err := time.ParseDuration(s); err == nil && d >= 0 {
		m.Time = time.Now().Add(-d)
		return nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.ParseInLocation(layout, s, time.Local); err == nil {
			m.Time = t
			return nil
		}
	}
	return fmt.Errorf("%q is no time: write 24h, 2026-11-23 or 2026-11-23T09:00:00Z", s)
}

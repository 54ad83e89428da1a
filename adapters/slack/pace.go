package slack

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	slackapi "github.com/slack-go/slack"
)

// pace is when a connection that ended is opened anew. Slack counts
// apps.connections.open, and may hang up on each connection at once.
type pace struct {
	paces
	failures int
	next     time.Time
}

// paces are how long what takes.
type paces struct {
	least  time.Duration // the pause after the first failure, and between any two openings
	most   time.Duration // after many failures
	long   time.Duration // at least, after what only a person can mend
	steady time.Duration // a connection that lives as long is no failure
}

var usualPaces = paces{least: time.Second, most: 5 * time.Minute, long: time.Minute, steady: time.Minute}

func (p *pace) wait(ctx context.Context) error { return sleepUntil(ctx, p.next) }

// slower doubles the pause, up to most. A third of it is chance, so that
// replicas do not come together.
func (p *pace) slower(why error) {
	pause := min(p.least<<min(p.failures, 16), p.most)
	p.failures++
	if remedy(why) != "" {
		pause = max(pause, p.long)
	}
	pause += rand.N(pause/2 + 1)
	if limited, ok := errors.AsType[*slackapi.RateLimitedError](why); ok {
		pause = max(pause, limited.RetryAfter)
	}
	p.next = time.Now().Add(pause)
}

// ended takes note of how long a connection lived.
func (p *pace) ended(lived time.Duration, why error) {
	if lived < p.steady {
		p.slower(why)
	} else {
		p.failures = 0
	}
}

func sleepUntil(ctx context.Context, t time.Time) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(t)):
		return ctx.Err()
	}
}

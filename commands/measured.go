package commands

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/confirm"
)

// measured is the time that a technician measures on a ticket, in stretches:
// who is interrupted goes on later. It is kept in Redis alone: nothing
// half-done is in Syncro before it is billed or saved.
type measured struct {
	Ticket  int64         `json:"ticket"` // number
	Subject string        `json:"subject"`
	Started time.Time     `json:"started"`          // its first stretch
	Resumed time.Time     `json:"resumed,omitzero"` // its last stretch, where that is not the first
	Ended   time.Time     `json:"ended,omitzero"`   // of the last stretch; zero: it runs
	Before  time.Duration `json:"before,omitempty"` // the stretches before the last
}

func (m measured) runs() bool { return m.Ended.IsZero() }

// since is when the last stretch began.
func (m measured) since() time.Time {
	if m.Resumed.IsZero() {
		return m.Started
	}
	return m.Resumed
}

// length is no less than nothing where the clocks of two replicas differ.
func (m measured) length(now time.Time) time.Duration {
	if !m.runs() {
		now = m.Ended
	}
	return m.Before + max(0, now.Sub(m.since()))
}

// minutes is how long it was, or is by now; a begun minute counts.
func (m measured) minutes(now time.Time) int {
	return max(1, int((m.length(now)+time.Minute-1)/time.Minute))
}

// inWords is how long it is and since when.
func (m measured) inWords(now time.Time) string {
	how, at := "running since ", m.since()
	switch {
	case !m.runs():
		how, at = "stopped, begun ", m.Started
	case m.Before > 0:
		how = "running again since "
	}
	return clockLength(m.minutes(now)) + ", " + how + at.In(now.Location()).Format("Mon 15:04 MST")
}

// measures are a technician's, the one that was started last first. At most
// one runs, and a ticket has one.
type measures []measured

// mostMeasures keeps the list short enough for a person's page.
const mostMeasures = 10

func (all measures) find(is func(measured) bool) *measured {
	if i := slices.IndexFunc(all, is); i >= 0 {
		return &all[i]
	}
	return nil
}

// on is the ticket's, nil for none.
func (all measures) on(ticket int64) *measured {
	return all.find(func(m measured) bool { return m.Ticket == ticket })
}

// running is the one that runs, nil for none.
func (all measures) running() *measured { return all.find(measured.runs) }

func (all measures) without(ticket int64) measures {
	return slices.DeleteFunc(slices.Clone(all), func(m measured) bool { return m.Ticket == ticket })
}

// timers keeps the measures of technicians until they are settled. Its errors
// are *confirm.StoreError.
type timers struct{ rdb redis.UniversalClient }

func timerKey(technician string) string { return "syncrobot:timer:" + technician }

func (t timers) get(ctx context.Context, technician string) (measures, error) {
	all, err := getMeasures(ctx, t.rdb, technician)
	if err != nil {
		return nil, &confirm.StoreError{Err: err}
	}
	return all, nil
}

func getMeasures(ctx context.Context, rdb redis.Cmdable, technician string) (measures, error) {
	record, err := rdb.Get(ctx, timerKey(technician)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if bytes.HasPrefix(record, []byte("{")) { // one alone, as it was kept before there could be more
		record = fmt.Appendf(nil, "[%s]", record)
	}
	var all measures
	if err == nil {
		err = json.Unmarshal(record, &all)
	}
	if err != nil {
		return nil, fmt.Errorf("read the timers: %w", err)
	}
	return all, nil
}

// change replaces a technician's measures by what becomes of them, or leaves
// them where that is an error, which it returns. become may be called again:
// somebody else can change them at the same moment.
func (t timers) change(ctx context.Context, technician string, become func(measures) (measures, error)) error {
	key := timerKey(technician)
	for {
		var refused error
		err := t.rdb.Watch(ctx, func(tx *redis.Tx) error {
			all, err := getMeasures(ctx, tx, technician)
			if err != nil {
				return err
			}
			if all, refused = become(all); refused != nil {
				return nil
			}
			record, err := json.Marshal(all)
			if err != nil {
				return err
			}
			_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
				if len(all) == 0 {
					return p.Del(ctx, key).Err()
				}
				return p.Set(ctx, key, record, 0).Err()
			})
			return err
		}, key)
		switch {
		case refused != nil:
			return refused
		case err == nil:
			return nil
		case !errors.Is(err, redis.TxFailedErr):
			return &confirm.StoreError{Err: fmt.Errorf("change the timers: %w", err)}
		}
	}
}

// mark is a measure as a card shows it that settles it.
type mark struct {
	Started time.Time     `json:"started"`
	Since   time.Time     `json:"since"`
	Length  time.Duration `json:"length"`
}

func (m measured) mark(now time.Time) string {
	text, _ := json.Marshal(mark{m.Started, m.since(), m.length(now)}) // times and a number: it cannot fail
	return string(text)
}

// lookedAt is what may be measured on while a card waits for its click, and is
// forgotten with the rest.
const lookedAt = 15 * time.Minute

// settled is what is left of a measure when what a card showed of it is
// billed or saved: nothing, or what was worked since. That has another start,
// so that to settle once more changes nothing.
func (m measured) settled(shown mark, now time.Time) measures {
	rest := m.length(now) - shown.Length
	if rest <= 0 || m.since().Equal(shown.Since) && rest <= lookedAt {
		return nil
	}
	end := m.Ended
	if m.runs() {
		end = now
	}
	return measures{{Ticket: m.Ticket, Subject: m.Subject, Started: end.Add(-rest), Ended: m.Ended}}
}

// SettleTimer takes what a card showed of a technician's timer off it, where
// it is still there, and says what became of it.
func SettleTimer(rdb redis.UniversalClient) func(ctx context.Context, technician, shown string) (said string, err error) {
	return func(ctx context.Context, technician, shown string) (said string, err error) {
		var its mark
		if err := json.Unmarshal([]byte(shown), &its); err != nil {
			return "", fmt.Errorf("read the timer's mark: %w", err)
		}
		err = timers{rdb}.change(ctx, technician, func(all measures) (measures, error) {
			said = "Your timer on this ticket was gone before."
			i := slices.IndexFunc(all, func(m measured) bool { return m.Started.Equal(its.Started) })
			if i < 0 {
				return all, nil
			}
			now := time.Now()
			left := all[i].settled(its, now)
			said = "Your timer on this ticket is settled."
			if len(left) > 0 {
				said = fmt.Sprintf("Your timer on this ticket is settled; what was measured since, %s, is kept.", clockLength(left[0].minutes(now)))
			}
			return slices.Replace(all, i, i+1, left...), nil
		})
		return said, err
	}
}

package commands

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// running is the timer that a technician has going. It is kept in Redis alone:
// nothing half-done is in Syncro before it is billed or saved.
type running struct {
	Ticket  int64     `json:"ticket"` // number
	Subject string    `json:"subject"`
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended,omitzero"` // stopped, and not settled yet
}

// minutes is how long it was, or is by now; a begun minute counts.
func (r running) minutes(now time.Time) int {
	end := r.Ended
	if end.IsZero() {
		end = now
	}
	return max(1, int((end.Sub(r.Started)+time.Minute-1)/time.Minute))
}

// timers keeps one running timer a technician.
type timers struct{ rdb redis.UniversalClient }

func timerKey(technician string) string { return "syncrobot:timer:" + technician }

// get is the technician's timer, nil when there is none.
func (t timers) get(ctx context.Context, technician string) (*running, error) {
	record, err := t.rdb.Get(ctx, timerKey(technician)).Bytes()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	var r running
	if err == nil {
		err = json.Unmarshal(record, &r)
	}
	if err != nil {
		return nil, fmt.Errorf("read the running timer: %w", err)
	}
	return &r, nil
}

// keep saves the timer until it is settled.
func (t timers) keep(ctx context.Context, technician string, r running) error {
	record, err := json.Marshal(r)
	if err == nil {
		err = t.rdb.Set(ctx, timerKey(technician), record, 0).Err()
	}
	if err != nil {
		return fmt.Errorf("save the running timer: %w", err)
	}
	return nil
}

// inWords is how long it is and since when.
func (r running) inWords(now time.Time) string {
	how := "running since "
	if !r.Ended.IsZero() {
		how = "stopped, begun "
	}
	return clockLength(r.minutes(now)) + ", " + how + r.Started.Local().Format("Mon 15:04 MST")
}

// mark tells this timer from any other of the same technician.
func (r running) mark() string { return r.Started.UTC().Format(time.RFC3339Nano) }

// on reports whether it is a ticket's; there may be none at all.
func (r *running) on(ticket int64) bool { return r != nil && r.Ticket == ticket }

// SettleTimer ends a technician's running timer, if it is still the marked one.
func SettleTimer(rdb redis.UniversalClient) func(ctx context.Context, technician, mark string) error {
	t := timers{rdb}
	return func(ctx context.Context, technician, mark string) error {
		now, err := t.get(ctx, technician)
		if err != nil || now == nil || now.mark() != mark {
			return err
		}
		return t.discard(ctx, technician)
	}
}

func (t timers) discard(ctx context.Context, technician string) error {
	if err := t.rdb.Del(ctx, timerKey(technician)).Err(); err != nil {
		return fmt.Errorf("discard the timer: %w", err)
	}
	return nil
}

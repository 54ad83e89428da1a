package commands

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/internal/redistest"
)

func TestMeasured(t *testing.T) {
	t.Parallel()
	nine := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	at := func(minutes float64) time.Time { return nine.Add(time.Duration(minutes * float64(time.Minute))) }
	for name, c := range map[string]struct {
		m    measured
		want int
	}{
		"just begun":                     {measured{Started: at(60)}, 1},
		"running for an hour":            {measured{Started: at(0)}, 60},
		"a begun minute":                 {measured{Started: at(-0.5)}, 61},
		"stopped":                        {measured{Started: at(0), Ended: at(20)}, 20},
		"running again":                  {measured{Started: at(0), Before: 20 * time.Minute, Resumed: at(50)}, 30},
		"stopped again":                  {measured{Started: at(0), Before: 20 * time.Minute, Resumed: at(30), Ended: at(35)}, 25},
		"two half minutes are a minute":  {measured{Started: at(0), Before: 30 * time.Second, Resumed: at(30), Ended: at(30.5)}, 1},
		"another replica's clock":        {measured{Started: at(61)}, 1},
		"over a minute in two stretches": {measured{Started: at(0), Before: 40 * time.Second, Resumed: at(30), Ended: at(30.5)}, 2},
	} {
		if got := c.m.minutes(at(60)); got != c.want {
			t.Errorf("%s: %d minutes, want %d", name, got, c.want)
		}
	}
}

// TestSettled: a card settles what it showed, and not what was worked since.
func TestSettled(t *testing.T) {
	t.Parallel()
	nine := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
	at := func(minutes int) time.Time { return nine.Add(time.Duration(minutes) * time.Minute) }
	begun := measured{Ticket: 32164, Started: at(0)}
	stopped, resumed := begun, begun
	stopped.Ended = at(20)
	resumed.Before, resumed.Resumed = 20*time.Minute, at(50)
	again := resumed
	again.Ended = at(55)
	for name, c := range map[string]struct {
		shown mark
		m     measured
		now   int
		left  int // minutes
		runs  bool
	}{
		"stopped, as shown":                        {mark{at(0), at(0), 20 * time.Minute}, stopped, 40, 0, false},
		"running, and the click came soon":         {mark{at(0), at(0), 20 * time.Minute}, begun, 30, 0, false},
		"running, stopped by now":                  {mark{at(0), at(0), 12 * time.Minute}, stopped, 60, 0, false},
		"running, and settled two hours after":     {mark{at(0), at(0), 20 * time.Minute}, begun, 140, 120, true},
		"resumed since":                            {mark{at(0), at(0), 20 * time.Minute}, resumed, 53, 3, true},
		"resumed since, and stopped":               {mark{at(0), at(0), 20 * time.Minute}, again, 90, 5, false},
		"shown after it was resumed":               {mark{at(0), at(50), 22 * time.Minute}, again, 90, 0, false},
		"shown while it ran, stopped, and resumed": {mark{at(0), at(0), 15 * time.Minute}, resumed, 60, 15, true},
	} {
		left := c.m.settled(c.shown, at(c.now))
		if (len(left) > 0) != (c.left > 0) {
			t.Errorf("%s: left %+v", name, left)
		} else if c.left > 0 && (left[0].minutes(at(c.now)) != c.left || left[0].runs() != c.runs || left[0].Started.Equal(c.shown.Started)) {
			t.Errorf("%s: left %d minutes: %+v", name, left[0].minutes(at(c.now)), left[0])
		}
	}
}

// TestChangesAtOnce: of changes at the same moment none is lost.
func TestChangesAtOnce(t *testing.T) {
	t.Parallel()
	store := timers{redistest.Start(t).Client()}
	var all sync.WaitGroup
	for n := range 8 {
		all.Go(func() {
			err := store.change(t.Context(), "dana", func(m measures) (measures, error) {
				return append(m, measured{Ticket: int64(n), Started: time.Unix(int64(n), 0)}), nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	kept, err := store.get(t.Context(), "dana")
	if err != nil || len(kept) != 8 {
		t.Errorf("kept %+v, %v", kept, err)
	}
	if _, err := SettleTimer(store.rdb)(t.Context(), "dana", kept.on(3).mark(time.Now())); err != nil {
		t.Fatal(err)
	}
	refused := fmt.Errorf("refused")
	if err := store.change(t.Context(), "dana", func(measures) (measures, error) { return nil, refused }); err != refused {
		t.Errorf("the refusal became %v", err)
	}
	if kept, err = store.get(t.Context(), "dana"); err != nil || len(kept) != 7 || kept.on(3) != nil {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

// TestOneTimerAlone is how a timer was kept when there could be no other.
func TestOneTimerAlone(t *testing.T) {
	t.Parallel()
	store := timers{redistest.Start(t).Client()}
	ctx := context.Background()
	if err := store.rdb.Set(ctx, timerKey("dana"), `{"ticket":32164,"subject":"VPN","started":"2026-11-26T09:00:00Z"}`, 0).Err(); err != nil {
		t.Fatal(err)
	}
	kept, err := store.get(ctx, "dana")
	if err != nil || len(kept) != 1 || kept.running() == nil || kept.on(32164).Subject != "VPN" {
		t.Errorf("kept %+v, %v", kept, err)
	}
}

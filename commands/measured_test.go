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
		"over a minute in two stretches": {measured{Started: at(0), Before: 40 * time.Second, Resumed: at(30), Ended: at(30.5)}, 2},
	} {
		if got := c.m.minutes(at(60)); got != c.want {
			t.Errorf("%s: %d minutes, want %d", name, got, c.want)
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
	if err := SettleTimer(store.rdb)(t.Context(), "dana", kept.on(3).mark()); err != nil {
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

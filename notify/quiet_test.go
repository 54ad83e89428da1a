package notify

import (
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

func TestQuietHours(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	night, noon := Quiet{20 * time.Hour, 7*time.Hour + 30*time.Minute}, Quiet{12 * time.Hour, 13 * time.Hour}
	for _, c := range []struct {
		quiet     Quiet
		now, till string // empty: it is not quiet
	}{
		{night, "2026-11-26 19:59:59", ""},
		{night, "2026-11-26 20:00:00", "2026-11-27 07:30:00"},
		{night, "2026-11-30 23:59:59", "2026-12-01 07:30:00"},
		{night, "2026-11-27 00:00:00", "2026-11-27 07:30:00"},
		{night, "2026-11-27 07:29:59", "2026-11-27 07:30:00"},
		{night, "2026-11-27 07:30:00", ""},
		{night, "2026-03-28 22:00:00", "2026-03-29 07:30:00"}, // an hour is missing that night
		{night, "2026-10-25 01:00:00", "2026-10-25 07:30:00"}, // and one is there twice
		{noon, "2026-11-26 11:59:59", ""},
		{noon, "2026-11-26 12:30:00", "2026-11-26 13:00:00"},
		{noon, "2026-11-26 13:00:00", ""},
		{Quiet{}, "2026-11-26 00:00:00", ""},
	} {
		now, err := time.ParseInLocation(time.DateTime, c.now, berlin)
		if err != nil {
			t.Fatal(err)
		}
		till := ""
		if until := c.quiet.Until(now); !until.Equal(now) {
			till = until.Format(time.DateTime)
		}
		if till != c.till {
			t.Errorf("at %s it is quiet until %q, want %q", c.now, till, c.till)
		}
	}
}

// TestTheNightIsQuiet: what happens in quiet hours is told at their end, in one
// message; what is urgent at once, and with it what is owed about the same
// ticket.
func TestTheNightIsQuiet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	morning := time.Now().Add(time.Hour)
	w.quiet = func(at chat.Place, now time.Time) time.Time {
		if at.Channel == "C1" {
			return morning
		}
		return now
	}
	n, _ := w.replica([]Route{
		{Event: Resolved, To: to("C1")}, {Event: Urgent, To: to("C1")}, {Event: Invoiced, To: to("C1")}, {Event: Resolved, To: to("C2")},
	})
	owed := dueKey(to("C1")[0])
	numbers := []int64{32164, 32163, 32171, 32170, 32166}
	for _, number := range numbers {
		w.does(syncrosim.Act{Ticket: number, Status: "Resolved"})
	}
	w.until("all are owed", func() bool { return n.Redis.ZCard(t.Context(), owed).Val() == int64(len(numbers)) })
	w.until("it is day elsewhere", func() bool { return len(w.about("slack/C2")) > 0 })
	w.does(syncrosim.Act{Ticket: 32166, Priority: "0 Urgent"}) // whose time is in seconds, so that nothing seems to have changed
	w.until("the urgent one is told", func() bool { return len(w.about("slack/C1", "#32166", "Resolved", "0 Urgent")) == 1 })
	w.does(syncrosim.Act{Ticket: 32163, Status: "Invoiced"}) // puts nothing off, and brings nothing forward
	w.until("it is known", func() bool {
		kept, err := n.store.due(t.Context(), to("C1")[0], morning)
		return err == nil && len(kept) == 4 && len(kept[0].events)+len(kept[1].events)+len(kept[2].events)+len(kept[3].events) == 5
	})
	if all := w.about("slack/C1"); len(all) != 1 {
		t.Errorf("the night has %+v", all)
	}
	due := n.Redis.ZRangeWithScores(t.Context(), owed, 0, -1).Val()
	for i, z := range due {
		if int64(z.Score) != morning.UnixMilli() {
			t.Errorf("%v is told at %v, in the night", z.Member, time.UnixMilli(int64(z.Score)))
		}
		due[i].Score = float64(time.Now().UnixMilli())
	}
	n.Redis.ZAdd(t.Context(), owed, due...) // the morning, for all at once
	w.until("the morning tells the rest, in one message", func() bool { return len(w.about("slack/C1", "#32164", "#32163", "#32171", "#32170")) == 1 })
	if all := w.about("slack/C1"); len(all) != 2 {
		t.Errorf("the channel has %+v", all)
	}
}

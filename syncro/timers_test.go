package syncro_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/syncro"
)

var worked = syncro.AddTimer{
	TicketID: 5, Start: time.Date(2026, 11, 23, 9, 18, 0, 500, time.FixedZone("", -8*3600)), End: time.Date(2026, 11, 23, 9, 48, 0, 0, time.FixedZone("", -8*3600)),
	Notes: "Rekeyed the VPN", ProductID: 1190473, UserID: 4101, Labor: "Labor - Remote Business", When: "today 9:18 to 9:48",
}

const workedTimer = `"user_id":4101,"start_time":"2026-11-23T17:18:00.000Z","end_time":"2026-11-23 09:48:00 -0800","notes":"Rekeyed the VPN","product_id":1190473,"recorded":false,"ticket_line_item_id":null}`

func TestWhichTimerIsOurs(t *testing.T) {
	t.Parallel()
	change := func(was, now string) string { return `{` + strings.Replace(workedTimer, was, now, 1) }
	sightings(t, worked, `{"ticket":{"id":5,"ticket_timers":[%s]}}`, map[string][2]string{
		"as sent":                       {`{` + workedTimer, "ours"},
		"charged since":                 {change(`"recorded":false`, `"recorded":true`), "ours"},
		"with a part of a second":       {change(`18:00.000Z`, `18:00.999Z`), "ours"},
		"another's":                     {change(`4101`, `7`), "other"},
		"nobody's":                      {change(`4101`, `null`), "near"},
		"other notes":                   {change(`Rekeyed the VPN`, `Lunch`), "near"},
		"no notes":                      {change(`"Rekeyed the VPN"`, `null`), "near"},
		"the account's default product": {change(`1190473`, `26118`), "near"},
		"it runs on":                    {change(`"2026-11-23 09:48:00 -0800"`, `null`), "near"},
		"an hour later":                 {change(`17:18`, `18:18`), "near"},
		"other times":                   {strings.NewReplacer("17:18", "15:18", "09:48", "07:48").Replace(`{` + workedTimer), "other"},
		"other work from the same time": {strings.NewReplacer("09:48", "10:48", "Rekeyed the VPN", "Switch").Replace(`{` + workedTimer), "other"},
	})
	for _, w := range []syncro.Write{worked, syncro.ChargeTimer{TicketID: 5, TimerID: 9}, syncro.DeleteTimer{TicketID: 5, TimerID: 9}} {
		blind(t, w.Evidence(dana), `{}`, `{"ticket":{"id":6,"ticket_timers":[]}}`, `{"ticket":{"id":5}}`, `{"ticket":{"id":5,"ticket_timers":null}}`)
	}
	blind(t, worked.Evidence(dana), `{"ticket":{"id":5,"ticket_timers":[{}]}}`)
}

func TestWhetherATimerWasAdded(t *testing.T) {
	t.Parallel()
	made(t, worked, map[string]string{"flat": `{"id":9,` + workedTimer, "wrapped": `{"ticket_timer":{"id":9,` + workedTimer + `}`}, map[string]string{
		"no id":        `{` + workedTimer,
		"other times":  `{"id":9,"start_time":"2026-11-23T17:18:00Z","end_time":"2026-11-23T18:18:00Z"}`,
		"no times":     `{"id":9}`,
		"as requested": `{"id":9,"start_at":"2026-11-23T17:18:00Z","end_at":"2026-11-23T17:48:00Z"}`,
		"nothing":      `{}`,
	})
}

func TestWhetherATimerIsAsWanted(t *testing.T) {
	t.Parallel()
	update := syncro.UpdateTimer{
		TicketID: 5, TimerID: 9, Start: worked.Start, End: worked.End, Notes: worked.Notes, ProductID: worked.ProductID, UserID: worked.UserID,
	}
	charge := syncro.ChargeTimer{TicketID: 5, TimerID: 9}
	for name, c := range map[string]struct {
		was, now         string
		updated, charged bool
	}{
		"as sent":          {`x`, `x`, true, false},
		"charged":          {`"recorded":false`, `"recorded":true`, true, true},
		"other end":        {`09:48`, `09:58`, false, false},
		"other notes":      {`Rekeyed`, `Reset`, false, false},
		"other product":    {`1190473`, `null`, false, false},
		"other technician": {`4101`, `4102`, false, false},
	} {
		timer := `{"id":9,` + strings.Replace(workedTimer, c.was, c.now, 1)
		body := []byte(`{"ticket":{"id":5,"ticket_timers":[{"id":8,"recorded":true},` + timer + `]}}`)
		for w, want := range map[syncro.Write]bool{update: c.updated, charge: c.charged} {
			sight, err := w.Evidence(dana).Read(body)
			if err != nil || sight.IsSet != want || w.Evidence(dana).Effect != syncro.Sets {
				t.Errorf("%s: %s is %+v, %v", name, w.Kind(), sight, err)
			}
			if id, err := w.Made([]byte(timer)); (err == nil) != want || want && id != 9 {
				t.Errorf("%s: %s made %d, %v", name, w.Kind(), id, err)
			}
		}
	}
	byLine, err := charge.Evidence(dana).Read([]byte(`{"ticket":{"id":5,"ticket_timers":[{"id":9,"recorded":null,"ticket_line_item_id":"3"}]}}`))
	if err != nil || !byLine.IsSet {
		t.Errorf("charged, by its line: %+v, %v", byLine, err)
	}
	gone, err := charge.Evidence(dana).Read([]byte(`{"ticket":{"id":5,"ticket_timers":[]}}`))
	if err != nil || gone.IsSet || gone.Why == "" {
		t.Errorf("not there: %+v, %v", gone, err)
	}
	for _, w := range []syncro.Write{update, charge} {
		made(t, w, nil, map[string]string{"nothing": `{}`, "another": `{"id":8,"recorded":true,` + workedTimer, "only success": `{"success":true}`})
	}
}

func TestWhetherATimerIsGone(t *testing.T) {
	t.Parallel()
	w := syncro.DeleteTimer{TicketID: 5, TimerID: 9}
	for body, want := range map[string]syncro.Sight{
		`{"ticket":{"id":5,"ticket_timers":[{"id":8}]}}`: {All: []int64{8}},
		`{"ticket":{"id":5,"ticket_timers":[{"id":9}]}}`: {All: []int64{9}, Ours: []int64{9}},
	} {
		got, err := w.Evidence(dana).Read([]byte(body))
		if diff := cmp.Diff(want, got); err != nil || diff != "" || w.Evidence(dana).Effect != syncro.Removes {
			t.Errorf("%s: %v %s", body, err, diff)
		}
	}
	made(t, w, map[string]string{"as documented": `{"success":true}`}, map[string]string{"failed": `{"success":false}`, "nothing": `{}`})
}

func TestAChargeWaitsForItsTimer(t *testing.T) {
	t.Parallel()
	s := newStand(t, answer(200, `{"id":66,"recorded":true}`))
	w := syncro.ChargeTimer{TicketID: 5, OfStep: true}
	for name, unbound := range map[string]syncro.Write{"before it": w, "nothing before": w.Bind(nil), "not made": w.Bind([]int64{884512, 0})} {
		sight, err := unbound.Evidence(dana).Read([]byte(`{"ticket":{"id":5,"ticket_timers":[{"id":66,"recorded":true}]}}`))
		if err != nil || sight.IsSet {
			t.Errorf("%s: %+v, %v", name, sight, err)
		}
		if out := s.send(t.Context(), unbound); out.Result != syncro.Refused || !errors.Is(out.Err, syncro.ErrNotSent) {
			t.Errorf("%s: %+v", name, out)
		}
	}
	if out := s.send(context.Background(), w.Bind([]int64{884512, 66})); out.Result != syncro.Applied || out.ID != 66 {
		t.Errorf("bound: %+v", out)
	}
	if got := s.requests(); len(got) != 1 || got[0] != "POST /tickets/5/charge_timer_entry" {
		t.Errorf("requests %q", got)
	}
	if got := (syncro.ChargeTimer{TicketID: 5, TimerID: 9}).Bind([]int64{66}); got.(syncro.ChargeTimer).TimerID != 9 {
		t.Errorf("one that has its timer: %+v", got)
	}
}

func TestTimersThatCannotBeSent(t *testing.T) {
	t.Parallel()
	add := func(change func(*syncro.AddTimer)) syncro.Write { w := worked; change(&w); return w }
	for name, w := range map[string]syncro.Write{
		"no ticket":           add(func(w *syncro.AddTimer) { w.TicketID = 0 }),
		"no product":          add(func(w *syncro.AddTimer) { w.ProductID = 0 }),
		"no technician":       add(func(w *syncro.AddTimer) { w.UserID = 0 }),
		"no start":            add(func(w *syncro.AddTimer) { w.Start = time.Time{} }),
		"no end":              add(func(w *syncro.AddTimer) { w.End = time.Time{} }),
		"ends as it begins":   add(func(w *syncro.AddTimer) { w.End = w.Start.Add(time.Microsecond) }),
		"ends first":          add(func(w *syncro.AddTimer) { w.Start, w.End = w.End, w.Start }),
		"no timer to change":  syncro.UpdateTimer{TicketID: 5, Start: worked.Start, End: worked.End, ProductID: 1, UserID: 1},
		"no timer to delete":  syncro.DeleteTimer{TicketID: 5},
		"no timer to charge":  syncro.ChargeTimer{TicketID: 5},
		"no ticket to charge": syncro.ChargeTimer{TimerID: 5},
	} {
		if _, _, err := syncro.MarshalWrite(w); err == nil {
			t.Errorf("%s can be stored: %+v", name, w)
		}
	}
}

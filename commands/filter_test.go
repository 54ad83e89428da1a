package commands

import (
	"errors"
	"testing"
	"time"
)

func TestParseFilters(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]filters{
		"printer":                  {words: "printer"},
		"  shared \t mailbox ":     {words: "shared mailbox"},
		"“status: of the printer”": {words: "status: of the printer"},
		"printer customer:harbor status:open to:me since:7d": {"printer", "harbor", "open", "me", "7d"},
		`customer:"Harbor Dental" printer`:                   {words: "printer", customer: "Harbor Dental"},
		"STATUS:Waiting_on_Customer":                         {status: "Waiting on Customer"},
		"status:“waiting on customer” “to: do” list":         {words: "to: do list", status: "waiting on customer"},
		"error:404 https://printer.example/ at 10:30":        {words: "error:404 https://printer.example/ at 10:30"},
		"is:there": {words: "is:there"},
	} {
		got, err := parseFilters(typed)
		if err != nil || got != want {
			t.Errorf("%q is %+v, %v, want %+v", typed, got, err, want)
			continue
		}
		// What a button writes for it means the same.
		_, line := cutWord(got.line())
		if again, err := parseFilters(line); err != nil || again != want {
			t.Errorf("%q is written %q, which is %+v, %v", typed, got.line(), again, err)
		}
	}
	for _, typed := range []string{"", "status:", "status: open", "printer to:", "status:new status:open", "statsu:open", "custmer:harbor", "Sinc:7d"} {
		if got, err := parseFilters(typed); !errors.As(err, new(*UsageError)) {
			t.Errorf("%q is %+v, %v", typed, got, err)
		}
	}
}

func TestSince(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("there", -7*3600)
	now := time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC) // the evening before, there
	c := &Call{Now: now.In(zone)}
	for typed, want := range map[string]time.Time{
		"36h":        now.Add(-36 * time.Hour),
		"7D":         now.AddDate(0, 0, -7),
		"2w":         now.AddDate(0, 0, -14),
		"today":      time.Date(2026, 11, 25, 0, 0, 0, 0, zone),
		"2026-11-20": time.Date(2026, 11, 20, 0, 0, 0, 0, zone),
	} {
		if got, err := c.since(typed); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v, want %v", typed, got, err, want)
		}
	}
	for _, typed := range []string{"7", "d", "0d", "-3d", "1001w", "yesterday", "20.11.2026", "2026-13-01", "ü"} {
		if got, err := c.since(typed); !errors.As(err, new(*UsageError)) {
			t.Errorf("%q is %v, %v", typed, got, err)
		}
	}
}

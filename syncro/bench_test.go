package syncro

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/internal/redistest"
)

// BenchmarkDecodeTicket reads a ticket with a long history: 60 comments, 8
// charges and 8 timers.
func BenchmarkDecodeTicket(b *testing.B) {
	var comments, charges, timers []any
	for i := range 60 {
		comments = append(comments, map[string]any{
			"id": 7000 + i, "subject": "Update", "tech": "Dana Ruiz", "user_id": 4101, "hidden": i%2 == 0,
			"created_at": "2026-11-20T09:30:00.000-08:00", "body": strings.Repeat("The tunnel came up again after the rekey. ", 10),
		})
	}
	for i := range 8 {
		charges = append(charges, map[string]any{
			"id": 8000 + i, "product_id": 1190473, "user_id": 4101, "name": "Remote support", "quantity": "0.5", "price_retail": "95.0", "taxable": false,
		})
		timers = append(timers, map[string]any{
			"id": 9000 + i, "user_id": 4101, "start_time": "2026-11-20T09:00:00.000-08:00", "end_time": "2026-11-20T09:30:00.000-08:00", "active_duration": 1800,
		})
	}
	body, err := json.Marshal(map[string]any{"ticket": map[string]any{
		"id": 108442001, "number": 32164, "subject": "VPN drops every hour", "status": "In Progress", "priority": "2 Normal",
		"created_at": "2026-11-18T08:00:00.000-08:00", "updated_at": "2026-11-20T09:31:00.000-08:00", "customer_business_then_name": "Harbor Dental",
		"comments": comments, "line_items": charges, "ticket_timers": timers,
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(body)))
	b.ReportAllocs()
	for b.Loop() {
		t, err := decodeTicket(body)
		if err != nil || len(t.Comments) != len(comments) || len(t.LineItems) != len(charges) || len(t.Timers) != len(timers) {
			b.Fatal(fmt.Errorf("%d comments, %d charges, %d timers: %w", len(t.Comments), len(t.LineItems), len(t.Timers), err))
		}
	}
}

// BenchmarkLimiterWait takes a free place among the requests, by a real Redis.
func BenchmarkLimiterWait(b *testing.B) {
	// As many a minute as never have to wait for each other.
	l := NewLimiter(redistest.Start(b).Client(), LimiterOptions{PerMinute: 60_000_000})
	b.ReportAllocs()
	for b.Loop() {
		if err := l.Wait(b.Context(), ClassLookup, Key{}); err != nil {
			b.Fatal(err)
		}
	}
}

package notify

import "time"

// Quiet are hours of each day, from a time after midnight to another; equal:
// none. What happens in them is told at their end, but for what is urgent.
type Quiet struct{ From, To time.Duration }

// Until is the end of the quiet hours that now is in, where now is; now itself
// where it is in none.
func (q Quiet) Until(now time.Time) time.Time {
	clock := time.Duration(now.Hour())*time.Hour + time.Duration(now.Minute())*time.Minute + time.Duration(now.Second())*time.Second
	late, early := clock >= q.From, clock < q.To
	days := 0
	switch {
	case q.From == q.To, q.From < q.To && !(late && early), q.From > q.To && !late && !early:
		return now
	case q.From > q.To && late:
		days = 1
	}
	// By the clock on the wall, also in the nights in which it is put forward or back.
	return time.Date(now.Year(), now.Month(), now.Day()+days, int(q.To/time.Hour), int(q.To%time.Hour/time.Minute), 0, 0, now.Location())
}

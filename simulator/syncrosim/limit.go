package syncrosim

import "time"

// Window is the way in which requests are counted against the limit.
type Window int

// The windows. Which one Syncro has is not documented.
const (
	FixedMinute Window = iota // a new count begins with each minute of the clock
	Sliding                   // all requests of the last 60 seconds, the refused ones too
)

// limiter counts requests. It is for a single address, as Syncro's limit is.
type limiter struct {
	window    Window
	perMinute int // below 0: no limit
	minute    time.Time
	times     []time.Time
	refused   int
}

// take counts a request and tells whether it is within the limit.
func (l *limiter) take(now time.Time) bool {
	l.forget(now)
	l.times = append(l.times, now)
	if l.perMinute >= 0 && len(l.times) > l.perMinute {
		l.refused++
		return false
	}
	return true
}

func (l *limiter) used(now time.Time) int {
	l.forget(now)
	return len(l.times)
}

func (l *limiter) forget(now time.Time) {
	switch l.window {
	case FixedMinute:
		if m := now.Truncate(time.Minute); !m.Equal(l.minute) {
			l.minute, l.times = m, l.times[:0]
		}
	case Sliding:
		old := 0
		for old < len(l.times) && now.Sub(l.times[old]) >= time.Minute {
			old++
		}
		l.times = append(l.times[:0], l.times[old:]...)
	}
}

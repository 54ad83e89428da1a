package commands

import "testing"

func TestMinutes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word string
		n    int
		ok   bool
		bad  bool
	}{
		{"30", 30, true, false}, {"30m", 30, true, false}, {"30min", 30, true, false}, {"1h", 60, true, false},
		{"1h30m", 90, true, false}, {"1.5h", 90, true, false}, {"0:30", 30, true, false}, {"1:05", 65, true, false},
		{".5h", 30, true, false}, {"1H", 60, true, false}, {"1440", 1440, true, false},
		{"0", 0, true, true}, {"0m", 0, true, true}, {"1441", 0, true, true}, {"25h", 0, true, true}, {"1.01h", 0, true, true},
		{"", 0, false, false}, {"remote", 0, false, false}, {"min", 0, false, false}, {"h", 0, false, false}, {"1:5", 0, false, false},
		{"-30", 0, false, false}, {"1e9", 0, false, false}, {"99999999999999999999", 0, false, false},
		{"30 m", 30, true, false}, {"1 h", 60, true, false}, {"1 h 30 min", 90, true, false}, {"1h 30m", 90, true, false}, {"1.5 hours", 90, true, false},
		{"1,5h", 90, true, false}, {"0,25 h", 15, true, false}, {"30mins", 30, true, false}, {"15min.", 15, true, false}, {"30m,", 30, true, false}, {"1:30h", 90, true, false},
		{"0.25", 0, true, true}, {"1,5", 0, true, true}, {"30 2", 0, false, false}, {"1h 30", 0, false, false}, {"30 minutes of it", 0, false, false}, {"1.2.3", 0, false, false},
	} {
		n, ok, err := minutes(c.word)
		if n != c.n || ok != c.ok || (err != nil) != c.bad {
			t.Errorf("%q: %d, %t, %v", c.word, n, ok, err)
		}
	}
}

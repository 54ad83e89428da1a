package commands

import (
	"strings"
	"testing"
)

// BenchmarkFind is reading a typed line: a command by name, a number alone,
// and a mistyped word, for which the nearest command is looked for.
func BenchmarkFind(b *testing.B) {
	for _, c := range []struct{ name, line, want string }{
		{"named", "close 32164 Replaced the toner", "close"},
		{"number", "32164", "ticket"},
		{"mistyped", "clsoe 32164", ""},
		{"endless", strings.Repeat("x", 40000), ""},
	} {
		b.Run(c.name, func(b *testing.B) {
			commands := all()
			b.ReportAllocs()
			for b.Loop() {
				found, _, err := find(commands, c.line)
				if (err != nil) != (c.want == "") || err == nil && found.Name != c.want {
					b.Fatalf("%v, %v", found, err)
				}
			}
		})
	}
}

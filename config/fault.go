package config

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Fault is one thing that is wrong with a config file.
type Fault struct {
	File      string // as it was given to Load
	Line, Col int    // counted from 1
	Message   string // what is wrong and what to write; never the value of a secret or of an environment variable
}

// Error is the fault as compilers print theirs: "bot.yaml:3:9: ...".
func (f Fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Col, f.Message)
}

// Faults is everything that is wrong with a config file, in the order of the
// file.
type Faults []Fault

// Error is one line a fault.
func (fs Faults) Error() string {
	lines := make([]string, len(fs))
	for i, f := range fs {
		lines[i] = f.Error()
	}
	return strings.Join(lines, "\n")
}

func (fs Faults) sort() {
	slices.SortStableFunc(fs, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
	})
}

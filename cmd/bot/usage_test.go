package main

import (
	"errors"
	"io"
	"testing"
)

// TestMistypedCommands end as failures, with what a script tells apart.
func TestMistypedCommands(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args      []string
		cannotRun bool
	}{
		"no such command":         {[]string{"serv"}, false},
		"no such key command":     {[]string{"keys", "ad", "dana"}, false},
		"no such config command":  {[]string{"config", "chekc"}, false},
		"no such manifest":        {[]string{"manifest", "discord"}, false},
		"no such flag":            {[]string{"version", "--loud"}, false},
		"no such flag of doctor":  {[]string{"doctor", "--loud"}, true},
		"no such group of checks": {[]string{"doctor", "--only", "sluck"}, true},
	} {
		program := root()
		program.SetArgs(c.args)
		program.SetOut(io.Discard)
		program.SetErr(io.Discard)
		if err := program.ExecuteContext(t.Context()); err == nil || errors.Is(err, errCannotRun) != c.cannotRun {
			t.Errorf("%s: %v", name, err)
		}
	}
}

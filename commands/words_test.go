package commands

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/identity"
	"github.com/syncrobot/syncrobot/syncro"
)

// everyError is one of each error that a technician can meet, wrapped as it
// comes.
func everyError() []error {
	errs := []error{
		usage("what?"), identity.ErrUnknown, &identity.NoKeyError{}, &identity.WrongPersonError{Want: 1, Got: 2},
		&identity.VaultError{Err: errors.New("x")}, &confirm.ActorError{}, &confirm.StoreError{Err: errors.New("x")},
		&confirm.ReplicasError{Want: 1},
		&syncro.BusyError{}, &syncro.AmbiguousNumber{Number: 1, Tickets: []syncro.Ticket{{}, {}}},
		&identity.TakenError{Of: "rob"}, &identity.ReadOnlyError{Err: errors.New("x")}, ErrNoPage, &chat.UnreachableError{Why: "x"},
		context.DeadlineExceeded, errNoChoice, errNotYours, errors.New("a fault of ours"),
	}
	for kind := syncro.Unreachable; kind <= syncro.Garbled; kind++ {
		errs = append(errs, &syncro.Error{Kind: kind, Status: 400})
	}
	for i, err := range errs {
		errs[i] = fmt.Errorf("somewhere: %w", err)
	}
	return errs
}

// Codes that the engine's own cards carry.
var engineCodes = []string{"card-expired", "not-your-card", "ticket-busy", "redis", "record-lost"}

// TestAKeyIsNotGivenBack: what looks like a key is told of, and not repeated.
func TestAKeyIsNotGivenBack(t *testing.T) {
	t.Parallel()
	c := errorCard(fmt.Errorf("x: %w", errKeyInChat), "note 32164 Tdemo-sam-90f3b7d2c6e1a584")
	if plain := c.Plain(); strings.Contains(plain, "90f3b7") || !strings.Contains(plain, "revoke it") || c.Note != "key-in-chat" {
		t.Errorf("said:\n%s", plain)
	}
}

func TestEveryCodeIsExplainedInTheDocs(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/troubleshooting.md")
	if err != nil {
		t.Fatal(err)
	}
	sections := map[string]bool{}
	for line := range strings.Lines(string(page)) {
		if code, ok := strings.CutPrefix(line, "## "); ok {
			sections[strings.TrimSpace(code)] = false
		}
	}
	codes := append([]string{"key-in-chat"}, engineCodes...)
	for _, err := range everyError() {
		words, code := Explain(err)
		if words == "" || code == "" {
			t.Errorf("%v is said as %q, code %q", err, words, code)
		}
		codes = append(codes, code)
	}
	for _, code := range codes {
		if _, ok := sections[code]; !ok {
			t.Errorf("docs/troubleshooting.md has no section %q", code)
		}
		sections[code] = true
	}
	for section, met := range sections {
		if !met {
			t.Errorf("docs/troubleshooting.md explains %q, which no card shows", section)
		}
	}
}

func TestAnErrorCardSaysFirstThatNothingWasSentAndGivesTheTextBack(t *testing.T) {
	t.Parallel()
	for _, err := range everyError() {
		c := errorCard(err, "note 32164 typed words")
		plain := c.Plain()
		if !strings.HasPrefix(plain, c.Title+"\nNothing was sent. ") {
			t.Errorf("%v:\n%s", err, plain)
		}
		if !strings.Contains(plain, "note 32164 typed words") {
			t.Errorf("%v: the typed words are gone:\n%s", err, plain)
		}
	}
}

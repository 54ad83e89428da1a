package slack

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

// unfitForms are the gallery's that Slack cannot show whole, and why.
var unfitForms = map[string]string{
	"empty":    "it asks for nothing",
	"too-long": "has 40000 characters, and Slack lets 3000 be edited",
}

func TestFormGallery(t *testing.T) {
	t.Parallel()
	for _, named := range chattest.Forms() {
		t.Run(named.Name, func(t *testing.T) {
			t.Parallel()
			view, err := modal(named.Form, "sealed")
			if why := unfitForms[named.Name]; why != "" {
				if err == nil || !strings.Contains(err.Error(), why) || length(err.Error()) > 300 {
					t.Errorf("error = %v, want one with %q", err, why)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(view); err != nil {
				t.Fatal(err)
			}
			showModal(t, got.Bytes())
			file := filepath.Join("testdata", "forms", named.Name+".json")
			if *update {
				if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s is not what is drawn (go test -update writes it):\n%s", file, got.Bytes())
			}
		})
	}
}

func TestWhatDoesNotFitInAModal(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("é", 76)
	many := func(n int) []chat.Input {
		var all []chat.Input
		for i := range n {
			all = append(all, chat.Input{Name: fmt.Sprint("i", i)})
		}
		return all
	}
	tests := []struct {
		name, why string // why: empty where it fits
		inputs    []chat.Input
	}{
		{"a text of 3,000 characters", "", []chat.Input{{Name: "a", Value: strings.Repeat("é", 3000)}}},
		{"a text of 3,001", "", []chat.Input{{Name: "a", Kind: chat.Paragraph, Value: strings.Repeat("é", 3001)}}},
		{"a line of 3,001", "3001 characters", []chat.Input{{Name: "a", Kind: chat.Line, Value: strings.Repeat("é", 3001)}}},
		{"99 inputs and an intro", "", many(99)},
		{"100 inputs and an intro", "it asks for 100 things", many(100)},
		{"a choice of nothing", "every choice under “Type”", []chat.Input{{Name: "a", Label: "Type", Kind: chat.Select, Options: []chat.Option{{}}}}},
		{"a choice whose value is too long", "every choice", []chat.Input{{Name: "a", Kind: chat.Select, Options: []chat.Option{{Value: "1"}, {Value: long}}}}},
		{"a choice nobody has to make", "it asks for nothing", []chat.Input{{Name: "a", Kind: chat.Select, Optional: true}}},
		{"two inputs of one name", "told apart", []chat.Input{{Name: "a"}, {Name: "a"}}},
		{"an input without a name", "told apart", []chat.Input{{}}},
		{"an input of another kind", "not known here", []chat.Input{{Name: "a", Kind: 99}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			view, err := modal(chat.Form{Title: "T", Intro: "Intro.", Inputs: test.inputs}, "sealed")
			switch {
			case test.why != "" && (err == nil || !strings.Contains(err.Error(), test.why)):
				t.Errorf("error = %v, want one with %q", err, test.why)
			case test.why == "" && err != nil:
				t.Error(err)
			case test.why == "":
				showModal(t, marshal(t, view))
			}
		})
	}
	if _, err := modal(chattest.TicketForm(), strings.Repeat("x", 3001)); err == nil {
		t.Error("private_metadata of 3001 characters is taken")
	}
}

func TestAModalOpensAsItIsFilledInAlready(t *testing.T) {
	t.Parallel()
	want := map[string]map[string]string{
		"comment": {"ticket": "32164", "text": "Amy wrote:\n> It dropped again at 9:40.", "public": "true", "due": "2026-11-30"},
		"ticket":  {"customer": "", "subject": "", "description": "", "type": "Remote", "due": "", "mail": "false"},
		"hostile": {"line": chattest.Hostile, "paragraph": chattest.Hostile, "select": "7", "lookup": "7", "date": "2026-11-30", "check": "false"},
		"options": {"contact": "221"},
		// What stands for nothing is not filled in.
		"odd-values": {"line": "first\nsecond", "select": "", "lookup": "", "date": "", "check": "false"},
	}
	seen := 0
	for _, named := range chattest.Forms() {
		values, known := want[named.Name]
		if !known {
			continue
		}
		seen++
		view, err := modal(named.Form, "sealed")
		if err != nil {
			t.Fatal(err)
		}
		m := showModal(t, marshal(t, view))
		for name, value := range values {
			if got := m.typed[name]; got != value {
				t.Errorf("%s: %s is %q, want %q", named.Name, name, got, value)
			}
		}
	}
	if seen != len(want) {
		t.Errorf("%d forms of %d are in the gallery", seen, len(want))
	}
}

func FuzzModal(f *testing.F) {
	f.Add("Title", "value", uint8(3))
	f.Add(chattest.Hostile, chattest.Hostile, uint8(120))
	f.Add("", " \n\t\xff", uint8(7))
	f.Add(strings.Repeat("&", 9000), strings.Repeat("é", 76), uint8(250))
	f.Fuzz(func(t *testing.T, words, value string, n uint8) {
		form := chat.Form{ID: value, Title: words, Intro: words, Submit: words}
		for i := range int(n) {
			form.Inputs = append(form.Inputs, chat.Input{
				Name: fmt.Sprint("i-", i), Label: words, Hint: words, Kind: chat.InputKind(i % 7), Value: value, Optional: i%2 == 0,
				Options: []chat.Option{{Label: words, Value: value}, {Label: value, Value: words}},
			})
		}
		if view, err := modal(form, "sealed"); err == nil {
			showModal(t, marshal(t, view))
		}
	})
}

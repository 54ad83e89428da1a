package teams

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGallery(t *testing.T) {
	t.Parallel()
	for _, c := range chattest.Gallery() {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			d := render(c.Card)
			sound(t, d)
			if strings.HasPrefix(c.Name, "long") {
				return // tens of KB each: what holds for all cards is enough
			}
			golden(t, filepath.Join("testdata", "golden", c.Name+".json"), d)
		})
	}
}

// golden compares a message with the one that a file holds.
func golden(t testing.TB, file string, d drawn) {
	t.Helper()
	got, err := json.MarshalIndent(map[string]any{"card": asJSON(t, d.card), "summary": d.summary}, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, append(got, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(bytes.TrimSpace(want)), string(got)); diff != "" {
		t.Errorf("run go test -update where the change is meant:\n%s", diff)
	}
}

func asJSON(t testing.TB, card adaptiveCard) map[string]any {
	t.Helper()
	var v map[string]any
	if err := json.Unmarshal(must(encode(card)), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// sound checks what holds for every card: nothing that reads markup gets
// text, nothing is over a limit, and everything has the parts that the schema
// requires.
func sound(t testing.TB, d drawn) {
	t.Helper()
	body := must(encode(d.card))
	if n := 2 * len(utf16.Encode([]rune(string(body)+d.summary))); n > maxPayload {
		t.Errorf("%d bytes of UTF-16, at most %d", n, maxPayload)
	}
	if n := utf8.RuneCountInString(d.summary); n > maxSummary+40 {
		t.Errorf("a summary of %d runes", n)
	}
	card := asJSON(t, d.card)
	if card["version"] != "1.5" || card["type"] != "AdaptiveCard" {
		t.Errorf("version %v of %v", card["version"], card["type"])
	}
	for _, s := range []string{d.summary, card["fallbackText"].(string)} {
		if strings.ContainsAny(s, "<>&*_`~") || strings.Contains(s, "](") || strings.Contains(s, "{{") {
			t.Errorf("live outside a run: %q", s)
		}
	}
	inspect(t, card)
}

// inspect walks through a card: only types that are known, each with what the
// schema requires of it, and text in runs alone.
func inspect(t testing.TB, v any) {
	t.Helper()
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			inspect(t, e)
		}
	case map[string]any:
		kind, _ := v["type"].(string)
		required, known := map[string][]string{
			"AdaptiveCard": {"body"}, "Container": {"items", "style"}, "RichTextBlock": {"inlines"}, "TextRun": {"text"},
			"ColumnSet": {"columns"}, "Column": {"items", "width"}, "Table": {"columns", "rows"}, "TableRow": {"cells"}, "TableCell": {"items"},
			"ActionSet": {"actions"}, "Action.OpenUrl": {"title", "url"}, "Action.Execute": {"title", "verb", "data", "fallback"}, "Action.Submit": {"title", "data"},
			"Input.Text": {"id", "label"}, "Input.Date": {"id", "label"}, "Input.Toggle": {"id", "label", "title", "value"},
			"Input.ChoiceSet": {"id", "label", "style"}, "Data.Query": {"dataset"},
			"": nil,
		}[kind]
		if !known {
			t.Errorf("an element of type %q", kind)
		}
		for _, k := range required {
			if v[k] == nil || v[k] == "" {
				t.Errorf("%s without %s", kind, k)
			}
			if list, ok := v[k].([]any); ok && len(list) == 0 && kind != "AdaptiveCard" {
				t.Errorf("%s with empty %s", kind, k)
			}
		}
		if text, ok := v["text"].(string); ok {
			if kind != "TextRun" {
				t.Errorf("text in a %s", kind)
			}
			if strings.Contains(text, "{{") {
				t.Errorf("a run with a function: %q", text)
			}
			if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == '\u202e' }) {
				t.Errorf("a run with control characters: %q", text)
			}
		}
		if url, ok := v["url"].(string); ok && !strings.HasPrefix(url, "https://") && !strings.HasPrefix(url, "http://") {
			t.Errorf("a button to %q", url)
		}
		if actions, ok := v["actions"].([]any); ok {
			visible := 0
			for _, a := range actions {
				if a.(map[string]any)["mode"] != "secondary" {
					visible++
				}
			}
			if visible > maxVisible {
				t.Errorf("%d visible buttons", visible)
			}
		}
		for k, e := range v {
			if k != "fallbackText" {
				inspect(t, e)
			}
		}
	}
}

// everywhere is a card with s in every place that takes text.
func everywhere(s string) chat.Card {
	return chat.Card{
		Title: s, Tone: chat.Bad, Note: s,
		Parts: []chat.Part{
			chat.Text(s), chat.Quoted(s), chat.Code(s), chat.Fields{{Name: s, Value: s}},
			chat.Steps{{Mark: chat.Doubt, Text: s, Alert: s, Quoted: s, Result: s}},
			chat.Table{Header: []string{s}, Rows: [][]string{{s}, {}}},
			chat.Link{Label: s, URL: "https://example.syncromsp.com/tickets/1"}, chat.Link{Label: s, URL: s},
		},
		Buttons: []chat.Button{{Label: s, Verb: "confirm", Value: "op", Style: chat.Danger}, {Label: s, URL: s}},
	}
}

func FuzzRender(f *testing.F) {
	f.Add(chattest.Hostile)
	f.Add("{{DATE(2026-01-01T00:00:00Z)}} {{{{TIME(")
	f.Add("1. a\n- b\n# c\n[d](http://e.example) <at>all</at> &lt;b&gt; \\*")
	f.Add(strings.Repeat("\u2028\"\\", 4000))
	f.Add(strings.Repeat("😀\x00", 9000))
	f.Fuzz(func(t *testing.T, s string) {
		d := render(everywhere(s))
		sound(t, d)
		// What is short enough is shown whole and as it is.
		if utf8.RuneCountInString(s) <= maxLabel && utf8.ValidString(s) && s != "" {
			want := chat.Visible(s)
			shown := words(asJSON(t, d.card))
			if n := strings.Count(shown, want); n < 12 {
				t.Errorf("%q is shown %d times, want 12, in %q", want, n, shown)
			}
		}
	})
}

func TestHostileTextIsShownAsItStands(t *testing.T) {
	t.Parallel()
	const s = "1. [x](http://e.example) *b* <at>all</at> &lt; {{DATE(2026-01-01T00:00:00Z)}} \\_"
	for i, line := range strings.Split(words(asJSON(t, render(chat.Card{Title: s, Parts: []chat.Part{chat.Text(s), chat.Quoted(s), chat.Code(s)}}).card)), "\n") {
		if line != s {
			t.Errorf("line %d is %q", i, line)
		}
	}
}

func TestWhatIsTooLongSaysSo(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 50_000)
	rows := make([][]string, 300)
	for i := range rows {
		rows[i] = []string{strings.Repeat("y", 150), "b"}
	}
	for name, c := range map[string]struct {
		card chat.Card
		want []string
	}{
		"one long text":    {chat.Card{Parts: []chat.Part{chat.Text(long)}}, []string{"… (cut: 38000 more characters)"}},
		"three long texts": {chat.Card{Parts: []chat.Part{chat.Text(long), chat.Quoted(long), chat.Code(long)}}, []string{"more characters)"}},
		"many rows":        {chat.Card{Parts: []chat.Part{chat.Table{Header: []string{"A", "B"}, Rows: rows}}}, []string{"… (cut: ", "more rows)"}},
		"many of all": {chat.Card{Parts: slices.Repeat([]chat.Part{chat.Table{Header: []string{"A", "B"}, Rows: rows}, chat.Text(long)}, 60)},
			[]string{"more rows)", "more parts)", "more characters)"}},
		"many buttons": {chat.Card{Buttons: slices.Repeat([]chat.Button{{Label: long, Verb: "x", Value: "op"}}, 99)}, []string{"… (cut: 79 more buttons)"}},
	} {
		d := render(c.card)
		sound(t, d)
		shown := words(asJSON(t, d.card))
		for _, w := range c.want {
			if !strings.Contains(shown, w) {
				t.Errorf("%s: %q is not said", name, w)
			}
		}
	}
}

func TestCodeKeepsItsIndentation(t *testing.T) {
	t.Parallel()
	got := words(asJSON(t, render(chat.Card{Parts: []chat.Part{chat.Code("{\n  \"a\": 1,\n\t\"b\":  2\n}")}}).card))
	want := "{\n\u00a0\u00a0\"a\": 1,\n\u00a0\u00a0\u00a0\u00a0\"b\": \u00a02\n}"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

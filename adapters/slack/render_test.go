package slack

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

var update = flag.Bool("update", false, "write testdata anew")

func TestGallery(t *testing.T) {
	t.Parallel()
	for _, named := range chattest.Gallery() {
		t.Run(named.Name, func(t *testing.T) {
			t.Parallel()
			m := render(named.Card)
			blocks := marshal(t, m.Blocks)
			checkMessage(t, m.Text, blocks)
			var got bytes.Buffer
			enc := json.NewEncoder(&got)
			enc.SetEscapeHTML(false)
			enc.SetIndent("", "  ")
			if err := enc.Encode(map[string]any{"text": m.Text, "blocks": blocks}); err != nil {
				t.Fatal(err)
			}
			file := filepath.Join("testdata", named.Name+".json")
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

func TestForeignTextStaysLiteral(t *testing.T) {
	t.Parallel()
	const foreign = `<!channel> *b* _i_ [x](http://e.example) <b> & "quotes" :smile:`
	m := render(chat.Card{Parts: []chat.Part{
		chat.Text(foreign), chat.Quoted(foreign), chat.Code(foreign), chat.Fields{{Name: "F", Value: foreign}},
		chat.Steps{{Text: "T", Quoted: foreign, Result: foreign}},
		chat.Table{Header: []string{"H"}, Rows: [][]string{{foreign}}},
	}})
	n := 0
	for _, word := range textsOf(t, marshal(t, m.Blocks)) {
		n += strings.Count(word, foreign)
	}
	if n != 7 {
		t.Errorf("the foreign text stands %d times in the blocks, want 7, character by character", n)
	}
	if !strings.Contains(m.Text, `&lt;!channel&gt; *b* _i_ [x](http://e.example) &lt;b&gt; &amp; "quotes"`) {
		t.Errorf("text = %s", m.Text)
	}
}

func TestWhatIsMissingIsSaid(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 40_000)
	tests := []struct {
		name string
		card chat.Card
		want []string
	}{
		{"a text over its limit ends with how much is missing",
			chat.Card{Parts: []chat.Part{chat.Text(long)}}, []string{"xxx… (cut: 33530 more characters)"}},
		{"texts over the message's limit are shortened alike, and what is said about them stays",
			chat.Card{Parts: []chat.Part{chat.Steps{
				{Text: "Comment 1", Alert: "CUSTOMER WILL SEE THIS", Quoted: long},
				{Text: "Comment 2", Alert: "INTERNAL", Quoted: long},
				{Text: "Comment 3", Alert: "E-MAIL TO amy@harbordental.example", Quoted: long},
			}}},
			[]string{"Comment 3", "E-MAIL TO amy@harbordental.example", "(cut: 38405 more characters)"}},
		{"a table is shortened by rows",
			chat.Card{Parts: []chat.Part{chat.Table{Header: []string{"N"}, Rows: rows(2000)}}}, []string{"more rows)"}},
		{"parts over 50 blocks", chat.Card{Title: "T", Parts: texts(60)}, []string{"(cut: 12 more parts)"}},
		{"buttons over five rows", chat.Card{Buttons: manyButtons(130)}, []string{"(cut: 5 more buttons)"}},
		{"a button whose value does not fit", chat.Card{Buttons: []chat.Button{{Label: "L", Verb: "v", Value: long}}}, []string{"(cut: 1 more button)"}},
		{"more small pieces than a message holds", chat.Card{Parts: []chat.Part{manyFields(5000)}}, []string{"more characters)"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m := render(test.card)
			blocks := marshal(t, m.Blocks)
			checkMessage(t, m.Text, blocks)
			all := strings.Join(textsOf(t, blocks), " ")
			for _, want := range test.want {
				if !strings.Contains(all, want) {
					t.Errorf("%q is missing in %.2000q", want, all)
				}
			}
		})
	}
}

func TestButtonsOfOneVerbAreToldApart(t *testing.T) {
	t.Parallel()
	buttons := []chat.Button{
		{Label: "a", Verb: "pick", Value: "1"}, {Label: "b", Verb: "pick", Value: "2"}, {Label: "c", Verb: "confirm", Value: "3"},
		{Label: "d", Verb: "odd:2", Value: "4"}, {Label: "e", Verb: "pick", Value: "5"},
	}
	ids := map[string]bool{}
	var verbs []string
	for _, object := range objectsOf(t, marshal(t, render(chat.Card{Buttons: buttons}).Blocks)) {
		if object["type"] == "button" {
			id := object["action_id"].(string)
			ids[id] = true
			verbs = append(verbs, verbOf(id))
		}
	}
	if got, want := fmt.Sprint(verbs), "[pick pick confirm odd:2 pick]"; got != want || len(ids) != len(buttons) {
		t.Errorf("verbs %v, %d different ids", verbs, len(ids))
	}
	if !ids["pick"] || !ids["confirm"] {
		t.Errorf("ids = %v: the first of a verb has it plain", ids)
	}
}

func FuzzRender(f *testing.F) {
	f.Add("Title", "text", "https://example.syncromsp.com/tickets/1", uint8(3), uint8(2))
	f.Add(chattest.Hostile, chattest.Hostile, "javascript:alert(1)", uint8(200), uint8(200))
	f.Add("", " \n\t", "", uint8(0), uint8(255))
	f.Add("\xff", strings.Repeat("&", 9000), "https://", uint8(60), uint8(60))
	f.Fuzz(func(t *testing.T, title, text, address string, n, k uint8) {
		n, k = n%32, k%64 // larger than any card, and still some hundred a second
		c := chat.Card{Title: title, Tone: chat.Tone(n % 6), Note: text}
		for i := range int(n) {
			switch i % 7 {
			case 0:
				c.Parts = append(c.Parts, chat.Text(text), chat.Quoted(title), chat.Code(text))
			case 1:
				c.Parts = append(c.Parts, chat.Fields{{Name: title, Value: text}, {Name: text, Value: address}})
			case 2:
				c.Parts = append(c.Parts, chat.Steps{{Mark: chat.Mark(k % 5), Text: title, Alert: text, Quoted: text, Result: address}})
			case 3:
				t := chat.Table{Header: []string{title, text}}
				for range int(k) {
					t.Rows = append(t.Rows, []string{text, title, address})
				}
				c.Parts = append(c.Parts, t)
			case 4:
				c.Parts = append(c.Parts, chat.Link{Label: title, URL: address})
			case 5:
				c.Parts = append(c.Parts, chat.Fields(make([]chat.Field, k)), chat.Steps(make([]chat.Step, k)))
			}
		}
		for i := range int(k) {
			b := chat.Button{Label: title, Verb: text, Value: title, Style: chat.Style(i % 3)}
			if i%4 == 0 {
				b.URL = address
			}
			c.Buttons = append(c.Buttons, b)
		}
		m := render(c)
		checkMessage(t, m.Text, marshal(t, m.Blocks))
	})
}

// checkMessage fails the test when Slack would not take a message, or when
// text in it could become markup. The numbers are those of Slack's reference.
func checkMessage(t testing.TB, text string, raw json.RawMessage) {
	t.Helper()
	if n := utf8.RuneCountInString(unescape.Replace(text)); strings.TrimSpace(text) == "" || n > 3200 {
		t.Errorf("the text has %d characters", n)
	}
	if bare := strings.NewReplacer("&lt;", "", "&gt;", "", "&amp;", "").Replace(text); strings.ContainsAny(bare, "<>&") {
		t.Errorf("the text can be markup: %.200q", text)
	}
	if len(raw) == 0 || string(raw) == "null" {
		return
	}
	var blocks []struct {
		Type     string
		Elements []json.RawMessage
	}
	if err := json.Unmarshal(raw, &blocks); err != nil {
		t.Fatalf("blocks: %v", err)
	}
	if len(blocks) > 50 {
		t.Errorf("%d blocks", len(blocks))
	}
	for _, b := range blocks {
		switch b.Type {
		case "header", "rich_text", "context", "actions", "section":
		default:
			t.Errorf("a block of type %s", b.Type)
		}
		if b.Type == "actions" && len(b.Elements) > 25 || b.Type == "context" && len(b.Elements) > 10 || b.Type != "header" && b.Type != "section" && len(b.Elements) == 0 {
			t.Errorf("%s with %d elements", b.Type, len(b.Elements))
		}
	}
	limits := map[string]int{"action_id": 255, "value": 2000, "url": 3000, "text": 3000}
	ids, total := map[any]bool{}, 0
	for _, object := range objectsOf(t, raw) {
		for key, limit := range limits {
			s, ok := object[key].(string)
			if !ok {
				continue
			}
			n := utf8.RuneCountInString(s)
			if n > limit || key != "value" && strings.TrimSpace(s) == "" {
				t.Errorf("%s of %v has %d characters: %.100q", key, object["type"], n, s)
			}
			if key == "text" {
				total += n
			}
		}
		switch object["type"] {
		case "mrkdwn":
			t.Error("a text that reads markup")
		case "plain_text":
			if object["emoji"] != false {
				t.Error("a plain_text that reads emoji")
			}
		case "header", "button":
			limit := map[any]int{"header": 150, "button": 75}[object["type"]]
			if n := utf8.RuneCountInString(object["text"].(map[string]any)["text"].(string)); n > limit {
				t.Errorf("%s of %d characters", object["type"], n)
			}
			if id := object["action_id"]; object["type"] == "button" {
				if ids[id] {
					t.Errorf("two buttons are %v", id)
				}
				ids[id] = true
			}
		}
	}
	if total > 20_000 {
		t.Errorf("%d characters in all", total)
	}
}

// objectsOf is every JSON object in raw, however deep, in order.
func objectsOf(t testing.TB, raw json.RawMessage) []map[string]any {
	t.Helper()
	if len(raw) == 0 {
		return nil
	}
	var root any
	if err := json.Unmarshal(raw, &root); err != nil {
		t.Fatalf("%v in %.200s", err, raw)
	}
	var all []map[string]any
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, e := range v {
				walk(e)
			}
		case map[string]any:
			all = append(all, v)
			for _, key := range []string{"text", "accessory", "elements"} {
				walk(v[key])
			}
		}
	}
	walk(root)
	return all
}

// textsOf is every text in raw, in order.
func textsOf(t testing.TB, raw json.RawMessage) []string {
	t.Helper()
	var all []string
	for _, object := range objectsOf(t, raw) {
		if s, ok := object["text"].(string); ok {
			all = append(all, s)
		}
	}
	return all
}

func marshal(t testing.TB, v any) json.RawMessage {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func texts(n int) []chat.Part {
	var all []chat.Part
	for i := range n {
		all = append(all, chat.Text(fmt.Sprint("part ", i)))
	}
	return all
}

func rows(n int) [][]string {
	var all [][]string
	for i := range n {
		all = append(all, []string{fmt.Sprint("row ", i)})
	}
	return all
}

func manyButtons(n int) []chat.Button {
	var all []chat.Button
	for i := range n {
		all = append(all, chat.Button{Label: fmt.Sprint(i), Verb: "pick", Value: fmt.Sprint(i)})
	}
	return all
}

func manyFields(n int) chat.Fields {
	var all chat.Fields
	for i := range n {
		all = append(all, chat.Field{Name: fmt.Sprint("field ", i), Value: "value"})
	}
	return all
}

// TestWritingFromTheRightStaysInItsCell: the age behind a Hebrew subject stays
// behind it.
func TestWritingFromTheRightStaysInItsCell(t *testing.T) {
	t.Parallel()
	got := cells([]string{"#32164", "שלום עולם", "Печать", "2 d"})
	if want := []string{"#32164", "\u2068שלום עולם\u2069", "Печать", "2 d"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

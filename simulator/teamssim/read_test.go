package teamssim_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

func marshal(x any) string {
	b, err := json.Marshal(x)
	if err != nil {
		return "null"
	}
	return string(b)
}

func TestMarkdownAsAPersonReadsIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, text, want string
		live             string // kinds, with the address
	}{
		{"plain words", "Printer is down", "Printer is down", ""},
		{"bold and italic", "**now** and _then_", "now and then", "bold italic"},
		{"bold in italic", "_a **b** c_", "a b c", "bold italic"},
		{"bold with underlines", "__now__", "now", "bold"},
		{"italic with a star", "*now*", "now", "italic"},
		{"a link", "see [ticket](https://example.com/1)", "see ticket", "link https://example.com/1"},
		{"a link by reference", "see [ticket]\n\n[ticket]: https://evil.example", "see ticket", "link https://evil.example"},
		{"an address in angle brackets", "<https://evil.example>", "https://evil.example", "link https://evil.example"},
		{"a bare address", "https://example.com/a_b_c", "https://example.com/a_b_c", ""},
		{"an image", "![x](https://evil.example/p.png)", "x", "image https://evil.example/p.png"},
		{"a list", "- one\n- two", "• one\n• two", "list"},
		{"a list with \\r", "- one\r- two\r", "• one\n• two", "list"},
		{"a numbered list", "3. c\n4. d", "3. c\n4. d", "list"},
		{"escaped", `\*\*now\*\* \[a\]\(b\) \_x\_ \\ 1\. \- \#`, `**now** [a](b) _x_ \ 1. - #`, ""},
		{"entities", "&lt;b&gt; &amp;lt; &#42;x&#42;", "<b> &lt; *x*", ""},
		{"an escaped entity", `\&lt;`, "&lt;", ""},
		{"underscores inside a word", "log_file_name", "log_file_name", ""},
		{"what Teams does not know", "# head\n\n> quote\n\n`code`\n\n| a | b |", "# head\n> quote\n`code`\n| a | b |", ""},
		{"HTML", "<b>bold</b> <script>x</script>", "<b>bold</b> <script>x</script>", ""},
		{"one line break is a space", "one\ntwo", "one two", ""},
		{"two are one", "one\n\ntwo", "one\ntwo", ""},
		{"a hard break", "one\\\ntwo", "one\ntwo", ""},
		{"blanks collapse", "a    b\t c", "a b c", ""},
		{"blanks that do not", "a\u00a0\u00a0b", "a  b", ""},
		{"a date", "due {{DATE(2026-11-23T08:00:00Z, SHORT)}} {{TIME(2026-11-23T08:00:00Z)}}", "due Mon, Nov 23, 2026 08:00", "date date"},
		{"what is no date", "{{DATE(tomorrow)}}", "{{DATE(tomorrow)}}", ""},
		{"a mention that is not declared", "<at>Omar</at> hi", "<at>Omar</at> hi", "mention"},
		{"a mention behind a backslash", `\<at>Omar</at>`, "<at>Omar</at>", "mention"},
		{"a mention with entities", "&lt;at&gt;Omar&lt;/at&gt;", "<at>Omar</at>", ""},
		{"a declared mention", "<at>Dana Ruiz</at> hi", "Dana Ruiz hi", "mention"},
	} {
		doc := fmt.Sprintf(`{"type":"AdaptiveCard","version":"1.5","body":[{"type":"TextBlock","wrap":true,"text":%s}],
			"msteams":{"entities":[{"type":"mention","text":"<at>Dana Ruiz</at>","mentioned":{"id":"29:1","name":"Dana Ruiz"}}]}}`, marshal(c.text))
		got, err := teamssim.Read([]byte(doc))
		if err != nil {
			t.Fatal(err)
		}
		var live []string
		for _, l := range got.Live {
			live = append(live, strings.TrimSpace(l.Kind+" "+l.URL))
			if l.Where != "body[0].text" {
				t.Errorf("%s: found at %s", c.name, l.Where)
			}
		}
		if got.Text != c.want || strings.Join(live, " ") != c.live {
			t.Errorf("%s: reads %q with %q, want %q with %q", c.name, got.Text, strings.Join(live, " "), c.want, c.live)
		}
	}
}

func TestAWholeCardIsReadInOrder(t *testing.T) {
	t.Parallel()
	got, err := teamssim.Read([]byte(`{"type":"AdaptiveCard","version":"1.5","body":[
		{"type":"TextBlock","text":"Close **#32164**?","wrap":true},
		{"type":"TextBlock","text":"hidden","isVisible":false},
		{"type":"RichTextBlock","inlines":[{"type":"TextRun","text":"**literal** <at>x</at>\nnext"}]},
		{"type":"FactSet","facts":[{"title":"Status:","value":"New → *Resolved*"},{"title":"Customer","value":"Harbor Dental"}]},
		{"type":"ColumnSet","columns":[{"items":[{"type":"TextBlock","text":"left"}]},{"items":[{"type":"TextBlock","text":"right"}]},{"isVisible":false,"items":[{"type":"TextBlock","text":"gone"}]}]},
		{"type":"Container","items":[{"type":"Image","url":"https://example.com/a.png","altText":"logo"}]},
		{"type":"Table","columns":[{},{}],"rows":[{"cells":[{"items":[{"type":"TextBlock","text":"a"}]},{"items":[{"type":"TextBlock","text":"_b_"}]}]}]},
		{"type":"Input.Text","id":"t","label":"Resolution","placeholder":"What was done"},
		{"type":"Input.ChoiceSet","id":"l","label":"Labor","value":"2","choices":[{"title":"*Remote*","value":"1"},{"title":"*On site*","value":"2"}]},
		{"type":"Input.ChoiceSet","id":"m","label":"Mail","style":"expanded","choices":[{"title":"*Yes*","value":"1"},{"title":"No","value":"2"}]},
		{"type":"Input.Toggle","id":"g","title":"Bill it"},
		{"type":"ActionSet","actions":[{"type":"Action.OpenUrl","title":"In Syncro","url":"https://example.com/tickets/1"}]}],
		"actions":[
		{"type":"Action.Execute","title":"Confirm","verb":"confirm","data":{"op":"o-1"},"fallback":{"type":"Action.Submit","title":"Old"}},
		{"type":"Action.ShowCard","title":"JSON","card":{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"{}"}]}}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Join([]string{
		"Close #32164?", "**literal** <at>x</at>", "next", "Status: New → Resolved", "Customer: Harbor Dental", "left", "right", "[image logo]", "a | b",
		"Resolution: What was done", "Labor: *On site*", "Mail: Yes / No", "Bill it", "[In Syncro]", "[Confirm] [JSON]", "{}",
	}, "\n"), got.Text); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]teamssim.Live{
		{Kind: "bold", Text: "#32164", Where: "body[0].text"},
		{Kind: "italic", Text: "Resolved", Where: "body[3].facts[0].value"},
		{Kind: "italic", Text: "b", Where: "body[6].rows[0].cells[1].items[0].text"},
		{Kind: "italic", Text: "Yes", Where: "body[9].choices[0].title"},
	}, got.Live); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]teamssim.Button{
		{Type: "Action.Execute", Title: "Confirm", Verb: "confirm", Data: map[string]any{"op": "o-1"}},
		{Type: "Action.ShowCard", Title: "JSON"},
		{Type: "Action.OpenUrl", Title: "In Syncro", URL: "https://example.com/tickets/1"},
	}, got.Buttons); diff != "" {
		t.Error(diff)
	}
}

func TestMessageTexts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, format, want, live string }{
		{"**a** <at>Dana Ruiz</at>", "plain", "**a** Dana Ruiz", "mention"},
		{"**a** [b](https://example.com)", "markdown", "a b", "bold link"},
		{"**a**", "", "a", "bold"},
	} {
		got := teamssim.ReadText(c.text, c.format)
		var live []string
		for _, l := range got.Live {
			live = append(live, l.Kind)
		}
		if got.Text != c.want || strings.Join(live, " ") != c.live {
			t.Errorf("%q as %q reads %q with %v", c.text, c.format, got.Text, live)
		}
	}
}

func TestAMessageWithTextAndCard(t *testing.T) {
	t.Parallel()
	got, err := teamssim.Message{Text: "_hello_", TextFormat: "markdown", Card: json.RawMessage(card(says("**x**"), ""))}.Read()
	if err != nil || got.Text != "hello\nx" || len(got.Live) != 2 {
		t.Errorf("reads %+v, %v", got, err)
	}
	if _, err := (teamssim.Message{Card: json.RawMessage(`[]`)}).Read(); err == nil {
		t.Error("what is no card is read")
	}
}

package slacksim

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWhatAPersonReads(t *testing.T) {
	t.Parallel()
	names := func(id string) string { return map[string]string{"U0001": "dana", "C0001": "ops"}[id] }
	for _, c := range []struct{ name, message, want string }{
		{"entities are unescaped once", `{"text":"a &lt; b &amp;amp; c"}`, "a < b &amp; c"},
		{"mentions by name", `{"text":"<@U0001> in <#C0001>, <@U9|eve>, <!here>"}`, "@dana in #ops, @eve, @here"},
		{"links by label", `{"text":"<https://example.com/1|#1> <https://example.com/2>"}`, "#1 https://example.com/2"},
		{"formatting marks are gone", `{"text":"*b* _i_ ~s~ 2*3*4 snake_case_name"}`, "b i s 2*3*4 snake_case_name"},
		{"code is literal", "{\"text\":\"`*a*` ```_b_ &amp;```\"}", "*a* _b_ &"},
		{"mrkdwn switched off", `{"text":"*a*","mrkdwn":false}`, "*a*"},
		{"dates in UTC", `{"text":"until <!date^1790000000^{date_num} {time}|soon>"}`, "until 2026-09-21 14:13"},
		{"a date that cannot be read", `{"text":"<!date^x^{time}|soon>"}`, "soon"},
		{"blocks instead of text", `{"text":"hidden","blocks":[{"type":"header","text":{"type":"plain_text","text":"T"}}]}`, "T"},
		{"plain text is literal", `{"blocks":[{"type":"section","text":{"type":"plain_text","text":"*a* <@U0001> &amp;"}}]}`, "*a* <@U0001> &amp;"},
	} {
		if got := Plain([]byte(c.message), names); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	want := "Close #32164?\nPrinter & scanner\nCustomer\nHarbor Dental\nNew\n[]\nas @danalink\n1. one\n:wave:\nPUT /tickets/1\na\t–\nb\tc\n" +
		"**bold**\na picture\n---\nb expires 14:13\nNote\n[]\n[Confirm] [Cancel] [Remote]"
	if got := Plain([]byte(goodCard), names); got != want {
		t.Errorf("the good card reads\n%s\nwant\n%s", got, want)
	}
}

func TestLiveMarkup(t *testing.T) {
	t.Parallel()
	mrkdwn := func(text, more string) string {
		return fmt.Sprintf(`{"text":"t","blocks":[{"type":"section","text":{"type":"mrkdwn","text":%q%s}}]}`, text, more)
	}
	const verbatim = `,"verbatim":true`
	for _, c := range []struct{ name, message, want string }{
		{"mentions", mrkdwn("<!channel> <@U1> <#C1> <!subteam^S1>", verbatim), "broadcast user channel usergroup"},
		{"links", mrkdwn("<https://a.example|b> <mailto:a@b.example|c>", verbatim), "link link"},
		{"escaped is literal", mrkdwn("&lt;!channel&gt; &lt;@U1&gt;", verbatim), ""},
		{"in code fences mentions stay live", mrkdwn("```<!channel>```", verbatim), "pre broadcast"},
		{"a bare address unless verbatim", mrkdwn("see https://a.example/x. or b@c.example", ""), "autolink autolink"},
		{"a bare domain", mrkdwn("visit evil.com now", ""), "autolink"},
		{"a bare name unless verbatim", mrkdwn("@here #general #32164", ""), "autoname autoname"},
		{"verbatim keeps addresses and names literal", mrkdwn("https://a.example b@c.example @here #general", verbatim), ""},
		{"formatting", mrkdwn("*a* _b_ ~c~ `d`\n&gt; e", verbatim), "bold italic strike code quote"},
		{"links inside formatting", mrkdwn("*<@U1>*", verbatim), "bold user"},
		{"emoji", mrkdwn(":wave: 10:30:15", verbatim), "emoji"},
		{"emoji in plain text", `{"text":"t","blocks":[{"type":"header","text":{"type":"plain_text","text":"a :x: b"}}]}`, "emoji"},
		{"emoji switched off", `{"text":"t","blocks":[{"type":"header","text":{"type":"plain_text","text":":x:","emoji":false}}]}`, ""},
		{"plain text is literal", `{"text":"t","blocks":[{"type":"section","text":{"type":"plain_text","text":"<!channel> *a* https://a.example","emoji":false}}]}`, ""},
		{"rich text is literal", `{"text":"t","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"<!channel> *a* :x:"}]}]}]}`, ""},
		{"rich elements", `{"text":"t","blocks":[{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"broadcast","range":"here"},{"type":"link","url":"https://a.example"}]}]}]}`, "broadcast link"},
		{"raw cells are literal", `{"text":"t","blocks":[{"type":"table","rows":[[{"type":"raw_text","text":"<!channel>"}]]}]}`, ""},
		{"the hidden text notifies", `{"text":"<!channel> *a* https://a.example","blocks":[{"type":"divider"}]}`, "broadcast"},
		{"top-level text", `{"text":"<!here> @dana"}`, "broadcast"},
		{"top-level text that is parsed", `{"text":"@dana","parse":"client"}`, "autoname"},
		{"link_names", `{"text":"@dana","link_names":true}`, "autoname"},
		{"attachments", `{"text":"t","attachments":[{"text":"<@U1>"},{"blocks":[{"type":"context","elements":[{"type":"mrkdwn","text":"<@U2>"}]}]}]}`, "user user"},
		{"markdown blocks", `{"text":"t","blocks":[{"type":"markdown","text":"[a](https://a.example) https://b.example"}]}`, "markdown markdown"},
		{"a button that opens an address", `{"text":"t","blocks":[` + button(`,"url":"https://a.example"`) + `]}`, "link"},
	} {
		var kinds []string
		for _, l := range LiveMarkup([]byte(c.message)) {
			kinds = append(kinds, l.Kind)
		}
		if got := strings.Join(kinds, " "); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
	at := LiveMarkup([]byte(mrkdwn("x <@U1>", verbatim)))
	if want := []Live{{"/blocks/0/text", "user", "<@U1>", "U1"}}; !slices.Equal(at, want) {
		t.Errorf("got %v, want %v", at, want)
	}
}

func FuzzReading(f *testing.F) {
	for _, s := range []string{"*a* <@U1|b> `c` ```d``` _e_", "<<>>&lt;|", "~*_`:a:`_*~", "> &gt;\n>", "\xff*\xff*"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return
		}
		// Escaped text, verbatim, never holds a mention or a link, and nothing of it is lost.
		message := raw(map[string]any{"text": "t", "blocks": []any{map[string]any{
			"type": "section", "text": map[string]any{"type": "mrkdwn", "text": escaped(text), "verbatim": true},
		}}})
		for _, l := range LiveMarkup(message) {
			if !strings.Contains("bold italic strike code pre quote emoji", l.Kind) {
				t.Errorf("%q is live: %+v", text, l)
			}
		}
		unmarked := strings.NewReplacer("*", "", "_", "", "~", "", "`", "")
		if read := Plain(message, nil); unmarked.Replace(read) != unmarked.Replace(text) {
			t.Errorf("%q reads %q", text, read)
		}
	})
}

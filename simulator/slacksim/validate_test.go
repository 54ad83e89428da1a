package slacksim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// goodCard uses every block and most elements that a message may have.
const goodCard = `{"text":"Close #32164?","blocks":[
 {"type":"header","text":{"type":"plain_text","text":"Close #32164?","emoji":false},"level":2},
 {"type":"section","block_id":"facts","text":{"type":"mrkdwn","text":"*Printer* &amp; scanner","verbatim":true},
  "fields":[{"type":"mrkdwn","text":"*Customer*\nHarbor Dental"},{"type":"plain_text","text":"New","emoji":true}],
  "accessory":{"type":"overflow","action_id":"more","options":[{"text":{"type":"plain_text","text":"Open"},"value":"open","url":"https://example.com/t/1"}]}},
 {"type":"rich_text","elements":[
  {"type":"rich_text_section","elements":[{"type":"text","text":"as ","style":{"bold":true}},{"type":"user","user_id":"U0001"},{"type":"link","url":"https://example.com","text":"link"}]},
  {"type":"rich_text_list","style":"ordered","indent":0,"elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"one"}]}]},
  {"type":"rich_text_quote","elements":[{"type":"emoji","name":"wave"}]},
  {"type":"rich_text_preformatted","border":0,"elements":[{"type":"text","text":"PUT /tickets/1"}]}]},
 {"type":"table","column_settings":[{"align":"right"},null],"rows":[[{"type":"raw_text","text":"a"},{"type":"raw_text","text":"–"}],
  [{"type":"raw_text","text":"b"},{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[{"type":"text","text":"c"}]}]}]]},
 {"type":"markdown","text":"**bold**"},
 {"type":"image","image_url":"https://example.com/a.png","alt_text":"a picture"},
 {"type":"divider"},
 {"type":"context","elements":[{"type":"image","image_url":"https://example.com/b.png","alt_text":"b"},{"type":"mrkdwn","text":"expires <!date^1790000000^{time}|14:05 UTC>"}]},
 {"type":"input","optional":true,"label":{"type":"plain_text","text":"Note"},"element":{"type":"plain_text_input","action_id":"note","multiline":true,"max_length":3000}},
 {"type":"actions","block_id":"buttons","elements":[
  {"type":"button","action_id":"confirm","style":"primary","value":"op1","text":{"type":"plain_text","text":"Confirm"},
   "confirm":{"title":{"type":"plain_text","text":"Sure?"},"text":{"type":"mrkdwn","text":"Really?"},"confirm":{"type":"plain_text","text":"Yes"},"deny":{"type":"plain_text","text":"No"}}},
  {"type":"button","action_id":"cancel","value":"op1","text":{"type":"plain_text","text":"Cancel"}},
  {"type":"static_select","action_id":"labor","placeholder":{"type":"plain_text","text":"Labor"},
   "options":[{"text":{"type":"plain_text","text":"Remote"},"value":"remote"}],"initial_option":{"text":{"type":"plain_text","text":"Remote"},"value":"remote"}}]}]}`

func TestGoodCardHasNoViolation(t *testing.T) {
	t.Parallel()
	for _, v := range ValidateMessage([]byte(goodCard)) {
		t.Error(v)
	}
}

func section(text string) string {
	return fmt.Sprintf(`{"type":"section","text":{"type":"mrkdwn","text":%q}}`, text)
}

func many(n int, format string) string {
	var all []string
	for i := range n {
		if strings.Contains(format, "%d") {
			all = append(all, fmt.Sprintf(format, i))
		} else {
			all = append(all, format)
		}
	}
	return strings.Join(all, ",")
}

func actions(elements string) string {
	return `{"type":"actions","elements":[` + elements + `]}`
}

func button(more string) string {
	return actions(`{"type":"button","text":{"type":"plain_text","text":"Go"}` + more + `}`)
}

func TestBadBlocks(t *testing.T) {
	t.Parallel()
	x := strings.Repeat
	select_ := func(more string) string {
		return actions(`{"type":"static_select","action_id":"s"` + more + `}`)
	}
	opt := `{"text":{"type":"plain_text","text":"o"},"value":"v"}`
	table := func(rows string) string { return `{"type":"table","rows":[` + rows + `]}` }
	rich := func(e string) string {
		return `{"type":"rich_text","elements":[{"type":"rich_text_section","elements":[` + e + `]}]}`
	}
	for _, c := range []struct{ name, blocks, pointer, rule string }{
		{"51 blocks", many(51, `{"type":"divider"}`), "/blocks", "too_many"},
		{"empty section text", section(""), "/blocks/0/text/text", "empty"},
		{"section text of 3001", section(x("é", 3001)), "/blocks/0/text/text", "too_long"},
		{"section without text", `{"type":"section"}`, "/blocks/0", "missing"},
		{"section text as a string", `{"type":"section","text":"hi"}`, "/blocks/0/text", "wrong_type"},
		{"11 fields", `{"type":"section","fields":[` + many(11, `{"type":"plain_text","text":"f"}`) + `]}`, "/blocks/0/fields", "too_many"},
		{"field of 2001", `{"type":"section","fields":[{"type":"plain_text","text":"` + x("f", 2001) + `"}]}`, "/blocks/0/fields/0/text", "too_long"},
		{"unknown key", `{"type":"section","text":{"type":"mrkdwn","text":"a"},"fieldz":[]}`, "/blocks/0", "unknown_key"},
		{"unknown block", `{"type":"tabel"}`, "/blocks/0", "not_allowed"},
		{"block without type", `{"text":"a"}`, "/blocks/0", "missing"},
		{"block that is no object", `"section"`, "/blocks/0", "wrong_type"},
		{"mrkdwn header", `{"type":"header","text":{"type":"mrkdwn","text":"a"}}`, "/blocks/0/text", "not_allowed"},
		{"header of 151", `{"type":"header","text":{"type":"plain_text","text":"` + x("h", 151) + `"}}`, "/blocks/0/text/text", "too_long"},
		{"emoji in mrkdwn", `{"type":"section","text":{"type":"mrkdwn","text":"a","emoji":true}}`, "/blocks/0/text", "unknown_key"},
		{"verbatim in plain_text", `{"type":"section","text":{"type":"plain_text","text":"a","verbatim":true}}`, "/blocks/0/text", "unknown_key"},
		{"verbatim as a string", `{"type":"section","text":{"type":"mrkdwn","text":"a","verbatim":"true"}}`, "/blocks/0/text/verbatim", "wrong_type"},
		{"11 context elements", `{"type":"context","elements":[` + many(11, `{"type":"mrkdwn","text":"c"}`) + `]}`, "/blocks/0/elements", "too_many"},
		{"button in a context", `{"type":"context","elements":[{"type":"button","text":{"type":"plain_text","text":"a"}}]}`, "/blocks/0/elements/0", "not_allowed"},
		{"no actions", actions(""), "/blocks/0/elements", "too_few"},
		{"26 actions", actions(many(26, `{"type":"button","action_id":"a%d","text":{"type":"plain_text","text":"a"}}`)), "/blocks/0/elements", "too_many"},
		{"text in actions", actions(`{"type":"mrkdwn","text":"a"}`), "/blocks/0/elements/0", "not_allowed"},
		{"input in actions", actions(`{"type":"plain_text_input","action_id":"a"}`), "/blocks/0/elements/0", "not_allowed"},
		{"same action_id in a block", actions(many(2, `{"type":"button","action_id":"go","text":{"type":"plain_text","text":"a"}}`)), "/blocks/0/elements/1/action_id", "duplicate"},
		{"same block_id", many(2, `{"type":"divider","block_id":"d"}`), "/blocks/1/block_id", "duplicate"},
		{"block_id of 256", `{"type":"divider","block_id":"` + x("d", 256) + `"}`, "/blocks/0/block_id", "too_long"},
		{"action_id of 256", button(`,"action_id":"` + x("d", 256) + `"`), "/blocks/0/elements/0/action_id", "too_long"},
		{"button value of 2001", button(`,"value":"` + x("v", 2001) + `"`), "/blocks/0/elements/0/value", "too_long"},
		{"button value as a number", button(`,"value":7`), "/blocks/0/elements/0/value", "wrong_type"},
		{"button text of 76", actions(`{"type":"button","text":{"type":"plain_text","text":"` + x("b", 76) + `"}}`), "/blocks/0/elements/0/text/text", "too_long"},
		{"mrkdwn button", actions(`{"type":"button","text":{"type":"mrkdwn","text":"b"}}`), "/blocks/0/elements/0/text", "not_allowed"},
		{"button without text", actions(`{"type":"button"}`), "/blocks/0/elements/0", "missing"},
		{"green button", button(`,"style":"green"`), "/blocks/0/elements/0/style", "bad_value"},
		{"disabled button", button(`,"disabled":true`), "/blocks/0/elements/0", "unknown_key"},
		{"button url of 3001", button(`,"url":"https://example.com/` + x("u", 2981) + `"`), "/blocks/0/elements/0/url", "too_long"},
		{"button url without host", button(`,"url":"/tickets/1"`), "/blocks/0/elements/0/url", "bad_value"},
		{"button url javascript", button(`,"url":"javascript:alert(1)"`), "/blocks/0/elements/0/url", "bad_value"},
		{"confirm title of 101", button(`,"confirm":{"title":{"type":"plain_text","text":"` + x("t", 101) + `"},"text":{"type":"mrkdwn","text":"a"}}`), "/blocks/0/elements/0/confirm/title/text", "too_long"},
		{"confirm text of 301", button(`,"confirm":{"text":{"type":"mrkdwn","text":"` + x("t", 301) + `"}}`), "/blocks/0/elements/0/confirm/text/text", "too_long"},
		{"select without options", select_(""), "/blocks/0/elements/0", "missing"},
		{"101 options", select_(`,"options":[` + many(101, opt) + `]`), "/blocks/0/elements/0/options", "too_many"},
		{"101 option groups", select_(`,"option_groups":[` + many(101, `{"label":{"type":"plain_text","text":"g"},"options":[`+opt+`]}`) + `]`), "/blocks/0/elements/0/option_groups", "too_many"},
		{"option text of 76", select_(`,"options":[{"text":{"type":"plain_text","text":"` + x("o", 76) + `"},"value":"v"}]`), "/blocks/0/elements/0/options/0/text/text", "too_long"},
		{"option value of 76", select_(`,"options":[{"text":{"type":"plain_text","text":"o"},"value":"` + x("o", 76) + `"}]`), "/blocks/0/elements/0/options/0/value", "too_long"},
		{"option without value", select_(`,"options":[{"text":{"type":"plain_text","text":"o"}}]`), "/blocks/0/elements/0/options/0", "missing"},
		{"mrkdwn option in a select", select_(`,"options":[{"text":{"type":"mrkdwn","text":"o"},"value":"v"}]`), "/blocks/0/elements/0/options/0/text", "not_allowed"},
		{"initial option of another text", select_(`,"options":[` + opt + `],"initial_option":{"text":{"type":"plain_text","text":"p"},"value":"v"}`), "/blocks/0/elements/0/initial_option", "bad_value"},
		{"placeholder of 151", select_(`,"options":[` + opt + `],"placeholder":{"type":"plain_text","text":"` + x("p", 151) + `"}`), "/blocks/0/elements/0/placeholder/text", "too_long"},
		{"6 overflow options", actions(`{"type":"overflow","options":[` + many(6, opt) + `]}`), "/blocks/0/elements/0/options", "too_many"},
		{"11 radio buttons", actions(`{"type":"radio_buttons","options":[` + many(11, opt) + `]}`), "/blocks/0/elements/0/options", "too_many"},
		{"11 checkboxes", actions(`{"type":"checkboxes","options":[` + many(11, opt) + `]}`), "/blocks/0/elements/0/options", "too_many"},
		{"alert in a message", `{"type":"alert","text":{"type":"plain_text","text":"a"}}`, "/blocks/0", "not_allowed"},
		{"card block", `{"type":"card"}`, "/blocks/0", "not_allowed"},
		{"image without alt", `{"type":"image","image_url":"https://example.com/a.png"}`, "/blocks/0", "missing"},
		{"image without url", `{"type":"image","alt_text":"a"}`, "/blocks/0", "missing"},
		{"image url without scheme", `{"type":"image","alt_text":"a","image_url":"example.com/a.png"}`, "/blocks/0/image_url", "bad_value"},
		{"markdown of 12001", `{"type":"markdown","text":"` + x("m", 12001) + `"}`, "/blocks", "too_long"},
		{"markdown of 12001 in two", many(2, `{"type":"markdown","text":"`+x("m", 6001)+`"}`), "/blocks", "too_long"},
		{"101 rows", table(many(101, `[{"type":"raw_text","text":"c"}]`)), "/blocks/0/rows", "too_many"},
		{"21 cells", table(`[` + many(21, `{"type":"raw_text","text":"c"}`) + `]`), "/blocks/0/rows/0", "too_many"},
		{"empty cell", table(`[{"type":"raw_text","text":""}]`), "/blocks/0/rows/0/0/text", "empty"},
		{"mrkdwn cell", table(`[{"type":"mrkdwn","text":"a"}]`), "/blocks/0/rows/0/0", "not_allowed"},
		{"table of 10002", table(many(2, `[{"type":"raw_text","text":"`+x("c", 5001)+`"}]`)), "/blocks", "too_long"},
		{"two tables", many(2, table(`[{"type":"raw_text","text":"c"}]`)), "/blocks", "too_many"},
		{"empty rich text", rich(`{"type":"text","text":""}`), "/blocks/0/elements/0/elements/0/text", "empty"},
		{"unknown rich element", rich(`{"type":"txt","text":"a"}`), "/blocks/0/elements/0/elements/0", "not_allowed"},
		{"unknown rich style", rich(`{"type":"text","text":"a","style":{"bald":true}}`), "/blocks/0/elements/0/elements/0/style", "unknown_key"},
		{"rich text with a bare text", `{"type":"rich_text","elements":[{"type":"text","text":"a"}]}`, "/blocks/0/elements/0", "not_allowed"},
		{"user in preformatted", `{"type":"rich_text","elements":[{"type":"rich_text_preformatted","elements":[{"type":"user","user_id":"U1"}]}]}`, "/blocks/0/elements/0/elements/0", "not_allowed"},
		{"list without style", `{"type":"rich_text","elements":[{"type":"rich_text_list","elements":[]}]}`, "/blocks/0/elements/0", "missing"},
		{"rich link without url", rich(`{"type":"link","text":"a"}`), "/blocks/0/elements/0/elements/0", "missing"},
		{"rich user that is a name", rich(`{"type":"user","user_id":"dana"}`), "/blocks/0/elements/0/elements/0/user_id", "bad_value"},
		{"input label of 2001", `{"type":"input","label":{"type":"plain_text","text":"` + x("l", 2001) + `"},"element":{"type":"plain_text_input"}}`, "/blocks/0/label/text", "too_long"},
		{"button in an input", `{"type":"input","label":{"type":"plain_text","text":"l"},"element":{"type":"button","text":{"type":"plain_text","text":"b"}}}`, "/blocks/0/element", "not_allowed"},
		{"number input undecided on decimals", `{"type":"input","label":{"type":"plain_text","text":"l"},"element":{"type":"number_input"}}`, "/blocks/0/element", "missing"},
		{"max_length of 3001", `{"type":"input","label":{"type":"plain_text","text":"l"},"element":{"type":"plain_text_input","max_length":3001}}`, "/blocks/0/element/max_length", "bad_value"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			message := `{"text":"t","blocks":[` + c.blocks + `]}`
			if !json.Valid([]byte(message)) {
				t.Fatalf("the test's own JSON is bad: %s", message)
			}
			vs := ValidateMessage([]byte(message))
			if len(vs) != 1 || vs[0].Pointer != c.pointer || vs[0].Rule != c.rule || !Refused(vs) {
				t.Errorf("want one refusal %s at %s, got %v", c.rule, c.pointer, vs)
			}
		})
	}
}

func TestBlocksAtTheirLimits(t *testing.T) {
	t.Parallel()
	x := strings.Repeat
	for name, blocks := range map[string]string{
		"50 blocks":                       many(50, `{"type":"divider"}`),
		"section text of 3000 characters": section(x("é", 3000)),
		"header of 150":                   `{"type":"header","text":{"type":"plain_text","text":"` + x("h", 150) + `"}}`,
		"25 buttons":                      actions(many(25, `{"type":"button","action_id":"a%d","text":{"type":"plain_text","text":"`+x("b", 75)+`"}}`)),
		"same action_id in two blocks":    many(2, button(`,"action_id":"open"`)),
		"table of 10000":                  `{"type":"table","rows":[[{"type":"raw_text","text":"` + x("c", 10000) + `"}]]}`,
	} {
		if vs := ValidateMessage([]byte(`{"text":"t","blocks":[` + blocks + `]}`)); len(vs) > 0 {
			t.Errorf("%s: %v", name, vs)
		}
	}
}

func TestNullIsNothingAtTheTop(t *testing.T) {
	t.Parallel()
	if vs := ValidateMessage([]byte(`{"text":"a","blocks":null,"attachments":null}`)); len(vs) > 0 {
		t.Error(vs)
	}
}

func TestTopLevelFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, message, rule string
		advice              bool
	}{
		{"no text beside blocks", `{"blocks":[{"type":"divider"}]}`, "no_text", true},
		{"misspelt argument", `{"text":"a","repalce_original":true}`, "unknown_key", true},
		{"text of 40001", `{"text":"` + strings.Repeat("t", 40001) + `"}`, "too_long", true},
		{"number as text", `{"text":5}`, "wrong_type", false},
		{"blocks that are no array", `{"text":"a","blocks":{}}`, "wrong_type", false},
		{"101 attachments", `{"text":"a","attachments":[` + many(101, `{}`) + `]}`, "too_many", false},
		{"bad block in an attachment", `{"text":"a","attachments":[{"color":"#f00","blocks":[{"type":"section"}]}]}`, "missing", false},
		{"raw number in a table", `{"text":"a","blocks":[{"type":"table","rows":[[{"type":"raw_number","value":1,"text":"1"}]]}]}`, "not_allowed", true},
		{"no JSON", `{"text":`, "not_json", false},
		{"two values", `{"text":"a"}{}`, "not_json", false},
		{"null", `null`, "not_json", false},
	} {
		vs := ValidateMessage([]byte(c.message))
		if len(vs) != 1 || vs[0].Rule != c.rule || vs[0].Advice != c.advice {
			t.Errorf("%s: want %s (advice %v), got %v", c.name, c.rule, c.advice, vs)
		}
	}
}

func modal(more string) string {
	return `{"type":"modal","title":{"type":"plain_text","text":"New ticket"}` + more + `}`
}

func TestViews(t *testing.T) {
	t.Parallel()
	input := `{"type":"input","block_id":"subject","label":{"type":"plain_text","text":"Subject"},"element":{"type":"plain_text_input","action_id":"subject"}}`
	submit := `,"submit":{"type":"plain_text","text":"Create"}`
	for _, c := range []struct{ name, view, rule string }{
		{"a form", modal(submit + `,"callback_id":"create","private_metadata":"x","notify_on_close":true,"blocks":[` + input + `,{"type":"alert","level":"warning","text":{"type":"plain_text","text":"!"}}]`), ""},
		{"a home", `{"type":"home","blocks":[{"type":"divider"}]}`, ""},
		{"100 blocks", modal(`,"blocks":[` + many(100, `{"type":"divider"}`) + `]`), ""},
		{"101 blocks", modal(`,"blocks":[` + many(101, `{"type":"divider"}`) + `]`), "too_many"},
		{"title of 25", `{"type":"modal","title":{"type":"plain_text","text":"` + strings.Repeat("t", 25) + `"},"blocks":[]}`, "too_long"},
		{"no title", `{"type":"modal","blocks":[]}`, "missing"},
		{"title in a home", `{"type":"home","title":{"type":"plain_text","text":"t"},"blocks":[]}`, "unknown_key"},
		{"inputs without submit", modal(`,"blocks":[` + input + `]`), "missing"},
		{"private_metadata of 3001", modal(`,"blocks":[],"private_metadata":"` + strings.Repeat("p", 3001) + `"`), "too_long"},
		{"callback_id of 256", modal(`,"blocks":[],"callback_id":"` + strings.Repeat("p", 256) + `"`), "too_long"},
		{"markdown in a modal", modal(`,"blocks":[{"type":"markdown","text":"a"}]`), "not_allowed"},
		{"table in a modal", modal(`,"blocks":[{"type":"table","rows":[]}]`), "not_allowed"},
		{"neither modal nor home", `{"type":"dialog"}`, "bad_value"},
	} {
		vs := ValidateView([]byte(c.view))
		if c.rule == "" && len(vs) > 0 || c.rule != "" && (len(vs) != 1 || vs[0].Rule != c.rule) {
			t.Errorf("%s: want %q, got %v", c.name, c.rule, vs)
		}
	}
}

package teamssim_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

func TestGoodCards(t *testing.T) {
	t.Parallel()
	everything := `{
	"type":"AdaptiveCard","$schema":"http://adaptivecards.io/schemas/adaptive-card.json","version":"1.5","fallbackText":"x","lang":"en","speak":"x",
	"msteams":{"width":"Full","entities":[{"type":"mention","text":"<at>Dana Ruiz</at>","mentioned":{"id":"29:1a","name":"Dana Ruiz"}}]},
	"refresh":{"userIds":["29:1a"],"action":{"type":"Action.Execute","title":"Refresh","verb":"refresh","data":{}}},
	"body":[
		{"type":"TextBlock","text":"Close #32164? <at>Dana Ruiz</at>","size":"Medium","weight":"bolder","wrap":true,"style":"heading","color":"Good"},
		{"type":"RichTextBlock","inlines":["a",{"type":"TextRun","text":"b","fontType":"Monospace","italic":true}]},
		{"type":"FactSet","facts":[{"title":"Status","value":"New"}]},
		{"type":"ColumnSet","columns":[{"type":"Column","width":"auto","items":[]},{"type":"Column","width":2,"items":[]},{"width":"50px","items":[]}]},
		{"type":"Container","style":"emphasis","items":[{"type":"Image","url":"https://example.com/a.png","altText":"a","size":"small"}],"selectAction":{"type":"Action.OpenUrl","url":"https://example.com"}},
		{"type":"Table","columns":[{"width":1},{"width":2}],"firstRowAsHeaders":true,"rows":[{"type":"TableRow","cells":[{"type":"TableCell","items":[{"type":"TextBlock","text":"x"}]},{"type":"TableCell","items":[]}]}]},
		{"type":"Input.Text","id":"text","label":"Text","isMultiline":true,"maxLength":500,"isRequired":true,"errorMessage":"Write something"},
		{"type":"Input.ChoiceSet","id":"labor","label":"Labor","style":"compact","value":"remote","choices":[{"title":"Remote","value":"remote"},{"title":"On site","value":"onsite"}]},
		{"type":"Input.Toggle","id":"mail","title":"E-mail the customer"},
		{"type":"Input.Number","id":"minutes","label":"Minutes","min":1,"max":600,"value":15},
		{"type":"Input.Date","id":"due","label":"Due","value":"2026-11-23"},
		{"type":"ActionSet","actions":[{"type":"Action.OpenUrl","title":"Open","url":"https://example.com/tickets/1"}]}
	],
	"actions":[
		{"type":"Action.Execute","title":"Confirm","verb":"confirm","id":"c","style":"positive","data":{"op":"1"},"fallback":{"type":"Action.Submit","id":"c","title":"Confirm","data":{"op":"1"}}},
		{"type":"Action.Submit","title":"Cancel","data":{"msteams":{"type":"messageBack","text":"cancel"}}},
		{"type":"Action.ShowCard","title":"More","card":{"type":"AdaptiveCard","body":[{"type":"TextBlock","text":"more"}]}},
		{"type":"Action.ToggleVisibility","title":"JSON","targetElements":["text",{"elementId":"mail","isVisible":false}]},
		{"type":"Action.Execute","title":"5","verb":"v"},{"type":"Action.Execute","title":"6","verb":"v"},
		{"type":"Action.Execute","title":"7","verb":"v","mode":"secondary"}
	]}`
	for _, c := range []string{everything, card(says("x"), ""), `{"type":"AdaptiveCard","version":"1.0"}`} {
		for _, v := range teamssim.ValidateCard([]byte(c)) {
			t.Errorf("violation: %s", v)
		}
	}
}

func TestBadCards(t *testing.T) {
	t.Parallel()
	seven := strings.TrimSuffix(strings.Repeat(execute("v", `{}`)+",", 7), ",")
	for name, c := range map[string]struct{ card, where, what string }{
		"no JSON":                        {`{"type":`, "card", "no JSON"},
		"two values":                     {card("", "") + "{}", "card", "no JSON"},
		"a list":                         {`[]`, "", "no object"},
		"no type":                        {`{"version":"1.5"}`, "", "no type"},
		"no version":                     {`{"type":"AdaptiveCard"}`, "version", "Teams shows"},
		"version 1.6":                    {`{"type":"AdaptiveCard","version":"1.6"}`, "version", "1.6"},
		"an unknown property of a card":  {`{"type":"AdaptiveCard","version":"1.5","title":"x"}`, "title", "not known"},
		"over 80 KB":                     {card(says(strings.Repeat("x", 45<<10)), ""), "card", "bytes"},
		"an unknown element":             {card(`{"type":"TextBlok","text":"x"}`, ""), "body[0]", "TextBlok"},
		"an action among elements":       {card(execute("v", `{}`), ""), "body[0]", "Action.Execute"},
		"an element among actions":       {card("", says("x")), "actions[0]", "TextBlock"},
		"1.6's carousel":                 {card(`{"type":"Carousel","pages":[]}`, ""), "body[0]", "Carousel"},
		"text missing":                   {card(`{"type":"TextBlock"}`, ""), "body[0]", "lacks text"},
		"text empty":                     {card(`{"type":"TextBlock","text":" "}`, ""), "body[0].text", "no text"},
		"an unknown property":            {card(`{"type":"TextBlock","text":"x","bold":true}`, ""), "body[0].bold", "not known"},
		"an unknown weight":              {card(`{"type":"TextBlock","text":"x","weight":"bold"}`, ""), "body[0].weight", "bolder"},
		"wrap as a string":               {card(`{"type":"TextBlock","text":"x","wrap":"true"}`, ""), "body[0].wrap", "true nor false"},
		"long and not wrapped":           {card(`{"type":"TextBlock","text":"`+strings.Repeat("word ", 20)+`"}`, ""), "body[0]", "wrap"},
		"deep inside":                    {card(`{"type":"ColumnSet","columns":[{"items":[{"type":"Container","items":[{"type":"TextBlock"}]}]}]}`, ""), "body[0].columns[0].items[0].items[0]", "lacks text"},
		"a mention not declared":         {card(says("<at>Dana</at>"), ""), "body[0].text", "does not declare"},
		"a mention in a fact":            {card(`{"type":"FactSet","facts":[{"title":"To","value":"<at>Dana</at>"}]}`, ""), "body[0].facts[0].value", "does not declare"},
		"a fact without value":           {card(`{"type":"FactSet","facts":[{"title":"Status"}]}`, ""), "body[0].facts[0]", "lacks value"},
		"a fact's value as a number":     {card(`{"type":"FactSet","facts":[{"title":"Ticket","value":1}]}`, ""), "body[0].facts[0].value", "no text"},
		"no facts":                       {card(`{"type":"FactSet","facts":[]}`, ""), "body[0].facts", "empty"},
		"an image from a file":           {card(`{"type":"Image","url":"file:///etc/passwd"}`, ""), "body[0].url", "schemes"},
		"a row with too many cells":      {card(`{"type":"Table","columns":[{"width":1}],"rows":[{"cells":[{"items":[]},{"items":[]}]}]}`, ""), "body[0].rows[0]", "2 cells"},
		"isMultiline as yes":             {card(`{"type":"Input.Text","id":"a","label":"A","isMultiline":"yes"}`, ""), "body[0].isMultiline", "true nor false"},
		"an input without id":            {card(`{"type":"Input.Text","label":"A"}`, ""), "body[0]", "lacks id"},
		"an input without label":         {card(`{"type":"Input.Text","id":"a"}`, ""), "body[0]", "no label"},
		"required without message":       {card(`{"type":"Input.Text","id":"a","label":"A","isRequired":true}`, ""), "body[0]", "errorMessage"},
		"an id twice":                    {card(`{"type":"Input.Text","id":"a","label":"A"},{"type":"Input.Date","id":"a","label":"B"}`, ""), "body[1].id", "twice"},
		"no choices":                     {card(`{"type":"Input.ChoiceSet","id":"a","label":"A","choices":[]}`, ""), "body[0]", "no choices"},
		"a choice twice":                 {card(`{"type":"Input.ChoiceSet","id":"a","label":"A","choices":[{"title":"1","value":"1"},{"title":"2","value":"1"}]}`, ""), "body[0].choices[1]", "of another"},
		"a value that is no choice":      {card(`{"type":"Input.ChoiceSet","id":"a","label":"A","value":"2","choices":[{"title":"1","value":"1"}]}`, ""), "body[0]", "none of its choices"},
		"a date in words":                {card(`{"type":"Input.Date","id":"a","label":"A","value":"tomorrow"}`, ""), "body[0].value", "date"},
		"seven buttons":                  {card("", seven), "actions", "7 buttons"},
		"seven buttons in a set":         {card(`{"type":"ActionSet","actions":[`+seven+`]}`, ""), "body[0].actions", "7 buttons"},
		"no title":                       {card("", `{"type":"Action.Execute","verb":"v"}`), "actions[0]", "no title"},
		"a verb as a number":             {card("", `{"type":"Action.Execute","title":"x","verb":5}`), "actions[0].verb", "no text"},
		"no verb":                        {card("", `{"type":"Action.Execute","title":"x"}`), "actions[0]", "lacks verb"},
		"data as a string":               {card("", `{"type":"Action.Execute","title":"x","verb":"v","data":"op"}`), "actions[0].data", "no object"},
		"a style of its own":             {card("", `{"type":"Action.Execute","title":"x","verb":"v","style":"danger"}`), "actions[0].style", "destructive"},
		"an address that runs something": {card("", `{"type":"Action.OpenUrl","title":"x","url":"javascript:alert(1)"}`), "actions[0].url", "schemes"},
		"an address without host":        {card("", `{"type":"Action.OpenUrl","title":"x","url":"https:///tickets"}`), "actions[0].url", "schemes"},
		"an unknown msteams type":        {card("", `{"type":"Action.Submit","title":"x","data":{"msteams":{"type":"post"}}}`), "actions[0].data.msteams.type", "messageBack"},
		"a bad card in a button":         {card("", `{"type":"Action.ShowCard","title":"x","card":{"type":"AdaptiveCard","body":[{"type":"TextBlock"}]}}`), "actions[0].card.body[0]", "lacks text"},
		"a card in a selectAction":       {card(`{"type":"Container","items":[],"selectAction":{"type":"Action.ShowCard","card":{"type":"AdaptiveCard"}}}`, ""), "body[0].selectAction", "not allowed"},
		"a bad fallback":                 {card(`{"type":"TextBlock","text":"x","fallback":{"type":"Unheard"}}`, ""), "body[0].fallback", "Unheard"},
		"a refresh by the wrong action":  {`{"type":"AdaptiveCard","version":"1.5","refresh":{"action":{"type":"Action.Submit"}}}`, "refresh.action", "not allowed"},
		"a refresh for an AAD id":        {`{"type":"AdaptiveCard","version":"1.5","refresh":{"userIds":["` + dana + `"],"action":{"type":"Action.Execute","verb":"v"}}}`, "refresh.userIds[0]", "29:"},
		"a refresh for 61": {`{"type":"AdaptiveCard","version":"1.5","refresh":{"userIds":[` + strings.TrimSuffix(strings.Repeat(`"29:1",`, 61), ",") +
			`],"action":{"type":"Action.Execute","verb":"v"}}}`, "refresh.userIds", "61"},
		"half a mention": {`{"type":"AdaptiveCard","version":"1.5","msteams":{"entities":[{"type":"mention","text":"<at>Dana</at>"}]}}`, "msteams.entities[0]", "no mention"},
	} {
		found := teamssim.ValidateCard([]byte(c.card))
		if len(found) == 0 || found[0].Where != c.where || !strings.Contains(found[0].What, c.what) {
			t.Errorf("%s: found %v, want first %s: ...%s...", name, found, c.where, c.what)
		}
	}
}

func TestNoCardBreaksTheReaders(t *testing.T) {
	t.Parallel()
	names := []string{"type", "text", "body", "items", "actions", "columns", "rows", "cells", "facts", "title", "value", "choices", "inlines", "card", "msteams", "entities", "mentioned", "url", "id", "version", "selectAction", "fallback", "refresh", "style"}
	types := []any{"AdaptiveCard", "TextBlock", "FactSet", "Container", "ColumnSet", "Column", "Table", "Input.ChoiceSet", "Input.Toggle", "Action.ShowCard", "Action.Execute", "RichTextBlock", "TextRun", "mention"}
	leaf := rapid.OneOf(rapid.SampledFrom(types), rapid.Map(rapid.String(), func(s string) any { return s }), rapid.SampledFrom([]any{nil, true, false}),
		rapid.Map(rapid.Int(), func(i int) any { return i }))
	rapid.Check(t, func(t *rapid.T) {
		var build func(depth int) string
		build = func(depth int) string {
			kind := rapid.IntRange(0, 3).Draw(t, "kind")
			if depth == 0 || kind == 0 {
				return marshal(leaf.Draw(t, "leaf"))
			}
			n := rapid.IntRange(0, 3).Draw(t, "n")
			parts := make([]string, n)
			for i := range n {
				parts[i] = build(depth - 1)
				if kind > 1 {
					parts[i] = fmt.Sprintf("%q:%s", rapid.SampledFrom(names).Draw(t, "name"), parts[i])
				}
			}
			if kind > 1 {
				return fmt.Sprintf(`{"type":%q%s}`, rapid.SampledFrom(types).Draw(t, "type"), strings.Join(append([]string{""}, parts...), ","))
			}
			return "[" + strings.Join(parts, ",") + "]"
		}
		c := build(6)
		teamssim.ValidateCard([]byte(c))
		teamssim.Read([]byte(c))
	})
}

// Package chattest is what every adapter is tested with: a gallery of cards,
// ordinary and worst, and the contract that all adapters keep. It knows no
// platform.
package chattest

import (
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

// Named is a card with a name that is fit for a file: lower case, no spaces.
type Named struct {
	Name string
	Card chat.Card
}

// Hostile is foreign text that must reach the eye as it stands: nobody is
// notified by it, nothing in it is a link, bold or a tag.
const Hostile = "<!channel> <@U0001|dana> <https://e.example|click> *b* _i_ ~s~ `c` ```f``` [x](http://e.example) " +
	"<b>bold</b> <at>all</at> {{DATE(2026-01-01)}} & \"quotes\" 'single' :smile: 😀 #general\n> not a quote\n- not a list\n1. nor this\n\tשלום עולם \u202edrawkcab\u202c é\u0301"

// Gallery is every card that a renderer must draw: each part alone and
// together, then what is empty, hostile or far over every platform's limits.
// The same call gives the same cards.
func Gallery() []Named {
	return []Named{
		{"tickets", chat.Card{
			Title: "Open tickets (3)",
			Parts: []chat.Part{
				chat.Table{
					Header: []string{"Ticket", "Status", "Customer", "Subject"},
					Rows: [][]string{
						{"#32164", "In Progress", "Harbor Dental", "VPN drops every hour"},
						{"#32171", "New", "Juniper Legal", "New laptop for a paralegal"},
						{"#32180", "Waiting on Customer", "Elm Street Vet", "Label printer offline"},
					},
				},
				chat.Link{Label: "All tickets in Syncro", URL: "https://example.syncromsp.com/tickets"},
			},
			Note: "Yours come first.",
		}},
		{"rows-with-buttons", chat.Card{
			Title: "Dana Ruiz · as of 09:49",
			Parts: []chat.Part{
				chat.Text("Unassigned (3)"),
				chat.Table{
					Header: []string{"Ticket", "Status", "Subject"},
					Rows:   [][]string{{"#32171", "New", "Scanner fails"}, {"#32170", "New", Hostile}, {"", " ", ""}, {"#32166", "New", "Nobody can take it"}},
					Acts: []chat.Button{
						{Label: "Take it", Verb: "choose-1", Value: "5f2c8d0e9b7a4c61a3d2e8f70b1c9d44"}, {Label: "Take it", Verb: "choose-1", Value: "6a"},
						{Label: "Nothing", Verb: "choose-3", Value: "6b"},
					},
				},
			},
			Buttons: []chat.Button{{Label: "Refresh", Verb: "home"}},
		}},
		{"ticket", chat.Card{
			Title: "#32164 VPN drops every hour",
			Parts: []chat.Part{
				chat.Fields{
					{Name: "Status", Value: "In Progress"}, {Name: "Priority", Value: "2 Normal"},
					{Name: "Customer", Value: "Harbor Dental"}, {Name: "Contact", Value: "Amy Lin"},
					{Name: "Technician", Value: "Dana Ruiz"}, {Name: "Due", Value: ""},
				},
				chat.Text("Last comment, by Dana Ruiz on Nov 20:"),
				chat.Quoted("Changed the rekey interval.\nWatching it until tomorrow."),
				chat.Link{Label: "Open in Syncro", URL: "https://example.syncromsp.com/tickets/9001"},
			},
			Buttons: []chat.Button{{Label: "Open in Syncro", URL: "https://example.syncromsp.com/tickets/9001"}},
		}},
		{"confirm", chat.Card{
			Title: "Close #32164?",
			Tone:  chat.Ask,
			Parts: []chat.Part{
				chat.Fields{{Name: "Customer", Value: "Harbor Dental"}, {Name: "Logged as", Value: "Dana Ruiz"}},
				chat.Steps{
					{Text: "Comment: Resolution", Alert: "CUSTOMER WILL SEE THIS · E-MAIL to amy@harbordental.example", Quoted: "Replaced the switch.\nAll stations are back."},
					{Text: "Status: In Progress → Resolved", Alert: "INTERNAL, NO E-MAIL"},
				},
			},
			Buttons: []chat.Button{
				{Label: "Confirm", Verb: "confirm", Value: "5f2c8d0e9b7a4c61a3d2e8f70b1c9d44", Style: chat.Primary},
				{Label: "Cancel", Verb: "cancel", Value: "5f2c8d0e9b7a4c61a3d2e8f70b1c9d44"},
				{Label: "Show JSON", Verb: "raw", Value: "5f2c8d0e9b7a4c61a3d2e8f70b1c9d44"},
			},
			Note: "Expires at 14:05 UTC. Operation 5f2c.",
		}},
		{"running", chat.Card{
			Title: "Billing #32164",
			Tone:  chat.Working,
			Parts: []chat.Part{chat.Steps{
				{Mark: chat.Done, Text: "Comment posted", Result: "comment 771"},
				{Mark: chat.Doing, Text: "Line: Remote Labor, 0.5 h"},
				{Mark: chat.Todo, Text: "Invoice"},
			}},
		}},
		{"done", chat.Card{
			Title: "Closed #32164", Tone: chat.Good,
			Parts: []chat.Part{chat.Steps{{Mark: chat.Done, Text: "Status: Resolved", Result: "checked in Syncro"}}},
		}},
		{"refused", chat.Card{
			Title: "Not closed", Tone: chat.Bad,
			Parts: []chat.Part{
				chat.Steps{{Mark: chat.Failed, Text: "Status: In Progress → Resolved", Result: "Syncro: 422 Status is not included in the list"}},
				chat.Code("{\n  \"status\": \"Resolved\"\n}"),
			},
			Note: "Code: invalid",
		}},
		{"doubt", chat.Card{
			Title: "Nobody can tell whether the comment was posted", Tone: chat.Warn,
			Parts: []chat.Part{chat.Steps{{Mark: chat.Doubt, Text: "Comment: Update", Result: "no answer within 20 s; two comments look like it"}}},
			Buttons: []chat.Button{
				{Label: "Look again", Verb: "look", Value: "op", Style: chat.Primary},
				{Label: "Stop", Verb: "stop", Value: "op", Style: chat.Danger},
			},
		}},
		{"choices", chat.Card{
			Title: "Which labor?", Tone: chat.Ask,
			Buttons: []chat.Button{
				{Label: "Remote", Verb: "labor", Value: "op.remote"},
				{Label: "Onsite", Verb: "labor", Value: "op.onsite"},
				{Label: "Travel", Verb: "labor", Value: "op.travel"},
				{Label: "Cancel", Verb: "cancel", Value: "op"},
			},
		}},
		{"text-only", chat.Card{Parts: []chat.Part{chat.Text("Nothing is waiting.")}}},
		{"empty", chat.Card{}},
		{"hollow", hollow()},
		{"hostile", everywhere(Hostile)},
		{"not-utf8", everywhere("a\xff\xfeb\x00c")},
		{"long", everywhere(strings.Repeat("0123456789", 4000))},
		{"long-hostile", everywhere(strings.Repeat("<&>😀", 10000))},
		{"rows", chat.Card{Title: "200 tickets", Parts: []chat.Part{rows(200)}}},
		{"wide", chat.Card{Title: "A wide table", Parts: []chat.Part{wide(40)}}},
		{"buttons", chat.Card{Title: "100 buttons", Buttons: buttons(100), Note: "Choose one."}},
		{"parts", chat.Card{Title: "120 parts", Parts: parts(120), Buttons: buttons(3), Note: "The note stays."}},
		{"fields", chat.Card{Title: "60 fields and 60 steps", Parts: []chat.Part{fields(60), steps(60)}}},
	}
}

// hollow has every part, and nothing in any.
func hollow() chat.Card {
	return chat.Card{
		Title: " ",
		Parts: []chat.Part{
			chat.Text(""), chat.Text(" \n"), chat.Quoted(""), chat.Code(""), chat.Fields{}, chat.Fields{{}},
			chat.Steps{}, chat.Steps{{}}, chat.Table{}, chat.Table{Rows: [][]string{{"#32164", "a row without a header"}}}, chat.Table{Header: []string{"", ""}, Rows: [][]string{{"", ""}, {}}}, chat.Link{},
		},
		Buttons: []chat.Button{{}, {Verb: "confirm"}, {Label: "No verb"}},
	}
}

// everywhere has s in every place that takes text.
func everywhere(s string) chat.Card {
	return chat.Card{
		Title: s,
		Tone:  chat.Warn,
		Parts: []chat.Part{
			chat.Text(s), chat.Quoted(s), chat.Code(s),
			chat.Fields{{Name: s, Value: s}, {Name: "Customer", Value: s}},
			chat.Steps{{Mark: chat.Done, Text: s, Alert: s, Quoted: s, Result: s}},
			chat.Table{Header: []string{"Ticket", s}, Rows: [][]string{{"#32164", s}}},
			chat.Link{Label: s, URL: "https://example.syncromsp.com/tickets/9001"},
		},
		Buttons: []chat.Button{
			{Label: s, Verb: "confirm", Value: "op", Style: chat.Primary},
			{Label: s, URL: "https://example.syncromsp.com/tickets/9001"},
		},
		Note: s,
	}
}

func rows(n int) chat.Table {
	t := chat.Table{Header: []string{"Ticket", "Subject"}}
	for i := range n {
		t.Rows = append(t.Rows, []string{fmt.Sprintf("#%d", 32000+i), fmt.Sprintf("Workstation %d does not print", i)})
	}
	return t
}

func wide(n int) chat.Table {
	t := chat.Table{Rows: [][]string{{}}}
	for i := range n {
		t.Header = append(t.Header, fmt.Sprintf("Column %d", i))
		t.Rows[0] = append(t.Rows[0], strings.Repeat("x", 100))
	}
	return t
}

func buttons(n int) []chat.Button {
	var all []chat.Button
	for i := range n {
		all = append(all, chat.Button{Label: fmt.Sprintf("Ticket %d", i+1), Verb: "pick", Value: fmt.Sprintf("op.%d", i+1)})
	}
	return all
}

func parts(n int) []chat.Part {
	var all []chat.Part
	for i := range n {
		all = append(all, chat.Text(fmt.Sprintf("Part %d.", i+1)))
	}
	return all
}

func fields(n int) chat.Fields {
	var all chat.Fields
	for i := range n {
		all = append(all, chat.Field{Name: fmt.Sprintf("Field %d", i+1), Value: fmt.Sprintf("value %d", i+1)})
	}
	return all
}

func steps(n int) chat.Steps {
	var all chat.Steps
	for i := range n {
		all = append(all, chat.Step{Mark: chat.Mark(i % 5), Text: fmt.Sprintf("Step %d", i+1), Alert: "INTERNAL, NO E-MAIL", Result: "checked"})
	}
	return all
}

package chattest

import (
	"fmt"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
)

// NamedForm is a form with a name that is fit for a file: lower case, no
// spaces.
type NamedForm struct {
	Name string
	Form chat.Form
}

// Forms is every form that a renderer must draw: each kind of input alone and
// together, filled in and not, then what is empty, hostile or far over every
// platform's limits. One that a platform cannot draw whole must be refused in
// words: what a form sends is never cut. The same call gives the same forms.
func Forms() []NamedForm {
	return []NamedForm{
		{"ticket", TicketForm()},
		{"comment", chat.Form{
			ID: "7C4QX2M5JH3KD6RTAW", Title: "Add to a ticket", Submit: "Preview",
			Intro: "Nothing is sent before you confirm it.",
			Inputs: []chat.Input{
				{
					Name: "ticket", Label: "Ticket", Kind: chat.Lookup, Value: "32164",
					Options: []chat.Option{{Label: "#32164 VPN drops every hour", Value: "32164"}},
				},
				{Name: "text", Label: "Comment", Kind: chat.Paragraph, Value: "Amy wrote:\n> It dropped again at 9:40."},
				{Name: "public", Label: "The customer sees it", Hint: "They get an e-mail.", Kind: chat.Check, Value: "true"},
				{Name: "due", Label: "Due", Kind: chat.Date, Value: "2026-11-30", Optional: true},
			},
		}},
		{"one", chat.Form{ID: "ONE", Title: "Reason", Submit: "Send", Inputs: []chat.Input{{Name: "why", Label: "Why?"}}}},
		{"empty", chat.Form{}},
		{"hollow", chat.Form{ID: "HOLLOW", Title: " ", Intro: " \n", Submit: " ", Inputs: []chat.Input{
			{Name: "line"}, {Name: "paragraph", Kind: chat.Paragraph}, {Name: "lookup", Kind: chat.Lookup},
			{Name: "date", Kind: chat.Date}, {Name: "check", Kind: chat.Check},
			{Name: "select", Kind: chat.Select, Optional: true, Options: []chat.Option{{}}},
		}}},
		{"odd-values", chat.Form{ID: "ODD", Title: "Odd values", Submit: "Send", Inputs: []chat.Input{
			{Name: "line", Label: "A line of two", Value: "first\nsecond"},
			{Name: "select", Label: "None of its options", Kind: chat.Select, Value: "gone", Options: []chat.Option{{Label: "New", Value: "New"}}},
			{Name: "lookup", Label: "Not known by name", Kind: chat.Lookup, Value: "7"},
			{Name: "date", Label: "No day", Kind: chat.Date, Value: "2026-02-30"},
			{Name: "check", Label: "Neither", Kind: chat.Check, Value: "maybe"},
		}}},
		{"hostile", formOf(Hostile)},
		{"not-utf8", formOf("a\xff\xfeb\x00c")},
		{"long", formOf(strings.Repeat("0123456789", 250))},
		{"too-long", formOf(strings.Repeat("<&>😀", 10000))},
		{"options", chat.Form{ID: "OPTIONS", Title: "250 options", Submit: "Send", Inputs: []chat.Input{
			{Name: "contact", Label: "Contact", Kind: chat.Select, Value: "221", Options: manyOptions(250)},
		}}},
		{"inputs", chat.Form{ID: "INPUTS", Title: "60 inputs", Submit: "Send", Inputs: manyInputs(60)}},
	}
}

// TicketForm is an ordinary form with an input of each kind; FormContract
// uses it as well.
func TicketForm() chat.Form {
	return chat.Form{
		ID: "5F2KD6RTAW7C4QX2M5", Title: "New ticket", Submit: "Preview",
		Intro: "You see what will be made before anything is sent.",
		Inputs: []chat.Input{
			{Name: "customer", Label: "Customer", Hint: "Type a part of the name.", Kind: chat.Lookup},
			{Name: "subject", Label: "Subject"},
			{Name: "description", Label: "What is the matter", Kind: chat.Paragraph, Optional: true},
			{
				Name: "type", Label: "Type", Kind: chat.Select, Value: "Remote",
				Options: []chat.Option{{Label: "Remote support", Value: "Remote"}, {Label: "On site", Value: "Onsite"}},
			},
			{Name: "due", Label: "Due", Kind: chat.Date, Optional: true},
			{Name: "mail", Label: "Send the customer an e-mail", Kind: chat.Check},
		},
	}
}

// formOf has s in every place that takes text, and in every value.
func formOf(s string) chat.Form {
	return chat.Form{
		ID: "EVERYWHERE", Title: s, Intro: s, Submit: s,
		Inputs: []chat.Input{
			{Name: "line", Label: s, Hint: s, Value: s},
			{Name: "paragraph", Label: s, Hint: s, Kind: chat.Paragraph, Value: s},
			{Name: "select", Label: s, Hint: s, Kind: chat.Select, Value: "7", Options: []chat.Option{{Label: s, Value: "7"}, {Label: s, Value: "8"}}},
			{Name: "lookup", Label: s, Hint: s, Kind: chat.Lookup, Value: "7", Options: []chat.Option{{Label: s, Value: "7"}}},
			{Name: "date", Label: s, Hint: s, Kind: chat.Date, Value: "2026-11-30"},
			{Name: "check", Label: s, Hint: s, Kind: chat.Check},
		},
	}
}

func manyOptions(n int) []chat.Option {
	var all []chat.Option
	for i := range n {
		all = append(all, chat.Option{Label: fmt.Sprintf("Contact %d", i+1), Value: fmt.Sprint(i + 1)})
	}
	return all
}

func manyInputs(n int) []chat.Input {
	var all []chat.Input
	for i := range n {
		all = append(all, chat.Input{Name: fmt.Sprintf("input-%d", i+1), Label: fmt.Sprintf("Input %d", i+1), Kind: chat.InputKind(i % 2), Optional: true})
	}
	return all
}

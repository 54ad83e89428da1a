package teams

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

// The inputs of Adaptive Cards 1.5 that are used. Source: adaptivecards.io/
// explorer; for choices.data, MicrosoftDocs/msteams-docs, dynamic-search.md.
type (
	input struct {
		Type      string `json:"type"`
		ID        string `json:"id"`
		Label     string `json:"label"`
		Title     string `json:"title,omitempty"` // of a toggle
		Value     string `json:"value,omitempty"`
		Multiline bool   `json:"isMultiline,omitempty"`
		Required  bool   `json:"isRequired,omitempty"`
		Error     string `json:"errorMessage,omitempty"`
	}
	choiceSet struct {
		input
		Style       string   `json:"style"`
		Placeholder string   `json:"placeholder,omitempty"`
		Choices     []choice `json:"choices"`
		Query       *query   `json:"choices.data,omitempty"`
	}
	choice struct {
		Title string `json:"title"`
		Value string `json:"value"`
	}
	query struct {
		Type    string `json:"type"`
		Dataset string `json:"dataset"`
		Inputs  string `json:"associatedInputs,omitempty"` // auto: what else is filled in comes with the question
	}
)

// The verbs of a form's two buttons.
const (
	verbSubmit  = "submit"
	verbDismiss = "dismiss"
)

// formData comes back with what was filled in, beside the inputs, whose names
// have no "_".
type formData struct {
	Form string `json:"form_id"`
	For  string `json:"form_for,omitempty"`  // the Entra id of the person it was made for
	Over bool   `json:"form_over,omitempty"` // it stands in the place of a card
	Verb string `json:"form_verb,omitempty"` // where the button itself has none
}

// sheet is a form as it is shown to one person.
type sheet struct {
	form     chat.Form
	person   string            // their Entra id
	over     bool              // in the place of a card, for them alone
	dialog   bool              // in a dialog, which has its own title and way out
	problems map[string]string // by input, of what was handed in
}

// again is s with what was typed, and what is wrong with it. Of a Lookup only
// the option that the form knows has a label to show.
func (s sheet) again(values, problems map[string]string) sheet {
	s.problems = maps.Clone(problems)
	s.form.Inputs = slices.Clone(s.form.Inputs)
	for i := range s.form.Inputs {
		in := &s.form.Inputs[i]
		known := slices.ContainsFunc(in.Options, func(o chat.Option) bool { return o.Value == values[in.Name] })
		in.Value = values[in.Name]
		if in.Kind == chat.Lookup && in.Value != "" && !known {
			in.Value = ""
			s.problems[in.Name] = cmp.Or(problems[in.Name], "Choose this again.")
		}
	}
	return s
}

// draw draws the form; false when it is more than a message may hold, since
// what is filled in is never cut: only what is written around it is.
func (s sheet) draw() (drawn, bool) {
	for _, text := range []int{maxText, maxHint} {
		d := s.within(text)
		body, _ := encode(d.card)
		if size(body)+size([]byte(d.summary)) <= maxPayload {
			return d, true
		}
	}
	return drawn{}, false
}

// within draws the form, with so many runes of each text around the inputs.
func (s sheet) within(text int) drawn {
	d := draw(chat.Card{Title: s.form.Title, Tone: chat.Ask}, s.form.Title, fullRoom())
	d.card.Fallback = plain(cmp.Or(s.form.Title, "A form")+"\nThis version of Teams shows no forms.", maxFallback)
	if s.dialog {
		d.card.Body = []any{}
	}
	if strings.TrimSpace(s.form.Intro) != "" {
		d.card.Body = append(d.card.Body, block(cut(s.form.Intro, text), textRun{}))
	}
	for _, name := range slices.Sorted(maps.Keys(s.problems)) {
		if !slices.ContainsFunc(s.form.Inputs, func(in chat.Input) bool { return in.Name == name }) {
			d.card.Body = append(d.card.Body, block(cut(s.problems[name], text), problemLook()))
		}
	}
	for _, in := range s.form.Inputs {
		d.card.Body = append(d.card.Body, s.ask(in))
		if strings.TrimSpace(in.Hint) != "" {
			d.card.Body = append(d.card.Body, below(cut(in.Hint, text), textRun{Size: "Small", Subtle: true}))
		}
		if problem := s.problems[in.Name]; problem != "" {
			d.card.Body = append(d.card.Body, below(cut(problem, text), problemLook()))
		}
	}
	d.card.Actions = s.buttons()
	return d
}

func problemLook() textRun { return textRun{Weight: "Bolder", Color: "Attention"} }

// tooLong stands for a form that cannot be drawn.
func tooLong(form chat.Form) chat.Card {
	return chat.Card{
		Title: form.Title, Tone: chat.Warn,
		Parts: []chat.Part{chat.Text("Nothing was sent. This form holds more text than a message in Teams can: it cannot be filled in here.")},
	}
}

// ask draws one input. Its label is drawn as it stands (the adaptivecards
// renderer makes a TextRun of it), as are the choices of a menu. A toggle that
// is required would have to be on, and its title is Markdown, so that neither
// is used.
func (s sheet) ask(in chat.Input) any {
	out := input{ID: in.Name, Label: unbraced(cut(cmp.Or(oneLine(in.Label), in.Name), maxLine))}
	if !in.Optional && in.Kind != chat.Check {
		out.Required, out.Error = true, "This is needed."
	}
	switch in.Kind {
	case chat.Select, chat.Lookup:
		return s.choose(in, out)
	case chat.Date:
		out.Type = "Input.Date"
		if _, err := time.Parse(time.DateOnly, in.Value); err == nil {
			out.Value = in.Value
		}
	case chat.Check:
		out.Type, out.Title, out.Value = "Input.Toggle", "Yes", "false"
		if in.Value == "true" {
			out.Value = "true"
		}
	default:
		// A single line would lose the line breaks of what is filled in.
		out.Type, out.Multiline, out.Value = "Input.Text", in.Kind == chat.Paragraph || strings.Contains(in.Value, "\n"), in.Value
	}
	return out
}

// choose draws a menu, or for a Lookup a field that searches as one types. An
// option without a value cannot be chosen: its label is what is shown while
// nothing is.
func (s sheet) choose(in chat.Input, out input) any {
	set := choiceSet{input: out, Style: "compact", Placeholder: "Choose", Choices: []choice{}}
	set.Type = "Input.ChoiceSet"
	if in.Kind == chat.Lookup {
		set.Style, set.Placeholder = "filtered", "Type to search"
		set.Query = &query{Type: "Data.Query", Dataset: s.form.ID + "/" + in.Name}
		if in.GoesBy != "" {
			set.Query.Inputs = "auto"
		}
	}
	for _, o := range in.Options {
		switch {
		case strings.TrimSpace(o.Value) == "":
			set.Placeholder = cmp.Or(unbraced(cut(oneLine(o.Label), maxLine)), set.Placeholder)
			continue
		case slices.ContainsFunc(set.Choices, func(c choice) bool { return c.Value == o.Value }):
			continue
		case o.Value == in.Value:
			set.Value = o.Value
		}
		set.Choices = append(set.Choices, choice{Title: choiceTitle(o), Value: o.Value})
	}
	if in.Kind == chat.Select && len(set.Choices) == 0 {
		return remark(out.Label + ": there is nothing to choose from.")
	}
	return set
}

func choiceTitle(o chat.Option) string {
	return unbraced(cut(cmp.Or(oneLine(o.Label), oneLine(o.Value), "(no name)"), maxLine))
}

// oneLine is text without line breaks, empty where there is nothing to see.
func oneLine(text string) string {
	return strings.TrimSpace(strings.ReplaceAll(chat.Visible(text), "\n", " "))
}

// buttons hand the form in or put it away. A dialog has its own way out, and
// what it sends is that of an Action.Submit (MicrosoftDocs/msteams-docs,
// respond-to-task-module-submit.md; recorded in testdata/activities).
func (s sheet) buttons() []action {
	own := formData{Form: s.form.ID, For: s.person, Over: s.over}
	flat := func(verb string) formData {
		own := own
		own.Verb = verb
		return own
	}
	submit := action{Title: cmp.Or(label(oneLine(s.form.Submit)), "Send"), Style: buttonStyle(chat.Primary)}
	if s.dialog {
		submit.Type, submit.Data = "Action.Submit", flat(verbSubmit)
		return []action{submit}
	}
	dismiss := action{Title: "Not now", Inputs: "none"} // nothing has to be filled in
	for verb, b := range map[string]*action{verbSubmit: &submit, verbDismiss: &dismiss} {
		old := *b
		old.Type, old.Data = "Action.Submit", flat(verb)
		b.Type, b.Verb, b.Data, b.Fallback = "Action.Execute", verb, own, &old
	}
	return []action{submit, dismiss}
}

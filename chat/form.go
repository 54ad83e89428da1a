package chat

import (
	"slices"
	"time"
)

// Form asks for several things at once. Slack draws it as a modal, Teams as a
// card with inputs. All text in it is literal.
type Form struct {
	ID     string // the identifier of a record in Redis, and nothing else
	Title  string // 24 characters are shown whole everywhere
	Intro  string // what it is about, may be empty
	Inputs []Input
	Submit string // the label of the button that hands it in
}

// Input is one thing that a Form asks for.
type Input struct {
	Name     string // the key of its answer, unique in the form: letters, digits, "." and "-"
	Label    string
	Hint     string // small print, may be empty
	Kind     InputKind
	Value    string   // what is filled in already: a text, an option's value, a date as 2006-01-02, "true"
	Options  []Option // of a Select; of a Lookup the one that Value stands for, where it has one
	Optional bool
	GoesBy   string // of a Lookup: the name of the input that decides what is found; empty: none
}

// InputKind is how an Input is filled in.
type InputKind int

// The kinds.
const (
	Line      InputKind = iota // one line of text
	Paragraph                  // several lines
	Select                     // one of Options
	Lookup                     // one of what Handler.Suggest finds as the person types
	Date                       // a day
	Check                      // yes or no: "true" or "false"
)

// Option is a choice of a Select or a Lookup.
type Option struct{ Label, Value string }

// Filled is a form that was handed in.
type Filled struct {
	ID     string            // the Form's ID
	Values map[string]string // by Input.Name; an input left empty is not in it
	Labels map[string]string // of what was chosen, by Input.Name, where the platform tells
	Card   Ref               // the card that the form was opened from; empty where there was none
}

// Search is what a person has typed into a Lookup so far.
type Search struct {
	Form  string // the Form's ID
	Input string // the Input's Name
	Typed string

	// Values are the form's other inputs as they are filled in at the moment,
	// as in Filled; nil where the platform does not tell.
	Values map[string]string
}

// Shortcut is an action that a platform offers on a message, or anywhere.
type Shortcut struct {
	Name    string   // as the app's manifest has it
	Message *Message // nil where it was not used on a message
}

// Message is somebody's message in a chat, as the platform shows it to the
// person who used a Shortcut on it.
type Message struct {
	Author string // a name to read
	Text   string // literal
	Time   time.Time
	Link   string // the message's own address, may be empty
	Files  []File // what hangs on it

	// Thread is the whole thread that the message is in, oldest first and
	// itself among them; nil where it is in none, or where the platform does
	// not hand it over: then Alone says why, in a sentence.
	Thread []Message
	Alone  string
}

// File is a file on a Message. Its address is for people who are signed in on
// the platform: nobody else can fetch it.
type File struct{ Name, Link string }

// Again is the form with what was filled in. Of a Lookup whose label nobody
// tells, nothing can be shown: it is asked again.
func (f Form) Again(filled Filled) Form {
	f.Inputs = slices.Clone(f.Inputs)
	for i := range f.Inputs {
		in := &f.Inputs[i]
		in.Value = filled.Values[in.Name]
		known := slices.ContainsFunc(in.Options, func(o Option) bool { return o.Value == in.Value })
		if in.Kind != Lookup || in.Value == "" || known {
			continue
		}
		if label := filled.Labels[in.Name]; label != "" {
			in.Options = []Option{{Label: label, Value: in.Value}}
		} else {
			in.Value = ""
		}
	}
	return f
}

// Opener is the card that stands for a form where it cannot be opened by
// itself: its button opens it.
func (f Form) Opener() Card {
	return Card{
		Title: f.Title, Tone: Ask,
		Parts:   []Part{Text(f.Intro)},
		Buttons: []Button{{Label: "Fill in", Verb: VerbForm, Value: f.ID, Style: Primary}},
	}
}

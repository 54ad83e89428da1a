package confirm

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// card draws an operation; raw adds the exact requests as JSON. Its first
// words say whether anything was sent.
func (o *Operation) card(raw bool) chat.Card {
	c := chat.Card{Title: o.Title}
	switch o.State {
	case Asked:
		o.drawAsked(&c, raw)
	case Running:
		o.drawRunning(&c)
	case Parked:
		o.drawParked(&c)
	case Done:
		c.Tone = chat.Good
		text := "Done and checked at %s, logged as %s."
		if slices.ContainsFunc(o.Steps, func(s Step) bool { return s.OnWord }) {
			text = "Done at %s, logged as %s. What was taken on your word I could not check."
		}
		c.Parts = append(c.Parts, chat.Text(fmt.Sprintf(text, clock(o.Ended), o.As.FullName)), stepLines(o))
		for _, note := range o.Notes {
			c.Parts = append(c.Parts, chat.Text(note))
		}
		o.drawAfter(&c)
	case Stopped:
		c.Tone = chat.Bad
		c.Parts = append(c.Parts, chat.Text(o.sent()+" Nothing more will be sent."), stepLines(o))
		o.drawTyped(&c)
	case Cancelled:
		c.Title = "Cancelled: " + o.Title
		if len(o.Changed) > 0 {
			c.Tone = chat.Warn
			c.Parts = append(c.Parts, chat.Text(o.changed()+"\nWhat was to be sent must be reckoned anew."))
			o.drawTyped(&c)
			o.drawAfter(&c)
			break
		}
		c.Parts = append(c.Parts, chat.Text("Nothing was sent."))
		o.drawTyped(&c)
	}
	if o.Ticket.URL != "" && o.State != Asked && !o.gone() {
		c.Buttons = append(c.Buttons, chat.Button{Label: "Open in Syncro", URL: o.Ticket.URL})
	}
	if raw {
		c.Parts = append(c.Parts, o.requests())
	}
	if c.Note != "" {
		c.Note += " · "
	}
	c.Note += "op " + o.Name()
	return c
}

// copied is the card of an operation beside its own, which alone is redrawn:
// while it is worked on the copy says of when it is, and can be asked anew.
func (o *Operation) copied(now time.Time) chat.Card {
	c := o.card(false)
	if o.State == Running {
		c.Buttons = append([]chat.Button{{Label: "Refresh", Verb: VerbShow, Value: o.ID}}, c.Buttons...)
		c.Note = "As it stood at " + clock(now) + ". What comes of it is drawn on its first card · " + c.Note
	}
	return c
}

// lost is the card of an operation whose record Redis lost while it was
// worked on: nobody will go on with it.
func (o *Operation) lost() chat.Card {
	c := chat.Card{
		Title: o.Title, Tone: chat.Bad, Note: "record-lost · op " + o.Name(),
		Parts: []chat.Part{chat.Text(o.sent() + " My memory (Redis) lost the record of this, so I do not go on. Please look at the ticket first."), stepLines(o)},
	}
	o.drawTyped(&c)
	if o.Ticket.URL != "" {
		c.Buttons = []chat.Button{{Label: "Open in Syncro", URL: o.Ticket.URL}}
	}
	return c
}

// gone reports whether the ticket is no more because of this operation.
func (o *Operation) gone() bool {
	last := o.Steps[len(o.Steps)-1]
	return last.Kind == syncro.DeleteTicket{}.Kind() && last.State == Landed
}

func (o *Operation) drawAsked(c *chat.Card, raw bool) {
	c.Title, c.Tone = "Confirm: "+o.Title, chat.Ask
	if len(o.Changed) > 0 {
		c.Tone = chat.Warn
		c.Parts = append(c.Parts, chat.Text(o.changed()))
	}
	c.Parts = append(c.Parts, append(chat.Fields{{Name: "Logged as", Value: o.As.String()}}, o.Facts...))
	if o.As.Shared {
		c.Parts = append(c.Parts, chat.Text("You have no Syncro key of your own. This will be logged under the shared key, as "+
			o.As.FullName+", and not as you."))
	}
	c.Parts = append(c.Parts, stepLines(o))
	for i := range o.Steps {
		s := &o.Steps[i]
		if w, err := o.write(s); err == nil && w.Evidence(o.As.author()).Effect == syncro.Adds && len(s.Before.Ours) > 0 {
			c.Parts = append(c.Parts, chat.Text(fmt.Sprintf(
				"The same is on the ticket already (%s). Confirm adds it once more (step %d).", listed(s.Before.Ours), i+1)))
		}
	}
	more := chat.Button{Label: "Show JSON", Verb: VerbRaw, Value: o.ID}
	if raw {
		more = chat.Button{Label: "Hide JSON", Verb: VerbHide, Value: o.ID}
	}
	c.Buttons = []chat.Button{
		{Label: "Confirm", Verb: VerbConfirm, Value: o.ID, Style: chat.Primary},
		{Label: "Cancel", Verb: VerbCancel, Value: o.ID},
	}
	if o.Edit != nil {
		c.Buttons = append(c.Buttons, chat.Button{Label: "Edit", Verb: VerbEdit, Value: o.ID})
	}
	c.Buttons = append(c.Buttons, more)
	c.Note = fmt.Sprintf("Nothing is sent before you confirm. Valid until %s · only %s can press", clock(o.Expires), o.Author.Name)
}

// changed says how the ticket moved.
func (o *Operation) changed() string {
	return fmt.Sprintf("Nothing was sent: #%d changed after the card was drawn. Look again.\n%s", o.Ticket.Number, strings.Join(o.Changed, "\n"))
}

// follows are the commands that follow from what was done. Those about a record
// that was made are left out where nobody knows which it is.
func (o *Operation) follows() []After {
	made := o.Steps[0].Name
	var all []After
	for _, a := range o.After {
		if made != "" || !strings.Contains(a.Line, Made) {
			a.Line = strings.ReplaceAll(a.Line, Made, made)
			all = append(all, a)
		}
	}
	return all
}

// drawAfter offers what follows.
func (o *Operation) drawAfter(c *chat.Card) {
	c.Buttons = append(c.Buttons, afterButtons(o.ID, o.follows())...)
}

func afterButtons(id string, all []After) []chat.Button {
	buttons := make([]chat.Button, len(all))
	for i, a := range all {
		buttons[i] = chat.Button{Label: a.Label, Verb: fmt.Sprintf("%s-%d", VerbAfter, i+1), Value: id}
	}
	return buttons
}

func (o *Operation) drawRunning(c *chat.Card) {
	c.Tone = chat.Working
	text := "Confirmed. Sending to Syncro as " + o.As.FullName + "."
	switch s := o.current(); {
	case s == nil || s.Why == "":
	case s.State == Sending:
		c.Tone = chat.Warn
		text = "It was sent once, and Syncro gave no clear answer. I do not send it again: I am looking whether it arrived.\n" + s.Why
	case s.State == Checking:
		c.Tone = chat.Warn
		text = "Syncro took it, and I look at what is there before anything follows from it.\n" + s.Why
	}
	if o.Busy > 0 {
		text += fmt.Sprintf("\nSyncro is busy: %s… It goes on by itself.", max(o.Busy, time.Second).Round(time.Second))
	}
	c.Parts = append(c.Parts, chat.Text(text), stepLines(o))
}

// drawParked asks the author how to go on.
func (o *Operation) drawParked(c *chat.Card) {
	c.Tone = chat.Warn
	button := func(label, verb string, style chat.Style) {
		c.Buttons = append(c.Buttons, chat.Button{Label: label, Verb: verb, Value: o.ID, Style: style})
	}
	text := o.sent()
	if s := o.current(); s != nil {
		switch s.State {
		case Absent:
			text += " It could still show up. I do not send it again by myself."
			button("Look again", VerbLook, chat.Primary)
			button("It is not there: send again", VerbAgain, chat.Danger)
			if o.mayTake(s) {
				button("It is there", VerbThere, chat.Ordinary)
			}
		case Unclear:
			text += " Please look at the ticket: only a person can tell."
			if !s.Sent.IsZero() {
				button("Look again", VerbLook, chat.Primary)
			}
			if o.mayTake(s) {
				button("It is there", VerbThere, chat.Ordinary)
			}
			button("It is not there: send", VerbAgain, chat.Danger)
		case Wrong:
			text += " Please look at it in Syncro: nothing that follows from it was sent."
			button("Look again", VerbLook, chat.Primary)
		case Twice:
			text += " It is there more than once. Nothing was removed: please look at the ticket."
			button("Look again", VerbLook, chat.Primary)
			if o.mayTake(s) {
				button("Leave it so and go on", VerbThere, chat.Ordinary)
			}
		default:
			if !o.NextTry.IsZero() {
				text += " It is kept, and goes on by itself at " + clock(o.NextTry) + "."
			}
			if s.Why != "" {
				text += "\n" + s.Why
			}
			button("Try again", VerbContinue, chat.Primary)
		}
	}
	c.Parts = append(c.Parts, chat.Text(text), stepLines(o))
	o.drawTyped(c)
	button("Stop here", VerbStop, chat.Ordinary)
}

// drawTyped gives the typed words back, so that a failure loses no text.
func (o *Operation) drawTyped(c *chat.Card) {
	if o.Typed != "" {
		c.Parts = append(c.Parts, chat.Text("You typed:"), chat.Code(o.Typed))
	}
}

// sent says, first of all, what reached Syncro and what did not.
func (o *Operation) sent() string {
	done, doubt, wrong := 0, false, false
	for _, s := range o.Steps {
		switch s.State {
		case Landed:
			done++
		case Checking, Wrong:
			wrong = true
		case Sending, Absent, Unclear, Twice:
			doubt = doubt || !s.Sent.IsZero()
		}
	}
	var text string
	switch {
	case done == len(o.Steps):
		return "Everything was done."
	case done == 1:
		text = "Step 1 was done. "
	case done > 1:
		text = fmt.Sprintf("Steps 1 to %d were done. ", done)
	}
	switch {
	case wrong:
		return text + fmt.Sprintf("Syncro took step %d, and what is there now is not seen to be right.", done+1)
	case doubt:
		return text + fmt.Sprintf("Step %d was sent once, without a clear answer.", done+1)
	case done == 0:
		return "Nothing was sent."
	}
	return text + fmt.Sprintf("Step %d was not sent.", done+1)
}

// stepLines draws the steps with what came of them.
func stepLines(o *Operation) chat.Steps {
	lines := make(chat.Steps, len(o.Steps))
	for i := range o.Steps {
		s := &o.Steps[i]
		lines[i] = chat.Step{Mark: s.mark(), Text: s.Kind, Result: s.result(o)}
		if o.State == Running && s == o.current() && s.State == Waiting {
			lines[i].Mark = chat.Doing
		}
		if w, err := o.write(s); err == nil {
			l := w.Line()
			lines[i].Text, lines[i].Alert, lines[i].Quoted = l.Text, l.Audience, l.Quoted
		}
	}
	return lines
}

func (s *Step) mark() chat.Mark {
	switch s.State {
	case Landed:
		return chat.Done
	case Refused, Wrong:
		return chat.Failed
	case Checking:
		return chat.Doing
	case Absent, Unclear, Twice:
		return chat.Doubt
	case Sending:
		if s.Why != "" {
			return chat.Doubt
		}
		return chat.Doing
	}
	return chat.Todo
}

// result is what came of a step. What holds a step up that was not sent
// stands in the card's first words instead.
func (s *Step) result(o *Operation) string {
	var parts []string
	if (s.State == Landed || s.State == Checking || s.State == Wrong) && s.ID != 0 && s.ID != o.Ticket.ID {
		noun, _, _ := strings.Cut(s.Kind, ".")
		parts = append(parts, cmp.Or(s.Name, fmt.Sprintf("%s %d", noun, s.ID)))
	}
	if s.Why != "" && s.State != Waiting && s.State != Sending && s.State != Checking {
		parts = append(parts, s.Why)
	}
	return strings.Join(parts, " · ")
}

// requests is exactly what is sent, as JSON.
func (o *Operation) requests() chat.Code {
	var b strings.Builder
	for i := range o.Steps {
		w, err := o.write(&o.Steps[i])
		if err != nil {
			continue
		}
		req := w.Request()
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s %s%s\n", req.Method, syncro.BasePath, req.Path)
		body := json.NewEncoder(&b)
		body.SetEscapeHTML(false)
		body.SetIndent("", "  ")
		if err := body.Encode(req.Body); err != nil {
			fmt.Fprintln(&b, err)
		}
	}
	return chat.Code(strings.TrimSpace(b.String()))
}

// String is the person in words.
func (a As) String() string { return fmt.Sprintf("%s (Syncro user %d)", a.FullName, a.UserID) }

// clock is a time of day with its zone, so that it is never guessed.
func clock(t time.Time) string { return t.Local().Format("15:04 MST") }

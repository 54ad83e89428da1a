package commands

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncrobot/syncrobot/chat"
)

// maxMessage is how many characters of a chat message a shortcut takes over:
// they stay within what a card shows whole, with room for what belongs to them.
// What is left out is said, and the message's address is there.
const maxMessage = maxText - 1000

// quotedMessage is a message with its author, time, files and address, as it
// goes into a ticket; and what should be known about that, for the form.
func quotedMessage(on *chat.Message) (text, intro string) {
	if on == nil {
		return "", ""
	}
	m := *on
	if n := utf8.RuneCountInString(m.Text); n > maxMessage {
		m.Text = clip(m.Text, maxMessage)
		intro = fmt.Sprintf("The message has %d characters, more than one comment may have here: the first %d are below. ", n, maxMessage)
	}
	from := strings.Join(present("From "+cmp.Or(m.Author, "chat"), stamp(m.Time)), ", ")
	lines := present(from+":", m.Text)
	for _, f := range m.Files[:min(len(m.Files), 10)] {
		lines = append(lines, strings.Join(present("File, not attached: "+oneLine(f.Name), f.Link), " "))
	}
	if len(m.Files) > 0 {
		// Slack's and Teams' addresses of files open for people who are signed in there, and
		// Syncro takes a file by an address that it can fetch.
		intro += "Files stay in the chat, since Syncro cannot fetch them from there: their names and links are in the text. "
	}
	return strings.Join(present(append(lines, m.Link)...), "\n"), strings.TrimSpace(intro + m.Alone)
}

// The answers to how much of a thread is taken.
const (
	messageAlone = "message"
	wholeThread  = "thread"
)

// offerThread asks whether the whole thread of a message is taken, where it is
// known. It waits in the form's About.
func (f *Form) offerThread(on *chat.Message) {
	if on == nil || len(on.Thread) < 2 {
		return
	}
	text, _ := quotedMessage(on)
	thread, taken := threadText(on.Thread, maxText-utf8.RuneCountInString(text)-len("\n\n"))
	if taken == 0 {
		return
	}
	f.About = thread
	label := fmt.Sprintf("The message and its thread (%d messages)", len(on.Thread))
	if taken < len(on.Thread) {
		label = fmt.Sprintf("The message and the last %d of %d in its thread", taken, len(on.Thread))
	}
	f.Inputs = append(f.Inputs, chat.Input{
		Name: "include", Label: "Include", Hint: "The next card shows all of it", Kind: chat.Select, Value: messageAlone,
		Options: []chat.Option{{Label: "This message", Value: messageAlone}, {Label: label, Value: wholeThread}},
	})
}

// threadText is a thread as it goes into a ticket, oldest first, and how many
// of its messages, from the end, there was room for.
func threadText(thread []chat.Message, room int) (text string, taken int) {
	room -= 60 // the heading
	var lines []string
	for i := len(thread) - 1; i >= 0; i-- {
		m := thread[i]
		said := m.Text
		for _, f := range m.Files {
			said = strings.Join(present(said, "("+oneLine(f.Name)+")"), " ")
		}
		line := fmt.Sprintf("%s, %s: %s", cmp.Or(m.Author, "chat"), stamp(m.Time), cmp.Or(said, "(nothing in words)"))
		if room -= utf8.RuneCountInString(line) + 1; room < 0 {
			break
		}
		lines = append([]string{line}, lines...)
		taken++
	}
	heading := "The thread:"
	if taken < len(thread) {
		heading = fmt.Sprintf("The thread, its last %d of %d messages:", taken, len(thread))
	}
	return strings.Join(append([]string{heading}, lines...), "\n"), taken
}

// withThread is a text with the thread below it, where that was chosen.
func withThread(text, thread string, v values) string {
	if v["include"] != wholeThread || thread == "" {
		return text
	}
	return text + "\n\n" + thread
}

// stamp is when something was said, for others to read: with the zone.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.Local().Format("Mon 2 Jan 2006 15:04 MST")
}

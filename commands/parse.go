package commands

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/agnivade/levenshtein"

	"github.com/syncrobot/syncrobot/syncro"
)

// maxText is how many characters of text a card can show whole on both
// platforms. What cannot be shown is not sent.
const maxText = 6000

// UsageError is a typed line that comes to nothing.
type UsageError struct {
	Title   string   // where it was understood; empty: its usage helps
	Problem string   // what is wrong, one sentence
	Command *Command // whose usage helps; nil when none was recognised
	Choices []Choice // what may have been meant
}

func (e *UsageError) Error() string { return e.Problem }

func usage(format string, args ...any) *UsageError {
	return &UsageError{Problem: fmt.Sprintf(format, args...)}
}

// refuse is for a line that was understood, and asks for what is not possible.
func refuse(format string, args ...any) *UsageError {
	return &UsageError{Title: "That cannot be done", Problem: fmt.Sprintf(format, args...)}
}

// several is for a line that may mean one of several; the choices say which.
func several(format string, args ...any) *UsageError {
	return &UsageError{Title: "Which one do you mean?", Problem: fmt.Sprintf(format, args...)}
}

// find splits a typed line into its command and the rest. An empty line shows
// the open tickets, a bare ticket shows that ticket.
func find(commands []Command, line string) (*Command, string, error) {
	line = strings.TrimFunc(line, space)
	if line == "" {
		return named(commands, "open"), "", nil
	}
	first, rest := cutWord(line)
	if ticket, _ := cutTicket(first); looksLikeTicket(ticket) {
		if rest == "" {
			return named(commands, "ticket"), ticket, nil
		}
		e := usage("After a ticket alone I expect nothing more.")
		word, after := cutWord(rest)
		if c := named(commands, strings.ToLower(word)); c != nil && strings.HasPrefix(c.Args, "<ticket>") {
			e.Choices = append(e.Choices, saying(c.Name, ticket, after))
		}
		e.Choices = append(e.Choices, Choice{"Note", "note " + line}, Choice{"Reply", "reply " + line}, Choice{"Just show it", "ticket " + ticket})
		return nil, "", e
	}
	word := strings.ToLower(strings.TrimPrefix(first, "/"))
	if c := named(commands, word); c != nil {
		return c, rest, nil
	}
	e := usage("I do not know the command “%s”.", clip(first, 40))
	if c := nearest(commands, word); c != nil {
		e.Command = c
		e.Choices = []Choice{saying(c.Name, rest)}
	} else {
		e.Choices = []Choice{{"What can I type?", "help"}}
	}
	return nil, "", e
}

// saying is a button that shows the line behind it.
func saying(words ...string) Choice {
	line := strings.Join(present(words...), " ")
	return Choice{Label: clip(line, 60), Line: line}
}

// named is the command of that name or alias, nil if there is none.
func named(commands []Command, word string) *Command {
	for i := range commands {
		if c := &commands[i]; c.Name == word || slices.Contains(c.Aliases, word) {
			return c
		}
	}
	return nil
}

// nearest is the command whose name is at most two slips away.
func nearest(commands []Command, word string) *Command {
	if utf8.RuneCountInString(word) > 30 {
		return nil
	}
	var best *Command
	least := 3
	for i := range commands {
		for _, name := range append([]string{commands[i].Name}, commands[i].Aliases...) {
			if d := levenshtein.ComputeDistance(word, name); d < least && d < len(name) {
				best, least = &commands[i], d
			}
		}
	}
	return best
}

// space is white space and what chat clients put in its place.
func space(r rune) bool { return unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' }

// cutWord splits off the first word. The rest keeps its line breaks.
func cutWord(s string) (word, rest string) {
	s = strings.TrimFunc(s, space)
	i := strings.IndexFunc(s, space)
	if i < 0 {
		return s, ""
	}
	return s[:i], strings.TrimFunc(s[i:], space)
}

// cutLastWord splits off the last word.
func cutLastWord(s string) (rest, word string) {
	s = strings.TrimFunc(s, space)
	i := max(0, strings.LastIndexFunc(s, space))
	return strings.TrimFunc(s[:i], space), strings.TrimFunc(s[i:], space)
}

// cutFlags takes the flags off both ends of a line, as far as take knows them.
// Between them stands what is sent.
func cutFlags(s string, take func(flag string) bool) string {
	for {
		first, after := cutWord(s)
		before, last := cutLastWord(s)
		switch {
		case take(flag(first)):
			s = after
		case take(flag(last)):
			s = before
		default:
			return s
		}
	}
}

// cutTicket splits off the ticket that a line names first: 32164, or
// ticket #32164, without the punctuation that may follow it.
func cutTicket(s string) (word, rest string) {
	word, rest = cutWord(s)
	if strings.EqualFold(word, "ticket") && rest != "" {
		word, rest = cutWord(rest)
	}
	return strings.TrimRight(word, ".,:;"), rest
}

// cutTo takes off what people write before a value: to rob, @rob, = New.
func cutTo(s string) string {
	if word, rest := cutWord(s); rest != "" && (strings.EqualFold(word, "to") || word == "=" || word == "->" || word == "→") {
		s = rest
	}
	return strings.TrimPrefix(s, "@")
}

// unquote takes one pair of quotes, straight or curly, off a text that stands
// wholly in them.
func unquote(s string) string {
	s = strings.TrimFunc(s, space)
	first, n := utf8.DecodeRuneInString(s)
	last, m := utf8.DecodeLastRuneInString(s)
	if len(s) < n+m {
		return s
	}
	const open, closing = `"'“‘„«`, `"'”’“»`
	for i, o := range []rune(open) {
		if o == first && []rune(closing)[i] == last || first == '“' && last == '“' {
			inner := s[n : len(s)-m]
			if strings.ContainsRune(inner, first) && first == last {
				return s // "a" and "b"
			}
			return strings.TrimFunc(inner, space)
		}
	}
	return s
}

// clip shortens a text for a title or a button.
func clip(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return s
}

// looksLikeTicket reports whether a word can only be meant as a ticket.
func looksLikeTicket(word string) bool {
	word = strings.TrimPrefix(word, "#")
	return strings.HasPrefix(word, "https://") || strings.HasPrefix(word, "http://") ||
		strings.Trim(word, "-+0123456789") == "" && strings.ContainsAny(word, "0123456789")
}

// ticket reads the ticket that the line names first and returns what stands
// behind it.
func (c *Call) ticket(ctx context.Context) (syncro.Ticket, string, error) {
	word, rest := cutTicket(c.Rest)
	if word == "" {
		return syncro.Ticket{}, "", usage("Which ticket? Its number is missing.")
	}
	if id, err := c.linked(word); id != 0 || err != nil {
		if err != nil {
			return syncro.Ticket{}, "", err
		}
		t, err := c.Reader.Ticket(ctx, id)
		c.noticed.read(ctx, t)
		return t, rest, err
	}
	number, err := strconv.ParseInt(strings.TrimPrefix(word, "#"), 10, 64)
	if err != nil || number <= 0 || number > maxNumber {
		return syncro.Ticket{}, "", usage("“%s” is no ticket number.", clip(word, 40))
	}
	t, err := c.Reader.TicketByNumber(ctx, number)
	c.noticed.read(ctx, t)
	if answer, ok := errors.AsType[*syncro.Error](err); ok && answer.Kind == syncro.NotFound {
		return t, rest, c.noSuchTicket(ctx, number, rest)
	}
	return t, rest, err
}

// maxNumber is far above any ticket number and still exact in JSON.
const maxNumber = 1 << 53

// linked is the id of a pasted link to a ticket, 0 when word is no link.
func (c *Call) linked(word string) (int64, error) {
	if !strings.HasPrefix(word, "https://") && !strings.HasPrefix(word, "http://") {
		return 0, nil
	}
	u, err := url.Parse(word)
	home, _ := url.Parse(c.TicketURL(0))
	if err != nil || !strings.EqualFold(u.Host, home.Host) {
		return 0, refuse("That link does not lead to our Syncro.")
	}
	tail, ok := strings.CutPrefix(u.Path, strings.TrimSuffix(home.Path, "0"))
	tail, _, _ = strings.Cut(tail, "/")
	id, err := strconv.ParseInt(tail, 10, 64)
	if !ok || err != nil || id <= 0 {
		return 0, refuse("That link does not lead to a ticket.")
	}
	return id, nil
}

// noSuchTicket says so, and looks among the open tickets for slips of the
// finger.
func (c *Call) noSuchTicket(ctx context.Context, number int64, rest string) error {
	e := refuse("There is no ticket #%d.", number)
	if what, _, ok, err := c.line(ctx, strconv.FormatInt(number, 10)); ok && err == nil && what.Ticket != 0 && c.name != "ticket" {
		// A line of a list may be meant; in a change that is never guessed.
		e.Choices = []Choice{{
			Label: fmt.Sprintf("Line %d of your list", number),
			Line:  strings.TrimSpace(c.name + " " + c.TicketURL(what.Ticket) + " " + rest),
		}}
		return e
	}
	if c.name == "invoice" {
		if inv, err := c.Reader.InvoiceNumbered(ctx, number); err == nil && inv.TicketID != 0 {
			e = refuse("There is no ticket #%[1]d. %[1]d is the number of an invoice.", number)
			e.Choices = []Choice{{
				Label: fmt.Sprintf("Invoice #%d", number), Line: strings.TrimSpace("invoice " + c.TicketURL(inv.TicketID) + " " + rest),
			}}
			return e
		}
	}
	open, err := c.Reader.OpenTickets(ctx)
	if err != nil {
		return e // the first answer stands without the help
	}
	typed := strconv.FormatInt(number, 10)
	for _, t := range open.Items {
		n := strconv.FormatInt(t.Number, 10)
		if sameDigits(n, typed) || levenshtein.ComputeDistance(n, typed) == 1 {
			e.Choices = append(e.Choices, Choice{
				Label: clip(fmt.Sprintf("#%d %s", t.Number, t.Subject), 60),
				Line:  strings.TrimSpace(fmt.Sprintf("%s %d %s", c.name, t.Number, rest)),
			})
		}
		if len(e.Choices) == 3 {
			break
		}
	}
	return e
}

// sameDigits reports whether b is a with its digits in another order.
func sameDigits(a, b string) bool {
	x, y := []byte(a), []byte(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// text is the words that are to be sent: unquoted, present, and not longer
// than a card can show whole.
func text(s, what string) (string, error) {
	s = unquote(s)
	if s == "" {
		return "", usage("What should the %s say? Its text is missing.", what)
	}
	if n := utf8.RuneCountInString(s); n > maxText {
		return "", refuse("The text has %d characters. At most %d are shown whole on a card, and only what was shown is sent.", n, maxText)
	}
	return s, nil
}

// pick finds what was typed among names, without regard to case. A number
// before a name ("0 Urgent") need not be typed, and a beginning is enough
// when it leaves no choice. Otherwise it returns what may have been meant.
func pick(names []string, typed string) (name string, maybe []string) {
	want := fold(typed)
	if want == "" {
		return "", nil
	}
	var begins []string
	for _, n := range names {
		if fold(n) == want || strings.EqualFold(strings.TrimSpace(n), strings.TrimSpace(typed)) {
			return n, nil
		}
		if strings.HasPrefix(fold(n), want) {
			begins = append(begins, n)
		}
	}
	if len(begins) > 0 {
		if len(begins) == 1 {
			return begins[0], nil
		}
		return "", begins
	}
	if len(want) > 60 {
		return "", nil
	}
	for _, n := range names {
		if f := fold(n); f != "" && (strings.Contains(f, want) || slices.ContainsFunc(append(strings.Fields(f), f), func(part string) bool {
			return levenshtein.ComputeDistance(part, want) <= 1+len(want)/4
		})) {
			maybe = append(maybe, n)
		}
	}
	return "", maybe
}

// fold is a name as it is compared: lower case, single spaces, without a
// leading rank.
func fold(name string) string {
	name = strings.ToLower(strings.Join(strings.Fields(unquote(name)), " "))
	return strings.TrimLeft(name, "0123456789. ")
}

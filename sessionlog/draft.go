// Package sessionlog writes down what was done on a ticket: a Markdown file in
// the shop's own folder of its customers. It imports syncro alone.
package sessionlog

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"github.com/syncrobot/syncrobot/syncro"
)

// Draft is a session log that is not written yet.
type Draft struct {
	Path   string // below the folder of session logs, with slashes
	Text   string // Markdown
	Masked int    // how many times something that looked like a secret was masked
}

// Mark tells two drafts apart.
func (d Draft) Mark() string {
	sum := sha256.Sum256([]byte(d.Path + "\n" + d.Text))
	return hex.EncodeToString(sum[:8])
}

// New drafts the log of a ticket as it is now. Everything of Syncro's stands
// in fenced blocks, where Markdown reads no markup.
func New(t syncro.Ticket, by string, now time.Time) Draft {
	var b strings.Builder
	// A name is seen more widely than the file: it is in listings and commits.
	customer, _ := mask(t.Customer)
	subject, _ := mask(t.Subject)
	d := Draft{Path: filepath.ToSlash(filepath.Join("clients", slug(customer, fmt.Sprintf("customer-%d", t.CustomerID)), "session-logs",
		fmt.Sprintf("%s-%d-%s.md", now.Format(time.DateOnly), t.Number, slug(subject, "ticket"))))}
	quote := func(s string) {
		masked, n := mask(s)
		d.Masked += n
		fence := "```"
		for strings.Contains(masked, fence) {
			fence += "`"
		}
		fmt.Fprintf(&b, "%s\n%s\n%s\n", fence, strings.TrimSpace(masked), fence)
	}
	fmt.Fprintf(&b, "# Ticket #%d, %s\n\n", t.Number, now.Format("Mon 2 Jan 2006"))
	quote(t.Subject)
	fmt.Fprintf(&b, "\n## Ticket\n\n")
	quote(strings.Join([]string{
		"Customer:    " + t.Customer,
		"Contact:     " + t.Contact,
		"Status:      " + t.Status,
		"Priority:    " + t.Priority,
		"Technician:  " + t.Technician,
		"Created:     " + stamp(t.Created),
		"Log by:      " + by,
	}, "\n"))
	if r := resolution(t); r != "" {
		b.WriteString("\n## Resolution\n\n")
		quote(r)
	}
	b.WriteString("\n## Time and charges\n\n")
	quote(work(t))
	fmt.Fprintf(&b, "\n## Comments, oldest first (%d)\n", len(t.Comments))
	for i := len(t.Comments) - 1; i >= 0; i-- {
		c := t.Comments[i]
		b.WriteString("\n")
		quote(strings.Join([]string{header(c), "", c.Body}, "\n"))
	}
	d.Text = b.String()
	return d
}

// resolution is the latest comment that says what solved it.
func resolution(t syncro.Ticket) string {
	for _, c := range t.Comments { // newest first
		if strings.EqualFold(strings.TrimSpace(c.Subject), "Resolution") {
			return c.Body
		}
	}
	return ""
}

func header(c syncro.Comment) string {
	who := "to the customer"
	switch {
	case c.FromCustomer:
		who = "from the customer"
	case c.Hidden:
		who = "internal"
	}
	if c.Tech != "" {
		who = c.Tech + " · " + who
	}
	return strings.Join([]string{stamp(c.Created), who, c.Subject}, " · ")
}

func work(t syncro.Ticket) string {
	var lines []string
	for _, e := range t.Timers {
		length := "running"
		if e.Active > 0 {
			length = strings.TrimSuffix(e.Active.Round(time.Minute).String(), "0s")
		}
		lines = append(lines, fmt.Sprintf("Timer: %s from %s · %s", length, stamp(e.Start), oneLine(e.Notes)))
	}
	for _, l := range t.LineItems {
		lines = append(lines, fmt.Sprintf("Charge: %s × %s at %s", l.Quantity, oneLine(l.Name), l.Discount.Less(l.Price)))
	}
	if lines == nil {
		return "None."
	}
	return strings.Join(lines, "\n")
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.Local().Format("2006-01-02 15:04 MST")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

// maxSlug keeps a path with three of them below every file system's limits.
const maxSlug = 60

// slug is a text as a name that every file system takes: lower-case letters,
// digits and dashes. instead stands for a text that has none.
func slug(text, instead string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(text) {
		switch {
		case r < unicode.MaxASCII && (unicode.IsLetter(r) || unicode.IsDigit(r)):
			b.WriteRune(r)
		case !strings.HasSuffix(b.String(), "-") && b.Len() > 0:
			b.WriteByte('-')
		}
		if b.Len() >= maxSlug {
			break
		}
	}
	name := strings.Trim(b.String(), "-")
	switch name {
	case "":
		return instead
	case "con", "prn", "aux", "nul": // Windows keeps these for itself
		return name + "-"
	}
	return name
}

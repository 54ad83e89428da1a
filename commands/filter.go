package commands

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

// filters are a search as it was typed: “printer customer:harbor status:open
// to:me since:7d”. Each is empty where it was not.
type filters struct{ words, customer, status, to, since string }

type filter struct {
	name string
	at   *string
}

// fields are the filters by name, in the order in which they are written.
func (f *filters) fields() []filter {
	return []filter{{"customer", &f.customer}, {"status", &f.status}, {"to", &f.to}, {"since", &f.since}}
}

const filterNames = "customer:, status:, to: and since:"

// parseFilters reads a search. A value of several words stands in quotes or
// has _ between them. What stands in quotes by itself is searched for as it is.
func parseFilters(typed string) (filters, error) {
	var f filters
	rest := typed
	var words []string
	for rest = strings.TrimFunc(rest, space); rest != ""; {
		if inner, after, ok := cutQuoted(rest); ok {
			words, rest = append(words, inner), after
			continue
		}
		word, after := cutWord(rest)
		name, value, ok := strings.Cut(word, ":")
		at, meant := f.field(name, ok)
		if meant != "" {
			e := usage("There is no filter “%s:”. There are %s. To search for it as it stands, write “%s” in quotes.", clip(name, 40), filterNames, clip(word, 60))
			line := "search " + strings.Replace(typed, word, meant+":"+value, 1)
			e.Choices = []Choice{{Label: clip(line, 60), Line: line}}
			return filters{}, e
		}
		if at == nil {
			words, rest = append(words, word), after
			continue
		}
		_, whole, _ := strings.Cut(rest, ":")
		if inner, behind, quoted := cutQuoted(whole); quoted && value != "" {
			value, after = inner, behind
		}
		value = oneLine(strings.ReplaceAll(value, "_", " "))
		switch {
		case value == "":
			return filters{}, usage("What comes after “%s:”? Write it without a space between.", name)
		case *at != "":
			return filters{}, usage("There are two “%s:”.", name)
		}
		*at, rest = value, after
	}
	if len(words) == 0 && f != (filters{}) {
		return f, nil
	}
	var err error
	f.words, err = searched(strings.Join(words, " "))
	return f, err
}

// field is the filter of a name, nil where it is none's, and the name of the
// one that was meant where it nearly is one: who searches for the words
// themselves quotes them.
func (f *filters) field(name string, colon bool) (at *string, meant string) {
	if !colon {
		return nil, ""
	}
	for _, field := range f.fields() {
		if strings.EqualFold(name, field.name) {
			return field.at, ""
		}
		if len(name) > 2 && levenshtein.ComputeDistance(strings.ToLower(name), field.name) <= 2 {
			meant = field.name
		}
	}
	return nil, meant
}

// line is the search as it can be typed.
func (f filters) line() string {
	line := "search"
	if strings.Contains(f.words, ":") {
		line += " “" + f.words + "”"
	} else if f.words != "" {
		line += " " + f.words
	}
	for _, field := range f.fields() {
		if *field.at != "" {
			line += " " + field.name + ":" + strings.ReplaceAll(*field.at, " ", "_")
		}
	}
	return line
}

// resolve finds what the filters mean in this account, and says it in fields.
func (c *Call) resolve(ctx context.Context, f filters) (syncro.TicketSearch, chat.Fields, error) {
	s := syncro.TicketSearch{Words: f.words}
	var said chat.Fields
	if f.customer != "" {
		customer, err := c.customerNamed(ctx, f)
		if err != nil {
			return s, nil, err
		}
		s.CustomerID = customer.ID
		said = append(said, chat.Field{Name: "Customer", Value: customer.Name})
	}
	var settings syncro.Settings
	s.Open = strings.EqualFold(f.status, "open")
	if f.status != "" && !s.Open || f.to != "" && !strings.EqualFold(f.to, "me") {
		var err error
		if settings, err = c.Reader.Settings(ctx); err != nil {
			return s, nil, err
		}
	}
	switch {
	case s.Open:
		said = append(said, chat.Field{Name: "Status", Value: "open"})
	case f.status != "":
		status, err := oneOf(settings.Statuses, "status", f.status, func(name string) string { g := f; g.status = name; return g.line() })
		if err != nil {
			return s, nil, err
		}
		s.Status = status
		said = append(said, chat.Field{Name: "Status", Value: status})
	}
	if f.to != "" {
		who, err := c.technician(settings.Technicians, f.to, func(t syncro.Technician) string { g := f; g.to = t.Name; return g.line() })
		if err != nil {
			return s, nil, err
		}
		s.UserID = who.ID
		said = append(said, chat.Field{Name: "Assigned to", Value: who.Name})
	}
	if f.since != "" {
		since, err := c.since(f.since)
		if err != nil {
			return s, nil, err
		}
		s.Since = since
		said = append(said, chat.Field{Name: "Updated since", Value: since.In(c.zone()).Format("Mon 2 Jan 2006, 15:04")})
	}
	return s, said, nil
}

// customerNamed is the one customer that a filter means.
func (c *Call) customerNamed(ctx context.Context, f filters) (syncro.Customer, error) {
	list, err := c.Reader.SearchCustomers(ctx, f.customer)
	if err != nil {
		return syncro.Customer{}, err
	}
	for _, found := range list.Items {
		if fold(found.Name) == fold(f.customer) || len(list.Items) == 1 && !list.More {
			return found, nil
		}
	}
	if len(list.Items) == 0 {
		return syncro.Customer{}, refuse("Syncro finds no customer “%s”.", clip(f.customer, 60))
	}
	e := several("Several customers are meant by “%s”.", clip(f.customer, 60))
	for _, found := range list.Items[:min(len(list.Items), 5)] {
		g := f
		g.customer = oneLine(found.Name)
		e.Choices = append(e.Choices, Choice{Label: clip(g.customer, 60), Line: g.line()})
	}
	return syncro.Customer{}, e
}

// since is a moment before now (36h, 7d, 2w), or the beginning of a day where
// the person works (2026-11-20, today).
func (c *Call) since(typed string) (time.Time, error) {
	if strings.EqualFold(typed, "today") {
		typed = c.Now.Format(time.DateOnly)
	}
	if day, err := time.ParseInLocation(time.DateOnly, typed, c.zone()); err == nil {
		return day, nil
	}
	number, unit := typed[:len(typed)-1], strings.ToLower(typed[len(typed)-1:])
	if n, err := strconv.Atoi(number); err == nil && n > 0 && n <= 1000 {
		switch unit {
		case "h":
			return c.Now.Add(-time.Duration(n) * time.Hour), nil
		case "d":
			return c.Now.AddDate(0, 0, -n), nil
		case "w":
			return c.Now.AddDate(0, 0, -7*n), nil
		}
	}
	return time.Time{}, usage("Since when is “%s”? Write 36h, 7d, 2w, today, or a day as %s.", clip(typed, 40), c.Now.Format(time.DateOnly))
}

// narrower are searches that find fewer of the same.
func (c *Call) narrower(f filters) []Choice {
	var choices []Choice
	if f.status == "" {
		g := f
		g.status = "open"
		choices = append(choices, Choice{"Open only", g.line()})
	}
	if f.to == "" && !c.Who.Shared {
		g := f
		g.to = "me"
		choices = append(choices, Choice{"Mine only", g.line()})
	}
	return choices
}

// title is what was searched for, short.
func (f filters) title(found int) string {
	if f.words == "" {
		return fmt.Sprintf("Tickets · %d", found)
	}
	return fmt.Sprintf("Tickets with “%s” · %d", clip(f.words, 60), found)
}

package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func createTicket() Command {
	return Command{
		Name: "create", Aliases: []string{"new"}, Args: "<customer> <subject> [--to=<technician>]",
		Summary:  "A new ticket, assigned to you; what is missing is asked in a form",
		Examples: []string{"create", "create harbor Scanner to e-mail fails", "create “Harbor Dental” Scanner to e-mail fails --to=rob"},
		Ask: func(rest string, known Known) *Form {
			if strings.TrimFunc(rest, space) != "" {
				return nil
			}
			return &Form{Form: newTicketForm(known, values{})}
		},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			to := ""
			c.Rest = cutFlags(c.Rest, func(flag string) bool {
				name, is := strings.CutPrefix(flag, toFlag)
				is = is && strings.TrimRight(name, `"”’»`) == name // else it ends a quoted subject
				if is {
					to = strings.ReplaceAll(strings.TrimPrefix(name, "@"), "_", " ")
				}
				return is
			})
			customer, subject, err := c.customerAndSubject(ctx, to)
			if err != nil {
				return Result{}, err
			}
			if subject == "" {
				return c.askSubject(ctx, customer, to)
			}
			return c.newTicket(ctx, customer, values{"subject": subject, "assignee": to})
		},
		Submit: func(ctx context.Context, c *Call, thread string, v map[string]string) (Result, error) {
			id, err := strconv.ParseInt(v["customer"], 10, 64)
			if err != nil {
				return Result{}, usage("Which customer? Choose one from the list.")
			}
			customer, err := c.Reader.Customer(ctx, id)
			if err != nil {
				return Result{}, err
			}
			v["text"] = withThread(v["text"], thread, v)
			return c.newTicket(ctx, customer, v)
		},
		Suggest: suggestForTicket,
		Shortcut: &Shortcut{Name: "new_ticket", Label: "New Syncro ticket", About: "Make a ticket of this message; nothing is sent before you confirm it", Form: func(on *chat.Message, known Known) Form {
			v := values{}
			intro := ""
			if on != nil {
				first, _, _ := strings.Cut(strings.TrimSpace(on.Text), "\n")
				v["subject"] = clip(oneLine(first), 120)
				v["text"], intro = quotedMessage(on)
			}
			form := Form{Form: newTicketForm(known, v)}
			form.Intro = strings.TrimSpace(intro + "\n" + form.Intro)
			form.offerThread(on)
			return form
		}},
	}
}

const toFlag = "--to="

// values are a form's answers.
type values = map[string]string

// mine is the choice of oneself as the technician.
const mine = "me"

// newTicketForm asks for all that a ticket may begin with. What the account's
// lists have is chosen; where they are not known at the moment they are looked
// up as one types.
func newTicketForm(known Known, v values) chat.Form {
	set := known.Settings
	var people []chat.Option
	if known.Own {
		people = append(people, chat.Option{Label: "Me", Value: mine})
	}
	for _, t := range set.Technicians {
		people = append(people, chat.Option{Label: clip(oneLine(t.Name), 70), Value: strconv.FormatInt(t.ID, 10)})
	}
	priority, _ := pick(set.Priorities, known.DefaultPriority)
	form := chat.Form{
		Title: "New Syncro ticket", Submit: "Preview",
		Intro: "The next card shows everything that will be sent, and asks.",
		Inputs: []chat.Input{
			{Name: "customer", Label: "Customer", Kind: chat.Lookup},
			{Name: "subject", Label: "Subject", Kind: chat.Line},
			{Name: "text", Label: "Details", Hint: "The ticket's first comment; the customer sees it and is not e-mailed", Kind: chat.Paragraph, Optional: true},
			{Name: "contact", Label: "Contact", Hint: "A person at the customer: choose the customer first", Kind: chat.Lookup, Optional: true, GoesBy: "customer"},
			chosenOf("assignee", "Assigned to", people, len(set.Technicians) > 0),
			chosenOf("priority", "Priority", asOptions(set.Priorities), len(set.Priorities) > 0),
			chosenOf("problem", "Problem type", asOptions(set.ProblemTypes), len(set.ProblemTypes) > 0),
			{Name: "due", Label: "Due", Kind: chat.Date, Optional: true},
		},
	}
	defaults := values{"priority": priority}
	if known.Own {
		defaults["assignee"] = mine
	}
	for i := range form.Inputs {
		in := &form.Inputs[i]
		in.Value = cmp.Or(v[in.Name], defaults[in.Name])
	}
	return form
}

// chosenOf is an input for one of a list of the account's.
func chosenOf(name, label string, options []chat.Option, listed bool) chat.Input {
	in := chat.Input{Name: name, Label: label, Kind: chat.Select, Options: options, Optional: name == "problem"}
	if !listed {
		in.Kind, in.Optional = chat.Lookup, true // left empty it is the shop's default, shown on the card
	}
	return in
}

// asOptions are names as options that stand for themselves.
func asOptions(names []string) []chat.Option {
	options := make([]chat.Option, len(names))
	for i, n := range names {
		options[i] = chat.Option{Label: clip(oneLine(n), 70), Value: n}
	}
	return options
}

// suggestForTicket finds what a new ticket's form looks up.
func suggestForTicket(ctx context.Context, c *Call, s chat.Search) ([]chat.Option, error) {
	var found []chat.Option
	switch s.Input {
	case "customer":
		if s.Typed == "" {
			return nil, nil
		}
		list, err := c.Reader.SearchCustomers(ctx, clip(s.Typed, 100))
		if err != nil {
			return nil, err
		}
		for _, f := range list.Items {
			found = append(found, chat.Option{Label: clip(oneLine(f.Name), 70), Value: strconv.FormatInt(f.ID, 10)})
		}
		return found, nil
	case "contact":
		customer, err := strconv.ParseInt(s.Values["customer"], 10, 64)
		if err != nil {
			return nil, nil // none is chosen yet
		}
		list, err := c.Reader.Contacts(ctx, customer)
		if err != nil {
			return nil, err
		}
		for _, p := range list.Items {
			found = append(found, chat.Option{Label: clip(oneLine(strings.Join(present(p.Name, p.Email), " · ")), 70), Value: strconv.FormatInt(p.ID, 10)})
		}
	case "assignee", "priority", "problem":
		settings, err := c.Reader.Settings(ctx)
		if err != nil {
			return nil, err
		}
		known := c.Known(ctx)
		known.Settings = settings
		for _, in := range newTicketForm(known, values{}).Inputs {
			if in.Name == s.Input {
				found = in.Options
			}
		}
	}
	return slices.DeleteFunc(found, func(o chat.Option) bool { return !strings.Contains(fold(o.Label), fold(s.Typed)) }), nil
}

// newTicket plans a ticket. Assignee and priority are always set.
func (c *Call) newTicket(ctx context.Context, customer syncro.Customer, v values) (Result, error) {
	subject := oneLine(unquote(v["subject"]))
	switch {
	case subject == "":
		return Result{}, usage("What is the ticket about? Its subject is missing.")
	case len([]rune(subject)) > 255:
		return Result{}, refuse("The subject has more than 255 characters.")
	}
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return Result{}, err
	}
	priority, _ := pick(settings.Priorities, cmp.Or(v["priority"], c.DefaultPriority))
	if priority == "" {
		return Result{}, refuse("There is no priority “%s”. There are: %s.", cmp.Or(v["priority"], c.DefaultPriority),
			strings.Join(present(settings.Priorities...), ", "))
	}
	status, err := c.configured(ctx, "New")
	if err != nil {
		return Result{}, err
	}
	problem := v["problem"]
	if problem != "" && len(settings.ProblemTypes) > 0 {
		if problem, _ = pick(settings.ProblemTypes, problem); problem == "" {
			return Result{}, refuse("There is no problem type “%s”. There are: %s.", clip(v["problem"], 40), strings.Join(present(settings.ProblemTypes...), ", "))
		}
	}
	line := func(to string) string {
		return fmt.Sprintf("create %s“%s” %s", to, oneLine(customer.Name), quoted(subject))
	}
	to, err := c.assignee(settings.Technicians, v["assignee"], line)
	if err != nil {
		return Result{}, err
	}
	w := syncro.CreateTicket{
		CustomerID: customer.ID, Subject: subject, ProblemType: problem, Status: status, Priority: priority, DueDate: v["due"],
		UserID: to.ID, Technician: to.Name, Since: c.Now.UTC().Truncate(time.Second), Customer: customer.Name,
	}
	if v["contact"] != "" {
		if w.ContactID, w.Contact, err = c.contact(ctx, customer, v["contact"]); err != nil {
			return Result{}, err
		}
	}
	body := v["text"]
	if strings.TrimFunc(body, space) != "" {
		if body, err = text(body, "first comment"); err != nil {
			return Result{}, err
		}
		w.Comment = syncro.FirstComment{Subject: "Initial Issue", Body: body, DoNotEmail: true}
	}
	plan := &confirm.Plan{
		Title: "Create a ticket for " + clip(oneLine(customer.Name), 80), Steps: []syncro.Write{w}, Typed: line(""),
		Edit:  &confirm.Edit{Command: "create", Form: c.filledIn(ctx, settings, w, body)},
		After: []confirm.After{{Label: "Show the ticket", Line: "ticket " + confirm.Made}, {Label: "Start timer", Line: "start " + confirm.Made}},
	}
	facts, choices := c.similar(ctx, customer, subject, body)
	plan.Facts = facts
	return Result{Plan: plan, Choices: choices}, nil
}

// askSubject asks in the form what a line that names a customer lacks.
func (c *Call) askSubject(ctx context.Context, customer syncro.Customer, to string) (Result, error) {
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return Result{}, err
	}
	w := syncro.CreateTicket{CustomerID: customer.ID, Customer: customer.Name}
	if to != "" {
		t, err := c.assignee(settings.Technicians, to, func(flag string) string { return fmt.Sprintf("create %s“%s”", flag, oneLine(customer.Name)) })
		if err != nil {
			return Result{}, err
		}
		w.UserID = t.ID
	}
	return Result{Ask: &Form{Form: c.filledIn(ctx, settings, w, "")}}, nil
}

// filledIn is the form of a ticket that is about to be made.
func (c *Call) filledIn(ctx context.Context, settings syncro.Settings, w syncro.CreateTicket, body string) chat.Form {
	known := c.Known(ctx)
	known.Settings = settings
	id := func(n int64) string {
		if n == 0 {
			return ""
		}
		return strconv.FormatInt(n, 10)
	}
	assignee := id(w.UserID)
	if known.Own && w.UserID == c.Who.UserID {
		assignee = mine
	}
	form := newTicketForm(known, values{
		"customer": id(w.CustomerID), "subject": w.Subject, "text": body, "contact": id(w.ContactID),
		"assignee": assignee, "priority": w.Priority, "problem": w.ProblemType, "due": w.DueDate,
	})
	for i := range form.Inputs {
		in := &form.Inputs[i]
		switch in.Name {
		case "customer":
			in.Options = []chat.Option{{Label: clip(oneLine(w.Customer), 70), Value: in.Value}}
		case "contact":
			if in.Value != "" {
				in.Options = []chat.Option{{Label: clip(oneLine(w.Contact), 70), Value: in.Value}}
			}
		}
	}
	return form
}

// assignee is the technician that a new ticket goes to: whoever is named, else
// the one who makes it. Who has no key of their own is asked; line says the same
// with a flag before the customer.
func (c *Call) assignee(people []syncro.Technician, typed string, line func(flag string) string) (syncro.Technician, error) {
	if id, err := strconv.ParseInt(typed, 10, 64); err == nil {
		if i := slices.IndexFunc(people, func(t syncro.Technician) bool { return t.ID == id }); i >= 0 {
			return people[i], nil
		}
	}
	switch {
	case typed != "" && typed != mine:
		return c.technician(people, typed, func(t syncro.Technician) string { return line(toFlag + strings.ReplaceAll(t.Name, " ", "_") + " ") })
	case !c.Who.Shared:
		return syncro.Technician{ID: c.Who.UserID, Name: c.Who.FullName}, nil
	}
	e := several("To whom is it assigned? You have no Syncro key of your own, so I do not know which Syncro user you are.")
	for _, t := range people[:min(len(people), 15)] {
		e.Choices = append(e.Choices, Choice{Label: clip(oneLine(t.Name), 40), Line: line(toFlag + strconv.FormatInt(t.ID, 10) + " ")})
	}
	return syncro.Technician{}, e
}

// similar points out open tickets of the same customer whose subjects share
// words with the new one's: the same matter twice is worse than none. That they
// could not be looked for keeps nobody from making a ticket.
func (c *Call) similar(ctx context.Context, customer syncro.Customer, subject, body string) (chat.Fields, []Choice) {
	list, err := c.Reader.TicketsOf(ctx, customer.ID)
	if err != nil {
		words, _ := Explain(err)
		return chat.Fields{{Name: "Similar open", Value: "not known. " + words}}, nil
	}
	var facts chat.Fields
	var choices []Choice
	for _, t := range list.Items {
		if c.final(t.Status) || !alike(t.Subject, subject) || len(facts) == 3 {
			continue
		}
		facts = append(facts, chat.Field{Name: "Similar open", Value: strings.Join(present(
			fmt.Sprintf("#%d %s", t.Number, clip(oneLine(t.Subject), 70)), age(c.Now.Sub(t.Created), t.Created)), ", ")})
		line := strconv.FormatInt(t.Number, 10)
		if body != "" {
			line = "comment " + line + " " + quoted(body)
		}
		choices = append(choices, Choice{Label: fmt.Sprintf("Use #%d instead", t.Number), Line: line})
	}
	return facts, choices
}

// alike reports whether two subjects share half of the words of the shorter.
// Short words say nothing.
func alike(a, b string) bool {
	long := func(s string) []string {
		return slices.DeleteFunc(strings.FieldsFunc(strings.ToLower(s), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }),
			func(w string) bool { return utf8.RuneCountInString(w) < 4 })
	}
	some, others := long(a), long(b)
	if len(some) > len(others) {
		some, others = others, some
	}
	shared := 0
	for _, w := range some {
		if slices.Contains(others, w) {
			shared++
		}
	}
	return shared > 0 && 2*shared >= len(some)
}

// contact finds a person at a customer, chosen from a list or typed by name.
func (c *Call) contact(ctx context.Context, customer syncro.Customer, typed string) (int64, string, error) {
	list, err := c.Reader.Contacts(ctx, customer.ID)
	if err != nil {
		return 0, "", err
	}
	var names []string
	for _, p := range list.Items {
		if strconv.FormatInt(p.ID, 10) == typed {
			return p.ID, p.Name, nil
		}
		names = append(names, p.Name)
	}
	found, maybe := pick(names, typed)
	for _, p := range list.Items {
		if found != "" && p.Name == found {
			return p.ID, p.Name, nil
		}
	}
	known := present(maybe...)
	if len(known) == 0 {
		known = present(names...)
	}
	return 0, "", refuse("%s has no contact “%s”. There are: %s.", customer.Name, clip(typed, 40), clip(orNone(strings.Join(known, ", ")), 300))
}

// customerAndSubject reads "harbor Scanner fails": of the customers that
// Syncro finds by the first word, the one whose name the line goes on with
// longest. A quoted customer is taken as it stands.
func (c *Call) customerAndSubject(ctx context.Context, to string) (syncro.Customer, string, error) {
	query, subject := cutWord(c.Rest)
	quoted := ""
	if inner, after, ok := cutQuoted(c.Rest); ok {
		quoted, query, subject = inner, inner, after
	}
	list, err := c.Reader.SearchCustomers(ctx, strings.TrimRight(query, pause))
	if err != nil {
		return syncro.Customer{}, "", err
	}
	words := strings.Fields(c.Rest)
	if quoted != "" {
		words = strings.Fields(quoted)
	}
	var best []syncro.Customer
	most := 0
	for _, f := range list.Items {
		n, whole := leading(strings.Fields(strings.ToLower(f.Name)), words)
		if n == 0 && quoted == "" {
			continue
		}
		score := 2 * n
		if whole {
			score++
		}
		switch {
		case score > most || best == nil:
			best, most = []syncro.Customer{f}, score
		case score == most:
			best = append(best, f)
		}
	}
	if quoted == "" && most > 1 {
		subject = strings.Join(words[min(most/2, len(words)):], " ")
	}
	subject = strings.TrimLeft(subject, pause+" ")
	switch {
	case len(best) == 0:
		e := refuse("Syncro finds no customer “%s”.", clip(query, 60))
		e.Choices = []Choice{{"Choose in a form", "create"}}
		return syncro.Customer{}, "", e
	case len(best) > 1 || list.More && most%2 == 0:
		e := several("Several customers are meant by “%s”.", clip(query, 60))
		if to != "" {
			to = toFlag + strings.ReplaceAll(to, " ", "_") + " "
		}
		for _, f := range best[:min(len(best), 5)] {
			e.Choices = append(e.Choices, Choice{Label: clip(oneLine(f.Name), 60), Line: fmt.Sprintf("create %s“%s” %s", to, oneLine(f.Name), subject)})
		}
		return syncro.Customer{}, "", e
	}
	return best[0], subject, nil
}

// pause is what people write between a customer and a subject.
const pause = ",:;-–—"

// leading counts the words of name that typed begins with, and reports
// whether they are all of name. The last may be its beginning.
func leading(name, typed []string) (n int, whole bool) {
	for n < len(name) && n < len(typed) {
		word := strings.ToLower(unquote(strings.TrimRight(typed[n], pause)))
		if word != name[n] && !(n == 0 && strings.HasPrefix(name[n], word)) {
			break
		}
		n++
	}
	return n, n == len(name)
}

// cutQuoted splits off a beginning that stands in quotes.
func cutQuoted(s string) (inner, after string, ok bool) {
	s = strings.TrimFunc(s, space)
	for _, pair := range []string{`""`, `''`, `“”`, `„“`, `‘’`, `«»`, `““`} {
		p := []rune(pair)
		if rest, found := strings.CutPrefix(s, string(p[0])); found {
			if inner, after, ok = strings.Cut(rest, string(p[1])); ok {
				return strings.TrimFunc(inner, space), strings.TrimFunc(after, space), true
			}
		}
	}
	return "", s, false
}

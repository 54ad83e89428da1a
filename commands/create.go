package commands

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func createTicket() Command {
	return Command{
		Name: "create", Aliases: []string{"new"}, Args: "<customer> <subject>",
		Summary:  "A new ticket, assigned to you; what is missing is asked in a form",
		Examples: []string{"create", "create harbor Scanner to e-mail fails", "create “Harbor Dental” Scanner to e-mail fails"},
		Ask: func(rest string, rules Rules) *Form {
			if strings.TrimFunc(rest, space) != "" {
				return nil
			}
			return &Form{Form: newTicketForm("", "")}
		},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			customer, subject, err := c.customerAndSubject(ctx)
			if err != nil {
				return Result{}, err
			}
			return c.newTicket(ctx, customer, subject, "", values{})
		},
		Submit: func(ctx context.Context, c *Call, _ string, v map[string]string) (Result, error) {
			id, err := strconv.ParseInt(v["customer"], 10, 64)
			if err != nil {
				return Result{}, usage("Which customer? Choose one from the list.")
			}
			customer, err := c.Reader.Customer(ctx, id)
			if err != nil {
				return Result{}, err
			}
			return c.newTicket(ctx, customer, v["subject"], v["text"], v)
		},
		Suggest: func(ctx context.Context, c *Call, input, typed string) ([]chat.Option, error) {
			if input != "customer" || typed == "" {
				return nil, nil
			}
			found, err := c.Reader.SearchCustomers(ctx, clip(typed, 100))
			if err != nil {
				return nil, err
			}
			var options []chat.Option
			for _, f := range found.Items {
				options = append(options, chat.Option{Label: clip(oneLine(f.Name), 70), Value: strconv.FormatInt(f.ID, 10)})
			}
			return options, nil
		},
		Shortcut: &Shortcut{Name: "new_ticket", Label: "New Syncro ticket", About: "Make a ticket of this message; nothing is sent before you confirm it", Form: func(on *chat.Message) chat.Form {
			if on == nil {
				return newTicketForm("", "")
			}
			first, _, _ := strings.Cut(strings.TrimSpace(on.Text), "\n")
			return newTicketForm(clip(oneLine(first), 120), quotedMessage(*on))
		}},
	}
}

// values are a form's answers.
type values = map[string]string

func newTicketForm(subject, text string) chat.Form {
	return chat.Form{
		Title: "New Syncro ticket", Submit: "Preview",
		Intro: "The next card shows everything that will be sent, and asks.",
		Inputs: []chat.Input{
			{Name: "customer", Label: "Customer", Kind: chat.Lookup},
			{Name: "subject", Label: "Subject", Kind: chat.Line, Value: subject},
			{Name: "text", Label: "Details", Hint: "The ticket's first comment; the customer sees it and is not e-mailed", Kind: chat.Paragraph, Value: text, Optional: true},
			{Name: "contact", Label: "Contact", Hint: "The name of a person at the customer", Kind: chat.Line, Optional: true},
			{Name: "assignee", Label: "Assigned to", Hint: "Empty: you", Kind: chat.Line, Optional: true},
			{Name: "priority", Label: "Priority", Hint: "Empty: the shop's default", Kind: chat.Line, Optional: true},
			{Name: "problem", Label: "Problem type", Kind: chat.Line, Optional: true},
			{Name: "due", Label: "Due", Kind: chat.Date, Optional: true},
		},
	}
}

// quotedMessage is a message with its author, time and address, as it goes
// into a ticket.
func quotedMessage(m chat.Message) string {
	from := strings.Join(present("From "+cmp.Or(m.Author, "chat"), day(m.Time)), ", ")
	return strings.Join(present(from+":", m.Text, m.Link), "\n")
}

// newTicket plans a ticket. Assignee and priority are always set.
func (c *Call) newTicket(ctx context.Context, customer syncro.Customer, subject, body string, v values) (Result, error) {
	subject = oneLine(unquote(subject))
	switch {
	case subject == "":
		return Result{}, usage("What is the ticket about? Its subject is missing.")
	case len([]rune(subject)) > 255:
		return Result{}, usage("The subject has more than 255 characters.")
	}
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return Result{}, err
	}
	priority, _ := pick(settings.Priorities, cmp.Or(v["priority"], c.DefaultPriority))
	if priority == "" {
		return Result{}, usage("There is no priority “%s”. There are: %s.", cmp.Or(v["priority"], c.DefaultPriority),
			strings.Join(present(settings.Priorities...), ", "))
	}
	status, err := c.configured(ctx, "New")
	if err != nil {
		return Result{}, err
	}
	problem := v["problem"]
	if problem != "" && len(settings.ProblemTypes) > 0 {
		if problem, _ = pick(settings.ProblemTypes, problem); problem == "" {
			return Result{}, usage("There is no problem type “%s”. There are: %s.", clip(v["problem"], 40), strings.Join(present(settings.ProblemTypes...), ", "))
		}
	}
	w := syncro.CreateTicket{
		CustomerID: customer.ID, Subject: subject, ProblemType: problem, Status: status, Priority: priority, DueDate: v["due"],
		Since: c.Now.UTC().Truncate(time.Second), Customer: customer.Name,
	}
	switch {
	case v["assignee"] != "":
		to, err := c.technician(settings.Technicians, syncro.Ticket{}, v["assignee"])
		if err != nil {
			return Result{}, err
		}
		w.UserID, w.Technician = to.ID, to.Name
	case !c.Who.Shared:
		w.UserID, w.Technician = c.Who.UserID, c.Who.FullName
	default:
		return Result{}, usage("To whom is it assigned? You have no Syncro key of your own: name somebody in the form that “create” opens.")
	}
	if v["contact"] != "" {
		if w.ContactID, w.Contact, err = c.contact(ctx, customer, v["contact"]); err != nil {
			return Result{}, err
		}
	}
	if strings.TrimFunc(body, space) != "" {
		if body, err = text(body, "first comment"); err != nil {
			return Result{}, err
		}
		w.Comment = syncro.FirstComment{Subject: "Initial Issue", Body: body, DoNotEmail: true}
	}
	form := newTicketForm(subject, body)
	for i := range form.Inputs {
		if in := &form.Inputs[i]; in.Value == "" {
			in.Value = v[in.Name]
		}
	}
	form.Inputs[0].Value = strconv.FormatInt(customer.ID, 10)
	form.Inputs[0].Options = []chat.Option{{Label: clip(oneLine(customer.Name), 70), Value: form.Inputs[0].Value}}
	return Result{Plan: &confirm.Plan{
		Title: "Create a ticket for " + clip(oneLine(customer.Name), 80), Steps: []syncro.Write{w},
		Typed: fmt.Sprintf("create “%s” %s", oneLine(customer.Name), subject),
		Edit:  &confirm.Edit{Command: "create", Form: form},
	}}, nil
}

// contact finds a person at a customer by name.
func (c *Call) contact(ctx context.Context, customer syncro.Customer, typed string) (int64, string, error) {
	list, err := c.Reader.Contacts(ctx, customer.ID)
	if err != nil {
		return 0, "", err
	}
	var names []string
	for _, p := range list.Items {
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
	return 0, "", usage("%s has no contact “%s”. There are: %s.", customer.Name, clip(typed, 40), clip(orNone(strings.Join(known, ", ")), 300))
}

// customerAndSubject reads "harbor Scanner fails": of the customers that
// Syncro finds by the first word, the one whose name the line goes on with
// longest. A quoted customer is taken as it stands.
func (c *Call) customerAndSubject(ctx context.Context) (syncro.Customer, string, error) {
	query, subject := cutWord(c.Rest)
	quoted := ""
	if inner, after, ok := cutQuoted(c.Rest); ok {
		quoted, query, subject = inner, inner, after
	}
	list, err := c.Reader.SearchCustomers(ctx, query)
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
	switch {
	case len(best) == 0:
		return syncro.Customer{}, "", usage("Syncro finds no customer “%s”.", clip(query, 60))
	case len(best) > 1 || list.More && most%2 == 0:
		e := usage("Several customers are meant by “%s”.", clip(query, 60))
		for _, f := range best[:min(len(best), 5)] {
			e.Choices = append(e.Choices, Choice{Label: clip(oneLine(f.Name), 60), Line: fmt.Sprintf("create “%s” %s", oneLine(f.Name), subject)})
		}
		return syncro.Customer{}, "", e
	}
	return best[0], subject, nil
}

// leading counts the words of name that typed begins with, and reports
// whether they are all of name. The last may be its beginning.
func leading(name, typed []string) (n int, whole bool) {
	for n < len(name) && n < len(typed) {
		word := strings.ToLower(unquote(typed[n]))
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

package commands

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func bill() Command {
	return Command{
		Name: "bill", Args: "<ticket> [minutes] [labor] [text]",
		Summary:  "Bill time: comment, charge, invoice, check, status Invoiced. What is missing is asked, never assumed",
		Examples: []string{"bill 32164", "bill 32164 30m remote “Rekey interval fixed.”", "bill 32164 1h onsite Replaced the switch --no-invoice --internal"},
		Ask: func(rest string, known Known) *Form {
			word, rest := cutTicket(rest)
			work, err := parseWork(rest, known.Billing.Labor)
			if !looksLikeTicket(word) || err != nil || work.complete() || len(known.Billing.Labor) == 0 {
				return nil
			}
			if !work.noInvoice && known.invoiced(word) {
				return nil // Run looks first
			}
			return work.form(word, known)
		},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			work, err := parseWork(rest, c.Billing.Labor)
			if err != nil {
				return Result{}, err
			}
			if !work.complete() && len(c.Billing.Labor) > 0 {
				if err := c.notInvoicedYet(ctx, t, work); err != nil {
					return Result{}, err
				}
				return Result{Ask: work.form(strconv.FormatInt(t.Number, 10), c.Known(ctx))}, nil
			}
			return c.bill(ctx, t, work)
		},
		Submit: func(ctx context.Context, c *Call, about string, values map[string]string) (Result, error) {
			c.Rest = about
			t, _, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			work, err := workOf(values)
			if err != nil {
				return Result{}, err
			}
			return c.bill(ctx, t, work)
		},
	}
}

// work is what is billed.
type work struct {
	minutes   int // 0: not said
	labor     string
	text      string
	audience  audience
	noInvoice bool
	keepTimer bool // their running timer on the ticket goes on
}

func (w work) complete() bool { return w.minutes > 0 && w.labor != "" && w.text != "" }

// audience is who sees a comment.
type audience string

// The audiences, as they are written in a line and in a form.
const (
	emailed  audience = "" // the customer sees it and is e-mailed
	noEmail  audience = "--no-email"
	internal audience = "--internal"
)

// take reads an audience's flag, and reports whether it is one.
func (a *audience) take(flag string) bool {
	is := flag == string(noEmail) || flag == string(internal)
	if is {
		*a = audience(flag)
	}
	return is
}

// others are the audiences that what is sent could have instead, a button each.
func (a audience) others(what string, line func(audience) string) []Choice {
	var choices []Choice
	for _, other := range []struct {
		audience
		label string
	}{{internal, "Internal " + what}, {noEmail, "No e-mail"}, {emailed, "E-mail the customer"}} {
		if other.audience == noEmail && a == internal {
			other.label = "Show the customer, no e-mail"
		}
		if other.audience != a {
			choices = append(choices, Choice{Label: other.label, Line: line(other.audience)})
		}
	}
	return choices
}

const (
	noInvoice = "--no-invoice"
	keepTimer = "--keep-timer"
)

// flag is a word that begins with two dashes, which chat clients like to make
// one long one.
func flag(word string) string {
	for _, dash := range []string{"—", "–", "--"} {
		if name, ok := strings.CutPrefix(word, dash); ok {
			return "--" + strings.ToLower(name)
		}
	}
	return ""
}

// isLabor reports whether a word names a kind of labor and does not begin the
// text: it stands as the configuration writes it, or what follows is a flag,
// quoted, or nothing. "Internal DNS cleanup" is a text.
func isLabor(labor []Labor, word, after string) bool {
	word = strings.TrimRight(word, ",:;")
	next, _ := utf8.DecodeRuneInString(after)
	clear := after == "" || strings.ContainsRune(`"'“‘„«-–—`, next)
	return slices.ContainsFunc(labor, func(l Labor) bool { return l.Name == word || clear && strings.EqualFold(l.Name, word) })
}

// parseWork reads minutes and labor, then the text, with flags anywhere before
// or behind it.
func parseWork(rest string, labor []Labor) (work, error) {
	var w work
	for rest = cutFlags(rest, w.take); rest != ""; rest = cutFlags(rest, w.take) {
		word, after := cutWord(rest)
		n, behind, isLength, err := cutLength(rest)
		switch {
		case isLength && w.minutes == 0:
			if err != nil {
				return w, err
			}
			w.minutes, rest = n, behind
		case w.labor == "" && (w.minutes > 0 || timed(after)) && isLabor(labor, word, after):
			w.labor, rest = strings.ToLower(strings.TrimRight(word, ",:;")), after
		case flag(word) != "":
			return w, usage("I do not know “%s”. There are %s, %s, %s and %s.", clip(word, 40), noEmail, internal, noInvoice, keepTimer)
		default:
			w.text = unquote(rest)
			return w, nil
		}
	}
	return w, nil
}

// timed reports whether a line begins with a length of time that can be nothing
// else: "internal 30m" is, "internal 2 printers" is not.
func timed(rest string) bool {
	_, after, ok, err := cutLength(rest)
	return ok && err == nil && strings.ContainsAny(rest[:len(rest)-len(after)], "hHmM:")
}

// take reads a flag, and reports whether it knows it.
func (w *work) take(flag string) bool {
	switch flag {
	case noInvoice:
		w.noInvoice = true
	case keepTimer:
		w.keepTimer = true
	default:
		return w.audience.take(flag)
	}
	return true
}

// line is the command line that says the same.
func (w work) line(ticket int64) string {
	words := []string{"bill", fmt.Sprint(ticket)}
	if w.minutes > 0 {
		words = append(words, fmt.Sprintf("%dm", w.minutes))
	}
	words = append(words, w.labor, string(w.audience))
	if w.noInvoice {
		words = append(words, noInvoice)
	}
	if w.keepTimer {
		words = append(words, keepTimer)
	}
	return strings.Join(present(append(words, quoted(w.text))...), " ")
}

// quoted is a text in quotes, so that no word of it is read as anything else.
func quoted(text string) string {
	if text == "" {
		return ""
	}
	return "“" + text + "”"
}

// form asks for what is missing. Nothing is chosen that was not typed.
func (w work) form(ticket string, known Known) *Form {
	length, hint := "", "30, 1h30m, 1.5h or 0:30"
	if w.minutes > 0 {
		length = fmt.Sprint(w.minutes)
	}
	number, _ := strconv.ParseInt(strings.TrimPrefix(ticket, "#"), 10, 64)
	timer := known.Timers.on(number)
	if timer != nil {
		hint += ". Your timer: " + timer.inWords(known.Now)
	}
	kinds := make([]chat.Option, len(known.Billing.Labor))
	for i, l := range known.Billing.Labor {
		kinds[i] = chat.Option{Label: l.Name, Value: l.Name}
	}
	form := &Form{About: ticket, Form: chat.Form{
		Title: clip("Bill "+ticket, 24), Submit: "Preview",
		Intro: "The next card shows everything that will be sent, and asks.",
		Inputs: []chat.Input{
			{Name: "minutes", Label: "Minutes", Hint: hint, Kind: chat.Line, Value: length},
			{Name: "labor", Label: "Labor", Kind: chat.Select, Value: w.labor, Options: kinds},
			{Name: "text", Label: "What was done", Kind: chat.Paragraph, Value: w.text},
			audienceInput(w.audience),
			{Name: "invoice", Label: "Invoice", Kind: chat.Select, Value: invoiceChoice(w.noInvoice), Options: []chat.Option{
				{Label: "Make the invoice now, then set Invoiced", Value: "now"}, {Label: "No invoice yet", Value: "later"},
			}},
		},
	}}
	if timer != nil {
		form.Inputs = append(form.Inputs, chat.Input{
			Name: "timer", Label: "This settles my timer", Kind: chat.Check, Value: strconv.FormatBool(!w.keepTimer),
		})
	}
	return form
}

func invoiceChoice(later bool) string {
	if later {
		return "later"
	}
	return "now"
}

// audienceInput asks who sees a comment.
func audienceInput(a audience) chat.Input {
	return chat.Input{Name: "audience", Label: "Who sees it", Kind: chat.Select, Value: cmp.Or(string(a), "customer"), Options: []chat.Option{
		{Label: "Customer, with e-mail", Value: "customer"},
		{Label: "Customer, no e-mail", Value: string(noEmail)},
		{Label: "Internal", Value: string(internal)},
	}}
}

// askedAudience is audienceInput where nothing said who sees the comment.
func askedAudience() chat.Input {
	in := audienceInput(emailed)
	in.Value = ""
	return in
}

// audienceOf reads audienceInput's answer.
func audienceOf(value string) audience {
	if value == "customer" {
		return emailed
	}
	return audience(value)
}

func workOf(values map[string]string) (work, error) {
	n, ok, err := minutes(values["minutes"])
	if err != nil {
		return work{}, err
	}
	if !ok {
		return work{}, usage("“%s” is no number of minutes.", clip(values["minutes"], 40))
	}
	return work{
		minutes: n, labor: values["labor"], text: values["text"], audience: audienceOf(values["audience"]), noInvoice: values["invoice"] == "later",
		keepTimer: values["timer"] == "false",
	}, nil
}

// bill plans the shop's billing workflow.
func (c *Call) bill(ctx context.Context, t syncro.Ticket, w work) (Result, error) {
	body, err := text(w.text, "comment")
	if err != nil {
		return Result{}, err
	}
	// It stands on the card twice: in the comment and on the line.
	if n := utf8.RuneCountInString(body); n > maxText/2 {
		return Result{}, refuse("The text has %d characters. At most %d are shown whole on the card of a bill, and only what was shown is sent.", n, maxText/2)
	}
	w.text = body
	line, facts, err := c.charge(ctx, t, w)
	if err != nil {
		return Result{}, err
	}
	known, number := c.Known(ctx), strconv.FormatInt(t.Number, 10)
	plan := &confirm.Plan{
		Title: "Bill " + name(t), Ticket: &t, Typed: w.line(t.Number), Facts: facts,
		Edit:  &confirm.Edit{Command: "bill", About: number, Form: w.form(number, known).Form},
		After: []confirm.After{{Label: "Session log…", Line: fmt.Sprintf("log %d", t.Number)}}, Reckoned: !w.noInvoice,
		Steps: []syncro.Write{commentFor(t, "Resolution", body, w.audience)},
	}
	if c.Billing.Timers {
		end := workEnd(c.Now, known.Timers.on(t.Number), w.minutes)
		plan.Steps = append(plan.Steps,
			syncro.AddTimer{
				TicketID: t.ID, Start: end.Add(-time.Duration(w.minutes) * time.Minute), End: end, Notes: body,
				ProductID: line.ProductID, UserID: c.Who.UserID, Labor: line.Name,
			},
			syncro.ChargeTimer{TicketID: t.ID, OfStep: true, What: line.Quantity + " h " + line.Name})
	} else {
		plan.Steps = append(plan.Steps, line)
	}
	charge := syncro.Charge{ProductID: line.ProductID, Name: line.Name, Quantity: line.Quantity, Price: line.Price, Rate: line.Rate, Reckoned: c.Billing.Timers}
	if err := c.addInvoice(ctx, plan, t, w, charge); err != nil {
		return Result{}, err
	}
	variants := w.variants(t.Number)
	if timer := known.Timers.on(t.Number); timer != nil {
		other := w
		other.keepTimer = !w.keepTimer
		label, fact := "Keep my timer", timer.inWords(c.Now)+": settled by this bill"
		if w.keepTimer {
			label, fact = "Settle my timer", timer.inWords(c.Now)+": it is kept"
		} else {
			plan.Timer = timer.mark(c.Now)
		}
		plan.Facts = append(plan.Facts, chat.Field{Name: "Your timer", Value: fact})
		variants = append(variants, Choice{Label: label, Line: other.line(t.Number)})
	}
	return Result{Plan: plan, Choices: variants}, nil
}

// notInvoicedYet refuses to bill what was invoiced, before anything more is
// asked. A ticket that says so without an invoice may still be billed.
func (c *Call) notInvoicedYet(ctx context.Context, t syncro.Ticket, w work) error {
	if w.noInvoice || !strings.Contains(fold(t.Status), fold(invoiced)) {
		return nil
	}
	invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
	if err != nil || len(invoices) == 0 {
		return err
	}
	return w.secondInvoice(t, invoices[0])
}

// secondInvoice is why a ticket with an invoice gets none of a bill, with what
// can be done instead.
func (w work) secondInvoice(t syncro.Ticket, first syncro.Invoice) *UsageError {
	w.noInvoice = true
	e := refuse("#%d has invoice #%s already. A second one for the same ticket is not made.", t.Number, first.Number)
	e.Choices = []Choice{{Label: "Charge it, no invoice", Line: w.line(t.Number)}}
	return e
}

// addInvoice adds invoice and status to a bill, unless there is to be none.
func (c *Call) addInvoice(ctx context.Context, plan *confirm.Plan, t syncro.Ticket, w work, charge syncro.Charge) error {
	if w.noInvoice {
		return nil
	}
	invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
	if err != nil {
		return err
	}
	if len(invoices) > 0 {
		return w.secondInvoice(t, invoices[0])
	}
	status, err := c.configured(ctx, invoiced)
	if err != nil {
		return err
	}
	make := c.makeInvoice(t)
	make.Lines = append(make.Lines, charge)
	last := syncro.UpdateTicket{TicketID: t.ID, Status: status, NeedsInvoice: true}.FromTicket(t)
	if make.Prepaid {
		last.Prepaid = &syncro.Prepaid{Before: t.PrepayHours, Used: c.laborHours(make.Lines)}
		plan.Facts = append(plan.Facts, prepaidFact(*last.Prepaid))
	}
	plan.Steps = append(plan.Steps, make, last)
	return nil
}

func chargesLine(lines []syncro.LineItem) string {
	var words []string
	for _, l := range lines {
		words = append(words, fmt.Sprintf("%s × %s", l.Quantity, clip(oneLine(l.Name), 40)))
	}
	return clip(strings.Join(words, ", "), 300)
}

// variants are the same bill done a little differently, a button each.
func (w work) variants(ticket int64) []Choice {
	choices := w.audience.others("comment", func(a audience) string {
		other := w
		other.audience = a
		return other.line(ticket)
	})
	label := "No invoice yet"
	if w.noInvoice {
		label = "With invoice"
	}
	w.noInvoice = !w.noInvoice
	return append(choices, Choice{Label: label, Line: w.line(ticket)})
}

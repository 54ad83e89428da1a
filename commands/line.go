package commands

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

func lineItems() Command {
	return Command{
		Name: "line", Aliases: []string{"lines", "charges"}, Args: "<ticket> [add <minutes> <labor> <text> | update <n> <minutes> | remove <n>]",
		Summary:  "A ticket's charges: list, add, change, remove",
		Examples: []string{"line 32164", "line 32164 add 30m remote Reset the profile", "line 32164 update 1 45m", "line 32164 remove 1"},
		Run: func(ctx context.Context, c *Call) (Result, error) {
			t, rest, err := c.ticket(ctx)
			if err != nil {
				return Result{}, err
			}
			what, rest := cutWord(rest)
			switch strings.ToLower(what) {
			case "":
				return card(c.linesCard(t)), nil
			case "add":
				return c.addLine(ctx, t, rest)
			case "update":
				return c.updateLine(ctx, t, rest)
			case "remove":
				return c.removeLine(ctx, t, rest)
			}
			return Result{}, usage("“%s” is none of add, update and remove.", clip(what, 40))
		},
	}
}

func (c *Call) linesCard(t syncro.Ticket) chat.Card {
	out := chat.Card{Title: "Charges of " + name(t)}
	if len(t.LineItems) == 0 {
		out.Parts = append(out.Parts, chat.Text("None."))
	} else {
		table := chat.Table{Header: []string{"No.", "Charge", "Quantity", "Price", "Description"}}
		for i, l := range t.LineItems {
			table.Rows = append(table.Rows, []string{strconv.Itoa(i + 1), clip(oneLine(l.Name), 50), l.Quantity, l.Discount.Less(l.Price), clip(oneLine(l.Description), 60)})
		}
		out.Parts = append(out.Parts, table)
	}
	out.Buttons = []chat.Button{{Label: "Open in Syncro", URL: c.TicketURL(t.ID)}}
	return out
}

func (c *Call) addLine(ctx context.Context, t syncro.Ticket, rest string) (Result, error) {
	w, err := parseWork(rest, c.Billing.Labor)
	if err != nil {
		return Result{}, err
	}
	if !w.complete() {
		return Result{}, usage("A charge needs minutes, labor and a text. Nothing of it is assumed.")
	}
	if w.text, err = text(w.text, "charge"); err != nil {
		return Result{}, err
	}
	line, facts, err := c.charge(ctx, t, w)
	if err != nil {
		return Result{}, err
	}
	return Result{Plan: &confirm.Plan{Title: "Charge on " + name(t), Ticket: &t, Facts: facts, Steps: []syncro.Write{line}}}, nil
}

// nth is the entry that a line numbers, and what stands behind the number.
func nth[T any](entries []T, rest, what string) (T, string, error) {
	var none T
	if len(entries) == 0 {
		return none, "", refuse("The ticket has no %s.", what)
	}
	word, rest := cutWord(rest)
	n, err := strconv.Atoi(strings.TrimPrefix(word, "#"))
	if err != nil || n < 1 || n > len(entries) {
		return none, "", usage("Which %s? Name it by its number in the list, 1 to %d.", what, len(entries))
	}
	return entries[n-1], rest, nil
}

// notInvoiced refuses to touch what an invoice holds: people check invoices
// against the ticket's charges.
func (c *Call) notInvoiced(ctx context.Context, t syncro.Ticket, l syncro.LineItem) error {
	if !l.Invoiced {
		invoices, err := c.Reader.TicketInvoices(ctx, t.ID)
		if err != nil || len(invoices) == 0 {
			return err
		}
	}
	return refuse("#%d is invoiced. Charges that were invoiced stay on the ticket.", t.Number)
}

func (c *Call) updateLine(ctx context.Context, t syncro.Ticket, rest string) (Result, error) {
	l, rest, err := nth(t.LineItems, rest, "charge")
	if err != nil {
		return Result{}, err
	}
	n, ok, err := minutes(rest)
	if err != nil {
		return Result{}, err
	}
	if !ok {
		return Result{}, usage("How many minutes should it be?")
	}
	if err := c.notInvoiced(ctx, t, l); err != nil {
		return Result{}, err
	}
	if _, err := text(l.Description, "charge"); err != nil {
		return Result{}, err // it is sent again, and could not be shown whole
	}
	return Result{Plan: &confirm.Plan{
		Title: "Change a charge of " + name(t), Ticket: &t, Reckoned: true,
		Steps: []syncro.Write{syncro.UpdateLine{
			TicketID: t.ID, LineID: l.ID, ProductID: l.ProductID, Name: l.Name, Description: l.Description,
			Quantity: syncro.Hours(n), Price: l.Price, Discount: l.Discount, Taxable: l.Taxable, From: inWords(l),
		}},
	}}, nil
}

func (c *Call) removeLine(ctx context.Context, t syncro.Ticket, rest string) (Result, error) {
	l, rest, err := nth(t.LineItems, rest, "charge")
	if err != nil {
		return Result{}, err
	}
	if rest != "" {
		return Result{}, usage("After the charge's number I expect nothing more.")
	}
	if err := c.notInvoiced(ctx, t, l); err != nil {
		return Result{}, err
	}
	return Result{Plan: &confirm.Plan{
		Title: "Remove a charge of " + name(t), Ticket: &t, Reckoned: true,
		Steps: []syncro.Write{syncro.RemoveLine{TicketID: t.ID, LineID: l.ID, What: inWords(l)}},
	}}, nil
}

func inWords(l syncro.LineItem) string {
	return fmt.Sprintf("%s × %s at %s", l.Quantity, clip(oneLine(l.Name), 60), l.Discount.Less(l.Price))
}

// product is what a kind of labor is billed as.
func (c *Call) product(ctx context.Context, labor string) (syncro.Product, error) {
	if len(c.Billing.Labor) == 0 {
		return syncro.Product{}, refuse("No labor is configured. The administrator names the products in billing.labor of the bot's config.")
	}
	i := slices.IndexFunc(c.Billing.Labor, func(l Labor) bool { return strings.EqualFold(l.Name, labor) })
	if i < 0 {
		return syncro.Product{}, refuse("There is no labor “%s” in the configuration.", clip(labor, 40))
	}
	product, err := c.Reader.Product(ctx, c.Billing.Labor[i].ProductID)
	if err == nil && product.Disabled {
		err = refuse("The product “%s” of %s labor is disabled in Syncro.", product.Name, labor)
	}
	return product, err
}

// charge is work as a line item, at the product's rate or, where the
// configuration says so, without one; and what it is reckoned from.
func (c *Call) charge(ctx context.Context, t syncro.Ticket, w work) (syncro.AddLine, chat.Fields, error) {
	settings, err := c.Reader.Settings(ctx)
	if err != nil {
		return syncro.AddLine{}, nil, err
	}
	hours := syncro.Hours(w.minutes)
	billed, quantity, rule := c.prepaidRule(t, w.labor, w.minutes)
	p, err := c.product(ctx, billed)
	if err != nil {
		return syncro.AddLine{}, nil, err
	}
	line := syncro.AddLine{
		TicketID: t.ID, ProductID: p.ID, Name: p.Name, Description: w.text, Quantity: quantity, Price: p.Price,
		Currency: settings.Currency,
	}
	rate := fmt.Sprintf("%s%s an hour, read from Syncro at %s", settings.Currency, syncro.Money(p.Price), p.Read.In(c.zone()).Format("15:04 MST"))
	if c.Billing.Omit {
		line.Price, rate = "", "left to Syncro"
		if !t.HasPrepaid() { // theirs may come at nothing
			line.Rate = p.Price
		}
	}
	facts := chat.Fields{
		{Name: "Customer", Value: orNone(t.Customer)},
		{Name: "Time", Value: fmt.Sprintf("%d minutes = %s h", w.minutes, hours)},
		{Name: "Rate", Value: rate},
	}
	if rule != "" {
		facts = append(facts, chat.Field{Name: "Prepaid rule", Value: rule})
	}
	if len(t.LineItems) > 0 {
		facts = append(facts, chat.Field{Name: "Charged already", Value: chargesLine(t.LineItems)})
	}
	return line, facts, nil
}

// emergency is the kind of labor whose rate is a multiple of the ordinary one.
const emergency = "emergency"

// prepaidRule is the labor and the hours that work is billed as. Prepaid hours
// are taken by the hour: at a multiple of the rate one hour would cost such a
// customer as much as any other, and beside an ordinary hour it would be charged
// twice. What is done about that is the shop's to say, in words on the card.
func (c *Call) prepaidRule(t syncro.Ticket, labor string, minutes int) (billed, quantity, rule string) {
	hours := syncro.Hours(minutes)
	i := slices.IndexFunc(c.Billing.Labor, func(l Labor) bool { return strings.EqualFold(l.Name, labor) })
	if i < 0 || !t.HasPrepaid() {
		return labor, hours, ""
	}
	switch p := c.Billing.Labor[i].Prepaid; {
	case p != nil:
		quantity = syncro.Times(minutes, p.Times)
		return p.Labor, quantity, fmt.Sprintf("the customer has %s prepaid hours, so %s is billed as %s × %s: %s h for %s h worked. Nothing is added as %s",
			t.PrepayHours, labor, p.Labor, p.Times, quantity, hours, labor)
	case strings.EqualFold(labor, emergency):
		return labor, hours, fmt.Sprintf("CAREFUL: the customer has %s prepaid hours, which are taken by the hour, whatever its rate. "+
			"Is %s right? A rule of your shop can be configured (billing.labor.%s.prepaid)", t.PrepayHours, labor, labor)
	}
	return labor, hours, ""
}

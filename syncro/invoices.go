package syncro

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"
)

// Invoice is an invoice without its lines.
type Invoice struct {
	ID       int64
	Number   string // letters are possible
	Total    string // decimal
	Date     time.Time
	Paid     bool
	TicketID int64 // 0: of no ticket
}

type invoiceJSON struct {
	ID       integer `json:"id"`
	Number   text    `json:"number"`
	Total    number  `json:"total"`
	Date     moment  `json:"date"`
	Paid     flag    `json:"is_paid"`
	TicketID integer `json:"ticket_id"`
}

// TicketInvoices lists a ticket's invoices, all of them: where there are more
// than could be read it fails.
func (r *Reader) TicketInvoices(ctx context.Context, ticketID int64) ([]Invoice, error) {
	const path = "/invoices"
	found, err := readList[invoiceJSON](ctx, r, path, "invoices", url.Values{"ticket_id": {strconv.FormatInt(ticketID, 10)}}, maxPages)
	if err != nil {
		return nil, err
	}
	if found.More {
		return nil, garbled(path, fmt.Errorf("%w: more invoices than one ticket can have", errShape))
	}
	var invoices []Invoice
	for _, i := range found.Items {
		if int64(i.TicketID) != ticketID {
			continue
		}
		invoices = append(invoices, Invoice{
			ID: int64(i.ID), Number: string(i.Number), Total: string(i.Total),
			Date: i.Date.Time, Paid: bool(i.Paid), TicketID: ticketID,
		})
	}
	return invoices, nil
}

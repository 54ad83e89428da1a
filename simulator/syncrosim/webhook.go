package syncrosim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"net/http"
	"strings"
	"time"
)

// hookTime is how long an answer to a webhook is waited for. Whether Syncro
// tries again is not established; not doing so is the harder case.
const hookTime = 10 * time.Second

// hook is one notification on its way.
type hook struct {
	text, link string
	attributes object
}

// known is what of a ticket makes notifications when it changes.
type known struct {
	status   string
	comments int
}

// SendWebhooks has a Notification Set with this webhook URL, in which the boxes
// of the events seen to exist are ticked: "Ticket - created (for anyone)",
// "Ticket - Status was changed", "Ticket - Someone replied to any ticket", and
// that an invoice was created; there is none for an assignment or a priority.
// web is the account's own address, in links. An empty address ends it.
func (s *Syncro) SendWebhooks(address, web string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopHooks != nil {
		s.stopHooks()
		s.stopHooks = nil
	}
	if address == "" {
		return
	}
	ctx, stop := context.WithCancel(s.closing)
	s.stopHooks = stop
	tickets, invoices := s.forHooks()
	changed, unwatch := s.changes.watch()
	s.late.Go(func() {
		defer unwatch()
		for {
			select {
			case <-ctx.Done():
				return
			case <-changed:
			}
			s.mu.Lock()
			hooks := s.hooks(strings.TrimRight(web, "/"), tickets, invoices)
			tickets, invoices = s.forHooks()
			s.mu.Unlock()
			for _, h := range hooks {
				h.send(ctx, address)
			}
		}
	})
}

// forHooks is what is known now. It needs s.mu, as hooks does.
func (s *Syncro) forHooks() (map[int64]known, map[int64]bool) {
	tickets, invoices := map[int64]known{}, map[int64]bool{}
	for _, t := range s.data.Tickets {
		tickets[t.ID] = known{t.Status, len(t.Comments)}
	}
	for _, v := range s.data.Invoices {
		invoices[v.ID] = true
	}
	return tickets, invoices
}

func (s *Syncro) hooks(web string, tickets map[int64]known, invoices map[int64]bool) []hook {
	var all []hook
	for i := range s.data.Tickets {
		t := &s.data.Tickets[i]
		was, there := tickets[t.ID]
		link := fmt.Sprintf("%s/tickets/%d", web, t.ID)
		if !there {
			all = append(all, hook{fmt.Sprintf("Ticket #%d was created: %s", t.Number, t.Subject), link, s.ticketDetail(t)})
			continue
		}
		if was.status != t.Status {
			all = append(all, hook{fmt.Sprintf("Ticket #%d is now %s", t.Number, t.Status), link, s.ticketDetail(t)})
		}
		for j := min(was.comments, len(t.Comments)); j < len(t.Comments); j++ {
			c := &t.Comments[j]
			all = append(all, hook{fmt.Sprintf("Reply on ticket #%d: %s", t.Number, c.Body), link, commentObject(t, c)})
		}
	}
	for i := range s.data.Invoices {
		if v := &s.data.Invoices[i]; !invoices[v.ID] {
			all = append(all, hook{"Invoice " + v.Number + " was created", fmt.Sprintf("%s/invoices/%d", web, v.ID), s.invoiceObject(v)})
		}
	}
	return all
}

// send posts a notification. There is no signature, no name of the event and
// no id in it: {"text","html","link","attributes"} is all.
func (h hook) send(ctx context.Context, address string) {
	body, err := json.Marshal(object{"text": h.text, "html": "<p>" + html.EscapeString(h.text) + "</p>", "link": h.link, "attributes": h.attributes})
	if err != nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, hookTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return
	}
	req.Header.Set("Content-Type", "application/json")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if resp, err := client.Do(req); err == nil {
		resp.Body.Close()
	}
}

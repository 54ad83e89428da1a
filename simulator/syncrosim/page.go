package syncrosim

import (
	"bytes"
	"html/template"
	"net/http"
	"strconv"
	"strings"
)

const (
	htmlType  = "text/html; charset=utf-8"
	loginPath = "/users/sign_in"
	loginPage = "<!DOCTYPE html>\n<html><head><title>Syncro: Log in</title></head><body><h1>Log in</h1><form></form></body></html>\n"
)

// ticketPage is what a link into Syncro leads to: enough to look a ticket up.
const ticketPage = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>#{{.Ticket.Number}} {{.Ticket.Subject}}</title>
<style>body{font:15px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;border-bottom:1px solid #ccc;padding:.3rem .6rem .3rem 0;vertical-align:top}pre{white-space:pre-wrap;font:inherit;margin:0}</style></head>
<body><h1 dir="auto">#{{.Ticket.Number}} {{.Ticket.Subject}}</h1>
<p>{{.Ticket.Status}} · {{.Ticket.Priority}} · {{.Customer}} · simulated Syncro</p>
<h2>Comments</h2><table>{{range .Ticket.Comments}}<tr><td>{{.Created.Format "2 Jan 15:04"}}<br>{{if .UserID}}{{.Tech}}{{else}}customer{{end}}
{{if .Hidden}}<br><b>hidden</b>{{end}}{{if .EmailedTo}}<br>e-mailed to {{.EmailedTo}}{{end}}</td><td><b>{{.Subject}}</b><pre dir="auto">{{.Body}}</pre></td></tr>{{end}}</table>
<h2>Charges</h2><table>{{range .Ticket.Lines}}<tr><td>{{.Name}}</td><td>{{.Description}}</td><td>{{.Quantity}} × {{.Price}}</td><td>{{if .Converted}}invoiced{{end}}</td></tr>{{end}}</table>
<h2>Invoices</h2><table>{{range .Invoices}}<tr><td>#{{.Number}}</td><td>{{.Total}}</td></tr>{{end}}</table></body></html>
`

// servePage answers what is neither the API nor /_sim: the pages that links
// lead to, and the login page.
func (s *Syncro) servePage(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == loginPath {
		w.Header().Set("Content-Type", htmlType)
		_, _ = w.Write([]byte(loginPage)) // a reader that has gone misses nothing
		return
	}
	rest, isTicket := strings.CutPrefix(r.URL.Path, "/tickets/")
	id, err := strconv.ParseInt(rest, 10, 64)
	if !isTicket || err != nil || r.Method != http.MethodGet {
		http.NotFound(w, r)
		return
	}
	d := s.Snapshot()
	t := d.ticket(id)
	if t == nil {
		http.NotFound(w, r)
		return
	}
	view := struct {
		Ticket   *Ticket
		Customer string
		Invoices []Invoice
	}{Ticket: t, Invoices: s.Invoices(t.Number)}
	if c := d.customer(t.CustomerID); c != nil {
		view.Customer = c.Name()
	}
	var page bytes.Buffer
	if err := template.Must(template.New("ticket").Parse(ticketPage)).Execute(&page, view); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", htmlType)
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_, _ = w.Write(page.Bytes()) // as above
}

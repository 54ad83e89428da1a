package syncro_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/syncro"
)

var newTicket = syncro.CreateTicket{
	CustomerID: 7, Subject: "Scanner to e-mail fails", ProblemType: "Hardware", Status: "New", Priority: "2 Normal", UserID: 4101, ContactID: 71, DueDate: "2026-11-30",
	Comment: syncro.FirstComment{Subject: "Initial Issue", Body: "Since <today>.\nSMTP error 550.", EmailTo: "amy@harbordental.example"},
	Since:   time.Date(2026, 11, 23, 17, 30, 0, 0, time.UTC), Customer: "Harbor Dental", Technician: "Dana Ruiz", Contact: "Amy Cole",
}

func TestWhichTicketIsOurs(t *testing.T) {
	t.Parallel()
	const same = `"customer_id":7,"subject":"Scanner to e-mail fails","user_id":4101,"priority":"2 Normal","comments":[{"id":1,"subject":"Initial Issue","body":"<p>Since &lt;today&gt;.<br>SMTP error 550.</p>","hidden":false}]}`
	change := func(was, now string) string { return `{` + strings.Replace(same, was, now, 1) }
	sightings(t, newTicket, `{"tickets":[%s],"meta":{"total_pages":1,"page":1}}`, map[string][2]string{
		"as sent":               {`{` + same, "ours"},
		"a list without them":   {change(`"comments"`, `"others"`), "ours"},
		"the subject escaped":   {change(`Scanner to e-mail`, `Scanner  to e&#45;mail`), "ours"},
		"assigned to another":   {change(`4101`, `7`), "near"},
		"raised":                {change(`2 Normal`, `0 Urgent`), "near"},
		"about something else":  {change(`SMTP error 550`, `Paper jam`), "near"},
		"without its comment":   {change(`"comments":[`, `"comments":[],"others":[`), "near"},
		"its comment is hidden": {change(`"hidden":false`, `"hidden":true`), "near"},
		"a longer subject":      {change(`fails`, `fails again`), "near"},
		"another subject":       {change(`Scanner to e-mail fails`, `VPN drops`), "other"},
		"another customer":      {change(`:7`, `:8`), "other"},
	})
	if e := newTicket.Evidence(dana); e.Path != "/tickets?created_after=2026-11-23T16%3A30%3A00Z&customer_id=7" || e.Effect != syncro.Adds {
		t.Errorf("evidence %+v", e)
	}
	blind(t, newTicket.Evidence(dana), `{}`, `{"tickets":null}`, `{"tickets":[{"subject":"x"}]}`, `{"tickets":[],"meta":{"total_pages":"2"}}`)
}

func TestWhetherATicketWasMade(t *testing.T) {
	t.Parallel()
	const ticket = `{"ticket":{"id":9,"number":32172,"customer_id":7,"subject":"Scanner to e-mail fails","comments":[{"id":1,"body":"Since <today>.\nSMTP error 550.","hidden":false}]}}`
	made(t, newTicket, map[string]string{
		"as documented": ticket,
		"ids as text":   strings.NewReplacer(`:9,`, `:"9",`, `32172`, `"32172"`, `:7,`, `:"7",`).Replace(ticket),
		"not listed":    strings.Replace(ticket, `"comments"`, `"others"`, 1),
	}, map[string]string{
		"no number":        strings.Replace(ticket, `32172`, `null`, 1),
		"no id":            strings.Replace(ticket, `:9,`, `:null,`, 1),
		"another customer": strings.Replace(ticket, `:7,`, `:8,`, 1),
		"another subject":  strings.Replace(ticket, `Scanner`, `Printer`, 1),
		"no comment":       strings.Replace(ticket, `"comments":[`, `"comments":[],"others":[`, 1),
		"another comment":  strings.Replace(ticket, `550`, `551`, 1),
		"a hidden comment": strings.Replace(ticket, `false`, `true`, 1),
		"not wrapped":      strings.TrimSuffix(strings.TrimPrefix(ticket, `{"ticket":`), `}`),
		"nothing":          `{}`,
	})
	for body, want := range map[string]string{ticket: "#32172", `{"ticket":null}`: "", `[]`: ""} {
		if got := newTicket.Name([]byte(body)); got != want {
			t.Errorf("%s: %q", body, got)
		}
	}
}

func TestTicketsThatCannotBeSent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*syncro.CreateTicket){
		"no customer":             func(w *syncro.CreateTicket) { w.CustomerID = 0 },
		"no subject":              func(w *syncro.CreateTicket) { w.Subject = " " },
		"no status":               func(w *syncro.CreateTicket) { w.Status = "" },
		"due some day":            func(w *syncro.CreateTicket) { w.DueDate = "some day" },
		"planned at no time":      func(w *syncro.CreateTicket) { w.Since = time.Time{} },
		"a comment of no words":   func(w *syncro.CreateTicket) { w.Comment.Body = "" },
		"a comment of no subject": func(w *syncro.CreateTicket) { w.Comment.Subject = "" },
	} {
		w := newTicket
		change(&w)
		if _, _, err := syncro.MarshalWrite(w); err == nil {
			t.Errorf("%s can be stored: %+v", name, w)
		}
	}
}

func TestWhetherATicketIsGone(t *testing.T) {
	t.Parallel()
	w := syncro.DeleteTicket{TicketID: 9}
	gone, err := newStand(t, answer(404, `{"message":"Not found"}`)).reader().Look(t.Context(), w.Evidence(dana))
	if diff := cmp.Diff(syncro.Sight{}, gone); err != nil || diff != "" {
		t.Error(err, diff)
	}
	there, err := newStand(t, answer(200, `{"ticket":{"id":9}}`)).reader().Look(t.Context(), w.Evidence(dana))
	if diff := cmp.Diff(syncro.Sight{All: []int64{9}, Ours: []int64{9}}, there); err != nil || diff != "" {
		t.Error(err, diff)
	}
	blind(t, w.Evidence(dana), `{}`, `null`, `{"ticket":null}`, `{"ticket":{"id":8}}`)
	made(t, w, map[string]string{"as documented": `{"message":"Ticket was successfully deleted. "}`},
		map[string]string{"nothing": `{}`, "a failure": `{"message":"Ticket could not be deleted"}`, "null": `null`, "a ticket": `{"ticket":{"id":9}}`})
}

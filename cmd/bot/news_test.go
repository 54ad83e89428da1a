package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/config"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// withNews lets the world's bot speak first, by these routes, and Syncro be
// asked every second.
func withNews(routes ...config.Route) setting {
	return func(w *world) {
		w.cfg.Notify = config.Notify{WebhookSecret: config.NewSecret(webhookSecret), Poll: time.Second, Routes: routes}
	}
}

// billing is where invoices are told, on both platforms.
func billing() []config.Route {
	return []config.Route{{Event: "invoiced", Slack: "C0BILL"}, {Event: "invoiced", Teams: billingTeams}}
}

// openNews opens a world whose bot knows what there is already.
func openNews(t *testing.T, settings ...setting) *world {
	t.Helper()
	w := openWorld(t, settings...)
	w.bringNews(t.Context(), w.address())
	until(t, "the bot has seen what there is", func() bool { return strings.Contains(w.log.String(), "are no news") })
	return w
}

func (w *world) address() string { return "http://" + w.bot.public.Addr().String() }

// readers are people who read the two billing channels.
func (w *world) readers() map[string]person {
	return map[string]person{
		"Slack": slackPerson{w, robSlack, "C0BILL"},
		"Teams": teamsPerson{w, robTeams, billingTeams, ""},
	}
}

// about counts the bot's messages that a person sees with all the words.
func about(t *testing.T, p person, words ...string) int {
	t.Helper()
	n := 0
	for _, c := range p.cards(t) {
		if c.has(words...) {
			n++
		}
	}
	return n
}

// invoice makes an invoice of a ticket in Syncro, past the bot, and sets the
// status.
func (w *world) invoice(t *testing.T, number int64) {
	t.Helper()
	id, customer := w.ticket(t, number).ID, w.ticket(t, number).CustomerID
	body, _ := json.Marshal(map[string]any{"ticket_id": id, "customer_id": customer})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.cfg.Syncro.URL+"/api/v1/invoices", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+robToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := alone().Do(req)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%v %v", resp, err)
	}
	resp.Body.Close()
	w.becomes(t, number, "Invoiced")
}

// becomes has a person give a ticket a status in Syncro's own page.
func (w *world) becomes(t *testing.T, number int64, status string) {
	t.Helper()
	if err := w.Syncro.Person(syncrosim.Act{Ticket: number, Status: status}); err != nil {
		t.Fatal(err)
	}
}

// TestInvoicedIsTold: by the bot, by a person in Syncro, with an invoice and
// without: one card in each channel, and none of what was so before.
func TestInvoicedIsTold(t *testing.T) {
	t.Parallel()
	w := openNews(t, withNews(billing()...))
	dana := slackPerson{w, danaSlack, "C0DESK"}

	c := ask(t, dana, "bill 32164 30m remote Rekeyed", "Confirm:")
	press(t, dana, c, "Confirm", "Done and checked")
	w.becomes(t, 32170, "Invoiced")
	for name, p := range w.readers() {
		t.Run(name, func(t *testing.T) {
			await(t, p, []string{"32164"}, func(all []card) int {
				for i, c := range all {
					if c.has("Invoiced: #32164 VPN drops", "Harbor Dental", "Dana Ruiz", "total 0.0", "holds the ticket's charge; prepaid hours pay it") {
						return i
					}
				}
				return -1
			})
			until(t, "the missing invoice is told", func() bool {
				return about(t, p, "Invoiced, but no invoice: #32170", "Syncro has no invoice for this ticket") == 1
			})
		})
	}

	// An invoice that comes late is told below the card, and on it.
	w.invoice(t, 32170)
	for name, p := range w.readers() {
		until(t, name+" hears of the late invoice", func() bool {
			return about(t, p, "Invoiced: #32170") == 1 && about(t, p, "Invoiced, but no invoice") == 0 && about(t, p, "#32170 · Invoiced: #") == 1
		})
	}
	// A ticket that was invoiced long ago moves.
	if err := w.Syncro.Person(syncrosim.Act{Ticket: w.oldInvoiced(t), Comment: "Thanks for that."}); err != nil {
		t.Fatal(err)
	}
	w.becomes(t, 32163, "Invoiced") // what is told after it
	for name, p := range w.readers() {
		until(t, name+" hears of #32163", func() bool { return about(t, p, "#32163") > 0 })
		if n := about(t, p, fmt.Sprintf("#%d", w.oldInvoiced(t))); n > 0 {
			t.Errorf("%s: what was invoiced long ago is told", name)
		}
		for _, number := range []string{"Invoiced: #32164", "Invoiced: #32170"} {
			if n := about(t, p, number); n != 1 {
				t.Errorf("%s: %d cards %q", name, n, number)
			}
		}
	}
	w.wellMannered(t)
}

// oldInvoiced is a ticket that was Invoiced before the bot came.
func (w *world) oldInvoiced(t *testing.T) int64 {
	t.Helper()
	for _, k := range w.Syncro.Snapshot().Tickets {
		if k.Status == "Invoiced" && k.Created.Before(time.Now().Add(-24*time.Hour)) {
			return k.Number
		}
	}
	t.Fatal("there is none")
	return 0
}

// TestWebhookDoor: the secret opens it and nothing else does.
func TestWebhookDoor(t *testing.T) {
	t.Parallel()
	w := openNews(t, withNews(billing()...))
	w.Syncro.SendWebhooks("", "")
	post := func(secret, body string) int {
		send := func() (*http.Response, error) {
			return alone().Post(w.address()+"/syncro/webhook/"+secret, "application/json", strings.NewReader(body))
		}
		resp, err := send()
		// Who is refused before all is read may see the connection end instead.
		for range 20 {
			if !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, syscall.EPIPE) {
				break
			}
			resp, err = send()
		}
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		io.Copy(io.Discard, resp.Body)
		return resp.StatusCode
	}
	hook := fmt.Sprintf(`{"text":"<!channel> #1 is Invoiced","link":"https://evil.example/tickets/%d","attributes":{"status":"Invoiced"}}`, w.ticket(t, 32171).ID)
	before := w.Syncro.Count("GET", "/tickets/{id}")
	for _, c := range []struct {
		name, secret, body string
		want               int
	}{
		{"a wrong secret", "guess", hook, 401},
		{"a part of it", webhookSecret[:5], hook, 401},
		{"too much", webhookSecret, `{"text":"` + strings.Repeat("x", 257<<10) + `"}`, 413},
		{"too much with a wrong secret", "guess", `{"text":"` + strings.Repeat("x", 257<<10) + `"}`, 401},
		{"no JSON", webhookSecret, "hello", 200},
		{"about an alert", webhookSecret, `{"link":"https://x.example/alerts/7","attributes":{"id":7}}`, 200},
		{"a ticket that does not exist", webhookSecret, `{"link":"https://x.example/tickets/999999999","attributes":{}}`, 200},
	} {
		if got := post(c.secret, c.body); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
	if n := w.Syncro.Count("GET", "/tickets/{id}") - before; n > 1 {
		t.Errorf("%d tickets were read for what is no hint", n)
	}
	// The body says Invoiced; Syncro does not, and nothing is told.
	if got := post(webhookSecret, hook); got != 200 {
		t.Errorf("a good one: %d", got)
	}
	w.becomes(t, 32163, "Invoiced")
	for name, p := range w.readers() {
		until(t, name+" hears of #32163", func() bool { return about(t, p, "#32163") == 1 })
		if about(t, p, "32171") > 0 || len(p.cards(t)) != 1 {
			t.Errorf("%s believed the body", name)
		}
	}
	if strings.Contains(w.log.String(), webhookSecret) {
		t.Error("the secret is in the log")
	}
}

// TestBatch: ten tickets that are invoiced at once are one message in each
// channel.
func TestBatch(t *testing.T) {
	t.Parallel()
	w := openNews(t, withNews(billing()...))
	var numbers []int64
	for _, k := range w.Syncro.Snapshot().Tickets {
		if k.Status != "Invoiced" && k.Status != "Resolved" && k.Status != "Closed" && len(numbers) < 10 {
			numbers = append(numbers, k.Number)
		}
	}
	w.Syncro.Change(func(d *syncrosim.Data) {
		for i := range d.Tickets {
			for _, n := range numbers {
				if d.Tickets[i].Number == n {
					d.Tickets[i].Status, d.Tickets[i].Updated = "Invoiced", time.Now()
				}
			}
		}
	})
	for name, p := range w.readers() {
		until(t, name+" hears of all", func() bool {
			for _, n := range numbers {
				if about(t, p, fmt.Sprintf("#%d", n)) != 1 {
					return false
				}
			}
			return true
		})
		if all := p.cards(t); len(all) > 3 {
			t.Errorf("%s: %d messages for %d tickets", name, len(all), len(numbers))
		}
	}
	w.wellMannered(t)
}

// TestTakeIt: on the card of a new ticket every technician may press, with
// their own key; what comes of it is for them alone, and the card shows it to
// all.
func TestTakeIt(t *testing.T) {
	t.Parallel()
	var routes []config.Route
	for _, event := range []string{"created", "assigned"} {
		routes = append(routes, config.Route{Event: event, Slack: "C0DESK"}, config.Route{Event: event, Teams: harborTeams})
	}
	for _, platform := range []string{"Slack", "Teams"} {
		t.Run(platform, func(t *testing.T) {
			t.Parallel()
			w := openNews(t, withNews(routes...))
			var rob, sam, guest, inPrivate person
			rob, sam, guest = slackPerson{w, robSlack, "C0DESK"}, slackPerson{w, samSlack, "C0DESK"}, slackPerson{w, guestSlack, "C0DESK"}
			inPrivate = rob
			if platform == "Teams" {
				rob, sam, guest = teamsPerson{w, robTeams, harborTeams, ""}, teamsPerson{w, samTeams, harborTeams, ""}, teamsPerson{w, guestTeams, harborTeams, ""}
				inPrivate = teamsPerson{w, robTeams, "", ""}
			}
			w.Syncro.AddTicket(syncrosim.Ticket{Number: 40001, CustomerID: w.ticket(t, 32164).CustomerID, Subject: "Scanner fails", Status: "New"})
			c := see(t, rob, "#40001 Scanner fails", "New · unassigned")
			press(t, guest, c, "Take it", "Nothing was sent. I do not know you.")
			if got := w.ticket(t, 40001).UserID; got != 0 || w.writes() != 0 {
				t.Errorf("a guest took it: user %d", got)
			}
			rob.press(t, c, "Take it")
			see(t, inPrivate, "Done and checked", "Rob Ames")
			if got := w.ticket(t, 40001).UserID; got != 4107 {
				t.Errorf("it is assigned to %d", got)
			}
			until(t, "the card shows it to all", func() bool {
				return about(t, sam, "#40001 Scanner fails", "New · Rob Ames") == 1 && about(t, sam, "#40001 · Rob Ames took it") == 1
			})
			if about(t, sam, "Done and checked") > 0 {
				t.Error("what came of the click is shown to others")
			}
			rob.press(t, c, "View")
			see(t, inPrivate, "#40001", "Harbor Dental", "Created")
			w.wellMannered(t)
		})
	}
}

// TestWhoLeftIsToldNothing: after a SIGHUP without them, though the routes are
// those of the start.
func TestWhoLeftIsToldNothing(t *testing.T) {
	t.Parallel()
	w := openNews(t, withNews(config.Route{Event: "invoiced", Person: "rob"}, config.Route{Event: "invoiced", Slack: "C0BILL"}))
	rob := slackPerson{w, robSlack, w.Slack.DirectMessage(robSlack)}
	w.becomes(t, 32170, "Invoiced")
	see(t, rob, "Invoiced, but no invoice: #32170")

	after := *w.cfg
	after.Technicians = slices.DeleteFunc(slices.Clone(w.cfg.Technicians), func(t config.Technician) bool { return t.Name == "rob" })
	w.reload = func() (*config.Config, error) { return &after, nil }
	vaultDoor.Lock()
	defer vaultDoor.Unlock()
	w.bringKey(t)
	w.hangup <- syscall.SIGHUP
	until(t, "the configuration is read again", func() bool { return strings.Contains(w.log.String(), "were read again") })
	w.becomes(t, 32163, "Invoiced")
	until(t, "the channel is told", func() bool { return about(t, slackPerson{w, danaSlack, "C0BILL"}, "#32163") == 1 })
	until(t, "it is not told who left", func() bool { return strings.Contains(w.log.String(), "that is no technician any more") })
	if n := about(t, rob, "#32163"); n != 0 {
		t.Errorf("who left is told %d times", n)
	}
}

// TestNewsCost: a quiet account costs one request a poll; an invoiced ticket
// three. With -v it prints how long a card takes from the change in Syncro,
// the webhook between.
func TestNewsCost(t *testing.T) {
	t.Parallel()
	t.Run("quiet", func(t *testing.T) {
		t.Parallel()
		w := openNews(t, withNews(billing()...))
		before := w.Syncro.Count("GET", "/tickets")
		until(t, "it was polled", func() bool { return w.Syncro.Count("GET", "/tickets") >= before+1 })
		lists, all := w.Syncro.Count("GET", "/tickets"), len(w.Syncro.Requests())
		until(t, "it was polled again", func() bool { return w.Syncro.Count("GET", "/tickets") >= lists+3 })
		if more, polls := len(w.Syncro.Requests())-all, w.Syncro.Count("GET", "/tickets")-lists; more > polls {
			t.Errorf("%d requests for %d polls", more, polls)
		}
		t.Logf("one request a poll: %d an hour at poll: 60s", int(time.Hour/(60*time.Second)))
	})
	t.Run("invoiced", func(t *testing.T) {
		t.Parallel()
		w := openNews(t, func(w *world) { withNews(billing()...)(w); w.cfg.Notify.Poll = time.Hour })
		channel := slackPerson{w, robSlack, "C0BILL"}
		var took []time.Duration
		for _, number := range []int64{32164, 32163, 32171} {
			time.Sleep(1100 * time.Millisecond) // Slack's second between two cards is no latency
			before := w.Syncro.Count("GET", "")
			begun := time.Now()
			w.becomes(t, number, "Invoiced")
			until(t, "it is told", func() bool { return about(t, channel, fmt.Sprintf("#%d", number)) == 1 })
			took = append(took, time.Since(begun))
			if n := w.Syncro.Count("GET", "") - before; n > 3 {
				t.Errorf("#%d took %d requests", number, n)
			}
		}
		slices.Sort(took)
		t.Logf("from the change in Syncro to the card in Slack: %v", took)
	})
}

// TestQuietHoursAreWhereAPersonWorks: the channel sleeps by the config's zone,
// who works elsewhere by their own.
func TestQuietHoursAreWhereAPersonWorks(t *testing.T) {
	t.Parallel()
	phoenix, kyiv := time.FixedZone("there", -7*3600), time.FixedZone("here", 2*3600)
	cfg := &config.Config{
		Notify:      config.Notify{Quiet: config.Quiet{From: 20 * time.Hour, To: 7 * time.Hour, Zone: phoenix}},
		Technicians: []config.Technician{{Name: "dana", Slack: []string{"T0001/U0DANA"}, Zone: kyiv}, {Name: "rob", Slack: []string{"T0001/U0ROB"}}},
	}
	user := func(id string) chat.Place {
		return chat.Place{Platform: "slack", Person: &chat.User{Platform: "slack", Tenant: "T0001", ID: id}}
	}
	now := time.Date(2026, 11, 26, 4, 0, 0, 0, time.UTC) // 21:00 the day before in Phoenix, 6:00 in Kyiv
	for _, c := range []struct {
		at    chat.Place
		until time.Time
	}{
		{chat.Place{Platform: "slack", Channel: "C1"}, time.Date(2026, 11, 26, 7, 0, 0, 0, phoenix)},
		{user("U0ROB"), time.Date(2026, 11, 26, 7, 0, 0, 0, phoenix)},
		{user("U0DANA"), time.Date(2026, 11, 26, 7, 0, 0, 0, kyiv)},
	} {
		if got := quiet(cfg)(c.at, now); !got.Equal(c.until) {
			t.Errorf("%s sleeps until %v, want %v", c.at.Key(), got, c.until)
		}
	}
}

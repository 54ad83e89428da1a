package main

import (
	"context"
	"fmt"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

const (
	crowd   = 12               // people who flood the bot
	notes   = 40               // that dana confirms meanwhile
	ending  = 5 * time.Second  // of the second flood, in the middle of which the bot is ended
	allowed = 2000             // commands that may be under way at once: Slack waits 3 s for each
	settled = 3 * time.Minute  // in which what was confirmed must be there
	tooMuch = "too much to do" // what a refusal says
)

// flood is slash commands at a rate, whether or not they are answered.
type flood struct {
	rate  int // a second
	lasts time.Duration
}

// tide is what became of a flood's commands.
type tide struct {
	mu              sync.Mutex
	acks            []time.Duration
	taken           []string // response_urls of those that were acknowledged
	refused, unsent int
	failed          int
	firstFailure    error
}

// pour types commands at the flood's rate until ctx ends or the time is over.
// One in ten reads a ticket, which has to wait for Syncro's limit.
func (t *typist) pour(ctx context.Context, bot string, f flood) *tide {
	var d tide
	var all sync.WaitGroup
	under := make(chan struct{}, allowed)
	const each = 10 * time.Millisecond
	tick := time.NewTicker(each)
	defer tick.Stop()
	begun, sent := time.Now(), 0
	for now := begun; now.Sub(begun) < f.lasts && ctx.Err() == nil; now = <-tick.C {
		for ; sent < int(now.Sub(begun).Seconds()*float64(f.rate)); sent++ {
			select {
			case under <- struct{}{}:
			default:
				d.unsent++ // this machine has no room for more
				continue
			}
			text, who := []string{"help", "pending"}[sent%2], sent%t.people
			if sent%10 == 0 {
				text = "32164"
			}
			form := t.form(who, text)
			all.Go(func() {
				defer func() { <-under }()
				said, took, err := t.post(context.WithoutCancel(ctx), bot, form)
				d.note(form, said, took, err)
			})
		}
	}
	all.Wait()
	return &d
}

func (d *tide) note(form, said string, took time.Duration, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	switch {
	case err != nil:
		d.failed++
		if d.firstFailure == nil {
			d.firstFailure = err
		}
		return
	case strings.Contains(said, "Nothing was sent."):
		d.refused++
	default:
		d.taken = append(d.taken, responsePath(form))
	}
	d.acks = append(d.acks, took)
}

// responsePath is the path of a form's response_url.
func responsePath(form string) string {
	values, _ := url.ParseQuery(form) // we made it
	at, _ := url.Parse(values.Get("response_url"))
	return at.Path
}

// overload floods the bot for a while, and once more while it is ended, and
// prints what became of the commands and of what was confirmed meanwhile.
func overload(ctx context.Context, f flood) error {
	t := newTypist(256)
	t.heard = map[string]bool{}
	for i := range crowd {
		_, rob := shop.SlackCrowd(i)
		t.users = append(t.users, rob)
	}
	s, err := openShop(t, shop.Options{Crowd: crowd, Config: "shutdown_grace: 8s\n"})
	if err != nil {
		return err
	}
	defer s.close()
	program, err := shop.Build(ctx, s.Dir, "")
	if err != nil {
		return err
	}
	bot, err := s.start(ctx, program)
	if err != nil {
		return err
	}
	defer func() { bot.End() }()
	dana := &confirmer{Person: s.InSlack(shop.DanaSlack, "C0DESK")}
	for i := range notes {
		// Each on a ticket of its own: one at a time is worked on.
		ticket := s.Syncro.AddTicket(syncrosim.Ticket{Number: 60_000 + int64(i), Subject: "Scanner", Status: "New", CustomerID: s.Syncro.Snapshot().Customers[0].ID})
		if err := dana.ask(ctx, ticket.Number, i); err != nil {
			return err
		}
	}
	before, err := bot.Goroutines()
	if err != nil {
		return err
	}
	fresh, err := bot.Memory()
	if err != nil {
		return err
	}

	poured := make(chan *tide, 1)
	go func() { poured <- t.pour(ctx, bot.Listen, f) }()
	for i := range notes / 2 {
		dana.confirm(ctx, i)
		pause(ctx, f.lasts/notes)
	}
	first := <-poured
	full, err := bot.Memory()
	if err != nil {
		return err
	}
	unanswered := t.unanswered(ctx, first.taken)
	t.client.CloseIdleConnections()
	after := before
	for range 600 { // idle connections end after a minute
		if after, err = bot.Goroutines(); err != nil || after <= before+idlers {
			break
		}
		pause(ctx, 200*time.Millisecond)
	}
	if err != nil {
		return err
	}

	go func() { poured <- t.pour(ctx, bot.Listen, flood{f.rate, ending}) }()
	pause(ctx, ending/3)
	var pressing sync.WaitGroup
	for i := notes / 2; i < notes; i++ {
		again := dana.Again()
		// An error is that of a door that is closed by now.
		pressing.Go(func() { again.Press(ctx, dana.cards[i], "Confirm") })
	}
	for range 200 { // until some are under way
		if !slices.ContainsFunc([]int{0, 1, 2, 3, 4}, func(i int) bool { return dana.asks(notes/2 + i) }) {
			break
		}
		pause(ctx, 50*time.Millisecond)
	}
	bot.End()
	pressing.Wait()
	second := <-poured
	if bot, err = s.start(ctx, program); err != nil {
		return err
	}
	lost, twice, confirmed := s.settle(ctx, dana)

	row := func(what, figure, bar string) { fmt.Printf("| %s | %s | %s |\n", what, figure, bar) }
	ms := func(d time.Duration) string { return fmt.Sprintf("%.0f ms", d.Seconds()*1000) }
	mib := func(kib int64) string { return fmt.Sprintf("%.1f MiB", float64(kib)/1024) }
	fmt.Printf("%s, %s, %d cores (%s), load average %s at the end.\n\n", time.Now().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), processor(), load())
	row("What", "Figure", "Bar")
	row("---", "---", "---")
	row("Slash commands a second, for "+f.lasts.String(), fmt.Sprintf("%d wanted, %.0f delivered", f.rate, float64(len(first.acks)+first.failed)/f.lasts.Seconds()), "")
	row("Acknowledged / refused in words / failed", fmt.Sprintf("%d / %d / %d", len(first.taken), first.refused, first.failed), "– / – / 0")
	row("Acknowledged, and never answered", fmt.Sprint(unanswered), "0")
	row("Acknowledgement, p50 / p99 / longest (wall)", ms(quantile(first.acks, .5))+" / "+ms(quantile(first.acks, .99))+" / "+ms(quantile(first.acks, 1)), "3 s")
	row("Resident before / most ever", mib(fresh.All)+" / "+mib(full.Peak), "256 MiB")
	row("Goroutines before / after", fmt.Sprintf("%d / %d", before, after), fmt.Sprintf("%d more", idlers))
	row("Clicks of Confirm in between: confirmed / refused in words first / later than Slack waits / without any answer",
		fmt.Sprintf("%d / %d / %d / %d", notes/2, dana.refused, dana.late, dana.silent), "– / – / 0 / 0")
	row("SIGTERM in a second flood: commands taken / refused / turned away at the door", fmt.Sprintf("%d / %d / %d", len(second.taken), second.refused, second.failed), "")
	row("Confirmed in both / lost / there twice", fmt.Sprintf("%d / %d / %d", confirmed, lost, twice), "– / 0 / 0")
	if first.firstFailure != nil {
		fmt.Println("\nThe first failure:", first.firstFailure)
	}
	return nil
}

// idlers is how many goroutines idle connections may keep.
const idlers = 40

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// start starts the bot where the simulated platforms find it.
func (o *office) start(ctx context.Context, program string) (*shop.Process, error) {
	bot, err := shop.Start(ctx, nil, program, "serve", "--config", o.Config())
	if err != nil {
		return nil, err
	}
	o.PointAt("http://" + bot.Listen)
	_, err = bot.Ready(ctx)
	return bot, err
}

// unanswered is how many of the addresses nothing ever comes to. Who waits for
// Syncro's limit is told so.
func (t *typist) unanswered(ctx context.Context, paths []string) (n int) {
	for range 200 {
		t.mu.Lock()
		n = 0
		for _, p := range paths {
			if !t.heard[p] {
				n++
			}
		}
		t.mu.Unlock()
		if n == 0 || ctx.Err() != nil {
			return n
		}
		pause(ctx, 500*time.Millisecond)
	}
	return n
}

// confirmer has notes asked about, and confirms them.
type confirmer struct {
	shop.Person
	cards                 []shop.Card
	refused, silent, late int
}

// text is what the i-th note says.
func text(i int) string { return fmt.Sprintf("overload note %d.", i) }

// card is the newest card that has the words.
func (c *confirmer) card(words ...string) (shop.Card, bool) {
	all, err := c.Cards()
	if err != nil {
		return shop.Card{}, false
	}
	for _, one := range slices.Backward(all) {
		if one.Has(words...) {
			return one, true
		}
	}
	return shop.Card{}, false
}

func (c *confirmer) ask(ctx context.Context, ticket int64, i int) error {
	if err := c.Say(ctx, fmt.Sprintf("note %d %s", ticket, text(i))); err != nil {
		return err
	}
	for range 600 {
		if card, ok := c.card("Confirm:", text(i)); ok {
			c.cards = append(c.cards, card)
			return nil
		}
		pause(ctx, 50*time.Millisecond)
	}
	return fmt.Errorf("no card for %q", text(i))
}

// confirm presses Confirm, again after a second where there was too much to do,
// until the card is not the one that asks any more.
func (c *confirmer) confirm(ctx context.Context, i int) {
	for {
		refusals := c.refusals()
		if c.Press(ctx, c.cards[i], "Confirm") != nil {
			c.late++ // Slack says that it took too long; it may have worked
		}
		for n := 0; ; n++ {
			if n == 600 {
				c.silent++
				return
			}
			if !c.asks(i) {
				return
			}
			if c.refusals() > refusals {
				break
			}
			pause(ctx, 50*time.Millisecond)
		}
		c.refused++
		pause(ctx, time.Second)
	}
}

// asks reports whether the i-th note still waits for its click.
func (c *confirmer) asks(i int) bool {
	all, _ := c.Cards()
	return slices.ContainsFunc(all, func(one shop.Card) bool { return one.ID == c.cards[i].ID && one.Offers("Confirm") })
}

func (c *confirmer) refusals() (n int) {
	all, _ := c.Cards()
	for _, one := range all {
		if one.Has(tooMuch) {
			n++
		}
	}
	return n
}

// settle waits until all that was confirmed is there, and counts.
func (o *office) settle(ctx context.Context, c *confirmer) (lost, twice, confirmed int) {
	for end := time.Now().Add(settled); time.Now().Before(end) && ctx.Err() == nil; pause(ctx, time.Second) {
		lost, twice, confirmed = 0, 0, 0
		for i := range c.cards {
			there := 0
			for _, t := range o.Syncro.Snapshot().Tickets {
				for _, comment := range t.Comments {
					if comment.Body == text(i) {
						there++
					}
				}
			}
			if !c.asks(i) {
				confirmed++
				if there == 0 {
					lost++
				}
			}
			if there > 1 {
				twice++
			}
		}
		if lost == 0 {
			return lost, twice, confirmed
		}
	}
	return lost, twice, confirmed
}

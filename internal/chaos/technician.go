package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// The patience of people, on a machine that may be busy.
const (
	glance  = 100 * time.Millisecond // between two looks at the screen
	retype  = 15 * time.Second       // until a command without an answer is typed again
	repress = 8 * time.Second        // until a button that seems to have done nothing is pressed again
	stuck   = 45 * time.Second       // until somebody asks for what is pending
	giveUp  = 4 * time.Minute        // of peace, until somebody gives up, which is a violation
)

// ending is how a change ended, as the person sees it.
type ending string

const (
	done      ending = "done"
	onWord    ending = "done, on a person's word"
	stopped   ending = "stopped"
	cancelled ending = "cancelled"
	left      ending = "left alone" // by the person, who never confirmed it
	expired   ending = "expired"
	lost      ending = "lost by Redis"
	forgotten ending = "forgotten by Redis together with the bot that knew of it"
	unheard   ending = "no card came"
	noEnd     ending = "no end"
)

// outcome is what became of a deed.
type outcome struct {
	deed
	person    string
	ending    ending
	card      string   // what it says in the end
	events    []string // what was seen and done, in order
	sends     int      // how often the person asked for it to be sent
	confirmed bool
	pending   bool // the person had to type "pending" to find it
	parked    int  // how often it waited for the person
}

// technician is a person who works on one deed after the other.
type technician struct {
	name   string
	person shop.Person
	other  shop.Person // somebody else, who presses buttons that are not theirs
	syncro *syncrosim.Syncro
	rng    *rand.Rand
	calm   context.Context // ends when nothing is broken any more
	begun  time.Time       // of the run
}

// chance is true in so many of a hundred cases.
func (t *technician) chance(percent int) bool { return t.rng.IntN(100) < percent }

// mood is what a person does with one deed, decided before anything happens,
// so that it follows from the seed alone.
type mood struct {
	cancel, leave      bool
	repeatCommand      bool
	double, stranger   bool
	repeatClick        bool
	stops              bool // presses "Stop here" the first time they are asked
	onWord             bool // says "It is there" where they see it, instead of having it looked for
	secondThoughtsWait time.Duration
}

func (t *technician) mood() mood {
	return mood{
		cancel: t.chance(4), leave: t.chance(3), repeatCommand: t.chance(15), double: t.chance(30), stranger: t.chance(20),
		repeatClick: t.chance(25), stops: t.chance(8), onWord: t.chance(50),
		secondThoughtsWait: time.Duration(t.rng.IntN(400)) * time.Millisecond,
	}
}

// work does one deed from the command to its end.
func (t *technician) work(ctx context.Context, d deed) outcome {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(t.calm, func() { time.AfterFunc(giveUp, cancel) })()
	o := &outcome{deed: d, person: t.name, ending: noEnd}
	m := t.mood()
	c, ok := t.ask(ctx, o, m)
	if !ok {
		o.ending = unheard // nothing was asked, so nothing was confirmed
		return *o
	}
	o.card = c.Text
	switch {
	case m.leave:
		o.ending = left
		return *o
	case m.cancel:
		t.press(ctx, o, c, "Cancel")
		t.follow(ctx, o, m, c, "Cancel")
		return *o
	}
	o.confirmed = true
	if d.plant != nil {
		d.plant()
	}
	if m.stranger {
		t.other.Press(ctx, c, "Confirm")
		o.note(t, "somebody else pressed Confirm")
	}
	twice := make(chan struct{})
	if m.double {
		go func() { defer close(twice); t.second().Press(ctx, c, "Confirm") }()
	} else {
		close(twice)
	}
	t.press(ctx, o, c, "Confirm")
	<-twice
	if m.repeatClick {
		t.person.Repeat(ctx)
	}
	t.follow(ctx, o, m, c, "Confirm")
	return *o
}

// second is the person at another device.
func (t *technician) second() shop.Person { return t.person.Again() }

func (o *outcome) note(t *technician, format string, args ...any) {
	o.events = append(o.events, fmt.Sprintf("%6.1fs ", time.Since(t.begun).Seconds())+fmt.Sprintf(format, args...))
}

// ask types the command until a card asks.
func (t *technician) ask(ctx context.Context, o *outcome, m mood) (shop.Card, bool) {
	known := map[string]bool{}
	for _, c := range t.cards(o) {
		known[c.ID] = true
	}
	for ctx.Err() == nil {
		o.note(t, "typed %q", o.line)
		err := t.person.Say(ctx, o.line)
		if err != nil {
			o.note(t, "%v", err)
		} else if m.repeatCommand {
			t.person.Repeat(ctx)
		}
		for begun := time.Now(); time.Since(begun) < retype; {
			said := ""
			for _, c := range slices.Backward(t.cards(o)) {
				if known[c.ID] {
					continue
				}
				if c.Has("Confirm:") && (c.Has(o.mark) || c.Has(fmt.Sprintf("#%d", o.ticket.Number))) {
					o.note(t, "a card asks (%s)", name(c))
					return c, true
				}
				said = c.Text
				known[c.ID] = true
			}
			if said != "" {
				o.note(t, "it says: %.200s", said)
			}
			if said != "" || err != nil {
				break // no card, but an answer: type it again
			}
			t.pause(ctx, glance)
		}
		t.pause(ctx, time.Second)
	}
	return shop.Card{}, false
}

func (t *technician) cards(o *outcome) []shop.Card {
	all, err := t.person.Cards()
	if err != nil {
		o.note(t, "%v", err)
	}
	return all
}

func (t *technician) pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (t *technician) press(ctx context.Context, o *outcome, c shop.Card, label string) {
	err := t.person.Press(ctx, c, label)
	if slices.Contains([]string{"Confirm", "Try again", "It is not there: send again", "It is not there: send"}, label) {
		o.sends++
	}
	if err != nil {
		o.note(t, "pressed %q: %v", label, err)
	} else {
		o.note(t, "pressed %q", label)
	}
}

var opName = regexp.MustCompile(`\bop ([A-Z2-7]{5})\b`)

// name is the operation's name in a card's small print.
func name(c shop.Card) string {
	m := opName.FindStringSubmatch(c.Text)
	if m == nil {
		return ""
	}
	return m[1]
}

// find is a card as it is now: the one at its place, or a newer one of the same
// operation, where the platform let the first not be replaced any more.
func (t *technician) find(o *outcome, at string) (now shop.Card, ok bool) {
	for _, c := range t.cards(o) {
		if c.ID == at || ok && name(c) != "" && name(c) == name(now) && !c.Offers("Refresh") {
			now, ok = c, true
		}
	}
	return now, ok
}

// follow watches a card and does what a sensible person does, until it says
// how the change ended.
func (t *technician) follow(ctx context.Context, o *outcome, m mood, c shop.Card, pressed string) {
	at, seen, since, pressedAt := c.ID, c.Text, time.Now(), time.Now()
	asked := time.Time{} // when "pending" was typed
	act := func(c shop.Card, label string) {
		t.press(ctx, o, c, label)
		pressed, pressedAt = label, time.Now()
	}
	for ; ctx.Err() == nil; t.pause(ctx, glance) {
		now, ok := t.find(o, at)
		if !ok {
			o.note(t, "the card is gone")
			return
		}
		at = now.ID
		if now.Text != seen {
			seen, since = now.Text, time.Now()
			o.note(t, "it says: %.300s", seen)
		}
		o.card = now.Text
		fresh := since.After(pressedAt)                            // it changed since the last click
		may := fresh || time.Since(pressedAt) > repress            // press again what seems to have done nothing
		settled := time.Since(since) > m.secondThoughtsWait+glance // people read before they press
		switch {
		case now.Has("Done and checked at"):
			o.ending = done
			return
		case now.Has("I could not check") && !now.Offers("Stop here"):
			o.ending = onWord
			return
		case now.Has("Nothing more will be sent."):
			o.ending = stopped
			return
		case now.Has("My memory (Redis) lost the record"):
			o.ending = lost
			return
		case now.Has("This card has expired"):
			o.ending = expired
			return
		case now.Has("Cancelled:") && now.Offers("Preview again"):
			if settled && may {
				if next, ok := t.preview(ctx, o, now); ok {
					at, seen, since = next.ID, next.Text, time.Now()
					act(next, "Confirm")
				}
			}
		case now.Has("Cancelled:"):
			o.ending = cancelled
			return
		case now.Offers("Confirm"):
			// The click was lost, or the ticket moved and it asks again.
			if settled && may {
				if o.confirmed {
					act(now, "Confirm")
				} else {
					act(now, "Cancel")
				}
			}
		case now.Offers("Stop here"):
			if settled && may {
				if fresh {
					o.parked++
				}
				act(now, t.decide(o, m, now))
			}
		case now.Offers("Refresh"): // a copy, which is not redrawn by itself
			if settled && time.Since(pressedAt) > repress/2 {
				act(now, "Refresh")
			}
		default: // it is being worked on
			if time.Since(since) > stuck && time.Since(asked) > stuck {
				asked = time.Now()
				peace := t.calm.Err() != nil
				found, ok := t.pending(ctx, o, now)
				switch {
				case ok:
					at, seen, since = found.ID, found.Text, time.Now()
					o.pending = true
				case peace && found.Has("Nothing waits for you"):
					o.ending = forgotten
					return
				}
			}
		}
	}
}

// preview presses "Preview again" and waits for the new card.
func (t *technician) preview(ctx context.Context, o *outcome, c shop.Card) (shop.Card, bool) {
	known := map[string]bool{}
	for _, k := range t.cards(o) {
		known[k.ID+k.Text] = true
	}
	t.press(ctx, o, c, "Preview again")
	for begun := time.Now(); time.Since(begun) < repress && ctx.Err() == nil; t.pause(ctx, glance) {
		for _, k := range slices.Backward(t.cards(o)) {
			if !known[k.ID+k.Text] && k.Has("Confirm:") && k.Has(o.mark) {
				o.note(t, "a new card asks (%s)", name(k))
				return k, true
			}
		}
	}
	return shop.Card{}, false
}

// pending types that command and finds the change among the cards, or the one
// that says that there is nothing.
func (t *technician) pending(ctx context.Context, o *outcome, c shop.Card) (shop.Card, bool) {
	known := map[string]bool{}
	for _, k := range t.cards(o) {
		known[k.ID] = true
	}
	err := t.person.Say(ctx, "pending")
	o.note(t, "typed \"pending\" %v", err)
	for begun := time.Now(); time.Since(begun) < retype && ctx.Err() == nil; t.pause(ctx, glance) {
		for _, k := range slices.Backward(t.cards(o)) {
			if !known[k.ID] && name(k) == name(c) {
				o.note(t, "pending shows it: %.200s", k.Text)
				return k, true
			}
			if !known[k.ID] && k.Has("Nothing waits for you") {
				o.note(t, "nothing is pending")
				return k, false
			}
		}
	}
	o.note(t, "pending does not show it")
	return shop.Card{}, false
}

// decide is what a sensible person presses on a card that asks how to go on,
// after a look at Syncro's web page.
func (t *technician) decide(o *outcome, m mood, c shop.Card) string {
	if m.stops {
		return "Stop here"
	}
	there := o.there(t.syncro)
	next := stepsDone(c.Text)
	isThere := next < len(there) && there[next] > 0
	for _, button := range []struct {
		label string
		fits  bool
	}{
		{"It is there", isThere && m.onWord},
		{"Leave it so and go on", true},
		{"Look again", isThere || c.Has("is not seen to be right")},
		{"It is not there: send again", !isThere},
		{"It is not there: send", !isThere},
		{"It is there", isThere},
		{"Look again", true},
		{"Try again", true},
	} {
		if button.fits && c.Offers(button.label) {
			return button.label
		}
	}
	return "Stop here"
}

var doneWords = regexp.MustCompile(`Step 1 was done\.|Steps 1 to (\d+) were done\.|Everything was done\.`)

// stepsDone is how many steps a card says were done.
func stepsDone(text string) int {
	m := doneWords.FindStringSubmatch(text)
	switch {
	case m == nil:
		return 0
	case m[1] != "":
		n, _ := strconv.Atoi(m[1])
		return n
	case strings.HasPrefix(m[0], "Everything"):
		return -1
	}
	return 1
}

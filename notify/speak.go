package notify

import (
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/syncrobot/syncrobot/chat"
)

const (
	mostAtOnce = 100             // tickets of a place that are looked through at once
	foldFrom   = 4               // so many cards that wait become one
	foldMost   = 20              // tickets in one card
	wordLease  = 2 * time.Minute // longer than a card takes to be posted
	speakTime  = time.Minute     // for one card
	closedTime = 5 * time.Minute // at most, before a place that cannot be reached is tried again
	giveUp     = 24 * time.Hour  // after so long in which such a place could not be reached a card for it is dropped
	drawTries  = 5
)

func (n *Notifier) wakeSpeakers() {
	for _, p := range n.places {
		signal(p.wake)
	}
}

// speak says in a place what it is owed, one thing at a time, while no other
// replica does.
func (n *Notifier) speak(ctx context.Context, p place) {
	s := &speaker{Notifier: n, place: p}
	wait := time.Duration(0)
	for sleep(ctx, wait, p.wake) {
		wait = n.Tick
		// What is begun is ended: a card in doubt is worse than a moment.
		begun, cancel := context.WithTimeout(context.WithoutCancel(ctx), wordLease)
		spoke, err := s.once(begun)
		cancel()
		if err != nil && ctx.Err() == nil {
			n.Log.Error("Redis does not do its part in telling news", "place", p.Key(), "error", err)
		}
		if spoke {
			if !sleep(ctx, n.Pause, nil) {
				return
			}
			wait = 0
		}
	}
}

// speaker is one replica's speaker in one place.
type speaker struct {
	*Notifier
	place
	me     string        // the word is taken anew for each thing that is said, so that a pause is for all
	closed time.Duration // how long it was last waited for a place that cannot be reached
}

// once says one thing, if there is one and nobody else has the word. It
// reports whether something was said, or tried.
func (s *speaker) once(ctx context.Context) (bool, error) {
	now := time.Now()
	s.me = rand.Text()
	all, err := s.store.due(ctx, s.Place, now)
	if err != nil || len(all) == 0 {
		return false, err
	}
	if mine, err := s.store.hold(ctx, wordKey(s.Place), s.me, wordLease); err != nil || !mine {
		return false, err
	}
	word := time.Millisecond // after it the next may speak
	defer func() {
		// A little less than this speaker waits itself, so that it finds it free.
		if _, err := s.store.hold(context.WithoutCancel(ctx), wordKey(s.Place), s.me, word-word/10); err != nil {
			s.Log.Warn("the word in a place was not handed back; it is in a while", "place", s.Key(), "error", err)
		}
	}()
	// As the holder before may have left it.
	if all, err = s.store.due(ctx, s.Place, now); err != nil || len(all) == 0 {
		return false, err
	}
	if err := s.orphans(ctx, all); err != nil {
		return false, err
	}
	var cards, doubts, rest []told
	for _, t := range all {
		switch {
		case t.card == owed && !t.closed.IsZero() && now.Sub(t.closed) > giveUp:
			s.drop(ctx, t)
		case t.card == owed:
			cards = append(cards, t)
		case t.card == doubt:
			doubts = append(doubts, t)
		default:
			rest = append(rest, t)
		}
	}
	switch {
	case len(cards) > 0 && s.moreIsComing(ctx, cards, now):
		return false, nil
	case len(cards) >= foldFrom:
		cards = cards[:min(len(cards), foldMost)]
		word, err = s.post(ctx, owed, s.folded(cards), cards)
	case len(cards) > 0:
		word, err = s.post(ctx, owed, s.card(cards[0].facts), cards[:1])
	case len(doubts) > 0:
		doubts = doubts[:min(len(doubts), foldMost)]
		word, err = s.post(ctx, doubt, s.perhaps(s.Platform, doubts), doubts)
	default:
		for _, t := range rest {
			spoke, pause, err := s.goOn(ctx, t)
			if spoke || err != nil {
				word = max(word, pause)
				return spoke, err
			}
		}
		return false, nil
	}
	return true, err
}

// orphans are cards that another speaker began with and did not end: it died.
// They may be shown.
func (s *speaker) orphans(ctx context.Context, all []told) error {
	for i := range all {
		t := &all[i]
		switch t.card {
		case posting:
			t.card = doubt
		case asking:
			t.card = lost
			s.Observe(s.Platform, string(lost))
			s.Log.Error("neither a card nor the line about it is certain to be shown", "place", s.Key(), "ticket", t.facts.Number, "news", news(*t))
		default:
			continue
		}
		if err := s.store.settle(ctx, s.Place, *t, time.Now(), "card", string(t.card)); err != nil {
			return err
		}
	}
	return nil
}

// moreIsComing reports whether cards are better held back a moment: tickets
// are being looked at, and what is found may belong into the same card.
func (s *speaker) moreIsComing(ctx context.Context, cards []told, now time.Time) bool {
	if len(cards) >= foldMost || now.Sub(cards[0].since) > s.Gather {
		return false
	}
	n, err := s.store.pending(ctx, now.Add(lookLease))
	return err == nil && n > 0
}

// post posts one card about tickets that are all in the state from. It returns
// how long nobody is to speak.
func (s *speaker) post(ctx context.Context, from cardState, c chat.Card, about []told) (time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, speakTime)
	defer cancel()
	begun, unclear := posting, doubt
	if from == doubt {
		begun, unclear = asking, lost
	}
	if mine, err := s.store.mark(ctx, s.Place, s.me, "card", string(begun), about...); err != nil || !mine {
		return s.Pause, err
	}
	ref, err := s.Post(ctx, s.Place, c)
	ctx = context.WithoutCancel(ctx)
	later, isLater := errors.AsType[*chat.LaterError](err)
	closed, isClosed := errors.AsType[*chat.UnreachableError](err)
	settle := func(again time.Time, fields ...any) error {
		var first error
		for _, t := range about {
			all := fields
			if err == nil {
				all = append(all, "drawn", t.raw)
				for _, h := range t.events {
					all = append(all, "spoken:"+h.Key, "1")
				}
			}
			if failed := s.store.settle(ctx, s.Place, t, again, all...); first == nil {
				first = failed
			}
		}
		return first
	}
	numbers := numbersOf(about)
	switch {
	case err == nil:
		s.closed = 0
		s.Observe(s.Platform, string(posted))
		s.Log.Info("news were told", "place", s.Key(), "tickets", numbers)
		fold := ""
		if len(about) > 1 || from == doubt {
			fold = "1"
		}
		return s.Pause, settle(time.Time{}, "card", string(posted), "ref", string(ref), "folded", fold, "closed", "")
	case isLater:
		s.Log.Info("news are told later", "place", s.Key(), "tickets", numbers, "until", later.Until, "error", later.Err)
		return max(s.Pause, min(time.Until(later.Until), wordLease)), settle(later.Until, "card", string(from))
	case isClosed:
		s.closed = min(max(2*s.closed, s.Pause, s.Tick), closedTime)
		s.Log.Warn("news cannot be told in a place; it is tried again for a day", "place", s.Key(), "tickets", numbers, "why", closed.Why, "remedy", closed.Remedy, "error", closed.Err)
		since := time.Now()
		for _, t := range about {
			if !t.closed.IsZero() && t.closed.Before(since) {
				since = t.closed
			}
		}
		return s.closed, settle(time.Now().Add(s.closed), "card", string(from), "closed", since.UnixMilli())
	}
	s.Observe(s.Platform, string(unclear))
	if unclear == lost {
		s.Log.Error("neither a card nor the line about it is certain to be shown", "place", s.Key(), "tickets", numbers, "error", err)
		return s.Pause, settle(time.Time{}, "card", string(lost))
	}
	s.Log.Warn("a card may have been shown or not; a line says so in a moment, and it is not posted again", "place", s.Key(), "tickets", numbers, "error", err)
	return s.Pause, settle(time.Now().Add(s.Doubt), "card", string(doubt))
}

// goOn redraws a card that was posted, or says below it what happened since:
// one of the two. It reports whether it did.
func (s *speaker) goOn(ctx context.Context, t told) (spoke bool, word time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, speakTime)
	defer cancel()
	var next *happening
	for i := range t.events {
		if !t.spoken[t.events[i].Key] {
			next = &t.events[i]
			break
		}
	}
	switch {
	case t.card != posted || t.ref == "": // there is nothing to go on with
		return false, 0, s.store.settle(ctx, s.Place, t, time.Time{})
	case t.drawn != t.raw && !t.folded:
		return true, s.Pause, s.redraw(ctx, t)
	case next == nil:
		return false, 0, s.store.settle(ctx, s.Place, t, time.Time{})
	}
	field := "spoken:" + next.Key
	if mine, err := s.store.mark(ctx, s.Place, s.me, field, "1", t); err != nil || !mine {
		return true, s.Pause, err
	}
	below := s.Place
	below.Thread = t.ref
	_, err = s.Post(ctx, below, reply(t.facts, *next))
	ctx = context.WithoutCancel(ctx)
	if later, ok := errors.AsType[*chat.LaterError](err); ok {
		return true, max(s.Pause, min(time.Until(later.Until), wordLease)), s.store.settle(ctx, s.Place, t, later.Until, field, "later")
	}
	if err != nil {
		// The card itself says how the ticket stands.
		s.Log.Warn("what happened was not said below a card, or may not have been", "place", s.Key(), "ticket", t.facts.Number, "event", next.Key, "error", err)
	}
	return true, s.Pause, s.store.settle(ctx, s.Place, t, time.Now(), field, "1")
}

// redraw makes a card show how its ticket stands now.
func (s *speaker) redraw(ctx context.Context, t told) error {
	whose := chat.User{Platform: s.Platform}
	if s.Person != nil {
		whose = *s.Person
	}
	err := s.Redraw(ctx, whose, t.ref, s.card(t.facts))
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		return s.store.settle(ctx, s.Place, t, time.Now(), "drawn", t.raw, "draws", "0")
	}
	if t.draws+1 >= drawTries {
		s.Log.Warn("a card does not show how its ticket stands", "place", s.Key(), "ticket", t.facts.Number, "error", err)
		return s.store.settle(ctx, s.Place, t, time.Now(), "drawn", t.raw, "draws", "0")
	}
	return s.store.settle(ctx, s.Place, t, time.Now().Add(s.Pause<<(2*t.draws+1)), "draws", t.draws+1)
}

func (s *speaker) drop(ctx context.Context, t told) {
	s.Observe(s.Platform, string(dropped))
	s.Log.Error("news were not told: the place could not be reached for a day", "place", s.Key(), "ticket", t.facts.Number, "news", news(t))
	if err := s.store.settle(ctx, s.Place, t, time.Time{}, "card", string(dropped)); err != nil {
		s.Log.Error("Redis does not do its part in telling news", "place", s.Key(), "error", err)
	}
}

func numbersOf(all []told) []int64 {
	numbers := make([]int64, len(all))
	for i, t := range all {
		numbers[i] = t.facts.Number
	}
	return numbers
}

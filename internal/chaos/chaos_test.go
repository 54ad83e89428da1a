package main

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
	"github.com/syncrobot/syncrobot/syncro"
)

func TestEveryKindOfWriteIsAmongTheChanges(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, c := range changes {
		for _, st := range c.steps {
			tried[st.kind] = true
		}
	}
	for _, kind := range syncro.Kinds() {
		if !tried[kind] {
			t.Errorf("no change makes a %s", kind)
		}
		delete(tried, kind)
	}
	for kind := range tried {
		t.Errorf("there is no write %s", kind)
	}
}

// TestTheJudge: each way in which a card can be wrong is seen.
func TestTheJudge(t *testing.T) {
	t.Parallel()
	closing := changes[slices.IndexFunc(changes, func(c change) bool { return c.name == "close" })]
	for i, test := range []struct {
		name     string
		mode     string // empty: single
		comments int
		status   string
		ending   ending
		card     string
		sends    int // that reached Syncro; the person asked for one
		want     []string
	}{
		{"done", "", 1, "Resolved", done, "", 1, nil},
		{"on a word", "", 1, "Resolved", onWord, "", 1, nil},
		{"done and not", "", 1, "New", done, "", 1, []string{"the card says done, and step 2 is there 0 times"}},
		{"done twice", "", 2, "Resolved", done, "", 1, []string{"step 1 is there 2 times", "the card says done, and step 1 is there 2 times"}},
		{"sent twice", "", 1, "Resolved", done, "", 2, []string{"sent 2 times, of which the person asked for 1"}},
		{"stopped after one", "", 1, "New", stopped, "Step 1 was done. Step 2 was not sent. Nothing more will be sent.", 1, nil},
		{"stopped in doubt", "", 1, "Resolved", stopped, "Step 1 was done. Step 2 was sent once, without a clear answer. Nothing more will be sent.", 1, nil},
		{"stopped, and it is there", "", 1, "New", stopped, "Nothing was sent. Nothing more will be sent.", 1, []string{"step 1 was not sent, and it is there"}},
		{"stopped, and it is not there", "", 0, "New", stopped, "Step 1 was done. Step 2 was not sent. Nothing more will be sent.", 0, []string{"step 1 was done, and it is there 0 times"}},
		{"stopped, and more is there", "", 0, "Resolved", stopped, "Nothing was sent. Nothing more will be sent.", 0, []string{"nothing of step 2, and it is there"}},
		{"cancelled", "", 0, "New", cancelled, "", 0, nil},
		{"cancelled, and there", "", 1, "New", cancelled, "", 1, []string{"nothing was sent, and step 1 is there"}},
		{"no end", "", 0, "New", noEnd, "Confirmed. Sending", 0, []string{"it has no end"}},
		{"forgotten by a fail-over", "sentinel", 0, "New", lost, "Nothing was sent. My memory (Redis) lost the record of this", 0, nil},
		{"forgotten though it was sent", "sentinel", 1, "New", expired, "This card has expired", 1,
			[]string{"nothing was sent, and step 1 is there", "what was confirmed is forgotten"}},
		{"forgotten", "", 0, "New", expired, "This card has expired", 0, []string{"what was confirmed is forgotten"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			mode := cmp.Or(test.mode, "single")
			w := &world{plan: plan{mode: mode}, Shop: &shop.Shop{Syncro: syncrosim.New(syncrosim.Options{})}, writes: map[string]int{}}
			defer w.Syncro.Close()
			d := prepare(w.Syncro, i, closing)
			for range test.comments {
				if err := w.Syncro.Person(syncrosim.Act{Ticket: d.ticket.Number, Comment: d.mark}); err != nil {
					t.Fatal(err)
				}
			}
			if err := w.Syncro.Person(syncrosim.Act{Ticket: d.ticket.Number, Status: test.status}); err != nil {
				t.Fatal(err)
			}
			if test.sends > 0 {
				w.writes[fmt.Sprintf("POST /tickets/%d/comment {}", d.ticket.ID)] = test.sends
			}
			got := w.wrong(outcome{deed: d, ending: test.ending, card: test.card, sends: 1, confirmed: true})
			if len(got) != len(test.want) {
				t.Fatalf("found %q, want %q", got, test.want)
			}
			for i := range got {
				if !strings.Contains(got[i], test.want[i]) {
					t.Errorf("found %q, want %q", got[i], test.want[i])
				}
			}
		})
	}
}

// TestASeedDecidesWhatIsDone: twice the same, and another seed something else.
func TestASeedDecidesWhatIsDone(t *testing.T) {
	t.Parallel()
	plans := make([]string, 3)
	for i, seed := range []uint64{7, 7, 8} {
		w := &world{plan: plan{seed: seed, changes: 60}, Shop: &shop.Shop{Syncro: syncrosim.New(syncrosim.Options{Seed: seed})}}
		for _, d := range w.deeds() {
			plans[i] += d.line + d.fault + "\n"
		}
		who := &technician{rng: w.rng("technician", 3)}
		for range 20 {
			plans[i] += fmt.Sprintln(who.mood())
		}
		w.Syncro.Close()
	}
	if plans[0] != plans[1] {
		t.Error("the same seed decides something else")
	}
	if plans[0] == plans[2] {
		t.Error("another seed decides the same")
	}
}

func TestTheNetworkLosesWhatItIsTold(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()
	p, err := newProxy(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer p.close()
	dial := func() net.Conn {
		t.Helper()
		c, err := net.Dial("tcp", p.addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(30 * time.Second))
		return c
	}
	echo := func(c net.Conn, words string) (string, error) {
		fmt.Fprintf(c, "%s\n", words)
		return bufio.NewReader(c).ReadString('\n')
	}
	c := dial()
	if got, err := echo(c, "fine"); got != "fine\n" {
		t.Errorf("%q, %v", got, err)
	}
	p.set(weather{delay: time.Millisecond})
	if got, err := echo(c, "slow"); got != "slow\n" {
		t.Errorf("%q, %v", got, err)
	}
	p.set(weather{after: 3})
	if got, err := echo(dial(), "truncated"); got != "tru" || err == nil {
		t.Errorf("%q, %v", got, err)
	}
	p.set(weather{held: true})
	heard := make(chan string, 1)
	go func() { got, _ := echo(c, "held"); heard <- got }()
	p.set(weather{})
	if got := <-heard; got != "held\n" {
		t.Errorf("%q", got)
	}
	p.cut()
	if got, err := echo(c, "cut"); err == nil {
		t.Errorf("%q over a connection that was cut", got)
	}
}

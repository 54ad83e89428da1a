// Command chaos shows the promise of the product by an experiment: that a
// confirmed change is sent once, that no card claims what is not so, and that
// every change ends in a way that a person understands. It runs two real bots
// on a real Redis, with Syncro, Slack and Teams simulated, and people who type,
// click and decide, while it kills the bots, stops Redis, cuts connections and
// lets Syncro fail in all its ways. At the end it compares Syncro's records
// with what each card says:
//
//	go run ./internal/chaos -mode single|sentinel|cluster -seed 1 -changes 300
//
// It prints what it found against the promise, one line of figures, and exits
// with 1 where there was anything.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// longest is how long a run may take.
const longest = 20 * time.Minute

func main() {
	var p plan
	flag.StringVar(&p.mode, "mode", "single", "what Redis is: single, sentinel (three Sentinels and a replica) or cluster (three masters with a replica each)")
	flag.Uint64Var(&p.seed, "seed", 1, "what is typed, pressed and broken, and in which order; not how the machine interleaves it")
	flag.IntVar(&p.changes, "changes", 300, "changes that people ask for")
	flag.IntVar(&p.people, "people", 16, "people who work at once")
	flag.StringVar(&p.only, "only", "", "one kind of change alone, by its name")
	flag.BoolVar(&p.calm, "calm", false, "break nothing")
	flag.StringVar(&p.overlay, "overlay", "", "build the bot with this overlay (go build -overlay)")
	flag.StringVar(&p.log, "log", "", "write the bots' log and what was broken when into this file")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, longest)
	r, err := run(ctx, p)
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "chaos:", err)
		os.Exit(2)
	}
	for _, v := range r.violations {
		fmt.Println("VIOLATION", v)
	}
	fmt.Println(r)
	if len(r.violations) > 0 {
		os.Exit(1)
	}
}

// Command load measures what the bot costs: the CPU time of an
// acknowledgement beside that of the least that any such server does, the time
// from start to ready, and memory after many slash commands. It builds the bot
// and runs it with a redis-server and the simulators, on loopback alone:
//
//	go run ./internal/load
//	go run ./internal/load -overload
//
// The second floods it instead, and ends it in the middle. What they print are
// the tables of docs/performance.md.
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

// longest is how long all of it may take.
const longest = 15 * time.Minute

func main() {
	var p plan
	var role, redisURL, slackURL string
	flag.IntVar(&p.commands, "n", 100_000, "slash commands that the bot answers")
	flag.IntVar(&p.acks, "acks", 50_000, "acknowledgements that each server is measured by")
	flag.IntVar(&p.people, "c", 16, "people who type at once, each waiting for an answer before the next command")
	flag.IntVar(&p.starts, "starts", 9, "starts of the bot")
	var tooMuch bool
	var f flood
	flag.BoolVar(&tooMuch, "overload", false, "flood the bot")
	flag.IntVar(&f.rate, "rate", 2000, "for -overload: slash commands a second")
	flag.DurationVar(&f.lasts, "for", time.Minute, "for -overload: how long")
	flag.StringVar(&role, "serve", "", "be one of the servers that the bot is compared with: bare or adapter; the program starts these itself")
	flag.StringVar(&redisURL, "redis", "", "for -serve: where Redis is")
	flag.StringVar(&slackURL, "slack", "", "for -serve adapter: where Slack's Web API is")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	ctx, cancel := context.WithTimeout(ctx, longest)
	var err error
	if role != "" {
		err = serve(ctx, role, redisURL, slackURL)
	} else if tooMuch {
		err = overload(ctx, f)
	} else {
		err = measure(ctx, p)
	}
	cancel()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

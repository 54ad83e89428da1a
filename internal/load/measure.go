package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/internal/shop"
)

// plan is how much is measured.
type plan struct {
	commands, acks, people, starts int
}

// rounds is how many parts the acknowledgements are measured in. The servers
// take turns, so that what else the machine does hits all of them.
const rounds = 5

// measure does all of it and prints the table.
func measure(ctx context.Context, p plan) error {
	if p.commands < 1 || p.acks < rounds || p.people < 1 || p.starts < 1 {
		return errors.New("each of -n, -acks, -c and -starts needs at least one to measure (-acks: five)")
	}
	t := newTypist(p.people)
	s, err := openShop(t, shop.Options{SyncroKeys: unlimited})
	if err != nil {
		return err
	}
	defer s.close()
	program, err := shop.Build(ctx, s.Dir, "")
	if err != nil {
		return err
	}
	r := report{plan: p}
	if err := r.measureStarts(ctx, program, s.Config()); err != nil {
		return err
	}
	bot, err := shop.Start(ctx, nil, program, "serve", "--config", s.Config())
	if err != nil {
		return err
	}
	defer bot.End()
	if _, err := bot.Ready(ctx); err != nil {
		return err
	}
	if r.fresh, err = bot.Memory(); err != nil {
		return err
	}
	if r.goroutinesBefore, err = bot.Goroutines(); err != nil {
		return err
	}
	if err := r.measureWork(ctx, t, bot, s.Syncro.Snapshot().Tickets[0].Number); err != nil {
		return err
	}
	if err := r.measureAcks(ctx, t, s, bot); err != nil {
		return err
	}
	r.troubles = bot.Troubles.Load()
	r.print()
	return nil
}

// measureStarts starts the bot and ends it when it is ready.
func (r *report) measureStarts(ctx context.Context, program, config string) error {
	for range r.starts {
		bot, err := shop.Start(ctx, nil, program, "serve", "--config", config)
		if err != nil {
			return err
		}
		took, err := bot.Ready(ctx)
		if err != nil {
			bot.End()
			return err
		}
		cpu, err := bot.CPU()
		bot.End()
		if err != nil {
			return err
		}
		r.ready, r.readyCPU = append(r.ready, took), append(r.readyCPU, cpu)
	}
	return nil
}

// measureWork has commands answered: help and pending, which ask nothing of
// Syncro, and one in twenty that reads a ticket.
func (r *report) measureWork(ctx context.Context, t *typist, bot *shop.Process, ticket int64) error {
	number := strconv.FormatInt(ticket, 10)
	before, err := bot.CPU()
	if err != nil {
		return err
	}
	begun := time.Now()
	r.work, err = t.work(ctx, bot.Listen, r.commands, func(i int) command {
		switch {
		case i%20 == 0:
			return command{"ticket " + number, "#" + number}
		case i%2 == 0:
			return command{"help", "What you can type"}
		default:
			return command{"pending", "Nothing waits for you"}
		}
	})
	if err != nil {
		return err
	}
	r.workTook = time.Since(begun)
	after, err := bot.CPU()
	if err != nil {
		return err
	}
	r.workCPU = (after - before) / time.Duration(r.commands)
	if r.worked, err = bot.Memory(); err != nil {
		return err
	}
	// What served connections ends with them; that takes a moment.
	t.client.CloseIdleConnections()
	for range 100 {
		if r.goroutinesAfter, err = bot.Goroutines(); err != nil || r.goroutinesAfter <= r.goroutinesBefore {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return nil
}

// measureAcks measures the CPU time of acknowledgements, of the bot and of
// the two servers that it is compared with. The bot is sent one command again
// and again: it acknowledges repeats and does nothing else with them.
func (r *report) measureAcks(ctx context.Context, t *typist, s *office, bot *shop.Process) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	bare, err := shop.Start(ctx, nil, self, "-serve", "bare", "-redis", s.redis.URL())
	if err != nil {
		return err
	}
	defer bare.End()
	adapter, err := shop.Start(ctx, nil, self, "-serve", "adapter", "-redis", s.redis.URL(), "-slack", s.SlackURL+"/api/")
	if err != nil {
		return err
	}
	defer adapter.End()
	fresh := func(who int) string { return t.form(who, "close 32164 Replaced the toner") }
	repeated := t.form(0, "help")
	if _, _, err := t.post(ctx, bot.Listen, repeated); err != nil {
		return err
	}
	if _, err := t.answer(ctx, 0); err != nil {
		return err
	}
	n := r.acks / rounds
	for round := range rounds + 1 {
		for _, one := range []struct {
			server *shop.Process
			form   func(int) string
			each   *[]time.Duration
		}{
			{bare, fresh, &r.bare},
			{adapter, fresh, &r.adapter},
			{bot, func(int) string { return repeated }, &r.repeats},
		} {
			before, err := one.server.CPU()
			if err != nil {
				return err
			}
			if err := t.acknowledge(ctx, one.server.Listen, n, one.form); err != nil {
				return err
			}
			after, err := one.server.CPU()
			if err != nil {
				return err
			}
			if round > 0 { // the first is for warming up
				*one.each = append(*one.each, (after-before)/time.Duration(n))
			}
		}
	}
	return nil
}

// report is what was measured. CPU times are for one command each.
type report struct {
	plan
	ready, readyCPU        []time.Duration // by start
	bare, adapter, repeats []time.Duration // CPU time of an acknowledgement, by round

	work                              tally
	workTook, workCPU                 time.Duration
	fresh, worked                     shop.Memory
	goroutinesBefore, goroutinesAfter int
	troubles                          int64
}

func (r *report) print() {
	row := func(what, figure, bar string) { fmt.Printf("| %s | %s | %s |\n", what, figure, bar) }
	us := func(d time.Duration) string { return fmt.Sprintf("%d µs", d.Microseconds()) }
	ms := func(d time.Duration) string { return fmt.Sprintf("%.1f ms", d.Seconds()*1000) }
	mib := func(kib int64) string { return fmt.Sprintf("%.1f MiB", float64(kib)/1024) }
	resident := func(m shop.Memory) string {
		return fmt.Sprintf("%s (%s its own, %s of the program file)", mib(m.All), mib(m.Own), mib(m.File))
	}
	spread := func(all []time.Duration, show func(time.Duration) string) string {
		return fmt.Sprintf("%s (%s to %s)", show(quantile(all, .5)), show(slices.Min(all)), show(slices.Max(all)))
	}
	against := func(all []time.Duration) string {
		return fmt.Sprintf("%s, %.2f times the bare handler", spread(all, us), float64(quantile(all, .5))/float64(quantile(r.bare, .5)))
	}
	fmt.Printf("%s, %s, %d cores (%s), load average %s at the end.\n\n",
		time.Now().Format(time.DateOnly), runtime.Version(), runtime.NumCPU(), processor(), load())
	row("What", "Figure", "Bar")
	row("---", "---", "---")
	row("CPU time of an acknowledgement: bare handler", spread(r.bare, us), "")
	row("CPU time of an acknowledgement: Slack adapter", against(r.adapter), "twice the bare handler")
	row("CPU time of an acknowledgement: `bot serve`, a repeat", against(r.repeats), "twice the bare handler")
	row("CPU time of a whole command with its answer", us(r.workCPU), "")
	row("Acknowledgement, p50 / p99 (wall)", ms(quantile(r.work.acks, .5))+" / "+ms(quantile(r.work.acks, .99)), "3 s")
	row("Answer, p50 / p99 (wall)", ms(quantile(r.work.answers, .5))+" / "+ms(quantile(r.work.answers, .99)), "")
	row("Commands a second", fmt.Sprintf("%.0f", float64(r.commands)/r.workTook.Seconds()), "")
	row(fmt.Sprintf("Start to ready, median of %d (wall)", r.starts), spread(r.ready, ms), "250 ms")
	row("CPU time from start to ready", spread(r.readyCPU, ms), "")
	row("Resident when ready", resident(r.fresh), "")
	row(fmt.Sprintf("Resident after %d commands", r.commands), resident(r.worked), "80 MiB")
	row("Most ever resident", mib(r.worked.Peak), "80 MiB")
	row("Goroutines before / after", fmt.Sprintf("%d / %d", r.goroutinesBefore, r.goroutinesAfter), "")
	row("Refused / wrong / missing answers", fmt.Sprintf("%d / %d / %d", r.work.refused, r.work.wrong, r.work.missing), "0 / 0 / 0")
	row("Warnings and errors in the bot's log", fmt.Sprint(r.troubles), "0")
}

// processor is what the machine calls itself.
func processor() string {
	b, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(b), "model name")
	line, _, _ := strings.Cut(rest, "\n")
	return cmp.Or(strings.Trim(line, "\t: "), runtime.GOARCH)
}

// load is how many threads wanted to run in the last minute: above the number
// of cores, what is not CPU time is of little worth.
func load() string {
	b, _ := os.ReadFile("/proc/loadavg")
	one, _, _ := strings.Cut(string(b), " ")
	return cmp.Or(one, "unknown")
}

// quantile is the value below which the share q of all lies; 0 of none.
func quantile(all []time.Duration, q float64) time.Duration {
	if len(all) == 0 {
		return 0
	}
	sorted := slices.SortedFunc(slices.Values(all), cmp.Compare[time.Duration])
	return sorted[int(q*float64(len(sorted)-1))]
}

// Package doctor finds out why a bot would not work, or not work well, before
// its people do. One file is a group of checks. It only reads: nothing is
// written anywhere but the count of its own requests to Syncro, which Redis
// keeps for everybody, and the message of Options.Test.
package doctor

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/config"
)

// Status is how a check went.
type Status string

// The statuses.
const (
	Fine    Status = "ok"
	Look    Status = "look" // it works, and may not be what is wanted
	Fails   Status = "fails"
	Skipped Status = "skipped" // it could not be looked at
)

// Finding is what one check found.
type Finding struct {
	Group  string `json:"group"`
	Check  string `json:"check"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Remedy string `json:"remedy,omitempty"` // what to type or click, in a sentence
}

// Platforms are the chat platforms that are served.
type Platforms interface {
	Reach(ctx context.Context, at chat.Place) error
	Post(ctx context.Context, at chat.Place, card chat.Card) (chat.Ref, error)
}

// Options are what is looked at.
type Options struct {
	Config    *config.Config
	Redis     redis.UniversalClient
	Platforms Platforms
	Places    func(config.Route) []chat.Place // where a route leads
	Only      []string                        // groups; empty: all
	Test      string                          // a technician who is sent a message on each platform; empty: nobody
}

// patience is how long all groups together may take; what is not done then is
// said to be so.
const patience = 15 * time.Second

// group is one file of checks.
type group struct {
	name string
	look func(*examination, context.Context, *findings)
}

// groups is THE LIST OF GROUPS, in the order of the report.
func groups() []group {
	return []group{
		{"vault", (*examination).vault},
		{"redis", (*examination).redis},
		{"syncro", (*examination).syncro},
		{"slack", (*examination).slack},
		{"teams", (*examination).teams},
		{"notify", (*examination).notify},
		{"public", (*examination).public},
		{"clock", (*examination).clock},
		{"logs", (*examination).logs},
		{"test", (*examination).test},
	}
}

// Groups are the names that Options.Only may have.
func Groups() []string {
	var names []string
	for _, g := range groups() {
		names = append(names, g.name)
	}
	return names
}

// examination is one run.
type examination struct {
	Options
	keys func() *keyring // opened once
}

// Run looks at everything at the same time and returns what it found, in
// order, after 15 seconds at the latest.
func Run(ctx context.Context, o Options) []Finding {
	x := &examination{Options: o}
	x.keys = sync.OnceValue(x.openKeys)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var all []*findings
	var wait sync.WaitGroup
	for _, g := range groups() {
		if len(o.Only) > 0 && !slices.Contains(o.Only, g.name) && (g.name != "test" || o.Test == "") {
			continue
		}
		f := &findings{group: g.name}
		all = append(all, f)
		wait.Go(func() {
			g.look(x, ctx, f)
			f.close("")
		})
	}
	done := make(chan struct{})
	go func() { wait.Wait(); close(done) }()
	select {
	case <-done:
	case <-ctx.Done():
		// Most of what waits is told by ctx; a key service of SOPS is not.
		select {
		case <-done:
		case <-time.After(time.Second):
		}
	}
	hide := x.secrets()
	var report []Finding
	for _, f := range all {
		for _, one := range f.close("it took longer than " + patience.String()) {
			one.Detail, one.Remedy = hide(one.Detail), hide(one.Remedy)
			report = append(report, one)
		}
	}
	return report
}

// Failed reports whether a check fails.
func Failed(all []Finding) bool {
	return slices.ContainsFunc(all, func(f Finding) bool { return f.Status == Fails })
}

// findings collects what a group finds.
type findings struct {
	group string

	mu     sync.Mutex
	all    []Finding
	closed bool
}

func (f *findings) add(one Finding) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		one.Group = f.group
		f.all = append(f.all, one)
	}
}

// close ends the group and returns what it found; late says why it is ended
// before it is done.
func (f *findings) close(late string) []Finding {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed && late != "" {
		f.all = append(f.all, Finding{f.group, "time", Fails, late, "Run “bot doctor --only " + f.group + "” again; something that it asks does not answer."})
	}
	f.closed = true
	return f.all
}

func (f *findings) fine(check, format string, args ...any) {
	f.add(Finding{Check: check, Status: Fine, Detail: fmt.Sprintf(format, args...)})
}

func (f *findings) look(check, detail, remedy string) {
	f.add(Finding{Check: check, Status: Look, Detail: detail, Remedy: remedy})
}

func (f *findings) fails(check, detail, remedy string) {
	f.add(Finding{Check: check, Status: Fails, Detail: detail, Remedy: remedy})
}

func (f *findings) skip(check, why string) {
	f.add(Finding{Check: check, Status: Skipped, Detail: why})
}

// secrets hides what must not be shown, should somebody's error repeat it.
func (x *examination) secrets() func(string) string {
	var pairs []string
	hide := func(s string) {
		if len(s) > 3 {
			pairs = append(pairs, s, "[hidden]")
		}
	}
	c := x.Config
	hide(c.Redis.Password.Reveal())
	hide(c.Redis.SentinelPassword.Reveal())
	hide(c.Notify.WebhookSecret.Reveal())
	if c.Slack != nil {
		hide(c.Slack.SigningSecret.Reveal())
		hide(c.Slack.BotToken.Reveal())
		hide(c.Slack.AppToken.Reveal())
	}
	if c.Teams != nil {
		hide(c.Teams.ClientSecret.Reveal())
	}
	return strings.NewReplacer(pairs...).Replace
}

// Write prints findings for people: a line a check, and below it the remedy of
// one that is not fine.
func Write(w io.Writer, all []Finding) error {
	width := 0
	for _, f := range all {
		width = max(width, utf8.RuneCountInString(f.Check))
	}
	var b strings.Builder
	count := map[Status]int{}
	for i, f := range all {
		if i == 0 || all[i-1].Group != f.Group {
			fmt.Fprintf(&b, "%s\n", f.Group)
		}
		count[f.Status]++
		fmt.Fprintf(&b, "  %-7s  %-*s  %s\n", f.Status, width, f.Check, f.Detail)
		if f.Remedy != "" {
			fmt.Fprintf(&b, "  %-7s  %-*s  → %s\n", "", width, "", f.Remedy)
		}
	}
	fmt.Fprintf(&b, "%d ok, %d to look at, %d fail, %d skipped\n", count[Fine], count[Look], count[Fails], count[Skipped])
	_, err := io.WriteString(w, b.String())
	return err
}

// firstLine is the beginning of what an error says.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}

package doctor

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/identity"
)

// leastSecret is how many characters a webhook's secret should have, which is
// all that the webhook's address has to tell Syncro by.
const leastSecret = 16

// notify looks whether the webhook can be guessed, and whether each route leads
// to a place where the bot may post.
func (x *examination) notify(ctx context.Context, f *findings) {
	if n := len(x.Config.Notify.WebhookSecret.Reveal()); n > 0 && n < leastSecret {
		f.look("webhook", fmt.Sprintf("its secret has %d characters, and could be guessed", n),
			"Make a longer one (openssl rand -hex 24), and write it into Syncro's Notification Center, too.")
	}
	routes := x.Config.Notify.Routes
	if len(routes) == 0 {
		f.skip("routes", "none is configured")
		return
	}
	x.newsKey(f)
	all := make([]findings, len(routes))
	var wait sync.WaitGroup
	for i, r := range routes {
		wait.Go(func() {
			for _, at := range x.Places(r) {
				check := r.Event + " to " + at.Platform + " " + r.Slack + r.Teams + r.Person
				if at.Person != nil && at.Platform == "teams" {
					all[i].skip(check, "asking would open the chat; “bot doctor --send-test "+r.Person+"” tries it")
					continue
				}
				told(&all[i], check, "can be posted to", x.Platforms.Reach(ctx, at))
			}
		})
	}
	wait.Wait()
	for i := range all {
		for _, one := range all[i].all {
			f.add(one)
		}
	}
}

// newsKey says with whose key tickets are read where nobody asked, as
// identity.Directory's Watcher chooses.
func (x *examination) newsKey(f *findings) {
	keys := x.keys()
	if keys.shared.usable() && x.Config.Vault.SharedKey != string(identity.Off) {
		f.fine("key", "news are read with the shared key")
		return
	}
	for _, t := range x.Config.Technicians {
		if keys.own[t.Name].usable() {
			f.look("key", "news are read with the key of technician "+t.Name+", for want of a shared one that may be used",
				"Add a shared key (docs/setup-syncro.md) and write vault.shared_key: reads, if that is not wanted.")
			return
		}
	}
	f.fails("key", "there is no key to read news with", "Add a shared key, or one for a technician (docs/setup-syncro.md).")
}

// private is a person's own place, from chat.User's Key.
func private(key string) chat.Place {
	part := strings.SplitN(key, "/", 3)
	return chat.Place{Platform: part[0], Person: &chat.User{Platform: part[0], Tenant: part[1], ID: part[2]}}
}

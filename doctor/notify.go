package doctor

import (
	"context"
	"sync"

	"github.com/syncrobot/syncrobot/chat"
)

// notify looks whether each route leads to a place where the bot may post.
func (x *examination) notify(ctx context.Context, f *findings) {
	routes := x.Config.Notify.Routes
	if len(routes) == 0 {
		f.skip("routes", "none is configured")
		return
	}
	all := make([]findings, len(routes))
	var wait sync.WaitGroup
	for i, r := range routes {
		at := chat.Place{Platform: "slack", Channel: r.Slack}
		if r.Teams != "" {
			at = chat.Place{Platform: "teams", Channel: r.Teams}
		}
		wait.Go(func() {
			told(&all[i], r.Event+" to "+at.Channel, "can be posted in", x.Platforms.Reach(ctx, at))
		})
	}
	wait.Wait()
	for i := range all {
		for _, one := range all[i].all {
			f.add(one)
		}
	}
}

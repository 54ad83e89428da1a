package doctor

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

const (
	// clockLook is a difference that is worth a look; headers tell whole
	// seconds only.
	clockLook = 10 * time.Second
	// clockFails is near the five minutes after which Slack's signatures and
	// Microsoft's tokens are refused.
	clockFails = 4 * time.Minute
)

// clock compares this machine's clock with those of others.
func (x *examination) clock(ctx context.Context, f *findings) {
	now := time.Now()
	if theirs, err := x.Redis.Time(ctx).Result(); err == nil {
		compare(f, "Redis", theirs, now)
	} else {
		f.skip("Redis", "it does not answer")
	}
	sites := []struct{ name, address string }{{"Syncro", x.Config.Syncro.URL}}
	if x.Config.Slack != nil {
		sites = append(sites, struct{ name, address string }{"Slack", x.Config.Slack.APIURL})
	}
	if x.Config.Teams != nil {
		sites = append(sites, struct{ name, address string }{"Microsoft", x.Config.Teams.OpenIDURL})
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for _, s := range sites {
		request, err := http.NewRequestWithContext(ctx, http.MethodHead, s.address, nil)
		if err != nil {
			continue
		}
		response, err := client.Do(request)
		if err != nil {
			f.skip(s.name, "it does not answer")
			continue
		}
		response.Body.Close()
		if theirs, err := http.ParseTime(response.Header.Get("Date")); err == nil {
			compare(f, s.name, theirs, time.Now())
		} else {
			f.skip(s.name, "it does not tell the time")
		}
	}
}

func compare(f *findings, whose string, theirs, ours time.Time) {
	const remedy = "Set this machine's clock by the network: timedatectl set-ntp true."
	switch skew := ours.Sub(theirs).Abs(); {
	case skew > clockFails:
		f.fails(whose, fmt.Sprintf("this clock is %s off its: requests of Slack and Teams are refused from 5 minutes on", skew.Round(time.Second)), remedy)
	case skew > clockLook:
		f.look(whose, fmt.Sprintf("this clock is %s off its", skew.Round(time.Second)), remedy)
	default:
		f.fine(whose, "the same time, to %s", max(skew, time.Second).Round(time.Second))
	}
}

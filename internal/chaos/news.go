package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// newsConfig routes invoiced tickets to a channel on each platform.
const newsConfig = `notify:
  webhook_secret: ` + shop.WebhookSecret + `
  poll: 2s
  routes:
    - {event: invoiced, slack: C0BILL}
    - {event: invoiced, teams: "` + shop.BillingTeams + `"}
`

// newsPatience is how long news may take at the end: the word of a speaker who
// died ends after two minutes, and a card in doubt is spoken of after one
// more.
const newsPatience = 6 * time.Minute

// tellNews lets Syncro notify the bots and adds the app to the team.
func (w *world) tellNews(ctx context.Context, door string) {
	w.Syncro.SendWebhooks(door+"/syncro/webhook/"+shop.WebhookSecret, "https://shop.example")
	w.Teams.Install(ctx, shop.DanaTeams, shop.DeskTeams)
}

// slackStrikes are how Slack leaves open whether it showed a card.
func (w *world) slackStrikes() []strike {
	var all []strike
	for _, f := range []struct {
		name string
		slacksim.Fault
	}{
		{"Slack shows a card and answers 502", slacksim.Fault{Status: http.StatusBadGateway, After: true}},
		{"Slack shows no card and answers 502", slacksim.Fault{Status: http.StatusBadGateway}},
		{"Slack is busy", slacksim.Fault{Status: http.StatusTooManyRequests}},
	} {
		f.On = "chat.postMessage"
		all = append(all, strike{f.name, 500 * time.Millisecond, 3 * time.Second, func(context.Context, *rand.Rand) (func() error, error) {
			w.Slack.Fail(f.Fault)
			return func() error { w.Slack.ClearFaults(); return nil }, nil
		}})
	}
	return all
}

// untold waits until each ticket that was invoiced is told in both channels,
// and says what is against the promise: one card, or none and a line that it
// may have been shown.
func (w *world) untold(ctx context.Context) (told int, wrong []string) {
	ctx, cancel := context.WithTimeout(ctx, newsPatience)
	defer cancel()
	for {
		told, wrong = w.newsNow()
		if len(wrong) == 0 || !wait(ctx, time.Second) {
			return told, wrong
		}
	}
}

func (w *world) newsNow() (told int, wrong []string) {
	places := map[string][]string{"Slack": nil, "Teams": nil}
	for _, m := range w.Slack.Messages(shop.DanaSlack, "C0BILL") {
		places["Slack"] = append(places["Slack"], m.Text)
	}
	for _, m := range w.Teams.Messages(shop.DanaTeams, shop.BillingTeams) {
		r, err := m.Read()
		if err != nil {
			return 0, []string{err.Error()}
		}
		places["Teams"] = append(places["Teams"], r.Text)
	}
	for _, t := range w.Syncro.Snapshot().Tickets {
		if t.Status != "Invoiced" || !t.Created.After(w.begun.Add(-time.Second)) && t.Number < 50_000 {
			continue
		}
		for name, texts := range places {
			cards, lines := 0, 0
			for _, text := range texts {
				switch {
				case !strings.Contains(text, fmt.Sprintf("#%d %s", t.Number, t.Subject)):
				case strings.Contains(text, "Perhaps you have seen this already"):
					lines++
				default:
					cards++
				}
			}
			told += one(cards == 1)
			switch {
			case cards > 1 && w.mode == "single": // a fail-over may forget that a card was posted
				wrong = append(wrong, fmt.Sprintf("#%d was told %d times in %s", t.Number, cards, name))
			case cards == 0 && lines == 0:
				wrong = append(wrong, fmt.Sprintf("that #%d was invoiced is not told in %s", t.Number, name))
			}
		}
	}
	return told, wrong
}

package shop

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/syncrobot/syncrobot/simulator/slacksim"
	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

// Person is somebody at a chat client, one at a time: what they do is
// acknowledged at once, and what comes of it is seen on their cards.
type Person interface {
	// Say types a command line. The error is what the platform tells a person
	// whom the bot did not answer.
	Say(ctx context.Context, line string) error
	// Press presses a button of a card as it was when it was seen, whatever
	// became of it since, and whoever's it is.
	Press(ctx context.Context, c Card, label string) error
	// Repeat delivers once more what the person did last, as a platform does
	// that heard no answer.
	Repeat(ctx context.Context)
	// Cards are what the bot shows the person, oldest first.
	Cards() ([]Card, error)
	// Again is the same person at another device, who may act at the same time.
	Again() Person
}

// Card is a message of the bot as one person sees it.
type Card struct {
	ID      string
	Text    string   // what they read, every run of white space one space
	Buttons []string // the labels of those that come back to the bot

	slack slacksim.Message
	teams []teamssim.Button
}

// Has reports whether the card reads all the words.
func (c Card) Has(words ...string) bool {
	return !slices.ContainsFunc(words, func(s string) bool { return !strings.Contains(c.Text, flat(s)) })
}

// Offers reports whether the card has the button.
func (c Card) Offers(label string) bool { return slices.Contains(c.Buttons, label) }

func flat(s string) string { return strings.Join(strings.Fields(s), " ") }

var errNoButton = errors.New("the card has no such button")

type slackPerson struct {
	slack         *slacksim.Slack
	user, channel string
	last          slacksim.Delivery
	read          map[string]Card
}

// InSlack is a person in a channel.
func (s *Shop) InSlack(user, channel string) Person {
	return &slackPerson{slack: s.Slack, user: user, channel: channel, read: map[string]Card{}}
}

func (p *slackPerson) Again() Person {
	return &slackPerson{slack: p.slack, user: p.user, channel: p.channel, read: map[string]Card{}}
}

func (p *slackPerson) Say(ctx context.Context, line string) error {
	return p.heard(p.slack.Command(ctx, p.user, p.channel, line))
}

func (p *slackPerson) heard(ack slacksim.Ack) error {
	p.last = ack.Sent
	if ack.Err != nil {
		return fmt.Errorf("what Slack heard: %w %s", ack.Err, ack.Body)
	}
	return nil
}

func (p *slackPerson) Press(ctx context.Context, c Card, label string) error {
	for _, b := range c.slack.Buttons() {
		if b.Text == label {
			return p.heard(p.slack.ClickOn(ctx, p.user, c.slack, b.ActionID, b.Value))
		}
	}
	return fmt.Errorf("%w: %s", errNoButton, label)
}

func (p *slackPerson) Repeat(ctx context.Context) { p.slack.Resend(ctx, p.last, true) }

func (p *slackPerson) Cards() ([]Card, error) {
	var all []Card
	for _, m := range p.slack.Messages(p.user, p.channel) {
		if !m.Bot {
			continue
		}
		key := m.ID + string(m.JSON)
		c, ok := p.read[key]
		if !ok {
			c = Card{ID: m.ID, Text: flat(m.Text), slack: m}
			for _, b := range m.Buttons() {
				if b.URL == "" {
					c.Buttons = append(c.Buttons, b.Text)
				}
			}
			p.read[key] = c
		}
		all = append(all, c)
	}
	return all, nil
}

type teamsPerson struct {
	teams *teamssim.Sim
	user  string
	last  teamssim.Delivery
	read  map[string]Card
}

// InTeams is a person in their personal chat with the bot.
func (s *Shop) InTeams(user string) Person {
	return &teamsPerson{teams: s.Teams, user: user, read: map[string]Card{}}
}

func (p *teamsPerson) Again() Person {
	return &teamsPerson{teams: p.teams, user: p.user, read: map[string]Card{}}
}

func (p *teamsPerson) Say(ctx context.Context, line string) error {
	return p.heard(p.teams.Say(ctx, p.user, "", line))
}

func (p *teamsPerson) heard(d teamssim.Delivery) error {
	p.last = d
	if d.Err != nil || d.Status()/100 != 2 || d.Problem != "" {
		return fmt.Errorf("what Teams heard: status %d %s %w", d.Status(), d.Problem, d.Err)
	}
	return nil
}

func (p *teamsPerson) Press(ctx context.Context, c Card, label string) error {
	for _, b := range c.teams {
		if b.Title != label {
			continue
		}
		d := p.teams.Click(ctx, p.user, c.ID, b.Verb, b.Data)
		if d.Err != nil { // not on the card any more, or never in their sight
			d = p.teams.Invoke(ctx, p.user, p.teams.Personal(p.user), "adaptiveCard/action", c.ID, map[string]any{
				"action": map[string]any{"type": "Action.Execute", "verb": b.Verb, "data": b.Data}, "trigger": "manual",
			})
		}
		return p.heard(d)
	}
	return fmt.Errorf("%w: %s", errNoButton, label)
}

func (p *teamsPerson) Repeat(ctx context.Context) { p.teams.Resend(ctx, p.last) }

func (p *teamsPerson) Cards() ([]Card, error) {
	var all []Card
	for _, m := range p.teams.Messages(p.user, p.teams.Personal(p.user)) {
		if !m.Bot {
			continue
		}
		key := m.ID + m.Banner + string(m.Card) + m.Text
		c, ok := p.read[key]
		if !ok {
			r, err := m.Read()
			if err != nil {
				return nil, err
			}
			c = Card{ID: m.ID, Text: flat(r.Text + " " + m.Banner)}
			for _, b := range r.Buttons {
				if b.Type == "Action.Execute" {
					c.Buttons = append(c.Buttons, b.Title)
					c.teams = append(c.teams, b)
				}
			}
			p.read[key] = c
		}
		all = append(all, c)
	}
	return all, nil
}

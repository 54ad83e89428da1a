package commands

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
)

// verbChoose is the verb of a choice's button. Its value is the id under
// which Redis keeps the command line; several on one card differ in a suffix.
const verbChoose = "choose"

// choices keeps the command lines behind buttons.
type choices struct {
	rdb redis.UniversalClient
	ttl time.Duration
}

// chosen is what Redis keeps of a choice.
type chosen struct {
	Owner string `json:"owner"` // who may press
	Line  string `json:"line"`

	// Replaces is the operation whose card the button is on: another card in
	// its place is the end of it.
	Replaces string `json:"replaces,omitempty"`

	// Aside leaves the card that the button is on where it is.
	Aside bool `json:"aside,omitempty"`
}

func choiceKey(id string) string { return "syncrobot:choice:" + id }

// offer saves the choices of a result and makes their buttons, those beside
// its tables' rows first.
func (c choices) offer(ctx context.Context, user chat.User, r Result) ([]chat.Button, error) {
	offered := append(r.beside[:len(r.beside):len(r.beside)], r.Choices...)
	buttons := make([]chat.Button, len(offered))
	pipe := c.rdb.Pipeline()
	for i, o := range offered {
		record, err := json.Marshal(chosen{Owner: user.Key(), Line: o.Line, Replaces: r.operation, Aside: r.aside})
		if err != nil {
			return nil, err
		}
		id := rand.Text()
		pipe.Set(ctx, choiceKey(id), record, cmp.Or(r.keep, c.ttl))
		buttons[i] = chat.Button{Label: o.Label, Verb: fmt.Sprintf("%s-%d", verbChoose, i+1), Value: id}
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("save the choices: %w", err)
	}
	return buttons, nil
}

var (
	errNoChoice = errors.New("no such choice")
	errNotYours = errors.New("somebody else's choice")
)

// take returns the command line behind a button. It may be pressed again:
// whatever it changes is confirmed on a card of its own.
func (c choices) take(ctx context.Context, user chat.User, id string) (chosen, error) {
	if id == "" || strings.Trim(id, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") != "" {
		return chosen{}, errNoChoice
	}
	record, err := c.rdb.Get(ctx, choiceKey(id)).Bytes()
	var kept chosen
	if err == nil {
		err = json.Unmarshal(record, &kept)
	}
	if err == nil && kept.Owner != user.Key() {
		return chosen{}, errNotYours
	}
	if errors.Is(err, redis.Nil) {
		return chosen{}, errNoChoice
	}
	return kept, err
}

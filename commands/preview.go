package commands

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/syncro"
)

const (
	// previewRest is how long a ticket is not previewed again in one place.
	previewRest = 30 * time.Minute
	// glanceTTL is how long what a preview shows is taken from the last reading.
	glanceTTL = time.Minute
)

func previewedKey(place string, id int64) string {
	return "syncrobot:previewed:" + place + ":" + strconv.FormatInt(id, 10)
}

// glance is what a preview shows: nothing that only the shop may know but the
// ticket's name and state.
type glance struct {
	Number     int64  `json:"number"`
	Subject    string `json:"subject"`
	Status     string `json:"status"`
	Customer   string `json:"customer"`
	Technician string `json:"technician"`
}

// Preview is the small card of a ticket whose link a technician pasted. It
// costs one request at most, and none for a link that leads elsewhere or was
// shown there already.
func (b *Bot) Preview(ctx context.Context, req chat.Request) *chat.Card {
	if !b.served(req.User) {
		return nil
	}
	call, err := b.call(ctx, req.User)
	if err != nil {
		return nil
	}
	id, err := call.linked(req.Pasted.URL)
	if err != nil || id == 0 {
		return nil
	}
	if place := req.Pasted.Place; place != "" {
		first, err := b.Redis.SetNX(ctx, previewedKey(place, id), 1, previewRest).Result()
		if err != nil || !first {
			return nil
		}
	}
	g, err := call.glance(ctx, id)
	if err != nil {
		b.Log.Warn("a pasted link could not be previewed", "user", req.User.Key(), "error", err)
		b.Redis.Del(ctx, previewedKey(req.Pasted.Place, id))
		return nil
	}
	return &chat.Card{
		Title: fmt.Sprintf("#%d %s", g.Number, clip(oneLine(g.Subject), 90)),
		Parts: []chat.Part{chat.Fields{
			{Name: "Status", Value: orNone(g.Status)},
			{Name: "Customer", Value: orNone(clip(oneLine(g.Customer), 60))},
			{Name: "Assigned to", Value: cmp.Or(g.Technician, "nobody")},
		}},
	}
}

// glance reads a ticket, or takes what the same technician read a moment ago:
// what a colleague may see is not theirs by that.
func (c *Call) glance(ctx context.Context, id int64) (glance, error) {
	key := fmt.Sprintf("syncrobot:glance:%s:%d", c.Who.Name, id)
	var g glance
	record, err := c.lists.rdb.Get(ctx, key).Bytes()
	if err == nil && json.Unmarshal(record, &g) == nil {
		return g, nil
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		return g, err // without Redis no request is counted either
	}
	var t syncro.Ticket
	if t, err = c.Reader.Ticket(ctx, id); err != nil {
		return g, err
	}
	g = glance{t.Number, t.Subject, t.Status, t.Customer, t.Technician}
	if record, err = json.Marshal(g); err != nil {
		return g, err
	}
	return g, c.lists.rdb.Set(ctx, key, record, glanceTTL).Err()
}

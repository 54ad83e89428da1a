package commands

import (
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/syncro"
)

// noticed remembers for a while which tickets were Invoiced when they were
// read. It decides alone whether a form opens at once or after a reading: that
// a ticket is Invoiced is never taken from here.
type noticed struct{ rdb redis.UniversalClient }

const noticedTTL = 10 * time.Minute

func noticedKey(number string) string { return "syncrobot:noticed:invoiced:" + number }

// read takes note of a ticket that was read. What Redis does not take is of no
// consequence.
func (n noticed) read(ctx context.Context, t syncro.Ticket) {
	if strings.Contains(fold(t.Status), fold(invoiced)) {
		n.rdb.Set(ctx, noticedKey(strconv.FormatInt(t.Number, 10)), 1, noticedTTL)
	}
}

func (n noticed) invoiced(ctx context.Context, word string) bool {
	found, err := n.rdb.Exists(ctx, noticedKey(strings.TrimPrefix(word, "#"))).Result()
	return err == nil && found > 0
}

package notify

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
)

// Notes is a chat.Notes in Redis: where conversations are served, which the
// platforms tell only when something happens there.
type Notes struct{ Redis redis.UniversalClient }

var _ chat.Notes = Notes{}

// noteKept is how long a note is kept after it was last written.
const noteKept = 400 * 24 * time.Hour

func noteKey(key string) string { return "syncrobot:note:" + key }

// Note keeps a value, or forgets it where it is empty.
func (n Notes) Note(ctx context.Context, key, value string) error {
	if value == "" {
		return n.Redis.Del(ctx, noteKey(key)).Err()
	}
	return n.Redis.Set(ctx, noteKey(key), value, noteKept).Err()
}

// Noted is the value, empty where there is none.
func (n Notes) Noted(ctx context.Context, key string) (string, error) {
	value, err := n.Redis.Get(ctx, noteKey(key)).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	return value, err
}

package doctor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/confirm"
)

// slowRedis is a round trip that people would feel: a click has several.
const slowRedis = 20 * time.Millisecond

// redis looks whether Redis answers, how fast, and whether it keeps what it is
// told.
func (x *examination) redis(ctx context.Context, f *findings) {
	best, err := x.ping(ctx)
	if err != nil {
		f.fails("answer", firstLine(err), redisRemedy(err))
		f.skip("rights", "Redis does not answer")
		f.skip("durability", "Redis does not answer")
		return
	}
	if best > slowRedis {
		f.look("answer", fmt.Sprintf("the fastest of %d answers took %s", pings, best.Round(time.Millisecond)),
			"Run Redis nearer to the bot: on the same machine, or in the same data centre.")
	} else {
		f.fine("answer", "in %s", best.Round(10*time.Microsecond))
	}
	if err := x.mayWork(ctx); err != nil {
		f.fails("rights", firstLine(err), redisRemedy(err))
	} else {
		f.fine("rights", "scripts and transactions run on the bot's keys")
	}
	kept, err := confirm.ReadDurability(ctx, x.Redis)
	if err != nil {
		f.fails("durability", firstLine(err), "Let the bot's Redis user run INFO: ACL SETUSER name +info.")
		return
	}
	weak := kept.Weaknesses(x.Config.Redis.WaitReplicas)
	for _, w := range weak {
		remedy := "On " + w.Node + ": " + w.Remedy + "."
		if w.Severe {
			f.fails("durability", w.What, remedy)
		} else {
			f.look("durability", w.What, remedy)
		}
	}
	if len(weak) == 0 {
		f.fine("durability", "%s", kept)
	}
}

// mayWork tries what the bot needs of Redis on a key of its own, without
// changing it.
func (x *examination) mayWork(ctx context.Context) error {
	const key = "syncrobot:doctor"
	err := x.Redis.Watch(ctx, func(tx *redis.Tx) error {
		_, err := tx.TxPipelined(ctx, func(p redis.Pipeliner) error { return p.Exists(ctx, key).Err() })
		return err
	}, key)
	if err != nil {
		return err
	}
	return redis.NewScript("return redis.call('EXISTS', KEYS[1])").Run(ctx, x.Redis, []string{key}).Err()
}

const pings = 5

// ping is the fastest of a few answers.
func (x *examination) ping(ctx context.Context) (best time.Duration, err error) {
	best = time.Hour
	for range pings {
		begun := time.Now()
		if err := x.Redis.Ping(ctx).Err(); err != nil {
			return 0, err
		}
		best = min(best, time.Since(begun))
	}
	return best, nil
}

func redisRemedy(err error) string {
	switch text := err.Error(); {
	case strings.Contains(text, "WRONGPASS"), strings.Contains(text, "NOAUTH"), strings.Contains(text, "without any password"):
		return "Correct the user and the password in redis.url."
	case strings.Contains(text, "NOPERM"):
		return "Give the bot's Redis user its rights: ACL SETUSER name, as docs/security.md has it."
	case strings.Contains(text, "x509"), strings.Contains(text, "tls"):
		return "Check rediss:// in redis.url, and that this machine trusts the certificate."
	}
	return "Start Redis, or correct redis.url (redis.sentinel, redis.cluster)."
}

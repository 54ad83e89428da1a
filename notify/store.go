package notify

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
)

var (
	//go:embed lua/hint.lua
	hintLua string
	//go:embed lua/looked.lua
	lookedLua string
	//go:embed lua/owe.lua
	oweLua string
	//go:embed lua/mark.lua
	markLua string
	//go:embed lua/settle.lua
	settleLua string
	//go:embed lua/hold.lua
	holdLua string

	hintScript   = redis.NewScript(hintLua)
	lookedScript = redis.NewScript(lookedLua)
	oweScript    = redis.NewScript(oweLua)
	markScript   = redis.NewScript(markLua)
	settleScript = redis.NewScript(settleLua)
	holdScript   = redis.NewScript(holdLua)
)

const (
	seenKept = 180 * 24 * time.Hour // after a ticket last changed
	cardKept = 90 * 24 * time.Hour
	deedKept = 10 * time.Minute // until the ticket was certainly looked at, and no longer: another may do the same
	deedMost = 20
)

// store is what the replicas share in Redis. What one script touches shares a
// hash tag: what a place hears, the place's.
type store struct{ rdb redis.UniversalClient }

const (
	hintsKey  = "syncrobot:{notify}:hints"
	watchKey  = "syncrobot:{notify}:watch"
	leaderKey = "syncrobot:{notify}:leader"
)

func seenKey(ticket int64) string { return "syncrobot:notify:seen:" + strconv.FormatInt(ticket, 10) }
func deedKey(ticket int64) string { return "syncrobot:notify:deeds:" + strconv.FormatInt(ticket, 10) }
func lookKey(ticket int64) string { return "syncrobot:notify:look:" + strconv.FormatInt(ticket, 10) }

func placeTag(p chat.Place) string { return "syncrobot:{notify:" + p.Key() + "}:" }
func dueKey(p chat.Place) string   { return placeTag(p) + "due" }
func wordKey(p chat.Place) string  { return placeTag(p) + "word" }
func toldKey(p chat.Place, ticket string) string {
	return placeTag(p) + "ticket:" + ticket
}

func (s store) hint(ctx context.Context, now time.Time, tickets ...int64) error {
	members := make([]redis.Z, len(tickets))
	for i, t := range tickets {
		members[i] = redis.Z{Score: float64(now.UnixMilli()), Member: t}
	}
	if len(members) == 0 {
		return nil
	}
	return s.rdb.ZAdd(ctx, hintsKey, members...).Err()
}

// take is a ticket to look at, and what looked must know of it; 0 where there
// is none.
func (s store) take(ctx context.Context, now time.Time, lease time.Duration) (ticket int64, score string, err error) {
	f, err := hintScript.Run(ctx, s.rdb, []string{hintsKey}, now.UnixMilli(), lease.Milliseconds()).StringSlice()
	if errors.Is(err, redis.Nil) {
		return 0, "", nil
	}
	if err != nil || len(f) != 2 {
		return 0, "", fmt.Errorf("take a hint: %w", err)
	}
	ticket, err = strconv.ParseInt(f[0], 10, 64)
	return ticket, f[1], err
}

// looked ends a look; the ticket is looked at again then, or not where that
// is zero.
func (s store) looked(ctx context.Context, ticket int64, score string, again time.Time) error {
	ms := int64(0)
	if !again.IsZero() {
		ms = again.UnixMilli()
	}
	return lookedScript.Run(ctx, s.rdb, []string{hintsKey}, ticket, score, ms).Err()
}

// pending is how many tickets are to be looked at by then.
func (s store) pending(ctx context.Context, then time.Time) (int64, error) {
	return s.rdb.ZCount(ctx, hintsKey, "-inf", strconv.FormatInt(then.UnixMilli(), 10)).Result()
}

// hold takes or keeps a key that one process at a time may have.
func (s store) hold(ctx context.Context, key, holder string, d time.Duration) (bool, error) {
	has, err := holdScript.Run(ctx, s.rdb, []string{key}, holder, max(d.Milliseconds(), 1)).Bool()
	return has, err
}

// kept reads a value of JSON; false where there is none.
func (s store) kept(ctx context.Context, key string, v any) (bool, error) {
	raw, err := s.rdb.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return false, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	return err == nil, err
}

func (s store) keep(ctx context.Context, key string, v any, d time.Duration) error {
	raw, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.rdb.Set(ctx, key, raw, d).Err()
}

func (s store) keepDeed(ctx context.Context, ticket int64, d deed) error {
	raw, err := json.Marshal(d)
	if err != nil {
		return err
	}
	key := deedKey(ticket)
	_, err = s.rdb.TxPipelined(ctx, func(p redis.Pipeliner) error {
		p.LPush(ctx, key, raw)
		p.LTrim(ctx, key, 0, deedMost-1)
		return p.Expire(ctx, key, deedKept).Err()
	})
	return err
}

// deeds are what the bot did on a ticket of late, the last first.
func (s store) deeds(ctx context.Context, ticket int64) ([]deed, error) {
	kept, err := s.rdb.LRange(ctx, deedKey(ticket), 0, -1).Result()
	if err != nil {
		return nil, err
	}
	all := make([]deed, len(kept))
	for i, raw := range kept {
		if err := json.Unmarshal([]byte(raw), &all[i]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// seen is how tickets were last seen; nil for one that never was.
func (s store) seen(ctx context.Context, tickets ...int64) ([]*sight, error) {
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.StringCmd, len(tickets))
	for i, t := range tickets {
		cmds[i] = pipe.Get(ctx, seenKey(t))
	}
	if _, err := pipe.Exec(ctx); err != nil && !errors.Is(err, redis.Nil) {
		return nil, err
	}
	all := make([]*sight, len(tickets))
	for i, cmd := range cmds {
		raw, err := cmd.Bytes()
		if errors.Is(err, redis.Nil) {
			continue
		}
		var one sight
		if err == nil {
			err = json.Unmarshal(raw, &one)
		}
		if err != nil {
			return nil, err
		}
		all[i] = &one
	}
	return all, nil
}

func (s store) see(ctx context.Context, sights map[int64]sight) error {
	if len(sights) == 0 {
		return nil
	}
	pipe := s.rdb.Pipeline()
	for ticket, one := range sights {
		raw, err := json.Marshal(one)
		if err != nil {
			return err
		}
		pipe.Set(ctx, seenKey(ticket), raw, seenKept)
	}
	_, err := pipe.Exec(ctx)
	return err
}

// owe notes what a place is to hear about a ticket, and when: not later than it
// is to hear of it anyway.
func (s store) owe(ctx context.Context, p chat.Place, now, when time.Time, f facts, events []happening) (int, error) {
	raw, err := json.Marshal(f)
	if err != nil {
		return 0, err
	}
	ticket := strconv.FormatInt(f.ID, 10)
	args := []any{ticket, now.UnixMilli(), cardKept.Milliseconds(), raw, when.UnixMilli()}
	for _, h := range events {
		what, err := json.Marshal(h)
		if err != nil {
			return 0, err
		}
		args = append(args, h.Key, what)
	}
	return oweScript.Run(ctx, s.rdb, []string{toldKey(p, ticket), dueKey(p)}, args...).Int()
}

// told is what a place was told of a ticket, and is still to hear.
type told struct {
	ticket  string
	version string
	card    cardState
	ref     chat.Ref
	since   time.Time // when it was first owed
	closed  time.Time // since when the place cannot be reached; zero: it can, as far as is known
	folded  bool      // its card is one for several tickets
	facts   facts
	raw     string // facts as they are kept
	drawn   string // as they were when the card was drawn
	draws   int    // how often drawing it has failed
	events  []happening
	spoken  map[string]bool // events that were spoken of, or are being
}

// cardState is where the card of a ticket in a place stands.
type cardState string

// The states. A card that is found in posting or asking by somebody else than
// who set it may have been shown: it is never posted by the finder.
const (
	owed    cardState = "owed"    // not shown
	posting cardState = "posting" // saved before it is posted; it may be shown
	posted  cardState = "posted"  // shown
	doubt   cardState = "doubt"   // it may be shown: what it says is to be said in a line
	asking  cardState = "asking"  // saved before that line is posted
	lost    cardState = "lost"    // neither is certain to be shown; the log has it
	dropped cardState = "dropped" // the place could not be reached for a day
)

// due are the tickets of which something is to be said in a place now, the
// oldest first.
func (s store) due(ctx context.Context, p chat.Place, now time.Time) ([]told, error) {
	tickets, err := s.rdb.ZRangeArgs(ctx, redis.ZRangeArgs{
		Key: dueKey(p), ByScore: true, Start: "-inf", Stop: strconv.FormatInt(now.UnixMilli(), 10), Count: mostAtOnce,
	}).Result()
	if err != nil || len(tickets) == 0 {
		return nil, err
	}
	pipe := s.rdb.Pipeline()
	cmds := make([]*redis.MapStringStringCmd, len(tickets))
	for i, t := range tickets {
		cmds[i] = pipe.HGetAll(ctx, toldKey(p, t))
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, err
	}
	var all []told
	for i, cmd := range cmds {
		f := cmd.Val()
		if len(f) == 0 { // expired
			s.rdb.ZRem(ctx, dueKey(p), tickets[i])
			continue
		}
		one, err := toldOf(tickets[i], f)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

func toldOf(ticket string, f map[string]string) (told, error) {
	t := told{
		ticket: ticket, version: f["version"], card: cardState(f["card"]), ref: chat.Ref(f["ref"]), folded: f["folded"] == "1",
		raw: f["facts"], drawn: f["drawn"], spoken: map[string]bool{},
	}
	ms, _ := strconv.ParseInt(f["since"], 10, 64)
	t.since = time.UnixMilli(ms)
	if ms, err := strconv.ParseInt(f["closed"], 10, 64); err == nil {
		t.closed = time.UnixMilli(ms)
	}
	t.draws, _ = strconv.Atoi(f["draws"])
	if err := json.Unmarshal([]byte(t.raw), &t.facts); err != nil {
		return told{}, fmt.Errorf("what is kept of ticket %s: %w", ticket, err)
	}
	for field, value := range f {
		if key, ok := strings.CutPrefix(field, "spoken:"); ok {
			t.spoken[key] = value != "" && value != "later"
		}
		if key, ok := strings.CutPrefix(field, "event:"); ok {
			h := happening{Key: key}
			if err := json.Unmarshal([]byte(value), &h); err != nil {
				return told{}, fmt.Errorf("what is kept of ticket %s: %w", ticket, err)
			}
			t.events = append(t.events, h)
		}
	}
	sortEvents(t.events)
	return t, nil
}

// mark marks tickets in a place, if the speaker still has the word there.
func (s store) mark(ctx context.Context, p chat.Place, speaker, field, value string, tickets ...told) (bool, error) {
	keys := []string{wordKey(p)}
	for _, t := range tickets {
		keys = append(keys, toldKey(p, t.ticket))
	}
	return markScript.Run(ctx, s.rdb, keys, speaker, field, value).Bool()
}

// settle keeps fields of a ticket in a place; it is due again then, or where
// that is zero when there is more to say. What is known of a card must not be
// lost with a Redis that restarts, or the card is in doubt: it is tried for a
// while.
func (s store) settle(ctx context.Context, p chat.Place, t told, again time.Time, fields ...any) error {
	ms := int64(0)
	if !again.IsZero() {
		ms = again.UnixMilli()
	}
	keys, args := []string{toldKey(p, t.ticket), dueKey(p)}, append([]any{t.ticket, t.version, ms}, fields...)
	wait := settleWait
	for {
		err := settleScript.Run(ctx, s.rdb, keys, args...).Err()
		if err == nil || errors.Is(err, redis.ErrClosed) || wait > settleLast || !sleep(ctx, wait, nil) {
			return err
		}
		wait *= 2
	}
}

// The waits between the tries of settle: 0.1 s, doubled until over 6.4 s,
// which is 13 s in all.
const (
	settleWait = 100 * time.Millisecond
	settleLast = 6400 * time.Millisecond
)

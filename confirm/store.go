package confirm

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/chat"
)

// shards is how many hash tags operations are spread over. An operation, the
// lock of its ticket and the index of what is due share a tag, so that one
// script may touch them on a cluster; the tag follows from the ticket, and is
// the first letter of the operation's id, so that the id alone finds it.
const shards = 16

// kept is how long a settled operation stays readable.
const kept = 30 * 24 * time.Hour

// Store keeps operations in Redis.
type Store struct{ rdb redis.UniversalClient }

// NewStore is a Store on rdb.
func NewStore(rdb redis.UniversalClient) *Store { return &Store{rdb: rdb} }

var (
	// errFenced: another process holds the operation now.
	errFenced = errors.New("another process took this operation over")
	// errGone: there is no such operation, or not any more.
	errGone = errors.New("no such operation")
)

//go:embed lua/propose.lua
var proposeLua string

//go:embed lua/claim.lua
var claimLua string

//go:embed lua/save.lua
var saveLua string

//go:embed lua/take.lua
var takeLua string

//go:embed lua/renew.lua
var renewLua string

//go:embed lua/cancel.lua
var cancelLua string

//go:embed lua/drawn.lua
var drawnLua string

var (
	proposeScript = redis.NewScript(proposeLua)
	claimScript   = redis.NewScript(claimLua)
	saveScript    = redis.NewScript(saveLua)
	takeScript    = redis.NewScript(takeLua)
	renewScript   = redis.NewScript(renewLua)
	cancelScript  = redis.NewScript(cancelLua)
	drawnScript   = redis.NewScript(drawnLua)
)

// An id is the shard's letter, a name of five letters that cards and logs
// show, and 26 letters (130 bits) that only the button carries.
const (
	nameLength = 5
	idLength   = 1 + nameLength + 26
)

// newID makes an id for an operation on a ticket; on none when ticket is 0.
func newID(ticket int64) string {
	name := rand.Text()[:nameLength]
	shard := ticket % shards
	if ticket == 0 {
		shard = int64(name[0]) % shards
	}
	return strconv.FormatInt(shard, shards) + name + rand.Text()
}

// validID keeps what a forged button says out of key names.
func validID(id string) bool {
	return len(id) == idLength && strings.Contains("0123456789abcdef", id[:1]) &&
		strings.Trim(id[1:], "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567") == ""
}

func tag(id string) string            { return "syncrobot:{op" + id[:1] + "}:" }
func opKey(id string) string          { return tag(id) + "op:" + id }
func dueKey(id string) string         { return tag(id) + "due" }
func auditKey(id string) string       { return tag(id) + "audit" }
func mineKey(id, owner string) string { return tag(id) + "mine:" + owner }

// lockKey is the lock of the ticket; an operation on no ticket has one of its own.
func lockKey(op *Operation) string {
	if op.Ticket.ID == 0 {
		return tag(op.ID) + "lock:" + op.ID
	}
	return tag(op.ID) + "lock:" + strconv.FormatInt(op.Ticket.ID, 10)
}

// propose saves a new operation for as long as its card is valid.
func (s *Store) propose(ctx context.Context, op *Operation, ttl time.Duration) error {
	record, err := json.Marshal(op)
	if err != nil {
		return err
	}
	owner := op.Author.Key()
	keys, args, err := op.recorded([]string{opKey(op.ID), mineKey(op.ID, owner), typedKey(op.ID)},
		op.ID, record, owner, ttl.Milliseconds(), op.Typed, typedKept.Milliseconds())
	if err == nil {
		err = proposeScript.Run(ctx, s.rdb, keys, args...).Err()
	}
	if err != nil {
		return fmt.Errorf("save the card: %w", err)
	}
	op.State, op.version = Asked, 1
	return nil
}

// typedKept is how long the words are kept that a card was made of, so that
// they are not lost with it: a working day.
const typedKept = 12 * time.Hour

func typedKey(id string) string { return tag(id) + "typed:" + id }

// typed is what author typed for an operation that is gone; empty where that
// is gone as well, or another's.
func (s *Store) typed(ctx context.Context, id string, author chat.User) (string, error) {
	if !validID(id) {
		return "", nil
	}
	f, err := s.rdb.HMGet(ctx, typedKey(id), "owner", "typed").Result()
	if err != nil {
		return "", fmt.Errorf("read what was typed: %w", err)
	}
	if owner, _ := f[0].(string); owner != author.Key() {
		return "", nil
	}
	words, _ := f[1].(string)
	return words, nil
}

// get reads an operation. The error is errGone when there is none.
func (s *Store) get(ctx context.Context, id string) (*Operation, error) {
	if !validID(id) {
		return nil, errGone
	}
	f, err := s.rdb.HMGet(ctx, opKey(id), "record", "state", "version", "card").Result()
	if err != nil {
		return nil, fmt.Errorf("read the operation: %w", err)
	}
	return decode(f)
}

// decode makes an operation of {record, state, version, card}.
func decode(f []any) (*Operation, error) {
	text := func(i int) string { s, _ := f[i].(string); return s }
	if len(f) < 4 || text(0) == "" {
		return nil, errGone
	}
	op := &Operation{}
	if err := json.Unmarshal([]byte(text(0)), op); err != nil {
		return nil, fmt.Errorf("stored operation: %w", err)
	}
	op.State, op.Card = State(text(1)), chat.Ref(text(3))
	var err error
	if op.version, err = strconv.ParseInt(text(2), 10, 64); err != nil {
		return nil, fmt.Errorf("stored operation %s: %w", op.ID, err)
	}
	return op, nil
}

// grip is how an attempt to get hold of an operation ended.
type grip string

const (
	gripOK    grip = "ok"
	gripGone  grip = "gone"
	gripOwner grip = "owner" // another person's
	gripState grip = "state" // not in the state it was claimed from
	gripWas   grip = "was"   // it was cancelled before
	gripBusy  grip = "busy"  // another operation works on the ticket
)

// claim gives the operation to one click of its author, with what the click
// decided: op as it is to be kept, read from the state from. When op is to be
// stopped nobody holds it afterwards. The operation as it is now comes back
// for every grip but gripGone.
func (s *Store) claim(ctx context.Context, op *Operation, author chat.User, from State, card chat.Ref, lease time.Duration) (grip, *Operation, error) {
	record, err := json.Marshal(op)
	if err != nil {
		return "", nil, err
	}
	holder := rand.Text()
	keys, args, err := op.recorded([]string{opKey(op.ID), lockKey(op), dueKey(op.ID), mineKey(op.ID, author.Key())},
		op.ID, author.Key(), string(from), holder, lease.Milliseconds(), string(card), op.version, record, string(op.State), kept.Milliseconds())
	if err != nil {
		return "", nil, err
	}
	how, now, err := gripped(claimScript.Run(ctx, s.rdb, keys, args...))
	if err != nil {
		return "", nil, fmt.Errorf("claim the operation: %w", err)
	}
	if how == gripOK && now.State == Running {
		now.holder = holder
	}
	return how, now, nil
}

// cancel ends an operation that was not confirmed.
func (s *Store) cancel(ctx context.Context, op *Operation, author chat.User) (grip, *Operation, error) {
	owner := author.Key()
	keys, args, err := op.recorded([]string{opKey(op.ID), mineKey(op.ID, owner), typedKey(op.ID)}, op.ID, owner)
	if err != nil {
		return "", nil, err
	}
	how, now, err := gripped(cancelScript.Run(ctx, s.rdb, keys, args...))
	if err != nil {
		return "", nil, fmt.Errorf("cancel the operation: %w", err)
	}
	return how, now, nil
}

// gripped reads the answer of claim.lua and cancel.lua.
func gripped(cmd *redis.Cmd) (grip, *Operation, error) {
	f, err := cmd.Slice()
	if err != nil {
		return "", nil, err
	}
	how, _ := f[0].(string)
	if grip(how) == gripGone {
		return gripGone, nil, nil
	}
	op, err := decode(f[1:])
	return grip(how), op, err
}

// take gets hold of an operation that is due. It returns nil when there is
// nothing to do: not due, gone, or in somebody's hands. One that is not Running
// is at rest and nobody's: only its card may be behind.
func (s *Store) take(ctx context.Context, id string, lease time.Duration) (*Operation, error) {
	op, err := s.get(ctx, id)
	if errors.Is(err, errGone) {
		return nil, s.rdb.ZRem(ctx, dueKey(id), id).Err()
	}
	if err != nil {
		return nil, err
	}
	holder := rand.Text()
	f, err := takeScript.Run(ctx, s.rdb, []string{opKey(id), lockKey(op), dueKey(id)},
		id, holder, lease.Milliseconds(), !op.NextTry.IsZero()).Slice()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("take the operation over: %w", err)
	}
	if op, err = decode(f); err != nil {
		return nil, err
	}
	if op.State == Running {
		op.holder = holder
	}
	return op, nil
}

// drawn notes that the card shows the operation, which is at rest.
func (s *Store) drawn(ctx context.Context, op *Operation) error {
	return drawnScript.Run(ctx, s.rdb, []string{opKey(op.ID), dueKey(op.ID)}, op.ID, op.version).Err()
}

// save writes the operation back. With a lease the caller stays its holder;
// without one it lets go, and again says when somebody must look next, or
// draw. errFenced means that the operation is in other hands: do nothing.
func (s *Store) save(ctx context.Context, op *Operation, lease, again time.Duration) error {
	keys, args, err := saving(op, lease, again)
	if err != nil {
		return err
	}
	return saved(op, saveScript.Run(ctx, s.rdb, keys, args...))
}

// saveAhead is save for a step that is about to be sent: it succeeds only when
// so many replicas have the record, too, so that a fail-over to one of them
// does not forget it. The error is a *ReplicasError where they are too few.
func (s *Store) saveAhead(ctx context.Context, op *Operation, lease time.Duration, replicas int) error {
	if replicas == 0 {
		return s.save(ctx, op, lease, 0)
	}
	keys, args, err := saving(op, lease, 0)
	if err != nil {
		return err
	}
	// WAIT is about what its own connection wrote, so both go in one pipeline;
	// and as it has no key, a cluster must be told which node is meant.
	var node redis.Cmdable = s.rdb
	if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
		if node, err = cluster.MasterForKey(ctx, keys[0]); err != nil {
			return &StoreError{Err: fmt.Errorf("save the operation: %w", err)}
		}
	}
	pipe := node.Pipeline()
	save := saveScript.Eval(ctx, pipe, keys, args...)
	wait := pipe.Do(ctx, "WAIT", replicas, replicaPatience.Milliseconds())
	_, errPipe := pipe.Exec(ctx)
	if err := saved(op, save); err != nil {
		if cluster, ok := s.rdb.(*redis.ClusterClient); ok {
			cluster.ReloadState(ctx) // the slot may have moved
		}
		return err
	}
	have, err := wait.Int()
	if err != nil {
		return &StoreError{Err: fmt.Errorf("wait for Redis' replicas: %w", cmp.Or(errPipe, err))}
	}
	if have < replicas {
		return &ReplicasError{Want: replicas, Have: have}
	}
	return nil
}

// replicaPatience is how long the replicas may take; less than go-redis waits
// for an answer.
const replicaPatience = time.Second

// ReplicasError says that too few of Redis' replicas have a step's record for
// it to be sent.
type ReplicasError struct{ Want, Have int }

func (e *ReplicasError) Error() string {
	return fmt.Sprintf("%d of Redis' replicas have the record, and %d must", e.Have, e.Want)
}

// saving is what save.lua is told.
func saving(op *Operation, lease, again time.Duration) (keys []string, args []any, err error) {
	record, err := json.Marshal(op)
	if err != nil {
		return nil, nil, err
	}
	var keep time.Duration
	if op.State.settled() {
		keep = kept
	}
	return op.recorded([]string{opKey(op.ID), lockKey(op), dueKey(op.ID), mineKey(op.ID, op.Author.Key())},
		op.ID, op.holder, op.version, record, string(op.State), lease.Milliseconds(), again.Milliseconds(), keep.Milliseconds(), string(op.Card))
}

// saved reads the answer of save.lua.
func saved(op *Operation, cmd *redis.Cmd) error {
	saved, err := cmd.Int()
	switch {
	case err != nil:
		return &StoreError{Err: fmt.Errorf("save the operation: %w", err)}
	case saved < 0:
		return errGone
	case saved == 0:
		return errFenced
	}
	op.version++
	return nil
}

// renew prolongs the lease of the operation's holder.
func (s *Store) renew(ctx context.Context, id, holder, lock string, lease time.Duration) error {
	ok, err := renewScript.Run(ctx, s.rdb, []string{opKey(id), lock, dueKey(id)},
		id, holder, lease.Milliseconds()).Bool()
	if err != nil && !errors.Is(err, redis.Nil) {
		return fmt.Errorf("renew the lease: %w", err)
	}
	if !ok {
		return errFenced
	}
	return nil
}

// due lists operations that somebody must look at now, at most 20 a shard.
func (s *Store) due(ctx context.Context) ([]string, error) {
	pipe := s.rdb.Pipeline()
	now := pipe.Time(ctx)
	var lists [shards]*redis.ZSliceCmd
	for i := range lists {
		lists[i] = pipe.ZRangeWithScores(ctx, dueKey(strconv.FormatInt(int64(i), shards)), 0, 19)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read what is due: %w", err)
	}
	var ids []string
	for _, list := range lists {
		for _, z := range list.Val() {
			if id, ok := z.Member.(string); ok && z.Score <= float64(now.Val().UnixMilli()) {
				ids = append(ids, id)
			}
		}
	}
	return ids, nil
}

// mine lists a person's unconfirmed and unsettled operations, oldest first.
func (s *Store) mine(ctx context.Context, user chat.User) ([]*Operation, error) {
	pipe := s.rdb.Pipeline()
	var lists [shards]*redis.StringSliceCmd
	for i := range lists {
		lists[i] = pipe.ZRange(ctx, mineKey(strconv.FormatInt(int64(i), shards), user.Key()), 0, 49)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, fmt.Errorf("read your operations: %w", err)
	}
	var ops []*Operation
	for _, list := range lists {
		for _, id := range list.Val() {
			op, err := s.get(ctx, id)
			switch {
			case errors.Is(err, errGone): // its time to live is over
				s.rdb.ZRem(ctx, mineKey(id, user.Key()), id)
			case err != nil:
				return nil, err
			case !op.State.settled():
				ops = append(ops, op)
			}
		}
	}
	slices.SortFunc(ops, func(a, b *Operation) int { return a.Created.Compare(b.Created) })
	return ops, nil
}

// First marks a delivery as seen and reports whether it was new; see chat.Seen.
// The mark is the caller's own, so that a command that go-redis repeats after
// a lost answer does not look like another delivery.
func (s *Store) First(ctx context.Context, key string) (bool, error) {
	own := rand.Text()
	before, err := s.rdb.SetArgs(ctx, "syncrobot:seen:"+key, own, redis.SetArgs{Mode: "NX", Get: true, TTL: time.Hour}).Result()
	if errors.Is(err, redis.Nil) {
		return true, nil
	}
	return before == own, err
}

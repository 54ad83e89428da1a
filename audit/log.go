package audit

import (
	"cmp"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// own is the stream for what belongs to no operation.
const own = "syncrobot:{audit}"

//go:embed add.lua
var addLua string

var addScript = redis.NewScript(addLua)

// Log is the record, as streams in Redis and as lines in the bot's log. Lines
// on operations are added by the scripts that change the operations
// (confirm/lua), so that no change is without its line and no line without
// its change; Log adds all others.
type Log struct {
	rdb     redis.UniversalClient
	log     *slog.Logger
	streams []string
}

// New is a Log that reads its own stream and those that scripts write to.
func New(rdb redis.UniversalClient, log *slog.Logger, scripts ...string) *Log {
	return &Log{rdb: rdb, log: log, streams: append([]string{own}, scripts...)}
}

// Add writes a line. What must not happen unrecorded waits for it.
func (l *Log) Add(ctx context.Context, line Line) error {
	record, err := json.Marshal(line)
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if err := addScript.Run(ctx, l.rdb, []string{own, own + ":once:" + rand.Text()}, record).Err(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	l.log.Info("audit", "line", line)
	return nil
}

// page is how many lines of a stream are read at once.
const page = 500

// Lines are the lines from the first time on and before the second, the
// oldest first. Without a second one they go on as new ones are written,
// until ctx ends; with one, that ctx ended before is an error like others.
func (l *Log) Lines(ctx context.Context, from, until time.Time) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		next := make([]string, len(l.streams)) // where to go on reading
		for i := range next {
			next[i] = strconv.FormatInt(max(0, from.UnixMilli()), 10)
		}
		for {
			entries, more, err := l.read(ctx, next, until)
			for _, e := range entries {
				line, bad := e.line()
				if !yield(line, bad) || bad != nil {
					return
				}
			}
			switch {
			case ctx.Err() != nil:
				if !until.IsZero() {
					yield(Line{}, fmt.Errorf("audit: the record was not read to its end: %w", ctx.Err()))
				}
				return
			case err != nil:
				yield(Line{}, err)
				return
			case more:
				continue
			case !until.IsZero():
				return
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
		}
	}
}

// read reads a page of each stream, moves next behind what it returns, and
// reports whether there is more. What it returns is older than anything that
// is still to be read: where a stream has more than a page, the others are
// taken only as far as that page reaches; and while it follows, nothing of
// this very millisecond is, because more of it may come to a stream that was
// read already.
func (l *Log) read(ctx context.Context, next []string, until time.Time) (entries []entry, more bool, _ error) {
	pipe := l.rdb.Pipeline()
	clock := pipe.Time(ctx)
	pages := make([]*redis.XMessageSliceCmd, len(l.streams))
	for i, stream := range l.streams {
		pages[i] = pipe.XRangeN(ctx, stream, next[i], "+", page)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return nil, false, fmt.Errorf("audit: read the record: %w", err)
	}
	end := entry{ms: until.UnixMilli()}
	if until.IsZero() {
		end.ms = clock.Val().UnixMilli()
	}
	for i, p := range pages {
		for n, m := range p.Val() {
			e, err := parse(i, m)
			if err != nil {
				return nil, false, err
			}
			entries = append(entries, e)
			if n == page-1 && e.compare(end) < 0 {
				end, more = e, true
			}
		}
	}
	slices.SortFunc(entries, entry.compare)
	n, _ := slices.BinarySearchFunc(entries, end, entry.compare)
	entries = entries[:n]
	for _, e := range entries {
		next[e.stream] = "(" + e.id
	}
	return entries, more, nil
}

// entry is one line as a stream keeps it.
type entry struct {
	stream  int
	id      string // "{ms}-{seq}", by Redis' clock
	ms, seq int64
	record  any
}

func parse(stream int, m redis.XMessage) (entry, error) {
	e := entry{stream: stream, id: m.ID, record: m.Values["line"]}
	ms, seq, _ := strings.Cut(m.ID, "-")
	var err error
	if e.ms, err = strconv.ParseInt(ms, 10, 64); err == nil {
		e.seq, err = strconv.ParseInt(seq, 10, 64)
	}
	if err != nil {
		return e, fmt.Errorf("audit: entry %s: %w", m.ID, err)
	}
	return e, nil
}

func (e entry) compare(f entry) int {
	return cmp.Or(cmp.Compare(e.ms, f.ms), cmp.Compare(e.seq, f.seq), cmp.Compare(e.stream, f.stream))
}

func (e entry) line() (Line, error) {
	record, _ := e.record.(string)
	var line Line
	if err := json.Unmarshal([]byte(record), &line); err != nil {
		return Line{}, fmt.Errorf("audit: entry %s: %w", e.id, err)
	}
	line.At = time.UnixMilli(e.ms).UTC()
	return line, nil
}

// Keep forgets, until ctx ends, what is older than keep. Every replica runs it.
func (l *Log) Keep(ctx context.Context, keep time.Duration) {
	for {
		if err := l.trim(ctx, time.Now().Add(-keep)); err != nil && ctx.Err() == nil {
			l.log.Error("the record of who did what could not be trimmed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(time.Hour):
		}
	}
}

// trim forgets what is older than a time.
func (l *Log) trim(ctx context.Context, before time.Time) error {
	pipe := l.rdb.Pipeline()
	for _, stream := range l.streams {
		pipe.XTrimMinID(ctx, stream, strconv.FormatInt(before.UnixMilli(), 10))
	}
	_, err := pipe.Exec(ctx)
	return err
}

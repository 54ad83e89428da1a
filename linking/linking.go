// Package linking lets technicians put their own Syncro keys into the vault: a
// link that works once, for one person, leads to a page of the bot's where the
// key is pasted. It never passes through a chat, a log or Redis.
package linking

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/audit"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/identity"
)

const (
	// Life is how long a link works.
	Life = 10 * time.Minute
	// mostTries is how many keys may be pasted behind one link.
	mostTries = 5
)

// errGone is a link that was used, has expired, or never was.
var errGone = errors.New("no such link")

// Options are what Links are made of. What is not called optional must be
// there.
type Options struct {
	NoPage    error  // what Offer says where nobody can reach the page
	PublicURL string // where the bot is reached, without a slash at its end; optional: there are no links
	SyncroURL string // Syncro's web page, without a slash at its end
	Redis     redis.UniversalClient
	People    *identity.Directory
	Post      func(context.Context, chat.Place, chat.Card) (chat.Ref, error)
	Redraw    func(context.Context, chat.User, chat.Ref, chat.Card) error
	Work      *chat.Work // who is told in their chat is told after the page has said it
	Record    func(context.Context, audit.Line) error
	Explain   func(error) (words, code string)
	Log       *slog.Logger
}

// Links are the links that people were given.
type Links struct{ Options }

// New makes Links.
func New(o Options) *Links { return &Links{o} }

// offered is what Redis keeps of a link, under the hash of its token.
type offered struct {
	User chat.User `json:"user"`
	Card chat.Ref  `json:"card"` // that has the link on it
}

func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return "syncrobot:link:" + hex.EncodeToString(sum[:])
}

// Offer gives a person a link, in their own chat with the bot, where nobody
// else sees it.
//
// Errors: NoPage, those of the vault and the technicians, Post's.
func (l *Links) Offer(ctx context.Context, user chat.User) error {
	if l.PublicURL == "" {
		return l.NoPage
	}
	if err := l.People.MayLink(ctx, user); err != nil {
		return err
	}
	token := rand.Text() // 130 bits
	key := keyOf(token)
	if err := l.keep(ctx, key, offered{User: user}, Life); err != nil {
		return err
	}
	until := time.Now().Add(Life)
	ref, err := l.Post(ctx, chat.Place{Platform: user.Platform, Person: &user}, chat.Card{
		Title: "Link your Syncro key", Tone: chat.Ask,
		Parts: []chat.Part{chat.Text("Paste your key on a page of mine, never in a chat. I ask Syncro whose it is, show you the name, " +
			"and keep it encrypted. The page works once, and for you alone: do not pass it on.")},
		Buttons: []chat.Button{{Label: "Open the page", URL: l.PublicURL + "/link/" + token, Style: chat.Primary}},
		Note:    "until " + until.UTC().Format("15:04") + " UTC",
	})
	if err != nil {
		l.Redis.Del(ctx, key)
		return err
	}
	return l.keep(ctx, key, offered{User: user, Card: ref}, time.Until(until))
}

// Unlink takes a person's own key out of the vault.
func (l *Links) Unlink(ctx context.Context, user chat.User) error {
	c, err := l.People.Unlink(ctx, user)
	if err == nil {
		l.record(ctx, audit.Unlinked, user, c)
	}
	return err
}

func (l *Links) keep(ctx context.Context, key string, o offered, life time.Duration) error {
	record, err := json.Marshal(o)
	if err == nil {
		err = l.Redis.Set(ctx, key, record, life).Err()
	}
	if err != nil {
		return fmt.Errorf("save the link: %w", err)
	}
	return nil
}

// find is whose link it is; errGone where it is nobody's.
func (l *Links) find(ctx context.Context, key string) (o offered, err error) {
	record, err := l.Redis.Get(ctx, key).Bytes()
	if errors.Is(err, redis.Nil) {
		return o, errGone
	}
	if err == nil {
		err = json.Unmarshal(record, &o)
	}
	return o, err
}

// count takes note that a key was pasted behind a link; errGone when it was
// one too many, and the link is worth nothing any more.
func (l *Links) count(ctx context.Context, key string) error {
	var tries *redis.IntCmd
	_, err := l.Redis.TxPipelined(ctx, func(p redis.Pipeliner) error {
		tries = p.Incr(ctx, key+":tries")
		p.Expire(ctx, key+":tries", Life)
		return nil
	})
	if err == nil && tries.Val() > mostTries {
		l.Redis.Del(ctx, key)
		return errGone
	}
	return err
}

// done ends a link and sees to it that its person is told in their chat.
func (l *Links) done(ctx context.Context, key string, o offered, c identity.Candidate) {
	if err := l.Redis.Del(ctx, key).Err(); err != nil {
		l.Log.ErrorContext(ctx, "a link that was used could not be deleted, and expires by itself", "error", err)
	}
	l.record(ctx, audit.Linked, o.User, c)
	l.Log.InfoContext(ctx, "a key was linked", "technician", c.Name, "syncro_user_id", c.Me.UserID, "user", o.User.Key())
	tell := func(ctx context.Context) {
		err := l.Redraw(ctx, o.User, o.Card, chat.Card{
			Title: "Your key is linked", Tone: chat.Good,
			Parts: []chat.Part{chat.Text(fmt.Sprintf("You act as %s (Syncro user %d). If this was not you, write “unlink” now, and tell your administrator.",
				c.Me.Name, c.Me.UserID))},
		})
		if err != nil {
			l.Log.WarnContext(ctx, "a person could not be told that their key is linked", "user", o.User.Key(), "error", err)
		}
	}
	if !l.Work.Start(ctx, tell) { // who is not told does not learn of a link that was not theirs
		tell(ctx)
	}
}

func (l *Links) record(ctx context.Context, what string, user chat.User, c identity.Candidate) {
	line := audit.Line{What: what, Who: user.Key(), Technician: c.Name, SyncroUser: c.Me.UserID}
	if err := l.Record(ctx, line); err != nil {
		l.Log.ErrorContext(ctx, "what was done is not on record", "line", line.String(), "error", err)
	}
}

// platformName is how people write a platform's name.
func platformName(name string) string { return strings.ToUpper(name[:1]) + name[1:] }

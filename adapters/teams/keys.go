package teams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jwk"
	"golang.org/x/sync/singleflight"
)

// How long published keys are believed, and how often they are asked for. The
// documentation asks for a refresh at least each 24 hours.
const (
	keysFresh  = 24 * time.Hour
	keysUsable = 48 * time.Hour // with the metadata out of reach
	keysPause  = time.Minute    // between two fetches for kids that are unknown
	keysRetry  = 10 * time.Second
	maxKeys    = 1 << 20 // bytes of metadata or of keys
)

// key is one published key.
type key struct {
	public       jwk.Key
	endorsements []string // channels it may speak for; none: the Bot Framework named none
}

// keys are the public keys that inbound tokens are signed with. They are
// fetched when the first token comes, and whatever strangers send causes at
// most one fetch a minute.
type keys struct {
	metadata string
	web      *http.Client
	now      func() time.Time
	log      *slog.Logger
	flight   singleflight.Group

	mu       sync.Mutex
	byID     map[string]key
	fetched  time.Time // when byID was
	asked    time.Time // when they were last asked for
	fetching bool      // that time, still
	failed   bool      // that time, in vain
}

// find is the key with this id. Unless it is known and fresh, the keys are
// fetched, if that is due.
func (k *keys) find(ctx context.Context, id string) (key, error) {
	found, ok, due := k.lookup(id)
	if due {
		err := k.refresh(ctx, func() bool { _, _, due := k.lookup(id); return due })
		if err != nil {
			k.log.Warn("teams: the keys of the Bot Framework could not be fetched", "err", err)
		}
		found, ok, _ = k.lookup(id)
	}
	if !ok {
		return key{}, errors.New("the token's key is unknown")
	}
	return found, nil
}

// lookup is the key as known, and whether a fetch is due, or to be waited for.
func (k *keys) lookup(id string) (found key, ok, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.now()
	age := now.Sub(k.fetched)
	if age < keysUsable {
		found, ok = k.byID[id]
	}
	pause := keysPause
	if k.failed {
		pause = keysRetry
	}
	due = (!ok || age >= keysFresh) && now.Sub(k.asked) >= pause
	return found, ok, due || k.fetching && !ok
}

// refresh fetches the keys if due still says so. Callers at the same time
// share one fetch, which goes on when ctx ends.
func (k *keys) refresh(ctx context.Context, due func() bool) error {
	done := k.flight.DoChan("", func() (any, error) {
		if !due() {
			return nil, nil
		}
		k.mu.Lock()
		k.asked, k.fetching = k.now(), true
		k.mu.Unlock()
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*callTimeout)
		defer cancel()
		byID, err := k.fetch(ctx)
		k.mu.Lock()
		defer k.mu.Unlock()
		k.fetching, k.failed = false, err != nil
		if err == nil {
			k.byID, k.fetched = byID, k.now()
		}
		return nil, err
	})
	select {
	case r := <-done:
		return r.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (k *keys) fetch(ctx context.Context) (map[string]key, error) {
	body, err := k.get(ctx, k.metadata)
	if err != nil {
		return nil, fmt.Errorf("openid metadata: %w", err)
	}
	var metadata struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := json.Unmarshal(body, &metadata); err != nil {
		return nil, fmt.Errorf("openid metadata: %w", err)
	}
	if !secure(metadata.JWKS) {
		return nil, errors.New("openid metadata: jwks_uri is no https address")
	}
	if body, err = k.get(ctx, metadata.JWKS); err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	// A kind of key that is not known here does not spoil the others.
	set, err := jwk.Parse(body, jwk.WithIgnoreParseError(true))
	if err != nil {
		return nil, fmt.Errorf("signing keys: %w", err)
	}
	byID := make(map[string]key)
	for i := range set.Len() {
		public, _ := set.Key(i)
		id, _ := public.KeyID()
		if id == "" || public.KeyType() != jwa.RSA() {
			continue
		}
		var endorsements []any
		if public.Has("endorsements") {
			if err := public.Get("endorsements", &endorsements); err != nil {
				return nil, fmt.Errorf("signing keys: endorsements of %q: %w", id, err)
			}
		}
		known := key{public: public}
		for _, e := range endorsements {
			known.endorsements = append(known.endorsements, fmt.Sprint(e))
		}
		byID[id] = known
	}
	if len(byID) == 0 {
		return nil, errors.New("signing keys: there is no RSA key")
	}
	return byID, nil
}

func (k *keys) get(ctx context.Context, address string) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	resp, err := k.web.Do(req)
	if err != nil {
		return nil, plainError(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxKeys))
}

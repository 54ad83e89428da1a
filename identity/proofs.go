package identity

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/syncrobot/syncrobot/syncro"
)

const (
	// proofHolds is how long Syncro's answer about a key is believed.
	proofHolds = 24 * time.Hour
	// proofTakes bounds asking, which goes on for the others when the one who
	// began it leaves.
	proofTakes = 30 * time.Second
)

// proofs remembers, in memory alone, whom Syncro takes each key for.
type proofs struct {
	ask func(context.Context, syncro.Key) (syncro.Me, error)

	mu    sync.Mutex
	byKey map[syncro.Key]*proof
}

type proof struct {
	asking singleflight.Group

	mu    sync.Mutex
	me    syncro.Me
	until time.Time
}

func newProofs(ask func(context.Context, syncro.Key) (syncro.Me, error)) *proofs {
	return &proofs{ask: ask, byKey: map[syncro.Key]*proof{}}
}

// whose is the Syncro user that key acts as. A failure is not remembered.
func (p *proofs) whose(ctx context.Context, key syncro.Key) (syncro.Me, error) {
	one := p.of(key)
	if me, ok := one.known(); ok {
		return me, nil
	}
	answer := one.asking.DoChan("", func() (any, error) {
		if me, ok := one.known(); ok { // another's answer came meanwhile
			return me, nil
		}
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), proofTakes)
		defer cancel()
		me, err := p.ask(ctx, key)
		if err == nil && me.UserID < 1 {
			err = errors.New("no user in what Syncro says about the key")
		}
		if err == nil {
			one.keep(me)
		}
		return me, err
	})
	select {
	case <-ctx.Done():
		return syncro.Me{}, ctx.Err()
	case r := <-answer:
		return r.Val.(syncro.Me), r.Err
	}
}

func (p *proofs) of(key syncro.Key) *proof {
	p.mu.Lock()
	defer p.mu.Unlock()
	one, ok := p.byKey[key]
	if !ok {
		one = &proof{}
		p.byKey[key] = one
	}
	return one
}

// forget drops the keys that are no longer in use.
func (p *proofs) forget(inUse map[syncro.Key]bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for key := range p.byKey {
		if !inUse[key] {
			delete(p.byKey, key)
		}
	}
}

func (o *proof) known() (syncro.Me, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.me, time.Now().Before(o.until)
}

func (o *proof) keep(me syncro.Me) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.me, o.until = me, time.Now().Add(proofHolds)
}

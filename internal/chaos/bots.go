package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/syncrobot/syncrobot/internal/shop"
)

// bots are the replicas, real processes, and the balancer before them.
type bots struct {
	program, config string
	log             io.Writer

	mu  sync.Mutex
	all []*shop.Process // nil: not running
}

func startBots(ctx context.Context, n int, program, config string, log io.Writer) (*bots, error) {
	b := &bots{program: program, config: config, log: log, all: make([]*shop.Process, n)}
	for i := range b.all {
		if err := b.start(ctx, i); err != nil {
			b.close()
			return nil, err
		}
	}
	return b, nil
}

func (b *bots) start(ctx context.Context, i int) error {
	p, err := shop.Start(ctx, b.log, b.program, "serve", "--config", b.config)
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.all[i] = p
	return nil
}

// stop ends a bot, at once or as SIGTERM does.
func (b *bots) stop(i int, politely bool) {
	b.mu.Lock()
	p := b.all[i]
	b.all[i] = nil
	b.mu.Unlock()
	switch {
	case p == nil:
	case politely:
		p.End()
	default:
		p.Kill()
	}
}

func (b *bots) close() {
	for i := range b.all {
		b.stop(i, false)
	}
}

// running are the addresses of the bots, in any order.
func (b *bots) running() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	var addrs []string
	for _, i := range rand.Perm(len(b.all)) {
		if p := b.all[i]; p != nil {
			addrs = append(addrs, p.Listen)
		}
	}
	return addrs
}

// ServeHTTP is the balancer: any bot that takes the connection. A request
// whose bot dies is not given to another one.
func (b *bots) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	for _, addr := range b.running() {
		ctx, cancel := context.WithTimeout(r.Context(), 30*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, r.Method, "http://"+addr+r.URL.RequestURI(), bytes.NewReader(body))
		if err != nil {
			break
		}
		req.Header = r.Header.Clone()
		resp, err := http.DefaultTransport.RoundTrip(req)
		if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
			continue
		}
		if err != nil {
			break
		}
		defer resp.Body.Close()
		for k, v := range resp.Header {
			w.Header()[k] = v
		}
		w.WriteHeader(resp.StatusCode)
		io.Copy(w, resp.Body)
		return
	}
	w.WriteHeader(http.StatusBadGateway)
}

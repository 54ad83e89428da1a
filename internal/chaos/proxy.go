package main

import (
	"context"
	"io"
	"net"
	"sync"
	"time"
)

// proxy is the network between two parts. It forwards bytes, and can be told
// to lose them.
type proxy struct {
	listener net.Listener
	target   string

	mu      sync.Mutex
	weather weather
	changed chan struct{} // closed when the weather changes
	pairs   map[*pair]bool
}

// weather is how the network is. The zero value is fine.
type weather struct {
	delay time.Duration // of every piece, each way
	held  bool          // nothing arrives, and nothing is lost
	after int           // each connection is cut when so many bytes came back over it; 0: never
}

// pair is a connection and its other half.
type pair struct{ a, b net.Conn }

func (p *pair) cut() {
	for _, c := range []net.Conn{p.a, p.b} {
		if tcp, ok := c.(*net.TCPConn); ok {
			tcp.SetLinger(0) // a reset, not an orderly end
		}
		c.Close()
	}
}

func newProxy(target string) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &proxy{listener: l, target: target, changed: make(chan struct{}), pairs: map[*pair]bool{}}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go p.serve(c)
		}
	}()
	return p, nil
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

func (p *proxy) close() {
	p.listener.Close()
	p.cut()
}

// set changes the weather.
func (p *proxy) set(w weather) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.weather = w
	close(p.changed)
	p.changed = make(chan struct{})
}

// cut ends all connections at once.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.pairs {
		c.cut()
	}
}

func (p *proxy) serve(a net.Conn) {
	b, err := net.Dial("tcp", p.target)
	if err != nil {
		(&pair{a, a}).cut()
		return
	}
	both := &pair{a, b}
	p.mu.Lock()
	p.pairs[both] = true
	p.mu.Unlock()
	ctx, gone := context.WithCancel(context.Background())
	var ways sync.WaitGroup
	ways.Go(func() { defer gone(); p.forward(ctx, both, b, a, false) })
	ways.Go(func() { defer gone(); p.forward(ctx, both, a, b, true) })
	ways.Wait()
	p.mu.Lock()
	delete(p.pairs, both)
	p.mu.Unlock()
}

// forward moves bytes one way until that ends; back is the way of answers.
func (p *proxy) forward(ctx context.Context, both *pair, to, from net.Conn, back bool) {
	defer both.cut()
	piece := make([]byte, 16<<10)
	sent := 0
	for {
		n, err := from.Read(piece)
		if n > 0 {
			w, ok := p.pass(ctx)
			if !ok {
				return
			}
			if back && w.after > 0 && sent+n > w.after {
				to.Write(piece[:max(0, w.after-sent)])
				return
			}
			sent += n
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err == io.EOF {
			if tcp, ok := to.(*net.TCPConn); ok && tcp.CloseWrite() == nil {
				<-ctx.Done() // the other way may still have something to say
			}
			return
		}
		if err != nil {
			return
		}
	}
}

// pass waits until the weather lets a piece through.
func (p *proxy) pass(ctx context.Context) (weather, bool) {
	for delayed := false; ; {
		p.mu.Lock()
		w, changed := p.weather, p.changed
		p.mu.Unlock()
		switch {
		case w.held:
			select {
			case <-changed:
			case <-ctx.Done():
				return w, false
			}
		case w.delay > 0 && !delayed:
			delayed = true
			select {
			case <-time.After(w.delay):
			case <-ctx.Done():
				return w, false
			}
		default:
			return w, true
		}
	}
}

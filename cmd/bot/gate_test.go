package main

import (
	"net/http"
	"sync"
)

// gate stands before Syncro and can keep requests waiting there.
type gate struct {
	mu      sync.Mutex
	closed  chan struct{} // nil: open
	waiting chan string   // the method of each request that has to wait
}

// gated gives a world a gate, which is open.
func gated(w *world) {
	g := &gate{waiting: make(chan string, 100)}
	w.gate = g
	w.before = func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			g.mu.Lock()
			closed := g.closed
			g.mu.Unlock()
			if closed != nil {
				g.waiting <- r.Method
				<-closed
			}
			next.ServeHTTP(rw, r)
		})
	}
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = make(chan struct{})
}

func (g *gate) open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	close(g.closed)
	g.closed = nil
}

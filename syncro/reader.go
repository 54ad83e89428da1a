package syncro

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"sync"
)

// maxPages is how many pages of a list are read.
const maxPages = 4

// Reader reads from Syncro with one person's key. Its errors are *Error where
// Syncro was asked, and wrap a *BusyError where there was no place for a
// request in time.
type Reader struct {
	client *Client
	key    Key
	class  Class
	memory *memory // nil: it asks each time
}

// memory is what one Reader was answered.
type memory struct {
	mu      sync.Mutex
	answers map[string][]byte
}

// Once is r for one command: it asks each path once, so that what a card shows
// and what it is later compared with are one reading, and cost one request.
func (r *Reader) Once() *Reader {
	once := *r
	once.memory = &memory{answers: map[string][]byte{}}
	return &once
}

// List is the beginning of a list, and whether there is more.
type List[T any] struct {
	Items []T
	More  bool
}

// Look does an evidence's GET, never from a cache of others'. Whatever is not the answer
// it should be is an error and never an empty Sight, but for a 404 where the
// evidence takes that for an answer.
func (r *Reader) Look(ctx context.Context, e Evidence) (Sight, error) {
	body, err := r.get(ctx, e.Path)
	if e.Missing != nil && isNotFound(err) {
		return *e.Missing, nil
	}
	if err != nil {
		return Sight{}, err
	}
	sight, err := e.Read(body)
	if err != nil {
		return Sight{}, garbled(e.Path, err)
	}
	return sight, nil
}

func (r *Reader) get(ctx context.Context, path string) ([]byte, error) {
	if r.memory == nil {
		return r.client.get(ctx, r.key, r.class, path)
	}
	r.memory.mu.Lock()
	defer r.memory.mu.Unlock()
	if body, ok := r.memory.answers[path]; ok {
		return body, nil
	}
	body, err := r.client.get(ctx, r.key, r.class, path)
	if err == nil {
		r.memory.answers[path] = body
	}
	return body, err
}

// garbled is the error for an answer with status 200 to a GET that does not
// say what it should.
func garbled(path string, err error) *Error {
	return &Error{Kind: Garbled, Status: http.StatusOK, Method: http.MethodGet, Path: pathOnly(path), Err: err}
}

// readList reads up to max pages of a list. query may be empty.
func readList[T any](ctx context.Context, r *Reader, path, wrapper string, query url.Values, max int) (List[T], error) {
	var list List[T]
	for page := 1; ; page++ {
		at := path
		if page > 1 {
			query.Set("page", strconv.Itoa(page))
		}
		if len(query) > 0 {
			at += "?" + query.Encode()
		}
		body, err := r.get(ctx, at)
		if err != nil {
			return List[T]{}, err
		}
		records, pages, err := decodeList[T](body, wrapper)
		if err != nil {
			return List[T]{}, garbled(path, err)
		}
		list.Items = append(list.Items, records...)
		if page >= pages {
			return list, nil
		}
		if page == max {
			list.More = true
			return list, nil
		}
	}
}

// isNotFound reports whether Syncro said 404.
func isNotFound(err error) bool {
	failure, ok := errors.AsType[*Error](err)
	return ok && failure.Kind == NotFound
}

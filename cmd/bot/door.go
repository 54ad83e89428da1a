package main

import (
	"context"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// door is what every request from outside comes through. It begins the trace
// whose id the log tells of everything that follows, and measures how long the
// platform waited for its answer.
func door(next http.Handler, tracer trace.Tracer, figures *metrics) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, span := tracer.Start(r.Context(), "request", trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot())
		answer := &answered{ResponseWriter: w, status: http.StatusOK}
		r = r.WithContext(ctx)
		defer func() {
			// The pattern, and never the address: its last part may be a secret.
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			if answer.at.IsZero() {
				answer.at = time.Now()
			}
			figures.acks.WithLabelValues(route, strconv.Itoa(answer.status)).Observe(answer.at.Sub(began).Seconds())
			span.SetName(route)
			span.SetAttributes(attribute.String("http.route", route), attribute.Int("http.response.status_code", answer.status))
			if answer.status >= 500 {
				span.SetStatus(codes.Error, http.StatusText(answer.status))
			}
			span.End()
		}()
		next.ServeHTTP(answer, r)
	})
}

// socketDoor is the same for what comes over a connection that the bot opened.
func socketDoor(traces trace.TracerProvider, figures *metrics) func(context.Context, string) (context.Context, func()) {
	return func(ctx context.Context, kind string) (context.Context, func()) {
		began, route := time.Now(), "socket "+kind
		ctx, span := traces.Tracer("syncrobot/door").Start(ctx, route, trace.WithSpanKind(trace.SpanKindServer), trace.WithNewRoot())
		return ctx, func() {
			figures.acks.WithLabelValues(route, strconv.Itoa(http.StatusOK)).Observe(time.Since(began).Seconds())
			span.End()
		}
	}
}

// answered notes what a request was answered, and when: a handler may go on
// after it has given its answer.
type answered struct {
	http.ResponseWriter
	status int
	at     time.Time
}

func (a *answered) WriteHeader(status int) {
	a.note(status)
	a.ResponseWriter.WriteHeader(status)
}

func (a *answered) Write(b []byte) (int, error) {
	a.note(http.StatusOK)
	return a.ResponseWriter.Write(b)
}

func (a *answered) note(status int) {
	if a.at.IsZero() {
		a.status, a.at = status, time.Now()
	}
}

// Unwrap gives http.ResponseController what is below.
func (a *answered) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// Flush is for handlers that ask for an http.Flusher.
func (a *answered) Flush() {
	if f, ok := a.ResponseWriter.(http.Flusher); ok {
		f.Flush()
	}
}

// tracedLog adds the id of the trace to each line of the log, so that one
// search finds all that became of a request.
type tracedLog struct{ slog.Handler }

func (h tracedLog) Handle(ctx context.Context, r slog.Record) error {
	if s := trace.SpanContextFromContext(ctx); s.HasTraceID() {
		r.AddAttrs(slog.String("trace", s.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h tracedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return tracedLog{h.Handler.WithAttrs(attrs)}
}
func (h tracedLog) WithGroup(name string) slog.Handler { return tracedLog{h.Handler.WithGroup(name)} }

package main

import (
	"encoding/hex"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	otlp "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// TestATraceLeadsFromTheClickToSyncro collects the spans of one confirmed
// note as a collector does, and follows them.
func TestATraceLeadsFromTheClickToSyncro(t *testing.T) {
	t.Parallel()
	c := &spanCollector{}
	w := openWorld(t, func(w *world) {
		var err error
		if w.cfg.Traces, err = w.Listen(c); err != nil {
			t.Fatal(err)
		}
	})
	dana := slackPerson{w, danaSlack, "C0DESK"}
	press(t, dana, ask(t, dana, "note 32164 a customer's words", "Confirm:"), "Confirm", "Done and checked")
	w.finish(t) // the last spans are delivered before the bot ends

	path := c.path("POST /tickets/{id}/comment")
	if want := "POST /slack/interactions > operation comment.add > step comment.add > POST /tickets/{id}/comment"; path != want {
		t.Errorf("the way to Syncro is %q, want %q", path, want)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if strings.Contains(c.raw.String(), "customer's words") || strings.Contains(c.raw.String(), danaToken) {
		t.Error("a trace holds what it must not")
	}
	id := hex.EncodeToString(c.span("POST /tickets/{id}/comment").TraceId)
	if lines := strings.Count(w.log.String(), `"trace":"`+id+`"`); lines == 0 {
		t.Errorf("the log does not know the trace %s", id)
	}
}

// spanCollector takes OTLP over HTTP.
type spanCollector struct {
	mu    sync.Mutex
	raw   strings.Builder
	spans []*otlp.Span
}

func (c *spanCollector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	var request collector.ExportTraceServiceRequest
	if r.URL.Path != "/v1/traces" || proto.Unmarshal(body, &request) != nil {
		http.Error(w, "no traces", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.raw.Write(body)
	for _, of := range request.ResourceSpans {
		for _, in := range of.ScopeSpans {
			c.spans = append(c.spans, in.Spans...)
		}
	}
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// span is the one of that name.
func (c *spanCollector) span(name string) *otlp.Span {
	for _, s := range c.spans {
		if s.Name == name {
			return s
		}
	}
	return &otlp.Span{}
}

// path is the names of a span and of those around it, the outermost first.
func (c *spanCollector) path(name string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.span(name)
	names := []string{at.Name}
	for range 20 {
		for _, s := range c.spans {
			if string(s.SpanId) == string(at.ParentSpanId) && string(s.TraceId) == string(at.TraceId) {
				at, names = s, append([]string{s.Name}, names...)
				break
			}
		}
	}
	return strings.Join(names, " > ")
}

package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/commands"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/syncro"
)

// adminRoutes are for the operator alone: whether the process lives, whether
// it can do its work, and its figures. replicas is redis.wait_replicas.
func adminRoutes(rdb redis.UniversalClient, replicas int, vaultOpen func() error, figures *metrics) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "alive")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), 2*time.Second)
		defer cancel()
		if err := rdb.Ping(ctx).Err(); err != nil {
			http.Error(w, "Redis does not answer: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		if err := vaultOpen(); err != nil {
			http.Error(w, "the vault is not open: "+err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
		if kept, err := confirm.ReadDurability(ctx, rdb); err == nil {
			for _, weak := range kept.Weaknesses(replicas) {
				fmt.Fprintln(w, "Redis may forget:", weak)
			}
		}
	})
	mux.Handle("GET /metrics", promhttp.HandlerFor(figures.registry, promhttp.HandlerOpts{}))
	return mux
}

// metrics are the bot's figures.
type metrics struct {
	registry   *prometheus.Registry
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	operations *prometheus.CounterVec
	news       *prometheus.CounterVec
	acks       *prometheus.HistogramVec
	waits      *prometheus.HistogramVec
	used       prometheus.Gauge
	budget     prometheus.Gauge
	failures   *prometheus.CounterVec
}

func newMetrics() *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	auto := promauto.With(m.registry)
	m.requests = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "syncrobot_syncro_requests_total",
		Help: "Requests to Syncro, by method, route and status; 0 is no answer.",
	}, []string{"method", "route", "status"})
	m.duration = auto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "syncrobot_syncro_request_seconds",
		Help:    "How long Syncro took to answer.",
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 20},
	}, []string{"method"})
	m.operations = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "syncrobot_operations_total",
		Help: "What became of confirmed operations and their steps, and of doubts about a step (begun, found), by kind and state.",
	}, []string{"what", "kind", "state"})
	m.acks = auto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "syncrobot_ack_seconds",
		Help:    "How long a platform waited for its answer, by route and status. Slack gives up after 3 s.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"route", "status"})
	m.waits = auto.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "syncrobot_syncro_wait_seconds",
		Help:    "How long requests waited for Syncro's limit before they left, by class.",
		Buckets: []float64{.01, .1, .5, 1, 2, 5, 10, 30, 60},
	}, []string{"class"})
	m.used = auto.NewGauge(prometheus.GaugeOpts{
		Name: "syncrobot_syncro_minute_used",
		Help: "Requests to Syncro in the last minute, of all replicas, as of the last one of this.",
	})
	m.budget = auto.NewGauge(prometheus.GaugeOpts{
		Name: "syncrobot_syncro_minute_budget",
		Help: "Requests to Syncro that may be made in a minute: less than requests_per_minute after a 429.",
	})
	m.failures = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "syncrobot_failures_total",
		Help: "What people were told went wrong, by the code on the card (docs/troubleshooting.md).",
	}, []string{"code"})
	m.news = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "syncrobot_news_total",
		Help: "Cards that the bot showed unasked, by platform and outcome: posted; doubt (the platform did not say); lost and dropped (see the log).",
	}, []string{"platform", "outcome"})
	return m
}

// left notes a request to Syncro that may leave.
func (m *metrics) left(class syncro.Class, waited time.Duration, used, budget int) {
	m.waits.WithLabelValues(class.String()).Observe(waited.Seconds())
	m.used.Set(float64(used))
	m.budget.Set(float64(budget))
}

// request counts one request to Syncro.
func (m *metrics) request(method, route string, status int, d time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(method).Observe(d.Seconds())
}

// settled counts what became of a step or an operation.
func (m *metrics) settled(what, kind, state string) {
	m.operations.WithLabelValues(what, kind, state).Inc()
}

// failed counts what a person was told went wrong.
func (m *metrics) failed(code string) { m.failures.WithLabelValues(code).Inc() }

// explain is an error in words for the card of an operation, and counted.
func (m *metrics) explain(err error) string {
	words, code := commands.Explain(err)
	m.failed(code)
	return words
}

// told counts what became of a card that nobody asked for.
func (m *metrics) told(platform, outcome string) {
	m.news.WithLabelValues(platform, outcome).Inc()
}

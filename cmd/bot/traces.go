package main

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.41.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// newTraces makes spans, and sends them to the collector at url (OTLP over
// HTTP) in the background. Without a url it makes their ids alone, for the
// log.
func newTraces(ctx context.Context, url string) (*sdktrace.TracerProvider, error) {
	if url == "" {
		return sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.NeverSample())), nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(url+"/v1/traces"), otlptracehttp.WithTimeout(5*time.Second))
	if err != nil {
		return nil, fmt.Errorf("traces: %w", err)
	}
	version := "unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		version = info.Main.Version
	}
	return sdktrace.NewTracerProvider(
		sdktrace.WithBatcher(exporter),
		sdktrace.WithResource(resource.NewWithAttributes(semconv.SchemaURL,
			semconv.ServiceName("syncrobot"), semconv.ServiceVersion(version))),
	), nil
}

// traced hands a provider to what is begun by the bot itself and by no
// request: who makes a span asks its context for the provider.
func traced(ctx context.Context, provider trace.TracerProvider) context.Context {
	return trace.ContextWithSpan(ctx, origin{provider: provider})
}

// origin is no span, and knows where spans are made.
type origin struct {
	noop.Span
	provider trace.TracerProvider
}

func (o origin) TracerProvider() trace.TracerProvider { return o.provider }

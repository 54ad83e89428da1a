package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/syncrobot/syncrobot/adapters/slack"
	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/confirm"
	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/slacksim"
)

// serve is a server that the bot is compared with, until ctx ends. Like the
// bot it logs where it listens.
func serve(ctx context.Context, role, redisURL, slackURL string) error {
	o, err := redis.ParseURL(redisURL)
	if err != nil {
		return err
	}
	rdb := redis.NewClient(o)
	defer rdb.Close()
	mux := http.NewServeMux()
	switch role {
	case "bare":
		mux.HandleFunc("POST "+commandPath, bare(rdb))
	case "adapter":
		a, err := slack.New(slack.Options{
			Teams: []string{shop.SlackTeam}, AppID: shop.SlackApp, SigningSecret: shop.SigningSecret, BotToken: shop.BotToken, APIURL: slackURL,
			Handler: idle{}, Seen: confirm.NewStore(rdb), Work: chat.NewWork(512),
		})
		if err != nil {
			return err
		}
		a.Mount(mux)
	default:
		return fmt.Errorf("%q is neither bare nor adapter", role)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	context.AfterFunc(ctx, func() { server.Close() })
	slog.New(slog.NewJSONHandler(os.Stderr, nil)).Info(shop.Serving, "listen", l.Addr().String())
	if err := server.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// bare is the least that acknowledging takes: the signature, and one round
// trip that tells repeats apart.
func bare(rdb *redis.Client) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		want := slacksim.Sign(shop.SigningSecret, r.Header.Get("X-Slack-Request-Timestamp"), body)
		if !hmac.Equal([]byte(want), []byte(r.Header.Get("X-Slack-Signature"))) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		sum := sha256.Sum256(body)
		err = rdb.SetArgs(r.Context(), "bare:"+hex.EncodeToString(sum[:]), 1, redis.SetArgs{Mode: "NX", TTL: time.Hour}).Err()
		if err != nil && err != redis.Nil {
			w.WriteHeader(http.StatusInternalServerError)
		}
	}
}

// idle does nothing with what is acknowledged. It is sent slash commands alone.
type idle struct{ chat.Handler }

func (idle) Command(context.Context, chat.Request, chat.Replier) {}

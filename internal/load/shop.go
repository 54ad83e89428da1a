package main

import (
	"net/http/httptest"
	"os"
	"strings"

	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// office is a shop without a limit at Syncro, and with Redis.
type office struct {
	*shop.Shop
	redis    *redistest.Server
	redisDir string
	answers  *httptest.Server // takes the bot's answers to commands
}

func openShop(t *typist) (_ *office, err error) {
	o := &office{answers: httptest.NewServer(t)}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	t.url = o.answers.URL
	if o.redisDir, err = os.MkdirTemp("", "syncrobot-redis-"); err != nil {
		return nil, err
	}
	if o.redis, err = redistest.New(o.redisDir); err != nil {
		return nil, err
	}
	if err = o.redis.Up(); err != nil {
		return nil, err
	}
	o.Shop, err = shop.Open(shop.Options{
		Redis: `{url: "` + o.redis.URL() + `"}`, Syncro: syncrosim.Options{PerMinute: -1}, SyncroKeys: ", requests_per_minute: 100000",
		ResponseHosts: []string{strings.TrimPrefix(t.url, "http://")},
	})
	return o, err
}

func (o *office) close() {
	o.answers.Close()
	if o.Shop != nil {
		o.Shop.Close()
	}
	if o.redis != nil {
		o.redis.Kill()
	}
	os.RemoveAll(o.redisDir)
}

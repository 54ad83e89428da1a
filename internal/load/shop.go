package main

import (
	"net/http/httptest"
	"os"
	"strings"

	"github.com/syncrobot/syncrobot/internal/redistest"
	"github.com/syncrobot/syncrobot/internal/shop"
	"github.com/syncrobot/syncrobot/simulator/syncrosim"
)

// unlimited are the keys of the config with which nobody waits for Syncro.
const unlimited = ", requests_per_minute: 100000"

// office is a shop whose Syncro refuses nothing, and with Redis.
type office struct {
	*shop.Shop
	redis    *redistest.Server
	redisDir string
	answers  *httptest.Server // takes the bot's answers to commands
}

// openShop opens an office; options are how it differs.
func openShop(t *typist, options shop.Options) (_ *office, err error) {
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
	options.Redis = `{url: "` + o.redis.URL() + `"}`
	options.Syncro = syncrosim.Options{PerMinute: -1}
	options.ResponseHosts = []string{strings.TrimPrefix(t.url, "http://")}
	o.Shop, err = shop.Open(options)
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

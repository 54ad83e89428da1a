package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
	"github.com/syncrobot/syncrobot/internal/redistest"
)

// BenchmarkAcknowledge is the way from a signed command to Slack's 200, by
// loopback HTTP and a real Redis; bare is the least that any such server
// does.
func BenchmarkAcknowledge(b *testing.B) {
	rdb := redistest.Start(b).Client()
	b.Run("adapter", func(b *testing.B) {
		work := chat.NewWork(64)
		f, _ := play(b, chattest.Bot{Handler: chattest.Idle{}, Seen: redisSeen{rdb}, Work: work}, nil)
		acknowledge(b, f.bot.URL+"/slack/commands")
		drain(b, work)
	})
	b.Run("bare", func(b *testing.B) {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			mac := hmac.New(sha256.New, []byte(secret))
			io.WriteString(mac, "v0:"+r.Header.Get("X-Slack-Request-Timestamp")+":"+string(body))
			if !hmac.Equal([]byte("v0="+hex.EncodeToString(mac.Sum(nil))), []byte(r.Header.Get("X-Slack-Signature"))) {
				w.WriteHeader(http.StatusUnauthorized)
				return
			}
			sum := sha256.Sum256(body)
			if _, err := (redisSeen{rdb}).First(r.Context(), "bare/"+hex.EncodeToString(sum[:])); err != nil {
				w.WriteHeader(http.StatusInternalServerError)
			}
		}))
		defer s.Close()
		acknowledge(b, s.URL)
	})
}

func acknowledge(b *testing.B, address string) {
	form := url.Values{
		"team_id": {"T0001"}, "channel_id": {"C0001"}, "user_id": {"U0001"}, "command": {"/syncro"}, "text": {"close 32164 done"},
		"api_app_id": {"A0001"}, "response_url": {"https://hooks.slack.com/commands/T0001/1/x"},
	}
	for n := 0; b.Loop(); n++ {
		form.Set("trigger_id", strconv.Itoa(n)+b.Name()+strconv.Itoa(b.N))
		body, stamp := form.Encode(), strconv.FormatInt(time.Now().Unix(), 10)
		req, err := http.NewRequest(http.MethodPost, address, strings.NewReader(body))
		if err != nil {
			b.Fatal(err)
		}
		req.Header.Set("Content-Type", typeForm)
		req.Header.Set("X-Slack-Request-Timestamp", stamp)
		req.Header.Set("X-Slack-Signature", signature([]byte(secret), stamp, []byte(body)))
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			b.Fatal(err)
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			b.Fatalf("status %d", resp.StatusCode)
		}
	}
}

// BenchmarkRender draws the cards of the gallery, the worst among them, as
// Block Kit.
func BenchmarkRender(b *testing.B) {
	for _, c := range chattest.Gallery() {
		b.Run(c.Name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if m := render(c.Card); len(m.Blocks) == 0 && m.Text == "" {
					b.Fatal("nothing was drawn")
				}
			}
		})
	}
}

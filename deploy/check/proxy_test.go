package check

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestProxies runs nginx and Caddy with the files of deploy/, pointed at a
// server of the test's and given a certificate of its own, and asks them
// what the platforms ask.
func TestProxies(t *testing.T) {
	for _, p := range []struct {
		name  string
		start func(t *testing.T, bot, listen, dir string) *exec.Cmd
	}{{"nginx", nginx}, {"caddy", caddy}} {
		t.Run(p.name, func(t *testing.T) {
			if _, err := exec.LookPath(p.name); err != nil {
				t.Skipf("NOT CHECKED: %v", err)
			}
			var got []byte
			bot := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				got, _ = io.ReadAll(r.Body)
				fmt.Fprint(w, "the bot, at ", r.URL.Path)
			}))
			defer bot.Close()
			listen := free(t)
			said := run(t, p.start(t, strings.TrimPrefix(bot.URL, "http://"), listen, t.TempDir()))
			client := &http.Client{Timeout: 30 * time.Second, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, Transport: &http.Transport{
				TLSClientConfig: &tls.Config{InsecureSkipVerify: true, ServerName: "bot.example.com"},
			}}
			post := func(path string, body []byte) (int, string) {
				request, err := http.NewRequest(http.MethodPost, "https://"+listen+path, bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				request.Host = "bot.example.com"
				for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
					response, err := client.Do(request.Clone(t.Context()))
					if err != nil && time.Now().Before(deadline) {
						request.Body = io.NopCloser(bytes.NewReader(body))
						continue // it is still starting
					}
					if err != nil {
						t.Fatal(err)
					}
					text, _ := io.ReadAll(response.Body)
					response.Body.Close()
					return response.StatusCode, string(text)
				}
			}
			for _, path := range []string{"/", "/slack/commands", "/slack/interactions", "/api/messages", "/syncro/webhook/secret", "/link/token"} {
				body := []byte("command=%2Fsyncro&text=a+b%C3%A9\n")
				if code, text := post(path, body); code != 200 || text != "the bot, at "+path || !bytes.Equal(got, body) {
					t.Errorf("%s: %d %q, the body arrived as %q", path, code, text, got)
				}
			}
			for _, path := range []string{"/metrics", "/readyz", "/index.html", "/syncro/", "/slack"} {
				if code, text := post(path, nil); strings.Contains(text, "the bot") {
					t.Errorf("%s is handed on: %d", path, code)
				}
			}
			// 413 of nginx; Caddy 2.6 has begun to hand it on by then, and answers 502.
			if code, text := post("/slack/commands", make([]byte, 2<<20)); code < 400 {
				t.Errorf("two megabytes are taken: %d %q", code, text)
			}
			// What a proxy says of a bot that is away has no secret of an address.
			bot.Close()
			for _, path := range []string{"/syncro/webhook/5ecret", "/link/5ecret", "/slack/commands"} {
				if code, text := post(path, []byte("x")); code != 502 {
					t.Errorf("%s without the bot: %d %q", path, code, text)
				}
			}
			for deadline := time.Now().Add(30 * time.Second); !strings.Contains(said(), "/slack/commands"); time.Sleep(50 * time.Millisecond) {
				if time.Now().After(deadline) {
					t.Fatal("nothing is said of a bot that is away")
				}
			}
			if strings.Contains(said(), "5ecret") {
				t.Errorf("a secret is in the log:\n%s", said())
			}
		})
	}
}

func nginx(t *testing.T, bot, listen, dir string) *exec.Cmd {
	cert, key := certificate(t, dir)
	site := replaced(t, "../nginx.conf", "127.0.0.1:8080", bot, "listen 443 ssl", "listen "+listen+" ssl", "listen 80", "listen "+free(t),
		"/etc/letsencrypt/live/bot.example.com/fullchain.pem", cert, "/etc/letsencrypt/live/bot.example.com/privkey.pem", key)
	conf := fmt.Sprintf("daemon off;\npid %[1]s/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n"+
		"client_body_temp_path %[1]s/body;\nproxy_temp_path %[1]s/proxy;\nfastcgi_temp_path %[1]s/f;\nuwsgi_temp_path %[1]s/u;\nscgi_temp_path %[1]s/s;\n%[2]s}\n", dir, site)
	if os.Getuid() == 0 {
		conf = "user root;\n" + conf
	}
	path := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(path, []byte(conf), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("nginx", "-t", "-c", path).CombinedOutput(); err != nil || bytes.Contains(out, []byte("[warn]")) {
		t.Fatalf("%v: %s", err, out)
	}
	return exec.Command("nginx", "-c", path)
}

func caddy(t *testing.T, bot, listen, dir string) *exec.Cmd {
	cert, key := certificate(t, dir)
	_, port, _ := net.SplitHostPort(listen)
	file := replaced(t, "../Caddyfile", "{\n\tlog {", "{\n\tadmin off\n\tauto_https disable_redirects\n\tlog {",
		"bot.example.com {", "https://bot.example.com:"+port+" {\n\tbind 127.0.0.1\n\ttls "+cert+" "+key, "127.0.0.1:8080", bot)
	path := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	home := append(os.Environ(), "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	validate := exec.Command("caddy", "validate", "--adapter", "caddyfile", "--config", path)
	validate.Env = home
	if out, err := validate.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	c := exec.Command("caddy", "run", "--adapter", "caddyfile", "--config", path)
	c.Env = home
	return c
}

// output is what a process says, while it runs.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// run runs a server until the test ends. What it returns is what the server
// said so far.
func run(t *testing.T, c *exec.Cmd) (said func() string) {
	var out output
	c.Stdout, c.Stderr = &out, &out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Process.Signal(os.Interrupt)
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		context.AfterFunc(ctx, func() { c.Process.Kill() })
		c.Wait()
		if t.Failed() {
			t.Logf("%s said:\n%s", c.Path, out.String())
		}
	})
	return out.String
}

// replaced is a file with what the administrator writes in it.
func replaced(t *testing.T, path string, oldnew ...string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(text), oldnew[i]) {
			t.Fatalf("%s does not contain %q any more", path, oldnew[i])
		}
	}
	return strings.NewReplacer(oldnew...).Replace(string(text))
}

func free(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func certificate(t *testing.T, dir string) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "bot.example.com"}, DNSNames: []string{"bot.example.com"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

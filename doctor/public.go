package doctor

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"

	"github.com/syncrobot/syncrobot/config"
)

const about = `syncrobot %s

This is a bot with which technicians work Syncro tickets from Slack and Microsoft Teams.
There is nothing to be seen here for a browser.

Privacy. What is typed to the bot and what it reads from Syncro passes between the chat, this
server and Syncro, and nobody else. The bot keeps what waits to be confirmed until it expires, and
what was confirmed for 30 days. It is run by the organisation whose chat it is in, which answers
questions about it and sets the terms of its use.
`

// About is what the bot's public address shows to a browser, and to a doctor
// who wants to know whether it leads to this bot.
func About(c *config.Config) http.Handler {
	page := fmt.Sprintf(about, sign(c))
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(w, page)
	})
}

// sign tells bots apart by the apps that they serve, without naming these.
func sign(c *config.Config) string {
	var apps []string
	if c.Slack != nil {
		apps = append(apps, c.Slack.AppID, strings.Join(c.Slack.Teams, ","))
	}
	if c.Teams != nil {
		apps = append(apps, c.Teams.AppID, c.Teams.TenantID)
	}
	sum := sha256.Sum256([]byte(strings.Join(apps, "\n")))
	return hex.EncodeToString(sum[:6])
}

// public looks whether the public address leads here. Where it cannot be
// reached that may be this network's doing, so that it is only said.
func (x *examination) public(ctx context.Context, f *findings) {
	const check = "address"
	c := x.Config
	address := c.PublicURL
	if address == "" {
		if c.Teams != nil || c.Slack != nil && c.Slack.Transport == "http" {
			f.look(check, "public_url is not in the config, so that it cannot be tried", "Write public_url: the https address at which Slack and Teams reach the bot.")
		} else {
			f.skip(check, "public_url is not in the config")
		}
		return
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/", nil)
	if err != nil {
		f.fails(check, address+" is no address", "Correct public_url.")
		return
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		unreached(f, check, address, err)
		return
	}
	defer response.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(response.Body, 4<<10))
	first, _, _ := strings.Cut(string(body), "\n")
	switch {
	case first == "syncrobot "+sign(c):
		f.fine(check, "%s leads to this bot", address)
	case strings.HasPrefix(first, "syncrobot "):
		f.fails(check, address+" leads to another syncrobot", "Correct public_url, or start the bot there with this config.")
	case response.StatusCode == http.StatusBadGateway, response.StatusCode == http.StatusServiceUnavailable, response.StatusCode == http.StatusGatewayTimeout:
		f.look(check, fmt.Sprintf("%s answers %s: a proxy is there, and no bot behind it", address, response.Status),
			"Start “bot serve”, and have the proxy pass requests to "+c.Listen+".")
	default:
		f.fails(check, fmt.Sprintf("something else answers at %s (%s)", address, response.Status), "Correct public_url, or have the proxy pass / to "+c.Listen+" as well.")
	}
}

func unreached(f *findings, check, address string, err error) {
	var invalid x509.CertificateInvalidError
	var host x509.HostnameError
	var unknown x509.UnknownAuthorityError
	var dns *net.DNSError
	switch {
	case errors.As(err, &invalid), errors.As(err, &host), errors.As(err, &unknown):
		f.fails(check, "the certificate of "+address+" is not taken: "+firstLine(err), "Renew it, with the whole chain: Slack and Teams refuse it, too.")
	case errors.As(err, &dns) && dns.IsNotFound:
		f.fails(check, "there is no host of the name "+dns.Name, "Make a DNS record for it, or correct public_url.")
	default:
		f.look(check, address+" cannot be reached from here: "+firstLine(err),
			"Open it from outside, with a telephone for one: it must show a page that begins with “syncrobot”.")
	}
}

package teams

import (
	"errors"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// callTimeout bounds one HTTP exchange of ours, from dialling to the last
// byte of the answer.
const callTimeout = 10 * time.Second

// newWeb is the HTTP client of everything the adapter asks for. It follows no
// redirect, which could carry a token or a write to somewhere else.
func newWeb() *http.Client {
	return &http.Client{
		Timeout:       callTimeout,
		Transport:     http.DefaultTransport.(*http.Transport).Clone(),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// hosts are those that a serviceUrl may name, and so those that the bot's
// token is sent to: "host" or "host:port".
type hosts []string

// allow reports whether address is one of them, over https; plain http only
// to a loopback host. A host without a port means https's own, or, on
// loopback, any.
func (h hosts) allow(u *url.URL) bool {
	if !secureURL(u) {
		return false
	}
	return slices.ContainsFunc(h, func(entry string) bool {
		if strings.EqualFold(entry, u.Host) {
			return true
		}
		return strings.EqualFold(entry, u.Hostname()) && (u.Port() == "443" || loopback(u.Hostname()))
	})
}

// secure reports whether address is https, or http to a loopback host.
func secure(address string) bool {
	u, err := url.Parse(address)
	return err == nil && secureURL(u)
}

func secureURL(u *url.URL) bool {
	if u.Host == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname())
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// plainError drops the address that net/http puts into its errors.
func plainError(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

package config

import (
	"net"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // where the machine has no time zones of its own, as in a container
	"unicode"
)

// text reads a text that is not empty.
func (f field) text(otherwise string) string {
	v, ok := f.scalar("a text", "!!str")
	switch {
	case !ok:
		return otherwise
	case v == "":
		f.fault("is empty: write a value, or leave the key out")
		return otherwise
	}
	return v
}

// secret reads a text that is never quoted in a fault.
func (f field) secret() Secret {
	v, ok := f.scalar("a text", "!!str")
	switch {
	case !ok:
		return Secret{}
	case v == "":
		f.fault("the secret is empty: write ${NAME}, where NAME is an environment variable with a value")
	case strings.ContainsFunc(v, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }):
		f.fault("the secret has white space in it: look for a line break at its end")
	}
	return NewSecret(v)
}

// check reads a text for which ok is true; what says which one is wanted.
// Anything else is "".
func (f field) check(ok func(string) bool, what string) string { return f.checkOr("", ok, what) }

func (f field) checkOr(otherwise string, ok func(string) bool, what string) string {
	v, given := f.scalar("a text", "!!str")
	switch {
	case !given:
		return otherwise
	case !ok(v):
		f.fault("%s is not what it must be: write %s", quote(f.written()), what)
		return otherwise
	}
	return v
}

// oneOf reads one of a few words.
func (f field) oneOf(otherwise string, words ...string) string {
	v, ok := f.scalar("one of "+strings.Join(words, ", "), "!!str")
	switch {
	case !ok:
		return otherwise
	case slices.Contains(words, v):
		return v
	}
	if like := nearest(f.written(), words); like != "" {
		f.fault("%s is not known: did you mean %s?", quote(f.written()), like)
	} else {
		f.fault("%s is not known: write %s", quote(f.written()), strings.Join(words, " or "))
	}
	return otherwise
}

// boolean reads true or false.
func (f field) boolean(otherwise bool) bool {
	v, ok := f.scalar("true or false", "!!bool")
	if !ok {
		return otherwise
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		f.fault("%s is not true or false", quote(f.written()))
		return otherwise
	}
	return b
}

// integer reads a whole number from lo to hi.
func (f field) integer(otherwise, lo, hi int64) int64 {
	v, ok := f.scalar("a whole number", "!!int")
	if !ok {
		return otherwise
	}
	n, err := strconv.ParseInt(v, 10, 64)
	if err != nil || n < lo || n > hi {
		f.fault("%s is not a whole number from %d to %d", quote(f.written()), lo, hi)
		return otherwise
	}
	return n
}

// decimal reads an amount that is not below zero; "" where it was left out.
func (f field) decimal() string {
	v, ok := f.scalar("an amount, as 250 or 99.50", "!!str", "!!int", "!!float")
	if !ok {
		return ""
	}
	whole, part, dot := strings.Cut(v, ".")
	if digits := func(r rune) bool { return r >= '0' && r <= '9' }; len(v) > 15 || !every(whole, digits) || dot && !every(part, digits) {
		f.fault("%s is no amount: write digits, and a point before cents, as 250 or 99.50", quote(f.written()))
		return ""
	}
	return v
}

// factor reads a decimal number above 0 and up to 10, in plain digits.
func (f field) factor() string {
	v, ok := f.scalar("a number, as 1.5", "!!float", "!!int")
	if !ok {
		return "1"
	}
	n, err := strconv.ParseFloat(v, 64)
	if err != nil || strings.Trim(v, "0123456789.") != "" || n <= 0 || n > 10 {
		f.fault("%s is not a number above 0 and up to 10, as 1.5", quote(f.written()))
		return "1"
	}
	return v
}

// duration reads a length of time from lo to hi, written as Go does.
func (f field) duration(otherwise, lo, hi time.Duration) time.Duration {
	v, ok := f.scalar("a duration, as 20s, 15m or 1h30m", "!!str", "!!int", "!!float")
	if !ok {
		return otherwise
	}
	d, err := time.ParseDuration(v)
	switch {
	case err != nil:
		f.fault("%s is not a duration: write a number and its unit, as 20s, 15m or 1h30m", quote(f.written()))
		return otherwise
	case d < lo || d > hi:
		f.fault("%s is out of bounds: write a duration from %s to %s", quote(f.written()), short(lo), short(hi))
		return otherwise
	}
	return d
}

// short is a duration without the zeros that time.Duration prints: 24h, not
// 24h0m0s.
func short(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// clock reads a time of day: how long after midnight it is.
func (f field) clock(otherwise string) time.Duration {
	v := f.checkOr(otherwise, func(v string) bool {
		_, err := time.Parse("15:04", v)
		return err == nil && len(v) == len("15:04")
	}, "a time of day in quotes, as \""+otherwise+"\"")
	at, _ := time.Parse("15:04", v) // it was checked
	return time.Duration(at.Hour())*time.Hour + time.Duration(at.Minute())*time.Minute
}

// zone reads a time zone; nil where there is none.
func (f field) zone() *time.Location {
	v := f.check(func(v string) bool { _, err := time.LoadLocation(v); return err == nil && v != "" && v != "Local" }, "a time zone, as America/Phoenix")
	if v == "" {
		return nil
	}
	zone, _ := time.LoadLocation(v) // it was checked
	return zone
}

// path reads a file's or a folder's path; a relative one starts at the config
// file.
func (f field) path(otherwise string) string {
	p := f.text(otherwise)
	if p == "" || filepath.IsAbs(p) {
		return p
	}
	return filepath.Join(f.l.dir, p)
}

// address reads host:port; an empty host is every address of the machine.
func (f field) address(otherwise string) string {
	v, ok := f.scalar("host:port", "!!str")
	if !ok {
		return otherwise
	}
	host, port, err := net.SplitHostPort(v)
	n, errPort := strconv.ParseUint(port, 10, 16)
	if err != nil || errPort != nil || strings.ContainsFunc(host, notInHost) {
		f.fault("%s is not an address: write host:port, as 127.0.0.1:8080", quote(f.written()))
		return otherwise
	}
	return net.JoinHostPort(host, strconv.FormatUint(n, 10))
}

// collide reports whether of two addresses, as address reads them, one process
// can have only one.
func collide(a, b string) bool {
	hostA, portA, _ := net.SplitHostPort(a)
	hostB, portB, _ := net.SplitHostPort(b)
	all := func(host string) bool { return host == "" || host == "0.0.0.0" || host == "::" }
	return portA == portB && portA != "0" && (hostA == hostB || all(hostA) || all(hostB))
}

// url reads an address that must be https, unless it is of this machine. An
// empty one is the default.
func (f field) url(otherwise string) string {
	v, ok := f.scalar("an address, as https://host", "!!str")
	if !ok || v == "" && otherwise != "" {
		return otherwise
	}
	u, err := url.Parse(v)
	switch {
	case err != nil || u.Hostname() == "" || strings.ContainsFunc(u.Hostname(), notInHost) || u.Scheme != "https" && u.Scheme != "http":
		f.fault("%s is not a web address: write https://host", quote(f.written()))
	case !isPort(u.Port()):
		f.fault("%s has a port above 65535", quote(f.written()))
	case u.User != nil:
		f.fault("the address has a name or password in it: write https://host")
	case u.Scheme == "http" && !isLoopback(u.Hostname()):
		f.fault("%s must be https: plain http is for addresses of this machine, as http://127.0.0.1:8080", quote(f.written()))
	case u.Fragment != "":
		f.fault("%s has a # in it: leave it out", quote(f.written()))
	default:
		return v
	}
	return otherwise
}

// isPort reports whether a port can be, also where none is written.
func isPort(port string) bool {
	_, err := strconv.ParseUint(port, 10, 16)
	return port == "" || err == nil
}

// base reads an address to which paths are added.
func (f field) base(otherwise string) string {
	v := f.url(otherwise)
	if strings.Contains(v, "?") {
		f.fault("%s has a ? in it, and paths are added to it: leave it out", quote(f.written()))
	}
	return v
}

// hosts reads a list of host or host:port, in lower case.
func (f field) hosts(otherwise ...string) []string {
	if !f.given() {
		return otherwise
	}
	var all []string
	for _, item := range f.some("names no host: write [" + strings.Join(otherwise, ", ") + "]") {
		all = append(all, strings.ToLower(item.check(isHost, "a host or host:port without https:// and path, as "+otherwise[0])))
	}
	return all
}

func isHost(v string) bool {
	u, err := url.Parse("https://" + v)
	return err == nil && u.Host == v && u.Hostname() != "" && !strings.ContainsFunc(u.Hostname(), notInHost)
}

// notInHost leaves what names, IPv4 and IPv6 addresses are made of.
func notInHost(r rune) bool {
	return !isUnreserved(r) && r != ':' && r != '%' || r == '~'
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// isUnreserved is RFC 3986's: what stands for itself anywhere in an address.
func isUnreserved(r rune) bool { return isWord(r) || strings.ContainsRune("-.~", r) }

func isWord(r rune) bool { return isLower(r) || r >= 'A' && r <= 'Z' || r == '_' }

func isLower(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

func every(v string, ok func(rune) bool) bool {
	return v != "" && !strings.ContainsFunc(v, func(r rune) bool { return !ok(r) })
}

func isVariable(v string) bool { return every(v, isWord) && (v[0] < '0' || v[0] > '9') }

func isName(v string) bool {
	return len(v) <= 64 && every(v, func(r rune) bool { return isLower(r) || r == '-' || r == '_' })
}

func isCommand(v string) bool {
	name, ok := strings.CutPrefix(v, "/")
	return ok && len(v) <= 32 && isName(name)
}

// isSlackID knows an id of Slack's by its first letter.
func isSlackID(v, letters string) bool {
	return len(v) > 1 && strings.IndexByte(letters, v[0]) >= 0 &&
		every(v, func(r rune) bool { return r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' })
}

func isSlackUser(v string) bool {
	team, user, ok := strings.Cut(v, "/")
	return ok && isSlackID(team, "T") && isSlackID(user, "UW")
}

// teamsConversation is the id of a channel or chat of Teams that is written as
// its id or as the link that Teams copies: https://teams.microsoft.com/l/channel/19%3Aabc%40thread.tacv2/General?...
// "" for anything else.
func teamsConversation(v string) string {
	if u, err := url.Parse(v); err == nil && u.Scheme == "https" {
		if !slices.ContainsFunc([]string{".microsoft.com", ".microsoft.us", ".cloud.microsoft"}, func(domain string) bool {
			return strings.HasSuffix(u.Hostname(), domain)
		}) {
			return ""
		}
		parts := strings.Split(strings.TrimPrefix(u.EscapedPath(), "/"), "/")
		if len(parts) < 3 || parts[0] != "l" || parts[1] != "channel" && parts[1] != "chat" {
			return ""
		}
		if v, err = url.PathUnescape(parts[2]); err != nil {
			return ""
		}
	}
	if !strings.HasPrefix(v, "19:") && !strings.HasPrefix(v, "a:") || strings.ContainsAny(v, "/\\;?# ") {
		return ""
	}
	return v
}

func isTeamsUser(v string) bool {
	tenant, id, ok := strings.Cut(v, "/")
	return ok && isGUID(tenant) && isGUID(id)
}

func isGUID(v string) bool {
	parts := strings.Split(v, "-")
	if len(parts) != 5 {
		return false
	}
	for i, n := range []int{8, 4, 4, 4, 12} {
		if len(parts[i]) != n || !every(strings.ToLower(parts[i]), func(r rune) bool { return r >= '0' && r <= '9' || r >= 'a' && r <= 'f' }) {
			return false
		}
	}
	return true
}

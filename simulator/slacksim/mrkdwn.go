package slacksim

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// A span is a run of displayed text. An empty kind is literal text.
type span struct {
	kind   string // as Live.Kind
	raw    string // as it was sent
	shown  string // as a person sees it
	target string // the id, URL or timestamp behind it
}

var (
	controlSeq = regexp.MustCompile(`^<([^<>\n]+)>`)
	emojiName  = regexp.MustCompile(`^:[a-z0-9_+'-]*[a-z][a-z0-9_+'-]*:`)
	bareURL    = regexp.MustCompile(`^(?i:https?://|www\.)[^\s<>|]*[^\s<>|.,;:!?'")\]]`)
	bareMail   = regexp.MustCompile(`^[\w.+-]+@[\w-]+(\.[\w-]+)*\.[A-Za-z]{2,}`)
	bareDomain = regexp.MustCompile(`^(?i:[a-z0-9][a-z0-9-]*\.)+(?i:com|net|org|io|dev|co|us|uk|de|eu|edu|gov|info|biz|app)\b(/[^\s<>|]*)?`)
	bareName   = regexp.MustCompile(`^[@#][a-z0-9_-]*[a-z][a-z0-9._-]*`)
	entities   = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">")
)

var pairs = []struct {
	mark rune
	kind string
}{{'*', "bold"}, {'_', "italic"}, {'~', "strike"}}

// names turns ids of users and channels into what a person calls them.
type names func(id string) string

// mrkdwn reads Slack's markup. With auto, bare addresses, @names and #names
// are live as well (verbatim false, or parse client/full of a message).
func mrkdwn(text string, auto bool, who names) []span {
	var out []span
	var plain strings.Builder
	flush := func() {
		if plain.Len() > 0 {
			out = append(out, span{raw: plain.String(), shown: entities.Replace(plain.String())})
			plain.Reset()
		}
	}
	emit := func(s ...span) { flush(); out = append(out, s...) }
	prev := '\n'
	for i := 0; i < len(text); {
		rest := text[i:]
		r, size := utf8.DecodeRuneInString(rest)
		n := 0
		switch {
		case strings.HasPrefix(rest, "```") && strings.Contains(rest[3:], "```"):
			inner := rest[3 : 3+strings.Index(rest[3:], "```")]
			n = len(inner) + 6
			emit(span{kind: "pre", raw: rest[:n]})
			emit(code(inner, who)...)
		case r == '`' && strings.IndexByte(rest[1:], '`') > 0 && !strings.Contains(rest[1:1+strings.IndexByte(rest[1:], '`')], "\n"):
			inner := rest[1 : 1+strings.IndexByte(rest[1:], '`')]
			n = len(inner) + 2
			emit(span{kind: "code", raw: rest[:n]})
			emit(code(inner, who)...)
		case controlSeq.MatchString(rest):
			n = len(controlSeq.FindString(rest))
			emit(control(rest[:n], who))
		case prev == '\n' && (r == '>' || strings.HasPrefix(rest, "&gt;")):
			n = len(">")
			if r == '&' {
				n = len("&gt;")
			}
			emit(span{kind: "quote", raw: rest[:n], shown: ">"})
		case r == ':' && emojiName.MatchString(rest):
			n = len(emojiName.FindString(rest))
			emit(span{kind: "emoji", raw: rest[:n], shown: rest[:n]})
		case auto && !wordly(prev) && auto1(rest) != nil:
			s := auto1(rest)
			n = len(s.raw)
			emit(*s)
		}
		if n == 0 {
			if kind, inner := formatted(prev, rest); kind != "" {
				n = len(inner) + 2
				emit(span{kind: kind, raw: rest[:n]})
				emit(mrkdwn(inner, auto, who)...)
			}
		}
		if n == 0 {
			n = size
			plain.WriteString(rest[:n])
		}
		prev, _ = utf8.DecodeLastRuneInString(text[:i+n])
		i += n
	}
	flush()
	return out
}

// code is the inside of a code span: formatting is literal there, control sequences are not.
func code(text string, who names) []span {
	var out []span
	for text != "" {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			i = len(text)
		}
		if i > 0 {
			out = append(out, span{raw: text[:i], shown: entities.Replace(text[:i])})
			text = text[i:]
			continue
		}
		if m := controlSeq.FindString(text); m != "" {
			out = append(out, control(m, who))
			text = text[len(m):]
		} else {
			out = append(out, span{raw: "<", shown: "<"})
			text = text[1:]
		}
	}
	return out
}

// formatted finds *bold*, _italic_ or ~strike~ that begins here: the marks
// stand at the edges of words and the text between them on one line.
func formatted(prev rune, rest string) (kind, inner string) {
	for _, p := range pairs {
		if !strings.HasPrefix(rest, string(p.mark)) || wordly(prev) {
			continue
		}
		line, _, _ := strings.Cut(rest[1:], "\n")
		for from := 0; ; {
			end := strings.IndexRune(line[from:], p.mark)
			if end < 0 {
				break
			}
			end += from
			inner, after := line[:end], line[end+1:]
			next, _ := utf8.DecodeRuneInString(after)
			if inner != "" && inner == strings.TrimSpace(inner) && (after == "" || !wordly(next)) {
				return p.kind, inner
			}
			from = end + 1
		}
	}
	return "", ""
}

func wordly(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }

// auto1 is the live text that Slack finds by itself at this place, if any.
func auto1(rest string) *span {
	for _, re := range []*regexp.Regexp{bareURL, bareMail, bareDomain} {
		if m := re.FindString(rest); m != "" {
			return &span{kind: "autolink", raw: m, shown: entities.Replace(m), target: entities.Replace(m)}
		}
	}
	if m := bareName.FindString(rest); m != "" {
		return &span{kind: "autoname", raw: m, shown: m, target: m}
	}
	return nil
}

// control reads one <...> sequence.
func control(seq string, who names) span {
	body, label, labelled := strings.Cut(seq[1:len(seq)-1], "|")
	label = entities.Replace(label)
	s := span{raw: seq, target: entities.Replace(body)}
	shown := func(otherwise string) string {
		if labelled && label != "" {
			return label
		}
		return otherwise
	}
	switch {
	case strings.HasPrefix(body, "@"):
		s.kind, s.target = "user", body[1:]
		s.shown = "@" + strings.TrimPrefix(shown(named(who, body[1:])), "@")
	case strings.HasPrefix(body, "#"):
		s.kind, s.target = "channel", body[1:]
		s.shown = "#" + strings.TrimPrefix(shown(named(who, body[1:])), "#")
	case strings.HasPrefix(body, "!date^"):
		s.kind = "date"
		s.target, s.shown = date(body, label)
	case strings.HasPrefix(body, "!subteam^"):
		s.kind, s.target = "usergroup", strings.TrimPrefix(body, "!subteam^")
		s.shown = shown("@" + s.target)
	case strings.HasPrefix(body, "!"):
		s.kind, s.target = "broadcast", body[1:]
		s.shown = "@" + body[1:]
	default:
		s.kind = "link"
		s.shown = shown(strings.TrimPrefix(s.target, "mailto:"))
	}
	return s
}

func named(who names, id string) string {
	if who != nil {
		if n := who(id); n != "" {
			return n
		}
	}
	return id
}

// date shows !date^UNIX^FORMAT[^URL] in UTC; what cannot be read shows its fallback.
func date(body, fallback string) (target, shown string) {
	f := strings.SplitN(body, "^", 4)
	if len(f) < 3 {
		return "", fallback
	}
	unix, err := strconv.ParseInt(f[1], 10, 64)
	if err != nil {
		return f[1], fallback
	}
	return f[1], dateWords(unix, f[2])
}

func dateWords(unix int64, format string) string {
	t := time.Unix(unix, 0).UTC()
	return strings.NewReplacer(
		"{date_num}", t.Format("2006-01-02"), "{date}", t.Format("January 2, 2006"),
		"{date_short}", t.Format("Jan 2, 2006"), "{date_long}", t.Format("Monday, January 2, 2006"),
		"{date_pretty}", t.Format("January 2, 2006"), "{date_short_pretty}", t.Format("Jan 2, 2006"),
		"{date_long_pretty}", t.Format("Monday, January 2, 2006"),
		"{time}", t.Format("15:04"), "{time_secs}", t.Format("15:04:05"), "{ago}", t.Format("Jan 2, 2006 15:04"),
	).Replace(format)
}

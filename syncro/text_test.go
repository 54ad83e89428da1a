package syncro

import (
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, want string }{
		"plain text with line breaks":     {"Rekeyed.\r\nTested 20 minutes.\n\n\n\nDone.  ", "Rekeyed.\nTested 20 minutes.\n\nDone."},
		"less than and ampersand":         {"if x < 5 && y > 3 then R&D", "if x < 5 && y > 3 then R&D"},
		"an address in angle brackets":    {"From Amy <amy@harbordental.example>", "From Amy <amy@harbordental.example>"},
		"a placeholder in angle brackets": {"ping <host>, then\nreboot", "ping <host>, then\nreboot"},
		"a link in angle brackets":        {"see <https://kb.example/12>", "see <https://kb.example/12>"},
		"a mail program's HTML":           {"<html><head><style>p{color:red}</style><title>x</title></head><body><p>Hello,</p>\n<p>it is <b>down</b>&nbsp;again.</p></body></html>", "Hello,\nit is down again."},
		"br and div":                      {"one<br>two<br/>three<div>four</div>five", "one\ntwo\nthree\nfour\nfive"},
		"line breaks in the source":       {"<p>one\n   two</p>", "one two"},
		"a list":                          {"<ul><li>router</li><li>switch</li></ul>", "router\nswitch"},
		"a table":                         {"<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"},
		"entities":                        {"5 &lt; 6 &amp; 7 &#8364; &euro;", "5 < 6 & 7 € €"},
		"escaped markup stays words":      {"type &lt;b&gt;", "type <b>"},
		"a script":                        {"a<script>alert(1)</script>b", "ab"},
		"a comment of HTML":               {"a<!-- <p>secret -->b", "ab"},
		"Outlook's own tags":              {"<p>a<o:p></o:p></p>", "a"},
		"an unclosed tag":                 {"a <b", "a"},
		"a typed title":                   {"the <title> is missing", "the  is missing"},
		"what reverses the writing":       {"abc\u202etxt.exe", "abctxt.exe"},
		"emoji of several":                {"\U0001F469\u200d\U0001F4BB", "\U0001F469\u200d\U0001F4BB"},
		"not UTF-8":                       {"a\xffb", "a\ufffdb"},
		"nothing":                         {"", ""},
	} {
		if got := plain(c.body); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestNormalizeMakesEqual(t *testing.T) {
	t.Parallel()
	for name, c := range map[string][]string{
		"line breaks or tags for them": {"one\ntwo", "one<br>two", "<p>one</p><p>two</p>", "one\r\n\r\n  two ", "<div>one<br />\ntwo</div>"},
		"escaped or not":               {"run <b>this</b> & that", "run &lt;b&gt;this&lt;/b&gt; &amp; that", escape("run <b>this</b> & that")},
		"the kinds of spaces":          {"a b", "a\u00a0b", "a&nbsp;b", "a\u202fb", " a\t b\u200b "},
		"composed or not":              {"Zoë", "Zoe\u0308"},
		"quotes as entities":           {`it's "fine"`, "it&#39;s &quot;fine&quot;"},
	} {
		for _, s := range c[1:] {
			if Normalize(s) != Normalize(c[0]) {
				t.Errorf("%s: %q gives %q and %q gives %q", name, c[0], Normalize(c[0]), s, Normalize(s))
			}
		}
	}
	for _, c := range [][2]string{
		{"rebooted", "rebooted twice"}, {"I'm", "I’m"}, {"A", "a"}, {"mail <amy@a.example>", "mail <bob@a.example>"},
	} {
		if Normalize(c[0]) == Normalize(c[1]) {
			t.Errorf("%q and %q come out the same", c[0], c[1])
		}
	}
}

func TestNormalizeEndsSoonOnHostileText(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		strings.Repeat("&amp;", 1<<18), "&" + strings.Repeat("amp;", 1<<18) + "lt;b>",
		strings.Repeat("<", 1<<20), strings.Repeat("<a ", 1<<18), strings.Repeat("<!--", 1<<18),
	} {
		once := Normalize(s)
		if Normalize(once) != once {
			t.Errorf("%.20q...: not the same twice", s)
		}
	}
}

func TestEscapeChangesOnlyWhatHTMLWouldRead(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"2 < 3 & R&D, AT&T; <3":    "2 < 3 & R&D, AT&T; <3",
		"line one\nline two":       "line one\nline two",
		"<b>bold</b>":              "&lt;b>bold&lt;/b>",
		"<!-- x --> <?php":         "&lt;!-- x --> &lt;?php",
		"&lt; &copy; &#60;":        "&amp;lt; &amp;copy; &amp;#60;",
		"https://x.example/?a&b=1": "https://x.example/?a&b=1",
	} {
		got := escape(typed)
		if got != want {
			t.Errorf("%q: sent as %q, want %q", typed, got, want)
		}
		if plain(got) != typed {
			t.Errorf("%q: read back as %q", typed, plain(got))
		}
	}
}

func FuzzNormalize(f *testing.F) {
	for _, s := range []string{"a<br>b", "&amp;lt;b>", "<p>x</p>\n&nbsp;y", "<\u200bb>", "&amp\u037e", "<title>x", "e\u0301\u200b\u0301", "<scr<script>ipt>"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Normalize(s)
		if twice := Normalize(once); twice != once {
			t.Errorf("%q gives %q and that %q", s, once, twice)
		}
		if sent := escape(s); plain(sent) != tidy(visible(s)) {
			t.Errorf("%q is sent as %q and read as %q", s, sent, plain(sent))
		}
	})
}

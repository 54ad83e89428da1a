package teams

import (
	"strings"
	"testing"
)

func TestProse(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, html, want string }{
		{"nothing", "", ""},
		{"no markup", "VPN drops", "VPN drops"},
		{"paragraphs", "<p>VPN drops</p>\n<p>&nbsp;</p>\n<p>since 9:40</p>", "VPN drops\n\nsince 9:40"},
		{"lines", "<div>VPN drops<br>since<br/>\n9:40</div>", "VPN drops\nsince\n9:40"},
		{"what was typed", "<div>a &lt;b&gt; &amp;amp; &quot;c&quot; *d*</div>", `a <b> &amp; "c" *d*`},
		{"looks", "<p><strong>VPN</strong> <i>drops</i><span style=\"x\">!</span></p>", "VPN drops!"},
		{"a mention", `<p>Ask <at id="0">Amy Lin</at>&nbsp;now</p>`, "Ask Amy Lin now"},
		{"emoji", `<p>Down <emoji id="sad" alt="😢" title="Sad"></emoji> <img alt="👍" itemtype="http://schema.skype.com/Emoji"></p>`, "Down 😢 👍"},
		{"a link by its name", `<p>See <a href="https://status.example/vpn" title="x">the status</a>.</p>`, "See the status (https://status.example/vpn)."},
		{"a link by its address", `<p><a href="https://status.example/">https://status.example</a></p>`, "https://status.example"},
		{"a link that is none", `<a href="javascript:alert(1)">here</a></a>`, "here"},
		{"a list", "<ul><li>one</li><li>two</li></ul>after", "- one\n- two\nafter"},
		{"code", "<pre>if x {\n    y\n}</pre>", "if x {\n    y\n}"},
		{"a code block", `<codeblock class="Go"><code>if x {<br>    y<br>}</code></codeblock>`, "if x {\n    y\n}"},
		{"a table", "<table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>", "a b\nc d"},
		{"a quotation", "<blockquote>It is down</blockquote><p>Again?</p>", "It is down\nAgain?"},
		{"an attachment", `<attachment id="1"></attachment>see above`, "see above"},
		{"tags that swallow the rest", "<title>a<script>b", "ab"},
		{"half a tag", "a <b", "a"},
	} {
		if got := prose(c.html); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzProse(f *testing.F) {
	f.Add("<p>a</p><ul><li>b<pre> c  d</pre></ul><a href='https://x.example'>e</a> &lt;")
	f.Fuzz(func(t *testing.T, body string) {
		got := prose(body)
		if strings.Contains(got, "\n\n\n") || strings.HasSuffix(got, "\n") {
			t.Errorf("%q", got)
		}
	})
}

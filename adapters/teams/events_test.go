package teams

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/chat"
	"github.com/syncrobot/syncrobot/chat/chattest"
)

func TestRecordedActivities(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change map[string]any
		text   string
		click  string // verb and value
		quiet  bool   // nothing comes through
	}{
		{name: "message-personal-slash-text", text: "close 32164"},
		{name: "message-channel-mention", text: "close 32164"},
		{name: "message-groupchat-mention", text: "card"},
		{name: "message-channel-mention", change: map[string]any{"entities": []any{}}, quiet: true},
		{name: "message-action-submit-value", quiet: true}, // no verb: no card of ours
		{name: "message-action-submit-value", change: map[string]any{"value": map[string]any{"verb": "cancel", "op": "n-3"}}, click: "cancel n-3"},
		{name: "message-action-submit-value", change: map[string]any{"value": `{"verb":"cancel","op":"n-3"}`}, click: "cancel n-3"},
		{name: "message-action-submit-value", change: map[string]any{"value": []any{1}}, quiet: true},
		{name: "message-personal-slash-text", change: map[string]any{"value": nil, "text": nil}, text: ""},
		{name: "message-personal-slash-text", change: map[string]any{"type": "messageReaction"}, quiet: true},
		{name: "message-personal-slash-text", change: map[string]any{"type": "typing"}, quiet: true},
		{name: "invoke-adaptiveCard-action-confirm", click: "confirm "},
		{name: "invoke-adaptiveCard-action-confirm", change: map[string]any{"value": map[string]any{
			"action": map[string]any{"verb": "confirm", "data": map[string]any{"op": "5f2c", "note": 7}}}}, click: "confirm 5f2c"},
		{name: "conversationUpdate-teamMemberAdded-channel", quiet: true},
		{name: "installationUpdate-add-groupchat", quiet: true},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newWorld(t)
			act := with(p.recorded(t, c.name), c.change)
			got := run(t, p, &recorder{}, act)
			if c.quiet {
				if len(got) != 0 || len(p.sent()) != 0 {
					t.Errorf("came through: %+v, sent: %+v", got, p.sent())
				}
				return
			}
			if len(got) != 1 {
				t.Fatalf("%d requests, want 1", len(got))
			}
			want := chat.Request{
				Delivery: act["id"].(string), Text: c.text,
				User: chat.User{Platform: "teams", Tenant: tenantID, ID: personID, Name: "Alex Wilber"},
			}
			if verb, value, ok := strings.Cut(c.click, " "); ok {
				at := place{Service: p.service(), Conversation: act["conversation"].(map[string]any)["id"].(string), Activity: act["replyToId"].(string)}
				aside := place{Service: at.Service, Conversation: at.Conversation, Member: act["from"].(map[string]any)["id"].(string)}
				want.Click = &chat.Click{Verb: verb, Value: value, Card: at.ref(), Aside: aside.ref()}
			}
			if diff := cmp.Diff(want, got[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestTyped(t *testing.T) {
	t.Parallel()
	bot := map[string]any{"type": "mention", "text": "<at>Test Bot</at>", "mentioned": map[string]any{"id": "bot"}}
	dana := map[string]any{"type": "mention", "text": `<at id="1">Dana Ruiz</at>`, "mentioned": map[string]any{"id": "29:dana"}}
	for _, c := range []struct {
		name, text string
		entities   []any
		want       string
	}{
		{"nothing", "", nil, ""},
		{"the command alone", "/syncro", nil, ""},
		{"the command in another case", "/Syncro 32164", nil, "32164"},
		{"without a slash", "syncro 32164", nil, "32164"},
		{"without the command", "32164", nil, "32164"},
		{"a word that begins alike", "syncrobot 32164", nil, "syncrobot 32164"},
		{"the command once", "syncro syncro", nil, "syncro"},
		{"a hard space after the command", "/syncro&nbsp;close&nbsp;32164", nil, "close 32164"},
		{"a real hard space", "/syncro\u00a0close\u00a032164 ", nil, "close 32164"},
		{"lines", "note 32164 a\r\nb\n", nil, "note 32164 a\nb"},
		{"a line after the command", "/syncro\nopen", nil, "open"},
		{"the bot's mention", "<at>Test Bot</at> /syncro close 32164", []any{bot}, "close 32164"},
		{"the bot's mention, joined by a hard space", "<at>Test Bot</at>&nbsp;close 32164", []any{bot}, "close 32164"},
		{"the bot's mention at the end", "close 32164 <at>Test Bot</at>", []any{bot}, "close 32164"},
		{"another person's mention", `<at>Test Bot</at> assign 32164 <at id="1">Dana Ruiz</at>`, []any{bot, dana}, "assign 32164 Dana Ruiz"},
		{"at signs that are no mention", "note 1 <at>all</at>", nil, "note 1 <at>all</at>"},
		{"a mention as typed text", "<at>Test Bot</at> note 1 &lt;at&gt;Test Bot&lt;/at&gt;", []any{bot}, "note 1 <at>Test Bot</at>"},
		{"encoded signs", "note 1 a &lt;b&gt; &amp; &quot;c&quot; &#39;d&#39;", nil, `note 1 a <b> & "c" 'd'`},
		{"each once", "note 1 &amp;lt; &amp;amp;", nil, "note 1 &lt; &amp;"},
		{"entities that Teams does not write", "note 1 https://e.example/?a=1&copy=2&eacute;", nil, "note 1 https://e.example/?a=1&copy=2&eacute;"},
		{"odd entities", "32164", []any{1, nil, "x", map[string]any{"type": "mention"}, map[string]any{"type": "mention", "text": 7}}, "32164"},
	} {
		raw := must(json.Marshal(map[string]any{
			"text": c.text, "entities": c.entities, "recipient": map[string]any{"id": "bot"}, "conversation": map[string]any{"id": "c"},
		}))
		act, err := parse(raw)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if got := act.typed("syncro"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

func FuzzActivity(f *testing.F) {
	p := newWorld(f)
	for _, name := range []string{"message-channel-mention", "invoke-adaptiveCard-action-confirm", "message-action-submit-value", "conversationUpdate-membersAdded-personal"} {
		f.Add(must(json.Marshal(p.recorded(f, name))))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		act, err := parse(body)
		if err != nil {
			return
		}
		text := act.typed("syncro")
		if text != strings.TrimSpace(text) || strings.Contains(text, "\u00a0") {
			t.Errorf("typed %q", text)
		}
		act.addressed()
		click, ok := act.click()
		if ok != (click.Verb != "") {
			t.Errorf("click %+v, %v", click, ok)
		}
		if click.Card != "" {
			if at, err := parseRef(click.Card); err != nil || at.Activity != strings.ToValidUTF8(act.ReplyToID, "\uFFFD") {
				t.Errorf("ref %s: %v", click.Card, err)
			}
		}
	})
}

// FuzzDoor: whatever an activity says, the door answers it, and what comes
// through is of a person of the tenant served. SERVICE stands for the address
// of the connector.
func FuzzDoor(f *testing.F) {
	recorded, err := filepath.Glob("testdata/activities/*.json")
	if err != nil || len(recorded) < 12 {
		f.Fatalf("%d recorded activities, %v", len(recorded), err)
	}
	p := newWorld(f)
	for _, path := range recorded {
		raw := must(os.ReadFile(path))
		var file struct{ Activity json.RawMessage }
		if json.Unmarshal(raw, &file) != nil || file.Activity == nil {
			continue
		}
		act := p.recorded(f, strings.TrimSuffix(filepath.Base(path), ".json"))
		act["serviceUrl"] = "SERVICE"
		f.Add(string(must(json.Marshal(act))))
	}
	const head = `{"type":"invoke","id":"1","serviceUrl":"SERVICE","channelId":"msteams","from":{"id":"29:1","aadObjectId":"` + personID +
		`"},"recipient":{"id":"28:b"},"conversation":{"id":"a:1","conversationType":"personal","tenantId":"` + tenantID + `"},`
	f.Add(head + `"name":"application/search","value":{"queryText":"har","dataset":"F/customer","queryOptions":{"skip":-1,"top":1e9}}}`)
	f.Add(head + `"name":"composeExtension/queryLink","value":{"url":"https://example.syncromsp.com/tickets/1"}}`)
	f.Add(head + `"name":"task/submit","value":"{\"form_id\":\"F\"}"}`)
	f.Add(head + `"name":"adaptiveCard/action","value":{"action":{"verb":"confirm","data":{"op":"../x"}}},"conversation":{"tenantId":"other"}}`)
	f.Add(head + `"FROM":{"aadObjectId":"another"},"name":null}`)
	token := "Bearer " + p.token(f, nil, nil)
	var known *keys
	f.Fuzz(func(t *testing.T, body string) {
		r, work := &recorder{}, chat.NewWork(4)
		a := must(New(p.options(chattest.Bot{Handler: r, Seen: new(chattest.Memory), Work: work})))
		a.connector.pause = func(context.Context, time.Duration) error { return nil }
		if known == nil {
			known = a.validator.keys
		}
		a.validator.keys = known
		req := httptest.NewRequest("POST", "/api/messages", strings.NewReader(strings.ReplaceAll(body, "SERVICE", p.service())))
		req.Header.Set("Authorization", token)
		w := httptest.NewRecorder()
		a.receive(w, req)
		drain(t, work)
		if !slices.Contains([]int{200, 400, 401, 413, 501}, w.Code) || !json.Valid([]byte(body)) && w.Code != 400 {
			t.Errorf("status %d", w.Code)
		}
		if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Errorf("the answer is %q", w.Body)
		}
		for _, req := range r.requests {
			if u := req.User; u.Platform != "teams" || u.Tenant != tenantID || u.ID == "" && u.Outsider == "" || u.ID != strings.ToLower(u.ID) {
				t.Errorf("came through: %+v", u)
			}
		}
	})
}

func TestAGreetingOncePerInstallation(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	install := p.recorded(t, "installationUpdate-add-personal")
	added := p.recorded(t, "conversationUpdate-membersAdded-personal")
	got := run(t, p, &recorder{}, install, added, added,
		with(install, map[string]any{"action": "remove", "conversation": map[string]any{"id": "other", "conversationType": "personal", "tenantId": tenantID}}),
		with(added, map[string]any{"membersAdded": []any{map[string]any{"id": "user-id-0"}}, "conversation": map[string]any{"id": "another", "conversationType": "personal", "tenantId": tenantID}}))
	if len(got) != 0 {
		t.Errorf("requests: %+v", got)
	}
	sent := p.sent()
	if len(sent) != 1 {
		t.Fatalf("%d messages, want 1 greeting", len(sent))
	}
	greeting := sent[0].activity(t)
	if greeting["replyToId"] != nil {
		t.Error("a greeting replies to no message")
	}
	if w := words(cardOf(greeting)); !strings.Contains(w, "Hi "+personID) {
		t.Errorf("greeting %q", w)
	}
}

func TestWhoIsAnOutsider(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		member map[string]any
		from   map[string]any
		want   string
	}{
		{"a member", map[string]any{"userRole": "user", "tenantId": tenantID}, nil, ""},
		{"a guest by role", map[string]any{"userRole": "guest", "tenantId": tenantID}, nil, "a guest"},
		{"a guest by name", map[string]any{"userPrincipalName": "dana_elm.example#EXT#@x.onmicrosoft.com", "tenantId": tenantID}, nil, "a guest"},
		{"another organisation's", map[string]any{"userRole": "user", "tenantId": "other"}, nil, "from another organisation"},
		{"anonymous", map[string]any{"userRole": "anonymous"}, nil, "an anonymous guest"},
		{"nobody can tell", nil, nil, ""},
		{"a bot", nil, map[string]any{"id": "28:other", "aadObjectId": personID}, "a bot"},
		{"a bot by role", nil, map[string]any{"id": "user-id-0", "role": "bot", "aadObjectId": personID}, "a bot"},
		{"no account", nil, map[string]any{"id": "user-id-0"}, "not signed in with an account of the organisation"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newWorld(t)
			if c.member != nil {
				p.members["user-id-0"] = c.member
			}
			act := p.recorded(t, "message-channel-mention")
			if c.from != nil {
				act["from"] = c.from
			}
			got := run(t, p, &recorder{}, act, with(act, map[string]any{"id": "m2"}))
			if len(got) != 2 {
				t.Fatalf("%d requests", len(got))
			}
			for _, req := range got {
				if req.User.Outsider != c.want {
					t.Errorf("outsider %q, want %q", req.User.Outsider, c.want)
				}
			}
			n := p.count("/connector/v3/conversations/team-id/members/user-id-0")
			switch {
			case c.from != nil && n != 0:
				t.Errorf("asked %d times about somebody who is none of ours anyway", n)
			case c.member != nil && (n < 1 || n > 2): // both messages may be under way at once
				t.Errorf("asked %d times", n)
			}
		})
	}
}

func TestMembershipIsAskedOnceAnHour(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	a := p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(1)})
	p.members["user-id-0"] = map[string]any{"userRole": "guest"}
	act := must(parse(must(json.Marshal(p.recorded(t, "message-personal-slash-text")))))
	asked := func() int {
		return p.count("/connector/v3/conversations/" + act.Conversation.ID + "/members/user-id-0")
	}
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {59 * time.Minute, 1}, {2 * time.Minute, 2}} {
		p.pass(c.after)
		if u := a.user(t.Context(), act); u.Outsider != "a guest" {
			t.Errorf("user %+v", u)
		}
		if got := asked(); got != c.want {
			t.Errorf("asked %d times, want %d", got, c.want)
		}
	}
}

func TestARepliersMessageGoesWhereItWasAsked(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, recorded string
		change         map[string]any
		want           []string
	}{
		{"in a channel of which Teams does not tell who is in it", "message-channel-mention", nil,
			[]string{"/connector/v3/conversations/team-id;messageid=1795427175852/activities"}},
		{"in a personal chat", "message-personal-slash-text", nil,
			[]string{"/connector/v3/conversations/f6ed575a-ef24-4976-8788-1344018e9104/activities"}},
		{"in a channel: the thread", "message-channel-mention", nil,
			[]string{"/connector/v3/conversations/team-id;messageid=1795427175852/activities"}},
		{"a private message in a channel: the personal chat", "message-channel-mention",
			map[string]any{"entities": nil, "recipient": map[string]any{"id": "00000000-0000-0000-0000-00000000000011", "isTargeted": true}},
			[]string{"/connector/v3/conversations", "/connector/v3/conversations/a:direct/activities"}},
	} {
		p := newWorld(t)
		if strings.Contains(c.name, "does not tell") {
			p.roster = nil
		}
		var ref chat.Ref
		r := &recorder{command: func(ctx context.Context, _ chat.Request, to chat.Replier) {
			var err error
			if ref, err = to.Reply(ctx, chat.Card{Title: "Here"}); err != nil {
				t.Error(err)
			}
		}}
		run(t, p, r, with(p.recorded(t, c.recorded), c.change))
		var got []string
		for _, s := range p.sent() {
			got = append(got, s.path)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", c.name, diff)
		}
		if at, err := parseRef(ref); err != nil || at.Activity != "m-1" {
			t.Errorf("%s: ref %s, %v", c.name, ref, err)
		}
	}
}

// inGroup is an invoke as recorded, in a group chat.
func (p *world) inGroup(t *testing.T) map[string]any {
	return with(p.recorded(t, "invoke-adaptiveCard-action-confirm"), map[string]any{
		"conversation": map[string]any{"id": "19:g@thread.v2", "conversationType": "groupChat", "isGroup": true, "tenantId": tenantID},
	})
}

func TestTheAnswerToAClick(t *testing.T) {
	t.Parallel()
	card, aside := &chat.Card{Title: "Working"}, &chat.Card{Title: "Not yours", Parts: []chat.Part{chat.Text("<b>")}}
	put, open, whisper := "PUT m-shown: Working", "POST conversations", "POST a:direct: Not yours\n<b>"
	for _, c := range []struct {
		name   string
		group  bool
		submit bool
		answer chat.Answer
		kind   string // of the HTTP answer
		value  string // its text
		calls  []string
	}{
		{name: "replaced", answer: chat.Answer{Replace: card}, kind: cardAnswer, value: "Working"},
		{name: "replaced for everybody", group: true, answer: chat.Answer{Replace: card}, kind: cardAnswer, value: "Working", calls: []string{put}},
		{name: "replaced, and stale", group: true, answer: chat.Answer{Replace: card, Stale: true}, kind: cardAnswer, value: "Working"},
		{name: "an aside", answer: chat.Answer{Aside: aside}, kind: messageAnswer, value: "Not yours\n‹b›"},
		{name: "an aside in a group", group: true, answer: chat.Answer{Aside: aside}, kind: messageAnswer, value: "Not yours\n‹b›"},
		{name: "both", group: true, answer: chat.Answer{Replace: card, Aside: aside}, kind: cardAnswer, value: "Working", calls: []string{put, open, whisper}},
		{name: "neither", answer: chat.Answer{}, kind: messageAnswer, value: "The bot got your click."},
		{name: "an old client, replaced", submit: true, answer: chat.Answer{Replace: card}, calls: []string{put}},
		{name: "an old client, an aside", submit: true, answer: chat.Answer{Aside: aside},
			calls: []string{"POST f6ed575a-ef24-4976-8788-1344018e9104: Not yours\n<b>"}},
		{name: "an old client in a group, an aside", submit: true, group: true, answer: chat.Answer{Aside: aside}, calls: []string{open, whisper}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := newWorld(t)
			then := 0
			c.answer.Then = func(context.Context) {
				then++
				if got := len(p.sent()); got != len(c.calls) {
					t.Errorf("Then ran after %d calls, want after %d", got, len(c.calls))
				}
			}
			b := chattest.Bot{Handler: &recorder{click: func(context.Context, chat.Request) chat.Answer { return c.answer }},
				Seen: &chattest.Memory{}, Work: chat.NewWork(8)}
			p.start(t, b)
			act := p.recorded(t, "invoke-adaptiveCard-action-confirm")
			if c.group {
				act = p.inGroup(t)
			}
			act["replyToId"] = "m-shown"
			if c.submit {
				act["type"], act["value"] = "message", map[string]any{"verb": "confirm", "op": "x"}
			}
			status, body := p.deliver(t, act)
			drain(t, b.Work)
			if status != http.StatusOK || then != 1 {
				t.Errorf("status %d, Then ran %d times", status, then)
			}
			if c.kind == "" {
				if len(body) != 0 {
					t.Errorf("a message is answered with %s", body)
				}
			} else {
				var got struct {
					StatusCode int
					Type       string
					Value      any
				}
				if err := json.Unmarshal(body, &got); err != nil {
					t.Fatal(err)
				}
				text, _ := got.Value.(string)
				if got.Type == cardAnswer {
					text = words(got.Value)
				}
				if got.StatusCode != 200 || got.Type != c.kind || text != c.value {
					t.Errorf("answer %d %s %q", got.StatusCode, got.Type, text)
				}
			}
			var calls []string
			for _, s := range p.sent() {
				at := strings.Split(s.path, "/")
				switch {
				case s.method == http.MethodPut:
					calls = append(calls, "PUT "+at[len(at)-1]+": "+words(cardOf(s.activity(t))))
				case at[len(at)-1] == "activities":
					calls = append(calls, "POST "+at[len(at)-2]+": "+words(cardOf(s.activity(t))))
				default:
					calls = append(calls, "POST "+at[len(at)-1])
				}
			}
			if diff := cmp.Diff(c.calls, calls); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestInvokesThatAreNotAnswered(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	r := &recorder{}
	work := chat.NewWork(8)
	p.start(t, chattest.Bot{Handler: r, Seen: &chattest.Memory{}, Work: work})
	invoke := p.recorded(t, "invoke-adaptiveCard-action-confirm")
	for _, c := range []struct {
		name     string
		activity map[string]any
		status   int
		code     int
		kind     string
	}{
		{"an invoke of another kind", with(invoke, map[string]any{"name": "task/fetch"}), 501, 501, errorAnswer},
		{"a search without a form", with(invoke, map[string]any{"name": "application/search", "value": map[string]any{"dataset": "npm"}}), 200, 400, errorAnswer},
		{"a search in nothing", with(invoke, map[string]any{"name": "application/search", "value": 7}), 200, 400, errorAnswer},
		{"no value", with(invoke, map[string]any{"value": nil}), 200, 400, errorAnswer},
		{"no verb", with(invoke, map[string]any{"value": map[string]any{"action": map[string]any{"data": map[string]any{"op": "x"}}}}), 200, 400, errorAnswer},
		{"a number for a verb", with(invoke, map[string]any{"value": map[string]any{"action": map[string]any{"verb": 7}}}), 200, 400, errorAnswer},
		{"text for an operation's place", with(invoke, map[string]any{"value": map[string]any{"action": map[string]any{"verb": "x", "data": "y"}}}), 200, 400, errorAnswer},
	} {
		status, body := p.deliver(t, c.activity)
		var got struct {
			StatusCode int
			Type       string
			Value      struct{ Code, Message string }
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if status != c.status || got.StatusCode != c.code || got.Type != c.kind || got.Value.Message == "" || got.Value.Code == "" {
			t.Errorf("%s: HTTP %d, %+v", c.name, status, got)
		}
	}
	drain(t, work)
	if status, body := p.deliver(t, invoke); status != 200 || !strings.Contains(string(body), "Nothing was sent") {
		t.Errorf("while it stops: %d %s", status, body)
	}
	if len(r.requests) != 0 {
		t.Errorf("came through: %+v", r.requests)
	}
}

func TestAClickIsAnsweredWhileTeamsIsSlowAboutMembers(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	release := make(chan struct{})
	t.Cleanup(func() { close(release) })
	inner := p.server.Config.Handler
	p.server.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/members/") {
			select {
			case <-release:
			case <-r.Context().Done():
			}
			return
		}
		inner.ServeHTTP(w, r)
	})
	r := &recorder{click: func(ctx context.Context, _ chat.Request) chat.Answer {
		if ctx.Err() != nil {
			t.Error("the wait for the members used up the click's time")
		}
		return chat.Answer{}
	}}
	got := run(t, p, r, p.inGroup(t))
	if len(got) != 1 || got[0].User.Outsider != "" {
		t.Errorf("requests %+v", got)
	}
}

func TestRepeatsOfOneClickReachTheEngine(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	act := p.recorded(t, "invoke-adaptiveCard-action-confirm")
	if got := run(t, p, &recorder{}, act, act); len(got) != 2 {
		t.Errorf("%d clicks, want 2: the engine's claim is what tells repeats", len(got))
	}
}

func TestTheSameIdInAnotherConversationIsAnotherMessage(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	act := p.recorded(t, "message-personal-slash-text")
	other := with(act, map[string]any{"conversation": map[string]any{"id": "another", "conversationType": "personal", "tenantId": tenantID}})
	if got := run(t, p, &recorder{}, act, other, act, other); len(got) != 2 {
		t.Errorf("%d requests, want 2", len(got))
	}
}

func TestAGreetingNeedsNoMemoryToStaySilent(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	seen := &chattest.Memory{}
	seen.Fail(errors.New("connection refused"))
	work := chat.NewWork(8)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: seen, Work: work})
	p.deliver(t, p.recorded(t, "installationUpdate-add-personal"))
	drain(t, work)
	if n := len(p.sent()); n != 0 {
		t.Errorf("%d messages without a memory", n)
	}
}

func TestAReplyThatFailsIsReportedToTheHandler(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.script = []answer{{status: 403}}
	r := &recorder{command: func(ctx context.Context, _ chat.Request, to chat.Replier) {
		if ref, err := to.Reply(ctx, chat.Card{}); err == nil || ref != "" {
			t.Errorf("ref %q, %v", ref, err)
		}
	}}
	run(t, p, r, p.recorded(t, "message-personal-slash-text"))
}

func TestOnlyPostsAreTaken(t *testing.T) {
	t.Parallel()
	p := newWorld(t)
	p.start(t, chattest.Bot{Handler: &recorder{}, Seen: &chattest.Memory{}, Work: chat.NewWork(1)})
	for method, want := range map[string]int{http.MethodGet: 405, http.MethodHead: 405, http.MethodPut: 405} {
		resp := must(alone().Do(must(http.NewRequest(method, p.bot.URL+"/api/messages", nil))))
		resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("%s: status %d, want %d", method, resp.StatusCode, want)
		}
	}
}

package teamssim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

func TestSendUpdateDelete(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	said := w.Say(t.Context(), dana, "", "open")
	resp, body := w.call(http.MethodPost, activities(w.Personal(dana))+"/"+said.ID, `{"type":"message","text":"one","replyToId":"`+said.ID+`","summary":"short"}`)
	id, _ := object(t, []byte(body))["id"].(string)
	if resp.StatusCode != 201 || id == "" {
		t.Fatalf("POST to an activity: %d %s", resp.StatusCode, body)
	}
	w.advance(time.Minute)
	if resp, body := w.call(http.MethodPut, activities(w.Personal(dana))+"/"+id, `{"type":"message","id":"`+id+`","text":"two"}`); resp.StatusCode != 200 || at(object(t, []byte(body)), "id") != id {
		t.Errorf("PUT: %d %s", resp.StatusCode, body)
	}
	all := w.Messages(dana, "")
	if len(all) != 2 || all[1].Text != "two" || !all[1].Edited.Equal(all[1].Time.Add(time.Minute)) {
		t.Errorf("the chat shows %+v", all)
	}
	if resp, _ := w.call(http.MethodDelete, activities(w.Personal(dana))+"/"+id, ""); resp.StatusCode != 200 {
		t.Errorf("DELETE: %d", resp.StatusCode)
	}
	if got := len(w.Messages(dana, "")); got != 1 {
		t.Errorf("%d messages after it", got)
	}
	if resp, _ := w.call(http.MethodPut, activities(w.Personal(dana))+"/"+id, `{"type":"message","text":"three"}`); resp.StatusCode != 404 {
		t.Errorf("PUT of a deleted one: %d", resp.StatusCode)
	}
	if resp, _ := w.call(http.MethodPost, activities(w.Personal(dana)), `{"type":"typing"}`); resp.StatusCode != 201 || len(w.Messages(dana, "")) != 1 {
		t.Errorf("typing: %d, %d messages", resp.StatusCode, len(w.Messages(dana, "")))
	}
	w.clean()
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetUnlimited(true)
	said := w.Say(t.Context(), dana, "", "open")
	mine := activities(w.Personal(dana))
	text := `{"type":"message","text":"hello"}`
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     string
	}{
		{"an unknown conversation", "POST", activities("a:1unknown"), text, 404, "ConversationNotFound"},
		{"a thread that never began", "POST", activities(service + ";messageid=1"), text, 404, "ConversationNotFound"},
		{"an id escaped twice", "POST", activities(url.PathEscape(service + ";messageid=1/2")), text, 404, "ConversationNotFound"},
		{"an unknown activity", "PUT", mine + "/1", text, 404, "ActivityNotFoundInConversation"},
		{"a person's own message", "PUT", mine + "/" + said.ID, text, 403, "Forbidden"},
		{"deleting a person's message", "DELETE", mine + "/" + said.ID, "", 403, "Forbidden"},
		{"nothing to show", "POST", mine, `{"type":"message"}`, 400, "BadSyntax"},
		{"an unknown type", "POST", mine, `{"type":"dance","text":"x"}`, 400, "BadSyntax"},
		{"no JSON", "POST", mine, `{"type":`, 400, "BadSyntax"},
		{"text of the wrong type", "POST", mine, `{"type":"message","text":5}`, 400, "BadSyntax"},
		{"an unknown path", "GET", "v3/nothing", "", 404, "NotFound"},
		{"an unknown member", "GET", "v3/conversations/" + w.Personal(dana) + "/members/" + w.MemberID(omar), "", 404, "MemberNotFoundInConversation"},
		{"more than 100 KB in UTF-16", "POST", mine, `{"type":"message","text":"` + strings.Repeat("x", 60<<10) + `"}`, 413, "MessageSizeTooBig"},
		{"a chat with nobody", "POST", "v3/conversations", `{"tenantId":"` + tenant + `"}`, 400, "BadArgument"},
		{"a chat with an address", "POST", "v3/conversations", `{"members":[{"id":"dana@example.com"}],"tenantId":"` + tenant + `"}`, 403, "BotNotInConversationRoster"},
		{"a chat in another tenant", "POST", "v3/conversations", `{"members":[{"id":"` + w.MemberID(dana) + `"}],"tenantId":"` + partner + `"}`, 400, "BadArgument"},
		{"a thread without a message", "POST", "v3/conversations", `{"isGroup":true,"channelData":{"channel":{"id":"` + service + `"}}}`, 400, "BadArgument"},
		{"a thread in an unknown channel", "POST", "v3/conversations", `{"channelData":{"channel":{"id":"19:x@thread.tacv2"}},"activity":` + text + `}`, 404, "ConversationNotFound"},
	} {
		resp, body := w.call(c.method, c.path, c.body)
		if got := at(object(t, []byte(body)), "error.code"); resp.StatusCode != c.status || got != c.code {
			t.Errorf("%s: %d %s, want %d %s", c.name, resp.StatusCode, body, c.status, c.code)
		}
	}
	if got := len(w.Messages(dana, "")); got != 1 {
		t.Errorf("%d messages after it, want the person's own", got)
	}
	w.clean()

	r, _ := http.NewRequestWithContext(t.Context(), "POST", w.ServiceURL()+mine, strings.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+w.bearer())
	resp, err := alone().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusUnsupportedMediaType {
		t.Errorf("no Content-Type: %d", resp.StatusCode)
	}
}

func TestWhatIsTakenAndFlagged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, path, body, want string }{
		{"the zero time", "", `{"type":"message","text":"x","expiration":"0001-01-01T00:00:00Z"}`, "zero time"},
		{"an unknown property", "", `{"type":"message","text":"x","colour":"red"}`, "colour"},
		{"another sender", "", `{"type":"message","text":"x","from":{"id":"` + app + `"}}`, "from.id"},
		{"a stranger as recipient", "", `{"type":"message","text":"x","recipient":{"id":"29:1x"}}`, "recipient.id"},
		{"another conversation", "", `{"type":"message","text":"x","conversation":{"id":"a:1x"}}`, "conversation.id"},
		{"an answer to nothing", "", `{"type":"message","text":"x","replyToId":"1"}`, "replyToId"},
		{"an answer to nothing in the path", "/1", `{"type":"message","text":"x"}`, "unknown activity"},
		{"a mention that is not there", "", `{"type":"message","text":"x","entities":[{"type":"mention","text":"<at>Dana</at>","mentioned":{"id":"29:1"}}]}`, "mention"},
		{"a format of its own", "", `{"type":"message","text":"x","textFormat":"xml"}`, "textFormat"},
		{"over 80 KB", "", `{"type":"message","text":"` + strings.Repeat("x", 45<<10) + `"}`, "bytes"},
		{"a hero card", "", `{"type":"message","attachments":[{"contentType":"application/vnd.microsoft.card.hero","content":{}}]}`, "hero"},
		{"a bad card", "", withCard(card(`{"type":"TextBlock"}`, "")), "lacks text"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if resp, body := w.call("POST", activities(w.Personal(dana))+c.path, c.body); resp.StatusCode != 201 {
				t.Errorf("%d %s", resp.StatusCode, body)
			}
			w.violates(c.want)
		})
	}
}

func TestPathsMustBeClean(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, path := range []string{"/v3/conversations/x/activities", "v3/conversations/../../evil/activities"} {
		before := len(w.Violations())
		if resp, _ := w.call("POST", path, `{"type":"message","text":"x"}`); resp.StatusCode != 404 {
			t.Errorf("%s: %d", path, resp.StatusCode)
		}
		if len(w.Violations()) != before+1 {
			t.Errorf("%s is not flagged", path)
		}
	}
}

func TestNewConversations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	resp, body := w.call("POST", "v3/conversations", `{"bot":{"id":"28:`+app+`"},"isGroup":true,"channelData":{"channel":{"id":"`+service+`"}},
		"tenantId":"`+tenant+`","activity":{"type":"message","text":"invoiced"}}`)
	got := object(t, []byte(body))
	first, _ := got["activityId"].(string)
	if resp.StatusCode != 201 || got["id"] != service+";messageid="+first || got["serviceUrl"] != w.ServiceURL() {
		t.Fatalf("thread: %d %s", resp.StatusCode, body)
	}
	w.post(got["id"].(string), `{"type":"message","text":"and more"}`)
	if all := w.Messages(omar, got["id"].(string)); len(all) != 2 || all[0].ID != first {
		t.Errorf("the thread shows %+v", all)
	}
	for _, id := range []string{w.MemberID(dana), dana} {
		resp, body = w.call("POST", "v3/conversations", `{"members":[{"id":"`+id+`"}],"tenantId":"`+tenant+`"}`)
		if resp.StatusCode != 201 || at(object(t, []byte(body)), "id") != w.Personal(dana) {
			t.Errorf("chat with %s: %d %s", id, resp.StatusCode, body)
		}
	}
	// A message to the channel itself begins a thread too.
	if id := w.post(service, `{"type":"message","text":"alone"}`); len(w.Messages(omar, service+";messageid="+id)) != 1 {
		t.Error("it is in no thread of its own")
	}
	w.clean()
}

func TestMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := "v3/conversations/" + url.PathEscape(service)
	for user, want := range map[string]string{
		dana:    "Dana Ruiz Dana Ruiz dana@example.com dana@example.com user " + tenant,
		guest:   "Gil Guest Gil Guest gil@example.net gil_example.net#EXT#@tenant.onmicrosoft.com guest " + tenant,
		foreign: "Pat Partner Pat Partner pat@example.org pat@example.org user " + partner,
	} {
		for _, id := range []string{w.MemberID(user), user} {
			resp, body := w.call("GET", base+"/members/"+url.PathEscape(id), "")
			m := object(t, []byte(body))
			got := fmt.Sprint(m["name"], " ", m["givenName"], " ", m["surname"], " ", m["email"], " ", m["userPrincipalName"], " ", m["userRole"], " ", m["tenantId"])
			if resp.StatusCode != 200 || got != want || m["id"] != w.MemberID(user) || m["aadObjectId"] != user {
				t.Errorf("%d %s, want %s", resp.StatusCode, body, want)
			}
		}
	}
	if _, body := w.call("GET", base+"/members", ""); strings.Count(body, `"aadObjectId"`) != 4 || body[0] != '[' {
		t.Errorf("members: %s", body)
	}
	if _, body := w.call("GET", base+"/pagedmembers", ""); strings.Count(body, `"aadObjectId"`) != 4 {
		t.Errorf("paged members: %s", body)
	}
	if _, body := w.call("GET", "v3/conversations/"+url.PathEscape(duo)+"/members", ""); strings.Count(body, `"aadObjectId"`) != 2 {
		t.Errorf("members of a chat: %s", body)
	}
}

func TestAnUninstalledBotMayNotWrite(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Uninstall(t.Context(), dana, "")
	if resp, body := w.call("POST", activities(w.Personal(dana)), `{"type":"message","text":"x"}`); resp.StatusCode != 403 {
		t.Errorf("%d %s", resp.StatusCode, body)
	}
	w.Install(t.Context(), dana, "")
	w.post(w.Personal(dana), `{"type":"message","text":"x"}`)
}

func TestRateLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	send := func() (int, string) {
		t.Helper()
		resp, _ := w.call("POST", activities(w.Personal(dana)), `{"type":"message","text":"x"}`)
		return resp.StatusCode, resp.Header.Get("Retry-After")
	}
	want := func(when string, n int, retry string) {
		t.Helper()
		for i := range n {
			if status, _ := send(); status != 201 {
				t.Fatalf("%s: message %d of %d is answered %d", when, i+1, n, status)
			}
		}
		if status, after := send(); status != 429 || after != retry {
			t.Fatalf("%s: the next is answered %d, Retry-After %q, want 429 and %q", when, status, after, retry)
		}
	}
	want("at once", 7, "1")
	if id := w.post(w.Personal(omar), `{"type":"message","text":"x"}`); id == "" {
		t.Error("another conversation is limited too")
	}
	w.advance(time.Second)
	want("a second later", 1, "1")
	w.advance(time.Second)
	want("two seconds later", 7, "1")
	// 15 so far; 7 in every 2 s make 57 after 12 s more.
	for range 6 {
		w.advance(2 * time.Second)
		for range 7 {
			if status, _ := send(); status != 201 {
				t.Fatalf("in the run up: %d", status)
			}
		}
	}
	w.advance(2 * time.Second)
	want("at 60 in 30 s", 3, "14")
	if resp, _ := w.call("GET", "v3/conversations/"+w.Personal(dana)+"/members", ""); resp.StatusCode != 200 {
		t.Errorf("members share the limit: %d", resp.StatusCode)
	}
	w.SetUnlimited(true)
	if status, _ := send(); status != 201 {
		t.Errorf("without limits: %d", status)
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bearer()
	mine, text := activities(w.Personal(dana)), `{"type":"message","text":"x"}`

	w.Inject(teamssim.Fault{Method: "POST", Path: "/activities", Times: 2, Status: 429, RetryAfter: 1500 * time.Millisecond})
	for range 2 {
		if resp, _ := w.call("POST", mine, text); resp.StatusCode != 429 || resp.Header.Get("Retry-After") != "2" {
			t.Errorf("%d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
		}
	}
	if len(w.Messages(dana, "")) != 0 {
		t.Error("what failed was delivered")
	}
	w.post(w.Personal(dana), text)

	w.Inject(teamssim.Fault{Path: "/activities", Times: 1, Status: 502, Done: true})
	if resp, _ := w.call("POST", mine, text); resp.StatusCode != 502 || len(w.Messages(dana, "")) != 2 {
		t.Errorf("%d, %d messages", resp.StatusCode, len(w.Messages(dana, "")))
	}

	w.Inject(teamssim.Fault{Path: "/activities", Times: 1, Drop: true})
	if _, _, err := w.try(t.Context(), "POST", mine, text, "Bearer "+w.token); !errors.Is(err, io.EOF) {
		t.Errorf("a cut connection gives %v", err)
	}

	w.Inject(teamssim.Fault{Path: "/activities", Hang: true})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := w.try(ctx, "POST", mine, text, "Bearer "+w.token); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("no answer gives %v", err)
	}
	w.ClearFaults()
	w.post(w.Personal(dana), text)

	w.Inject(teamssim.Fault{Path: "/oauth2/", Times: 1})
	if resp, _ := w.form(w.TokenURL(), url.Values{}); resp.StatusCode != 500 {
		t.Errorf("the login service answers %d", resp.StatusCode)
	}
	calls := w.Calls()
	if last := calls[len(calls)-1]; last.Method != "POST" || last.Status != 201 || !strings.HasPrefix(last.Path, "/teams/v3/conversations/a:1") {
		t.Errorf("recorded %+v", last)
	}
}

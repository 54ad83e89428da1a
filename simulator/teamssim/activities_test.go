package teamssim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/syncrobot/syncrobot/simulator/teamssim"
)

// TestShapes compares activities with what Teams and the Agents Playground
// were recorded to send.
func TestShapes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const guid = `^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`
	common := map[string]string{
		"channelId": `^msteams$`, "serviceUrl": `^http://127\.0\.0\.1:\d+/teams/$`, "timestamp": `^2026-11-23T09:00:00\.000Z$`,
		"from.id": `^29:1[\w-]{43}$`, "from.name": `^Dana Ruiz$`, "from.aadObjectId": guid,
		"recipient.id": `^28:` + app + `$`, "recipient.name": `^Syncrobot$`,
		"conversation.tenantId": `^` + tenant + `$`, "channelData.tenant.id": `^` + tenant + `$`,
	}
	id := w.post(w.Personal(dana), withCard(card(
		says("Close #32164?"),
		execute("confirm", `{"op":"o-1"}`)+`,{"type":"Action.Submit","title":"Plain","data":{"op":"o-2"}}`)))
	personalID := regexp.QuoteMeta(w.Personal(dana))

	for _, c := range []struct {
		name string
		do   func() teamssim.Delivery
		want map[string]string // "" for what must not be there
	}{
		{"a message in a person's own chat", func() teamssim.Delivery { return w.Say(t.Context(), dana, "", "/syncro close 32164") }, map[string]string{
			"type": `^message$`, "id": `^\d{13}$`, "text": `^/syncro close 32164$`, "textFormat": `^plain$`, "conversation.conversationType": `^personal$`,
			"conversation.id": `^` + personalID + `$`, "conversation.isGroup": "", "entities.0.type": `^clientInfo$`, "replyToId": "",
			"attachments.0.contentType": `^text/html$`, "attachments.0.content": `^<p>/syncro close 32164</p>$`,
		}},
		{"a new thread in a channel", func() teamssim.Delivery { return w.Say(t.Context(), dana, service, "close 32164") }, map[string]string{
			"type": `^message$`, "text": `^<at>Syncrobot</at> close 32164$`, "conversation.conversationType": `^channel$`, "conversation.isGroup": `^true$`,
			"conversation.id": `^19:\w+@thread\.tacv2;messageid=\d{13}$`, "channelData.channel.id": `^` + service + `$`, "channelData.team.id": `^` + service + `$`,
			"entities.0.type": `^mention$`, "entities.0.text": `^<at>Syncrobot</at>$`, "entities.0.mentioned.id": `^28:` + app + `$`,
			"attachments.0.content": `^<p><span itemscope="" itemtype="http://schema.skype.com/Mention" itemid="0">Syncrobot</span> close 32164</p>$`,
		}},
		{"a message in a group chat that mentions a person too", func() teamssim.Delivery {
			return w.Say(t.Context(), dana, duo, "assign 32164 <at>Omar Field</at>")
		}, map[string]string{
			"text": `^<at>Syncrobot</at> assign 32164 <at>Omar Field</at>$`, "conversation.conversationType": `^groupChat$`,
			"conversation.isGroup": `^true$`, "conversation.id": `^` + duo + `$`, "conversation.name": `^Dana and Omar$`, "entities.1.mentioned.name": `^Omar Field$`, "channelData.channel": "",
		}},
		{"the bot comes to a person", func() teamssim.Delivery { return w.Install(t.Context(), dana, "")[0] }, map[string]string{
			"type": `^conversationUpdate$`, "membersAdded.0.id": `^28:`, "membersAdded.1.id": `^29:`, "membersRemoved": "", "id": `^f:`,
			"from.name": "", "entities": "", "localTimestamp": "",
		}},
		{"the bot is installed for a person", func() teamssim.Delivery { return w.Install(t.Context(), dana, "")[1] }, map[string]string{
			"type": `^installationUpdate$`, "action": `^add$`, "from.name": "", "channelData.settings.selectedChannel.id": `^` + personalID + `$`, "channelData.source.name": `^message$`,
		}},
		{"the bot comes to a team", func() teamssim.Delivery { return w.Install(t.Context(), dana, service)[0] }, map[string]string{
			"type": `^conversationUpdate$`, "conversation.id": `^` + service + `$`, "channelData.eventType": `^teamMemberAdded$`, "from.name": "", "channelData.team.aadGroupId": guid,
		}},
		{"the bot is taken out of a team", func() teamssim.Delivery { return w.Uninstall(t.Context(), dana, service)[1] }, map[string]string{
			"type": `^installationUpdate$`, "action": `^remove$`, "from.name": "",
		}},
		{"a click on an Action.Execute", func() teamssim.Delivery { return w.Click(t.Context(), dana, id, "confirm") }, map[string]string{
			"type": `^invoke$`, "name": `^adaptiveCard/action$`, "id": `^f:`, "replyToId": `^` + id + `$`, "value.trigger": `^manual$`,
			"value.action.type": `^Action\.Execute$`, "value.action.verb": `^confirm$`, "value.action.title": `^CONFIRM$`, "value.action.data.op": `^o-1$`,
			"channelData.source.name": `^message$`,
		}},
		{"a click on an Action.Submit", func() teamssim.Delivery { return w.Submit(t.Context(), dana, id, "Plain") }, map[string]string{
			"type": `^message$`, "text": "", "value.op": `^o-2$`, "replyToId": `^` + id + `$`, "name": "", "channelData.source.name": `^message$`,
		}},
		{"a message extension on a message", func() teamssim.Delivery { return w.MessageAction(t.Context(), dana, id, "addToTicket") }, map[string]string{
			"type": `^invoke$`, "name": `^composeExtension/fetchTask$`, "value.commandId": `^addToTicket$`, "value.commandContext": `^message$`,
			"value.messagePayload.id": `^` + id + `$`, "value.messagePayload.from.application.id": `^` + app + `$`, "value.messagePayload.body.contentType": `^html$`,
		}},
		{"a message extension in the compose box", func() teamssim.Delivery { return w.Compose(t.Context(), dana, duo, "createTicket") }, map[string]string{
			"name": `^composeExtension/fetchTask$`, "value.commandContext": `^compose$`, "value.messagePayload": "", "channelData.source.name": `^compose$`,
		}},
	} {
		d := c.do()
		if d.Err != nil {
			t.Errorf("%s: %v", c.name, d.Err)
			continue
		}
		got := object(t, d.Activity)
		for i, wants := range []map[string]string{common, c.want} {
			for path, pattern := range wants {
				if _, own := c.want[path]; own && i == 0 {
					continue
				}
				v := at(got, path)
				if pattern == "" {
					if v != nil {
						t.Errorf("%s: %s is %v", c.name, path, v)
					}
				} else if v == nil || !regexp.MustCompile(pattern).MatchString(fmt.Sprint(v)) {
					t.Errorf("%s: %s is %v, want %s", c.name, path, v, pattern)
				}
			}
		}
	}
}

func TestAnotherTenantsPersonKeepsTheirTenant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Say(t.Context(), foreign, "", "open")
	if got := w.last(); at(got, "conversation.tenantId") != partner || at(got, "channelData.tenant.id") != partner {
		t.Errorf("in their own chat: %v", got)
	}
	w.Say(t.Context(), foreign, service, "open")
	if got := w.last(); at(got, "conversation.tenantId") != tenant || at(got, "channelData.tenant.id") != partner {
		t.Errorf("in a channel: %v", got)
	}
}

func TestRepliesStayInTheirThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	first := w.Say(t.Context(), dana, service, "open")
	second := w.Say(t.Context(), omar, first.Conversation, "thanks")
	other := w.Say(t.Context(), dana, service, "pending")
	if second.Conversation != first.Conversation || other.Conversation == first.Conversation {
		t.Errorf("conversations %q, %q, %q", first.Conversation, second.Conversation, other.Conversation)
	}
	if got := len(w.Messages(dana, first.Conversation)); got != 2 {
		t.Errorf("%d messages in the thread, want 2", got)
	}
	if got := len(w.Messages(dana, service)); got != 3 {
		t.Errorf("%d messages in the channel, want 3", got)
	}
}

func TestWhatNobodyCouldSendIsAnError(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(w.Personal(dana), withCard(card(
		`{"type":"Input.Text","id":"text","label":"Text","isRequired":true,"errorMessage":"Write something","maxLength":5},
		 {"type":"Input.ChoiceSet","id":"labor","label":"Labor","choices":[{"title":"Remote","value":"remote"},{"title":"On site","value":"onsite"}]}`,
		execute("open", `{"ticket":1}`)+","+execute("open", `{"ticket":2}`)+","+execute("save", `{}`)+`,
		{"type":"Action.Execute","title":"Off","verb":"off","isEnabled":false}`)))
	fine := map[string]any{"text": "short", "labor": "remote"}
	if d := w.Click(t.Context(), dana, id, "save", fine); d.Err != nil || at(w.last(), "value.action.data.labor") != "remote" {
		t.Errorf("with good inputs: %v", d.Err)
	}
	if d := w.Click(t.Context(), dana, id, "open", fine, map[string]any{"ticket": 2}); d.Err != nil || at(w.last(), "value.action.data.ticket") != 2.0 {
		t.Errorf("one of two buttons with a verb: %v", d.Err)
	}
	before := len(w.received())
	for name, d := range map[string]teamssim.Delivery{
		"a stranger writes":                     w.Say(t.Context(), "nobody", "", "open"),
		"in an unknown conversation":            w.Say(t.Context(), dana, "19:unknown@thread.tacv2", "open"),
		"in a thread that never began":          w.Say(t.Context(), dana, service+";messageid=1", "open"),
		"in a chat without them":                w.Say(t.Context(), guest, duo, "open"),
		"an unknown verb":                       w.Click(t.Context(), dana, id, "steal", fine),
		"data that no button has":               w.Click(t.Context(), dana, id, "open", fine, map[string]any{"ticket": 3}),
		"several buttons with the verb":         w.Click(t.Context(), dana, id, "open", fine),
		"a disabled button":                     w.Click(t.Context(), dana, id, "off", fine),
		"a card in another person's chat":       w.Click(t.Context(), omar, id, "save", fine),
		"a required input left empty":           w.Click(t.Context(), dana, id, "save"),
		"more than fits":                        w.Click(t.Context(), dana, id, "save", fine, map[string]any{"text": "too long"}),
		"what is none of the choices":           w.Click(t.Context(), dana, id, "save", fine, map[string]any{"labor": "free"}),
		"a refresh of a card that has none":     w.Refresh(t.Context(), dana, id),
		"a search for what no input of it asks": w.Search(t.Context(), dana, id, "customers", "harb"),
	} {
		if d.Err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if got := len(w.received()); got != before {
		t.Errorf("%d activities were sent all the same", got-before)
	}
}

func TestInputsOfAShownCardBelongToItsButtons(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	inner := card(`{"type":"Input.Text","id":"inner","label":"Inner","value":"b"}`, execute("below", `{}`))
	id := w.post(w.Personal(dana), withCard(card(`{"type":"Input.Text","id":"outer","label":"Outer","value":"a"}`,
		execute("above", `{}`)+`,{"type":"Action.Execute","title":"Bare","verb":"bare","associatedInputs":"none","data":{"op":"1"}},
		{"type":"Action.ShowCard","title":"More","card":`+inner+`}`)))
	w.clean()
	for verb, want := range map[string]string{"above": "map[outer:a]", "below": "map[inner:b outer:a]", "bare": "map[op:1]"} {
		w.Click(t.Context(), dana, id, verb)
		if got := fmt.Sprint(at(w.last(), "value.action.data")); got != want {
			t.Errorf("%s sends %s, want %s", verb, got, want)
		}
	}
}

func TestBigNumbersInDataSurvive(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(w.Personal(dana), withCard(card(says("?"), execute("open", `{"ticket":9007199254740993}`))))
	if d := w.Click(t.Context(), dana, id, "open"); !strings.Contains(string(d.Activity), "9007199254740993") {
		t.Errorf("sent %s", d.Activity)
	}
}

func TestMessageBackAndImBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(w.Personal(dana), withCard(card(says("?"), `
		{"type":"Action.Submit","title":"Back","data":{"msteams":{"type":"messageBack","text":"cancel 1","displayText":"Cancelled","value":"{\"n\":4}"}}},
		{"type":"Action.Submit","title":"Im","data":{"msteams":{"type":"imBack","value":"open"}}},
		{"type":"Action.Submit","title":"Sign in","data":{"msteams":{"type":"signin","value":"https://example.com"}}}`)))
	w.Submit(t.Context(), dana, id, "Back")
	if got := w.last(); got["text"] != "cancel 1" || got["value"] != `{"n":4}` || got["replyToId"] != id {
		t.Errorf("messageBack sends %v", got)
	}
	w.Submit(t.Context(), dana, id, "Im")
	if got := w.last(); got["text"] != "open" || got["value"] != nil {
		t.Errorf("imBack sends %v", got)
	}
	var texts []string
	for _, m := range w.Messages(dana, "") {
		texts = append(texts, m.Text)
	}
	if got := strings.Join(texts, "|"); got != "|Cancelled|open" {
		t.Errorf("the chat shows %q", got)
	}
	if d := w.Submit(t.Context(), dana, id, "Sign in"); d.Err == nil {
		t.Error("an unsupported type is no error")
	}
}

func TestUnansweredActivitiesAreSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *teamssim.Options) { o.AnswerWithin = 20 * time.Millisecond; o.Resends = 2 })
	release := make(chan struct{})
	defer close(release)
	w.answers(func(out http.ResponseWriter, r *http.Request, _ map[string]any) {
		select {
		case <-release:
		case <-r.Context().Done():
		}
	})
	d := w.Say(t.Context(), dana, "", "close 32164")
	if len(d.Attempts) != 3 || !errors.Is(d.Last().Err, context.DeadlineExceeded) || d.Problem == "" || d.Status() != 0 {
		t.Errorf("delivery %+v", d)
	}
	all := w.received()
	if len(all) != 3 || all[0]["id"] != d.ID || all[1]["id"] != d.ID || all[2]["id"] != d.ID {
		t.Errorf("the bot received %v", all)
	}
	if got := len(w.Messages(dana, "")); got != 1 {
		t.Errorf("the chat shows it %d times", got)
	}
	if got := w.Deliveries(); len(got) != 1 || len(got[0].Attempts) != 3 {
		t.Errorf("recorded %+v", got)
	}
}

func TestAnAnswerToTheSecondAttemptEndsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(o *teamssim.Options) { o.AnswerWithin = 200 * time.Millisecond })
	var once sync.Once
	w.answers(func(out http.ResponseWriter, r *http.Request, _ map[string]any) {
		once.Do(func() { <-r.Context().Done() })
	})
	d := w.Say(t.Context(), dana, "", "open")
	if len(d.Attempts) != 2 || d.Status() != http.StatusOK || d.Problem != "" {
		t.Errorf("delivery %+v", d)
	}
}

func TestAnErrorIsNotSentAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invokeAnswer(500, "text/plain", "oops")
	if d := w.Say(t.Context(), dana, "", "open"); len(d.Attempts) != 1 || d.Status() != 500 || d.Problem == "" {
		t.Errorf("delivery %+v", d)
	}
	w.SetBotURL("http://127.0.0.1:1")
	if d := w.Say(t.Context(), dana, "", "open"); len(d.Attempts) != 1 || d.Last().Err == nil || d.Problem == "" {
		t.Errorf("delivery to nobody %+v", d)
	}
}

func TestResendIsTheSameToTheByte(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	d := w.Say(t.Context(), dana, service, "close 32164")
	w.advance(time.Minute)
	again := w.Resend(t.Context(), d)
	if string(again.Activity) != string(d.Activity) || again.ID != d.ID || len(again.Attempts) != 1 {
		t.Errorf("sent again: %+v", again)
	}
	all := w.received()
	if len(all) != 2 || all[0]["timestamp"] != all[1]["timestamp"] || all[0]["_authorization"] == all[1]["_authorization"] {
		t.Errorf("the bot received %v", all)
	}
}

func TestSendRawTakesAnything(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.answers(func(out http.ResponseWriter, r *http.Request, _ map[string]any) {
		out.WriteHeader(http.StatusUnauthorized)
		io.WriteString(out, "["+r.Header.Get("Authorization")+"]")
	})
	for token, want := range map[string]string{"": "[]", "abc": "[Bearer abc]"} {
		if a := w.SendRaw(t.Context(), []byte(`{}`), token); a.Status != 401 || string(a.Body) != want {
			t.Errorf("token %q: %+v", token, a)
		}
	}
	if len(w.Deliveries()) != 0 {
		t.Error("it was recorded")
	}
}

func TestInvokeCarriesAnyValue(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.invokeAnswer(200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"no"}`)
	said := w.Say(t.Context(), omar, "", "open")
	d := w.Invoke(t.Context(), omar, "", "adaptiveCard/action", said.ID, map[string]any{"action": map[string]any{"verb": "confirm", "data": map[string]any{"op": "Dana's"}}})
	if d.Banner != "no" || at(w.last(), "value.action.data.op") != "Dana's" || at(w.last(), "from.name") != "Omar Field" || at(w.last(), "replyToId") != said.ID {
		t.Errorf("delivery %+v, activity %v", d, w.last())
	}
}

const answered = `{"statusCode":200,"type":"application/vnd.microsoft.card.adaptive","value":%s}`

func TestAnInvokesCardIsForTheClickerUntilAnUpdate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(service, withCard(card(says("Close?"), execute("confirm", `{"op":"1"}`))))
	w.invokeAnswer(200, "application/json; charset=utf-8", fmt.Sprintf(answered, card(says("Working"), "")))
	if d := w.Click(t.Context(), dana, id, "confirm"); d.Err != nil || d.Problem != "" || d.Card == nil {
		t.Fatalf("delivery %+v", d)
	}
	if d, o := w.text(dana, id), w.text(omar, id); d != "Working" || o != "Close?\n[CONFIRM]" {
		t.Errorf("Dana sees %q, Omar %q", d, o)
	}
	if d := w.Click(t.Context(), dana, id, "confirm"); d.Err == nil {
		t.Error("Dana can press what she no longer sees")
	}
	if resp, body := w.call(http.MethodPut, activities(service)+"/"+id, withCard(card(says("Closed"), ""))); resp.StatusCode != 200 {
		t.Fatalf("PUT: %d %s", resp.StatusCode, body)
	}
	if d, o := w.text(dana, id), w.text(omar, id); d != "Closed" || o != "Closed" {
		t.Errorf("after the update Dana sees %q, Omar %q", d, o)
	}
	w.clean()
}

func TestAnUpdateAfterTheAnswerComesAfterIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetUnlimited(true)
	w.bearer()
	id := w.post(service, withCard(card(says("Close?"), execute("confirm", `{"op":"1"}`))))
	var after sync.WaitGroup
	w.answers(func(out http.ResponseWriter, r *http.Request, a map[string]any) {
		out.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(out, answered, card(says("Working"), execute("confirm", `{"op":"1"}`)))
		http.NewResponseController(out).Flush()
		after.Go(func() {
			w.try(t.Context(), http.MethodPut, activities(service)+"/"+id, withCard(card(says("Closed"), execute("confirm", `{"op":"1"}`))), "Bearer "+w.token)
		})
	})
	for range 50 {
		w.Click(t.Context(), dana, id, "confirm")
		after.Wait()
		if got := w.text(dana, id); got != "Closed\n[CONFIRM]" {
			t.Fatalf("Dana sees %q", got)
		}
	}
}

func TestAnUpdateBeforeTheAnswerIsCoveredByIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.bearer()
	id := w.post(service, withCard(card(says("Close?"), execute("confirm", `{"op":"1"}`))))
	w.answers(func(out http.ResponseWriter, r *http.Request, a map[string]any) {
		w.try(r.Context(), http.MethodPut, activities(service)+"/"+id, withCard(card(says("Closed"), "")), "Bearer "+w.token)
		out.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(out, answered, card(says("Working"), ""))
	})
	w.Click(t.Context(), dana, id, "confirm")
	if d, o := w.text(dana, id), w.text(omar, id); d != "Working" || o != "Closed" {
		t.Errorf("Dana sees %q, Omar %q", d, o)
	}
}

func TestAnswersToAClick(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name        string
		status      int
		contentType string
		body        string
		banner      string
		problem     string // words of it
		violation   string
	}{
		{"a message", 200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"Only Dana may confirm"}`, "Only Dana may confirm", "", ""},
		{"an error", 200, "application/json", `{"statusCode":400,"type":"application/vnd.microsoft.error","value":{"code":"BadRequest","message":"Expired"}}`, "Expired", "BadRequest", ""},
		{"an error without a message", 200, "application/json", `{"statusCode":400,"type":"application/vnd.microsoft.error","value":"x"}`, "Something went wrong", "error", "code and message"},
		{"HTTP 500", 500, "text/plain", "oops", "Something went wrong", "500", "HTTP 500"},
		{"an empty 200", 200, "application/json", "", "Something went wrong", "JSON", "JSON"},
		{"another Content-Type", 200, "text/html", `{"statusCode":200,"type":"application/vnd.microsoft.activity.message","value":"x"}`, "Something went wrong", "Content-Type", "Content-Type"},
		{"the type of the C# sample", 200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.adaptive.card","value":{}}`, "Something went wrong", "unknown type", "unknown type"},
		{"a card with statusCode 500", 200, "application/json", `{"statusCode":500,"type":"application/vnd.microsoft.card.adaptive","value":{"type":"AdaptiveCard","version":"1.5"}}`, "Something went wrong", "500", "500"},
		{"a card as a string", 200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.card.adaptive","value":"{}"}`, "Something went wrong", "no card", "no card"},
		{"a bad card", 200, "application/json", fmt.Sprintf(answered, card(`{"type":"TextBlok","text":"x"}`, "")), "", "", "TextBlok"},
		{"a search response", 200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.search.searchResponse","value":{"results":[]}}`, "Something went wrong", "search", "search"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			id := w.post(service, withCard(card(says("Close?"), execute("confirm", `{"op":"1"}`))))
			w.invokeAnswer(c.status, c.contentType, c.body)
			d := w.Click(t.Context(), dana, id, "confirm")
			if !strings.HasPrefix(d.Banner, c.banner) || (c.banner == "") != (d.Banner == "") {
				t.Errorf("banner %q, want %q", d.Banner, c.banner)
			}
			if !strings.Contains(d.Problem, c.problem) || (c.problem == "") != (d.Problem == "") {
				t.Errorf("problem %q, want %q", d.Problem, c.problem)
			}
			if c.violation == "" {
				w.clean()
			} else {
				w.violates(c.violation)
			}
			if got := w.Messages(dana, service)[0].Banner; got != d.Banner {
				t.Errorf("Dana is told %q", got)
			}
			if got := w.Messages(omar, service)[0].Banner; got != "" {
				t.Errorf("Omar is told %q", got)
			}
		})
	}
}

func TestDialogs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(service, withCard(card(says("Ticket"), `{"type":"Action.Submit","title":"Open","data":{"msteams":{"type":"task/fetch"},"ticket":32164}}`)))
	form := `{"task":{"type":"continue","value":{"title":"Close","card":{"contentType":"application/vnd.microsoft.card.adaptive","content":` +
		card(`{"type":"Input.Text","id":"resolution","label":"Resolution"}`, `{"type":"Action.Submit","title":"Send","data":{"form":"close"}}`) + `}}}}`

	for _, c := range []struct {
		name, submit string
		open         func() teamssim.Delivery
	}{
		{"task/fetch", "task/submit", func() teamssim.Delivery { return w.Submit(t.Context(), dana, id, "Open") }},
		{"composeExtension/fetchTask", "composeExtension/submitAction", func() teamssim.Delivery { return w.MessageAction(t.Context(), dana, id, "add") }},
	} {
		w.invokeAnswer(200, "application/json", form)
		opened := c.open()
		if got := w.last(); opened.Card == nil || got["name"] != c.name {
			t.Fatalf("%s: %+v, activity %v", c.name, opened, got)
		}
		w.invokeAnswer(200, "application/json", `{"task":{"type":"message","value":"Added"}}`)
		done := w.SubmitDialog(t.Context(), opened, "Send", map[string]any{"resolution": "Rebooted"})
		got := w.last()
		if done.Banner != "Added" || got["name"] != c.submit || at(got, "value.data.resolution") != "Rebooted" || at(got, "value.data.form") != "close" {
			t.Errorf("%s: %+v, activity %v", c.submit, done, got)
		}
		if got["id"] == opened.ID {
			t.Errorf("%s has the id of %s", c.submit, c.name)
		}
		w.answers(func(out http.ResponseWriter, _ *http.Request, _ map[string]any) {})
		if d := w.SubmitDialog(t.Context(), opened, "Send"); d.Problem != "" {
			t.Errorf("%s with an empty answer: %s", c.submit, d.Problem)
		}
	}
	w.clean()
	w.invokeAnswer(200, "application/json", `{}`)
	if d := w.MessageAction(t.Context(), dana, id, "add"); d.Problem == "" {
		t.Error("a fetch without a task is no problem")
	}
	w.violates("no task")
}

func TestTypeahead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(service, withCard(card(`{"type":"Input.ChoiceSet","id":"customer","label":"Customer","style":"filtered","choices":[],
		"choices.data":{"type":"Data.Query","dataset":"customers"}}`, execute("create", `{}`))))
	w.clean()
	w.invokeAnswer(200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.search.searchResponse","value":{"results":[{"title":"Harbor Dental","value":"7"}]}}`)
	d := w.Search(t.Context(), dana, id, "customers", "harb")
	if got := w.last(); d.Problem != "" || got["name"] != "application/search" || at(got, "value.queryText") != "harb" || at(got, "value.dataset") != "customers" || at(got, "value.queryOptions.top") != 15.0 {
		t.Errorf("%+v, activity %v", d, got)
	}
	w.clean()
	w.invokeAnswer(200, "application/json", `{"statusCode":200,"type":"application/vnd.microsoft.search.searchResponse","value":{"results":[{"title":"Harbor Dental"}]}}`)
	w.Search(t.Context(), dana, id, "customers", "harb")
	w.violates("title and value")
}

func TestRefreshIsForThoseItNames(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.post(service, withCard(`{"type":"AdaptiveCard","version":"1.5","body":[`+says("For all")+`],
		"refresh":{"userIds":["`+w.MemberID(dana)+`"],"action":{"type":"Action.Execute","title":"Refresh","verb":"own","data":{"op":"1"}}}}`))
	w.invokeAnswer(200, "application/json", fmt.Sprintf(answered, card(says("For Dana"), "")))
	if d := w.Refresh(t.Context(), omar, id); d.Err == nil {
		t.Error("Omar's client refreshes")
	}
	if d := w.Refresh(t.Context(), dana, id); d.Err != nil || at(w.last(), "value.trigger") != "automatic" || at(w.last(), "value.action.verb") != "own" {
		t.Errorf("%+v, activity %v", d, w.last())
	}
	if d, o := w.text(dana, id), w.text(omar, id); d != "For Dana" || o != "For all" {
		t.Errorf("Dana sees %q, Omar %q", d, o)
	}
	w.clean()
}

package syncro_test

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/syncrobot/syncrobot/syncro"
)

var dana = syncro.Author{UserID: 4101, Name: "Dana Ruiz"}

// everyWrite has at least one of each kind.
func everyWrite() []syncro.Write {
	return []syncro.Write{
		note,
		syncro.AddComment{TicketID: 5, Subject: "Resolution", Body: "Done.", EmailTo: "amy@harbordental.example"},
		syncro.UpdateTicket{TicketID: 5, Status: "Resolved", From: "In Progress"},
		syncro.UpdateTicket{TicketID: 5, Priority: "1 High"},
		syncro.UpdateTicket{TicketID: 5, UserID: 4101, To: "Dana Ruiz"},
	}
}

func TestWhatACardSays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		write syncro.Write
		want  syncro.Line
	}{
		{note, syncro.Line{Text: "Comment: Internal Note", Audience: "INTERNAL · customer will not see it · NO E-MAIL", Quoted: note.Body}},
		{syncro.AddComment{TicketID: 5, Subject: "Resolution", Body: "Done.", EmailTo: "amy@harbordental.example"},
			syncro.Line{Text: "Comment: Resolution", Audience: "CUSTOMER WILL SEE THIS · E-MAIL to amy@harbordental.example", Quoted: "Done."}},
		{syncro.AddComment{TicketID: 5, Subject: "Resolution", Body: "Done.", DoNotEmail: true, EmailTo: "amy@harbordental.example"},
			syncro.Line{Text: "Comment: Resolution", Audience: "CUSTOMER WILL SEE THIS · NO E-MAIL", Quoted: "Done."}},
		{syncro.AddComment{TicketID: 5, Subject: "Resolution", Body: "Done."},
			syncro.Line{Text: "Comment: Resolution", Audience: "CUSTOMER WILL SEE THIS · E-MAIL", Quoted: "Done."}},
		{syncro.UpdateTicket{TicketID: 5, Status: "Resolved", From: "In Progress", To: "something else"}, syncro.Line{Text: "Status: In Progress → Resolved"}},
		{syncro.UpdateTicket{TicketID: 5, Priority: "1 High"}, syncro.Line{Text: "Priority: none → 1 High"}},
		{syncro.UpdateTicket{TicketID: 5, UserID: 4101, To: "Dana Ruiz"}, syncro.Line{Text: "Assigned to: nobody → Dana Ruiz"}},
		{syncro.UpdateTicket{TicketID: 5, UserID: 4101, From: "Rob Hale"}, syncro.Line{Text: "Assigned to: Rob Hale → Syncro user 4101"}},
	} {
		if diff := cmp.Diff(c.want, c.write.Line()); diff != "" {
			t.Error(diff)
		}
	}
}

func TestWhatIsSent(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		write syncro.Write
		want  string
	}{
		{syncro.AddComment{TicketID: 5, Subject: "Update", Body: "a <b> & c\nd"}, `POST /tickets/5/comment {"subject":"Update","body":"a &lt;b> & c\nd","hidden":false,"do_not_email":false}`},
		{syncro.AddComment{TicketID: 5, Subject: "Internal Note", Body: "x", Hidden: true}, `POST /tickets/5/comment {"subject":"Internal Note","body":"x","hidden":true,"do_not_email":true}`},
		{syncro.UpdateTicket{TicketID: 5, Status: "Resolved", From: "New"}, `PUT /tickets/5 {"status":"Resolved"}`},
		{syncro.UpdateTicket{TicketID: 5, Priority: "1 High"}, `PUT /tickets/5 {"priority":"1 High"}`},
		{syncro.UpdateTicket{TicketID: 5, UserID: 4101}, `PUT /tickets/5 {"user_id":4101}`},
	} {
		request := c.write.Request()
		var body strings.Builder
		encoder := json.NewEncoder(&body)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(request.Body); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%s %s %s", request.Method, request.Path, strings.TrimSpace(body.String())); got != c.want {
			t.Errorf("%s\nwant %s", got, c.want)
		}
	}
}

func TestWritesSurviveBeingStored(t *testing.T) {
	t.Parallel()
	for _, w := range everyWrite() {
		kind, args, err := syncro.MarshalWrite(w)
		if err != nil {
			t.Fatal(err)
		}
		back, err := syncro.UnmarshalWrite(kind, args)
		if diff := cmp.Diff(w, back); err != nil || diff != "" {
			t.Error(err, diff)
		}
	}
	for name, c := range map[string]struct{ kind, args string }{
		"an unknown kind":   {"ticket.delete", `{"ticket_id":5}`},
		"an unknown field":  {"ticket.update", `{"ticket_id":5,"status":"New","problem_type":"x"}`},
		"two changes":       {"ticket.update", `{"ticket_id":5,"status":"New","user_id":1}`},
		"no change":         {"ticket.update", `{"ticket_id":5}`},
		"no ticket":         {"comment.add", `{"subject":"a","body":"b"}`},
		"no text":           {"comment.add", `{"ticket_id":5,"subject":"a","body":" "}`},
		"not JSON":          {"comment.add", `x`},
		"nothing in it":     {"comment.add", `null`},
		"a ticket of words": {"comment.add", `{"ticket_id":"5","subject":"a","body":"b"}`},
	} {
		if w, err := syncro.UnmarshalWrite(c.kind, json.RawMessage(c.args)); err == nil {
			t.Errorf("%s: %+v", name, w)
		}
	}
	if _, _, err := syncro.MarshalWrite(syncro.UpdateTicket{TicketID: 5}); err == nil {
		t.Error("an update without a change can be stored")
	}
}

func TestWhichCommentIsOurs(t *testing.T) {
	t.Parallel()
	w := syncro.AddComment{TicketID: 5, Subject: "Resolution", Body: "Rekey interval fixed with the provider today.\nTested twenty minutes, all is <b>well</b> & good again. Closing."}
	const ours, near, other = "ours", "near", "other"
	for name, c := range map[string]struct{ comment, want string }{
		"as sent":                      {`{"subject":"Resolution","body":"Rekey interval fixed with the provider today.\nTested twenty minutes, all is <b>well</b> & good again. Closing.","user_id":4101}`, ours},
		"stored as HTML":               {`{"subject":" Resolution ","body":"<p>Rekey interval fixed with the provider today.<br />Tested twenty minutes, all is &lt;b&gt;well&lt;/b&gt; &amp; good again.&nbsp;Closing.</p>","user_id":"4101","hidden":null}`, ours},
		"no user, the same name":       {`{"subject":"Resolution","body":"BODY","user_id":null,"tech":"dana ruiz"}`, ours},
		"no user, another name":        {`{"subject":"Resolution","body":"BODY","user_id":null,"tech":"API"}`, near},
		"no user, no name":             {`{"subject":"Resolution","body":"BODY","user_id":null,"tech":null}`, near},
		"another's":                    {`{"subject":"Resolution","body":"BODY","user_id":7,"tech":"Dana Ruiz"}`, other},
		"hidden":                       {`{"subject":"Resolution","body":"BODY","user_id":4101,"hidden":true}`, near},
		"another subject":              {`{"subject":"Update","body":"BODY","user_id":4101}`, near},
		"cut off":                      {`{"subject":"Resolution","body":"Rekey interval fixed","user_id":4101}`, near},
		"with a signature":             {`{"subject":"Resolution","body":"BODY<br><br>--<br>Dana Ruiz, Northgate IT, 555-0100","user_id":4101}`, near},
		"one word changed by hand":     {`{"subject":"Resolution","body":"Rekey interval fixed with the provider yesterday. Tested twenty minutes, all is well & good again. Closing.","user_id":4101}`, near},
		"cut off and hidden":           {`{"subject":"Resolution","body":"Rekey interval fixed","user_id":4101,"hidden":true}`, other},
		"another text":                 {`{"subject":"Resolution","body":"Waiting for the provider.","user_id":4101}`, other},
		"an empty one":                 {`{"subject":"Resolution","body":"","user_id":4101}`, other},
		"the customer's, quoting ours": {`{"subject":"Customer Reply","body":"Thanks! > BODY","user_id":null}`, other},
	} {
		body, _ := json.Marshal(w.Body)
		comment := strings.ReplaceAll(c.comment, "BODY", strings.Trim(string(body), `"`))
		comment = `{"id":9,` + comment[1:]
		sight, err := w.Evidence(dana).Read([]byte(`{"ticket":{"id":5,"comments":[` + comment + `]}}`))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := syncro.Sight{All: []int64{9}}
		switch c.want {
		case ours:
			want.Ours = []int64{9}
		case near:
			want.Near = []int64{9}
		}
		if diff := cmp.Diff(want, sight); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestWhetherATicketIsAsWanted(t *testing.T) {
	t.Parallel()
	const ticket = `{"ticket":{"id":5,"status":"Resolved","priority":"1 High","user_id":4101}}`
	for name, c := range map[string]struct {
		write syncro.UpdateTicket
		set   bool
	}{
		"the status":               {syncro.UpdateTicket{TicketID: 5, Status: "Resolved"}, true},
		"the status spelled other": {syncro.UpdateTicket{TicketID: 5, Status: "resolved"}, false},
		"another status":           {syncro.UpdateTicket{TicketID: 5, Status: "Invoiced"}, false},
		"the priority":             {syncro.UpdateTicket{TicketID: 5, Priority: "1 High"}, true},
		"another priority":         {syncro.UpdateTicket{TicketID: 5, Priority: "High"}, false},
		"the technician":           {syncro.UpdateTicket{TicketID: 5, UserID: 4101}, true},
		"another technician":       {syncro.UpdateTicket{TicketID: 5, UserID: 4102}, false},
	} {
		evidence := c.write.Evidence(dana)
		sight, err := evidence.Read([]byte(ticket))
		if err != nil || sight.IsSet != c.set || evidence.Path != syncro.TicketPath(5) || evidence.Effect != syncro.Sets {
			t.Errorf("%s: %+v, %v, want %v", name, sight, err, c.set)
		}
		id, err := c.write.Made([]byte(ticket))
		if (err == nil) != c.set || (id == 5) != c.set {
			t.Errorf("%s: made %d, %v", name, id, err)
		}
	}
	w := syncro.UpdateTicket{TicketID: 5, Status: "Resolved"}
	for _, body := range []string{`{}`, `{"ticket":null}`, `{"ticket":{"id":6,"status":"Resolved"}}`, `{"ticket":{"id":null,"status":"Resolved"}}`, `{"id":5,"status":"Resolved"}`, `[]`} {
		if id, err := w.Made([]byte(body)); err == nil {
			t.Errorf("%s: made %d", body, id)
		}
	}
	for _, body := range []string{`{}`, `{"ticket":null}`, `{"ticket":{"id":6,"status":"Resolved"}}`} {
		if sight, err := w.Evidence(dana).Read([]byte(body)); err == nil {
			t.Errorf("%s: sight %+v", body, sight)
		}
	}
}

func TestWhatMovedOnATicket(t *testing.T) {
	t.Parallel()
	was := syncro.Gist{Status: "New", Technician: "", Subject: "VPN", Comments: 2, Lines: 1, UpdatedAt: "a"}
	for _, c := range []struct {
		change func(*syncro.Gist)
		want   []string
	}{
		{func(*syncro.Gist) {}, nil},
		{func(g *syncro.Gist) { g.UpdatedAt = "b" }, []string{"it was updated"}},
		{func(g *syncro.Gist) { g.UpdatedAt, g.Status, g.Comments = "b", "Waiting on Customer", 4 }, []string{"status is now Waiting on Customer (was New)", "2 new comments"}},
		{func(g *syncro.Gist) { g.Technician, g.Lines = "Dana Ruiz", 0 }, []string{"technician is now Dana Ruiz (was empty)", "1 charge less"}},
		{func(g *syncro.Gist) { g.Comments = 3 }, []string{"1 new comment"}},
	} {
		now := was
		c.change(&now)
		if diff := cmp.Diff(c.want, now.Changes(was)); diff != "" {
			t.Error(diff)
		}
	}
}

// Every request is one that Syncro's OpenAPI document has, with fields that
// it has and of their type.
func TestRequestsAreInTheOpenAPI(t *testing.T) {
	t.Parallel()
	const file = "../../shared/spec/syncro-openapi.json"
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("Syncro's OpenAPI document is not here: %v", err)
	}
	type schema struct {
		Properties map[string]struct{ Type string }
	}
	type content struct {
		Content map[string]struct{ Schema schema }
	}
	type requestBody struct {
		Ref string `json:"$ref"`
		content
	}
	var document struct {
		Paths map[string]map[string]struct {
			RequestBody requestBody
		}
		Components struct {
			RequestBodies map[string]content
		}
	}
	if err := json.Unmarshal(raw, &document); err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`/\d+`)
	for _, w := range everyWrite() {
		request := w.Request()
		path := id.ReplaceAllString(request.Path, "/{id}")
		operation, ok := document.Paths[path][strings.ToLower(request.Method)]
		if !ok {
			t.Errorf("%s %s is not there", request.Method, path)
			continue
		}
		body := operation.RequestBody.content
		if name, ok := strings.CutPrefix(operation.RequestBody.Ref, "#/components/requestBodies/"); ok {
			body = document.Components.RequestBodies[name]
		}
		allowed := body.Content["application/json"].Schema.Properties
		sent, err := json.Marshal(request.Body)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]any
		if err := json.Unmarshal(sent, &fields); err != nil {
			t.Fatal(err)
		}
		for name, value := range fields {
			types := map[string]string{"string": "string", "float64": "integer", "bool": "boolean"}
			if got := types[fmt.Sprintf("%T", value)]; got != allowed[name].Type {
				t.Errorf("%s %s: %s is sent as %s and documented as %q", request.Method, path, name, got, allowed[name].Type)
			}
		}
	}
}

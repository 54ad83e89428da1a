package slacksim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// maxStack is how many modals may lie on each other (views.push).
const maxStack = 3

// view is an open modal or a Home tab.
type view struct {
	id, hash, root, previous string
	body                     map[string]any
	chosen                   map[string]map[string]any // block/action -> state
	errors                   map[string]string         // block_id -> what the app said of the last submission
	published                int                       // how often, for a Home tab
}

// A View is the modal in front of a person.
type View struct {
	ID, CallbackID, Title string
	Text                  string          // what a person reads
	JSON                  json.RawMessage // as the app sent it, ids added where missing
	Blocks                json.RawMessage
	Errors                map[string]string // by block_id, after a refused submission
}

// View is the modal in front of a person, if there is one.
func (s *Slack) View(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.topView(user)
	if v == nil {
		return View{}, false
	}
	return s.publicView(v), true
}

// Home is a person's Home tab, if the app has published one.
func (s *Slack) Home(user string) (View, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.homes[user]
	if v == nil {
		return View{}, false
	}
	return s.publicView(v), true
}

// Published is how often the app has published a person's Home tab.
func (s *Slack) Published(user string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if v := s.homes[user]; v != nil {
		return v.published
	}
	return 0
}

// OpenHome is a person opening the app's Home tab; the app is told if it
// subscribed to app_home_opened.
func (s *Slack) OpenHome(ctx context.Context, user string) Ack {
	if !slices.Contains(s.o.Events, "app_home_opened") {
		return Ack{}
	}
	s.mu.Lock()
	event := map[string]any{"type": "app_home_opened", "user": user, "tab": "home", "channel": s.openIM(user), "event_ts": s.stamp()}
	if v := s.homes[user]; v != nil {
		event["view"] = s.viewJSON(v)
	}
	s.mu.Unlock()
	acks := s.Event(ctx, event)
	return acks[len(acks)-1]
}

func (s *Slack) publicView(v *view) View {
	title, _ := v.body["title"].(map[string]any)
	heading, _ := title["text"].(string)
	callback, _ := v.body["callback_id"].(string)
	body := raw(v.body)
	return View{
		ID: v.id, CallbackID: callback, Title: heading, Text: Plain(body, s.nameOf), JSON: body, Blocks: raw(v.body["blocks"]),
		Errors: maps.Clone(v.errors),
	}
}

func (s *Slack) topView(user string) *view {
	stack := s.modals[user]
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

func (s *Slack) viewByID(user, id string) *view {
	for _, v := range s.modals[user] {
		if v.id == id {
			return v
		}
	}
	if h := s.homes[user]; h != nil && h.id == id {
		return h
	}
	return nil
}

// viewJSON is a view as payloads and answers carry it.
func (s *Slack) viewJSON(v *view) map[string]any {
	values := map[string]any{}
	for _, p := range placed(v.body) {
		state := v.chosen[p.key()]
		if state == nil {
			state = p.state()
		}
		if state == nil {
			continue
		}
		block, _ := values[p.blockID()].(map[string]any)
		values[p.blockID()] = merged(block, map[string]any{p.str("action_id"): state})
	}
	defaults := map[string]any{
		"private_metadata": "", "callback_id": "", "external_id": "", "clear_on_close": false, "notify_on_close": false,
		"close": nil, "submit": nil,
	}
	var previous any
	if v.previous != "" {
		previous = v.previous
	}
	return merged(defaults, v.body, map[string]any{
		"id": v.id, "hash": v.hash, "team_id": s.o.TeamID, "app_id": s.o.AppID, "app_installed_team_id": s.o.TeamID,
		"bot_id": s.botID(), "root_view_id": v.root, "previous_view_id": previous,
		"state": map[string]any{"values": values},
	})
}

// show puts a new modal in front of a person, on the stack if push is true.
func (s *Slack) show(user string, body map[string]any, push bool) *view {
	body = clone(body)
	complete(body)
	v := &view{id: "V" + token(9), hash: s.newHash(), body: body, chosen: map[string]map[string]any{}}
	v.root = v.id
	if top := s.topView(user); push && top != nil {
		v.root, v.previous = top.root, top.id
		s.modals[user] = append(s.modals[user], v)
	} else {
		s.modals[user] = []*view{v}
	}
	s.touch()
	return v
}

// redraw gives a view a new body; what was filled in stays where block_id and action_id stay.
func (s *Slack) redraw(v *view, body map[string]any) {
	v.body = clone(body)
	complete(v.body)
	v.hash = s.newHash()
	kept := map[string]map[string]any{}
	for _, p := range placed(v.body) {
		if state, ok := v.chosen[p.key()]; ok {
			kept[p.key()] = state
		}
	}
	v.chosen, v.errors = kept, nil
	s.touch()
}

func (s *Slack) newHash() string {
	return fmt.Sprintf("%d.%s", s.o.Now().Unix(), token(8))
}

// ClickView is a person using an element of the modal in front of them, as Choose does on messages.
func (s *Slack) ClickView(ctx context.Context, user, actionID, value string) Ack {
	s.mu.Lock()
	v := s.topView(user)
	s.mu.Unlock()
	return s.clickView(ctx, user, v, actionID, value)
}

func (s *Slack) clickView(ctx context.Context, user string, v *view, actionID, value string) Ack {
	if v == nil {
		return Ack{Err: fmt.Errorf("a view in front of %s: %w", user, ErrNotThere)}
	}
	s.mu.Lock()
	a, err := s.action(user, v.id, v.body, actionID, value)
	if err != nil {
		s.mu.Unlock()
		return Ack{Err: err}
	}
	delete(a.fields, "state") // of a view it is view.state
	payload := merged(a.fields, map[string]any{
		"container": map[string]any{"type": "view", "view_id": v.id}, "view": s.viewJSON(v),
	})
	s.mu.Unlock()
	return s.interact(ctx, interactionsPath, payload)
}

// ClickHome is a person using an element of their Home tab, as Choose does on
// messages.
func (s *Slack) ClickHome(ctx context.Context, user, actionID, value string) Ack {
	s.mu.Lock()
	v := s.homes[user]
	s.mu.Unlock()
	return s.clickView(ctx, user, v, actionID, value)
}

// Submit is a person filling in the modal in front of them and submitting
// it. values are by action_id or block_id and read as choose does; what is not
// given stays as it is. What Slack itself would refuse is ErrForm and is not sent;
// an answer with errors is ErrForm too, and the modal stays.
func (s *Slack) Submit(ctx context.Context, user string, values map[string]string) Ack {
	s.mu.Lock()
	v := s.topView(user)
	if v == nil || v.body["submit"] == nil {
		s.mu.Unlock()
		return Ack{Err: fmt.Errorf("modal of %s with a submit button: %w", user, ErrNotThere)}
	}
	if err := s.fill(user, v, values); err != nil {
		s.mu.Unlock()
		return Ack{Err: err}
	}
	v.errors = nil
	payload := merged(s.envelope("view_submission", user), map[string]any{
		"trigger_id": s.newTrigger(user), "view": s.viewJSON(v), "response_urls": []any{},
	})
	s.mu.Unlock()

	ack := s.interact(ctx, interactionsPath, payload)
	if ack.Err == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		ack.Err = s.afterSubmission(user, v, ack.Body)
	}
	return ack
}

// FillIn is a person filling in the modal in front of them, as Submit reads
// values, without handing it in.
func (s *Slack) FillIn(user string, values map[string]string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	v := s.topView(user)
	if v == nil {
		return fmt.Errorf("modal of %s: %w", user, ErrNotThere)
	}
	return s.put(user, v, values)
}

func (s *Slack) fill(user string, v *view, values map[string]string) error {
	if err := s.put(user, v, values); err != nil {
		return err
	}
	for _, p := range placed(v.body) {
		state := v.chosen[p.key()]
		if state == nil {
			state = p.state()
		}
		if p.required() && blank(state) {
			return fmt.Errorf("%w: %s must be filled in", ErrForm, p.key())
		}
	}
	return nil
}

// put fills in values; s.mu is held.
func (s *Slack) put(user string, v *view, values map[string]string) error {
	for _, key := range slices.Sorted(maps.Keys(values)) {
		all := placed(v.body)
		i := slices.IndexFunc(all, func(p place) bool { return p.answers(key) })
		if i < 0 {
			return fmt.Errorf("field %s: %w", key, ErrNotThere)
		}
		state, err := all[i].choose(values[key], s.suggested[user+" "+v.id+" "+all[i].str("action_id")])
		if err != nil {
			return err
		}
		v.chosen[all[i].key()] = state
	}
	return nil
}

// afterSubmission does what the answer to a view_submission says.
func (s *Slack) afterSubmission(user string, v *view, answer []byte) error {
	const where = "answer to view_submission"
	answer = bytes.TrimSpace(answer)
	if len(answer) == 0 {
		answer = []byte("{}")
	}
	body, err := decode(answer)
	if err != nil {
		s.note(where, []Violation{{Rule: "not_json", Detail: err.Error()}})
		return fmt.Errorf("%w: %w", ErrAnswer, err)
	}
	next, _ := body["view"].(map[string]any)
	action, given := body["response_action"]
	switch {
	case !given && len(body) == 0:
		s.drop(user, v)
	case action == "clear":
		s.modals[user] = nil
		s.touch()
	case action == "errors":
		return s.formErrors(where, v, body["errors"])
	case action == "update" || action == "push":
		if s.note(where, validateView(next)) {
			return fmt.Errorf("%w: invalid view", ErrAnswer)
		}
		if action == "update" {
			s.redraw(v, next)
			return nil
		}
		if len(s.modals[user]) >= maxStack {
			s.note(where, []Violation{{Pointer: "/response_action", Rule: "too_many", Detail: "push_limit_reached"}})
			return fmt.Errorf("%w: push_limit_reached", ErrAnswer)
		}
		s.show(user, next, true)
	default:
		s.note(where, []Violation{{Pointer: "/response_action", Rule: "bad_value", Detail: "response_action must be errors, update, push or clear, or the answer {}"}})
		return fmt.Errorf("%w: response_action %v", ErrAnswer, action)
	}
	return nil
}

// formErrors: every key must be the block_id of an input block.
func (s *Slack) formErrors(where string, v *view, given any) error {
	errs, _ := given.(map[string]any)
	inputs := map[string]bool{}
	all, _ := v.body["blocks"].([]any)
	for _, b := range all {
		b, _ := b.(map[string]any)
		id, _ := b["block_id"].(string)
		inputs[id] = b["type"] == "input"
	}
	if len(errs) == 0 {
		s.note(where, []Violation{{Pointer: "/errors", Rule: "missing", Detail: "errors must name at least one block"}})
		return fmt.Errorf("%w: no errors given", ErrAnswer)
	}
	words, shown := ErrForm, map[string]string{}
	for _, id := range slices.Sorted(maps.Keys(errs)) {
		text, isText := errs[id].(string)
		if !inputs[id] || !isText {
			s.note(where, []Violation{{Pointer: "/errors/" + id, Rule: "bad_value", Detail: id + " is not the block_id of an input block, or its error is no text"}})
			return fmt.Errorf("%w: error for %s", ErrAnswer, id)
		}
		words = fmt.Errorf("%w: %s: %s", words, id, text)
		shown[id] = text
	}
	v.errors = shown
	s.touch()
	return words
}

// drop closes a modal and what lies on it.
func (s *Slack) drop(user string, v *view) {
	if i := slices.Index(s.modals[user], v); i >= 0 {
		s.modals[user] = s.modals[user][:i]
	}
	s.touch()
}

// CloseView is a person closing the modal in front of them. The app is told
// if it asked for that (notify_on_close).
func (s *Slack) CloseView(ctx context.Context, user string) Ack {
	s.mu.Lock()
	v := s.topView(user)
	if v == nil {
		s.mu.Unlock()
		return Ack{Err: fmt.Errorf("modal of %s: %w", user, ErrNotThere)}
	}
	payload := merged(s.envelope("view_closed", user), map[string]any{"view": s.viewJSON(v), "is_cleared": false})
	s.drop(user, v)
	s.mu.Unlock()
	if v.body["notify_on_close"] != true {
		return Ack{}
	}
	return s.interact(ctx, interactionsPath, payload)
}

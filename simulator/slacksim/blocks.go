package slacksim

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"reflect"
	"regexp"
	"strings"
	"unicode/utf8"
)

// The tables below are Slack's block reference (docs.slack.dev/reference/block-kit
// and the package @slack/types 3.2.0). Types that Slack does not take in every
// workspace (card, carousel, container, data_table, task_card, plan, video,
// context_actions, file) are left out, and so refused.

var messageKeys = strings.Fields(`text blocks attachments channel user ts thread_ts token as_user parse link_names mrkdwn
	metadata reply_broadcast unfurl_links unfurl_media username icon_emoji icon_url
	response_type replace_original delete_original`)

// surfaces tells where a block may stand.
var surfaces = map[string]string{
	"actions": "message modal home", "alert": "modal", "context": "message modal home",
	"divider": "message modal home", "header": "message modal home", "image": "message modal home",
	"input": "message modal home", "markdown": "message", "rich_text": "message modal home",
	"section": "message modal home", "table": "message",
}

var (
	name    = str(1, 255) // action_id, block_id
	typed   = str(1, 255)
	userID  = pattern(`^[UW][A-Z0-9]+$`, "must be a user id")
	chanID  = pattern(`^[CDG][A-Z0-9]+$`, "must be a conversation id")
	isoDate = pattern(`^\d{4}-\d\d-\d\d$`, "must be a date as YYYY-MM-DD")
	clock   = pattern(`^([01]\d|2[0-3]):[0-5]\d$`, "must be a time as HH:mm")
)

// plain is a plain_text object, markup one of either kind.
func plain(most int) check {
	return oneOf(map[string]check{"plain_text": object("type text", map[string]check{
		"type": typed, "text": str(1, most), "emoji": boolean,
	})})
}

func markup(most int) check {
	return oneOf(map[string]check{
		"plain_text": plain(most),
		"mrkdwn":     object("type text", map[string]check{"type": typed, "text": str(1, most), "verbatim": boolean}),
	})
}

var confirmDialog = object("text", map[string]check{
	"title": plain(100), "text": markup(300), "confirm": plain(30), "deny": plain(30), "style": word("primary danger"),
})

var dispatchConfig = object("", map[string]check{
	"trigger_actions_on": list(1, 2, word("on_enter_pressed on_character_entered")),
})

func option(text check, extra ...string) check {
	keys := map[string]check{"text": text, "value": str(1, 75), "description": plain(75)}
	for _, k := range extra {
		keys[k] = link("http https")
	}
	return object("text value", keys)
}

var (
	plainOption  = option(plain(75))
	markupOption = option(markup(75))
	optionGroup  = object("label options", map[string]check{"label": plain(75), "options": list(1, 100, plainOption)})
	imageKeys    = map[string]check{
		"type": typed, "image_url": link("http https"), "slack_file": anything, "alt_text": str(1, 2000),
	}
)

// element is an interactive element: action_id and type go without saying.
func element(need string, keys map[string]check, also ...func(*walk, string, map[string]any)) check {
	all := maps.Clone(keys)
	all["type"], all["action_id"] = typed, name
	return object("type "+need, all, also...)
}

func menu(keys map[string]check, also ...func(*walk, string, map[string]any)) check {
	all := maps.Clone(keys)
	all["confirm"], all["focus_on_load"], all["placeholder"] = confirmDialog, boolean, plain(150)
	return element("", all, also...)
}

func field(keys map[string]check) check {
	all := maps.Clone(keys)
	all["dispatch_action_config"], all["focus_on_load"], all["placeholder"] = dispatchConfig, boolean, plain(150)
	return element("", all)
}

var elements = map[string]check{
	"button": element("text", map[string]check{
		"text": plain(75), "value": str(0, 2000), "url": link("http https mailto slack"), "style": word("primary danger"),
		"confirm": confirmDialog, "accessibility_label": str(1, 75),
	}),
	"checkboxes": element("options", map[string]check{
		"options": list(1, 10, markupOption), "initial_options": list(1, 10, markupOption),
		"confirm": confirmDialog, "focus_on_load": boolean,
	}, initialAmongOptions),
	"radio_buttons": element("options", map[string]check{
		"options": list(1, 10, markupOption), "initial_option": markupOption,
		"confirm": confirmDialog, "focus_on_load": boolean,
	}, initialAmongOptions),
	"overflow": element("options", map[string]check{
		"options": list(1, 5, option(plain(75), "url")), "confirm": confirmDialog,
	}),
	"static_select": menu(map[string]check{
		"options": list(1, 100, plainOption), "option_groups": list(1, 100, optionGroup), "initial_option": plainOption,
	}, optionsOrGroups, initialAmongOptions),
	"multi_static_select": menu(map[string]check{
		"options": list(1, 100, plainOption), "option_groups": list(1, 100, optionGroup),
		"initial_options": list(1, 100, plainOption), "max_selected_items": number(1, 100),
	}, optionsOrGroups, initialAmongOptions),
	"external_select": menu(map[string]check{
		"initial_option": plainOption, "min_query_length": number(0, 255),
	}),
	"multi_external_select": menu(map[string]check{
		"initial_options": list(1, 100, plainOption), "min_query_length": number(0, 255), "max_selected_items": number(1, 100),
	}),
	"users_select":       menu(map[string]check{"initial_user": userID}),
	"multi_users_select": menu(map[string]check{"initial_users": list(1, 100, userID), "max_selected_items": number(1, 100)}),
	"conversations_select": menu(map[string]check{
		"initial_conversation": chanID, "default_to_current_conversation": boolean,
		"response_url_enabled": boolean, "filter": anything,
	}),
	"channels_select": menu(map[string]check{"initial_channel": chanID, "response_url_enabled": boolean}),
	"datepicker":      menu(map[string]check{"initial_date": isoDate}),
	"timepicker":      menu(map[string]check{"initial_time": clock, "timezone": str(1, 255)}),
	"datetimepicker": element("", map[string]check{
		"initial_date_time": number(1_000_000_000, 9_999_999_999), "confirm": confirmDialog, "focus_on_load": boolean,
	}),
	"plain_text_input": field(map[string]check{
		"initial_value": str(0, 3000), "multiline": boolean, "min_length": number(0, 3000), "max_length": number(1, 3000),
	}),
	"email_text_input": field(map[string]check{"initial_value": str(0, 3000)}),
	"url_text_input":   field(map[string]check{"initial_value": str(0, 3000)}),
	"number_input": field(map[string]check{
		"is_decimal_allowed": boolean, "initial_value": str(0, 3000), "min_value": str(1, 3000), "max_value": str(1, 3000),
	}),
	"image": object("type alt_text", imageKeys, imageSource),
}

const selects = `static_select multi_static_select external_select multi_external_select users_select multi_users_select
	conversations_select channels_select`

var blocks = map[string]check{
	"actions": block("elements", map[string]check{
		"elements": list(1, 25, among(elements, "button checkboxes radio_buttons overflow datepicker timepicker datetimepicker "+selects)),
	}, uniqueActions),
	"alert": block("text", map[string]check{
		"text": markup(200), "level": word("default info warning error success"),
	}),
	"context": block("elements", map[string]check{
		"elements": list(1, 10, oneOf(map[string]check{"image": elements["image"], "plain_text": markup(3000), "mrkdwn": markup(3000)})),
	}),
	"divider": block("", nil),
	"header":  block("text", map[string]check{"text": plain(150), "level": number(1, 4)}),
	"image": block("alt_text", map[string]check{
		"image_url": imageKeys["image_url"], "slack_file": anything, "alt_text": str(1, 2000), "title": plain(2000),
	}, imageSource),
	"input": block("label element", map[string]check{
		"label": plain(2000), "hint": plain(2000), "optional": boolean, "dispatch_action": boolean,
		"element": among(elements, `plain_text_input email_text_input url_text_input number_input checkboxes radio_buttons
			datepicker timepicker datetimepicker `+selects),
	}, func(w *walk, at string, m map[string]any) {
		if e, _ := m["element"].(map[string]any); e["type"] == "number_input" && e["is_decimal_allowed"] == nil {
			w.add(at+"/element", "missing", "missing required field: is_decimal_allowed")
		}
	}),
	"markdown": block("text", map[string]check{"text": func(w *walk, at string, v any) {
		str(1, math.MaxInt)(w, at, v)
		s, _ := v.(string)
		w.markdown += utf8.RuneCountInString(s)
	}}),
	"rich_text": richText,
	"section": block("", map[string]check{
		"text": markup(3000), "fields": list(1, 10, markup(2000)), "expand": boolean,
		"accessory": among(elements, "button checkboxes radio_buttons overflow datepicker timepicker image "+selects),
	}, func(w *walk, at string, m map[string]any) {
		if m["text"] == nil && m["fields"] == nil {
			w.add(at, "missing", "missing required field: text or fields")
		}
	}),
	"table": block("rows", map[string]check{
		"rows": list(1, 100, list(1, 20, oneOf(map[string]check{
			"raw_text": object("type text", map[string]check{"type": typed, "text": cellText}),
			"raw_number": func(w *walk, at string, v any) {
				object("type value text", map[string]check{"type": typed, "value": anything, "text": cellText})(w, at, v)
				w.advise(at, "not_allowed", "some workspaces refuse raw_number cells with invalid_blocks")
			},
			"rich_text": func(w *walk, at string, v any) {
				richText(w, at, v)
				w.tableText += utf8.RuneCountInString(joined(richParts(at, v, nil)))
			},
		}))),
		"column_settings": list(0, 20, func(w *walk, at string, v any) {
			if v != nil { // null skips a column
				object("", map[string]check{"align": word("left center right"), "is_wrapped": boolean})(w, at, v)
			}
		}),
	}, func(w *walk, _ string, _ map[string]any) { w.tables++ }),
}

var views = map[string]check{
	"modal": object("type title blocks", map[string]check{
		"type": typed, "title": plain(24), "submit": plain(24), "close": plain(24),
		"blocks": viewBlocks, "private_metadata": str(0, 3000), "callback_id": str(0, 255), "external_id": str(0, 255),
		"clear_on_close": boolean, "notify_on_close": boolean,
	}, func(w *walk, at string, m map[string]any) {
		all, _ := m["blocks"].([]any)
		for _, b := range all {
			if b, _ := b.(map[string]any); b["type"] == "input" && m["submit"] == nil {
				w.add(at, "missing", "missing required field: submit (there are input blocks)")
				return
			}
		}
	}),
	"home": object("type blocks", map[string]check{
		"type": typed, "blocks": viewBlocks, "private_metadata": str(0, 3000), "callback_id": str(0, 255), "external_id": str(0, 255),
	}),
}

func viewBlocks(w *walk, at string, v any) { w.blocks(at, v, maxViewBlocks) }

// attachment knows the legacy fields by name only; its blocks are judged in full.
func attachment(w *walk, at string, v any) {
	m, ok := v.(map[string]any)
	if !ok {
		w.add(at, "wrong_type", "must be an object")
		return
	}
	if b, ok := m["blocks"]; ok {
		w.blocks(at+"/blocks", b, maxMessageBlocks)
	}
}

func block(need string, keys map[string]check, also ...func(*walk, string, map[string]any)) check {
	all := maps.Clone(keys)
	if all == nil {
		all = map[string]check{}
	}
	all["type"], all["block_id"] = typed, name
	return object("type "+need, all, also...)
}

func pattern(expr, detail string) check {
	re := regexp.MustCompile(expr)
	return func(w *walk, at string, v any) {
		if s, ok := v.(string); !ok || !re.MatchString(s) {
			w.add(at, "bad_value", detail)
		}
	}
}

func cellText(w *walk, at string, v any) {
	str(1, math.MaxInt)(w, at, v)
	s, _ := v.(string)
	w.tableText += utf8.RuneCountInString(s)
}

func imageSource(w *walk, at string, m map[string]any) {
	if (m["image_url"] == nil) == (m["slack_file"] == nil) {
		w.add(at, "missing", "exactly one of image_url and slack_file is required")
	}
}

func optionsOrGroups(w *walk, at string, m map[string]any) {
	if (m["options"] == nil) == (m["option_groups"] == nil) {
		w.add(at, "missing", "exactly one of options and option_groups is required")
	}
}

// initialAmongOptions: an initial option must equal one of the options, text and all.
func initialAmongOptions(w *walk, at string, m map[string]any) {
	offered := optionsOf(m)
	judge := func(at string, v any) {
		for _, o := range offered {
			if reflect.DeepEqual(any(o), v) {
				return
			}
		}
		w.add(at, "bad_value", "initial option is none of the options")
	}
	if v, ok := m["initial_option"]; ok {
		judge(at+"/initial_option", v)
	}
	initial, _ := m["initial_options"].([]any)
	for i, v := range initial {
		judge(fmt.Sprintf("%s/initial_options/%d", at, i), v)
	}
}

// uniqueActions: an action_id is unique in its block (@slack/types, Action).
func uniqueActions(w *walk, at string, m map[string]any) {
	seen := map[string]bool{}
	all, _ := m["elements"].([]any)
	for i, e := range all {
		e, _ := e.(map[string]any)
		id, _ := e["action_id"].(string)
		if id != "" && seen[id] {
			w.add(fmt.Sprintf("%s/elements/%d/action_id", at, i), "duplicate", "action_id "+id+" already exists in this block")
		}
		seen[id] = true
	}
}

var richText = block("elements", map[string]check{
	"elements": list(0, 1000, oneOf(map[string]check{
		"rich_text_section":      richSection,
		"rich_text_quote":        object("type elements", map[string]check{"type": typed, "elements": richElements, "border": number(0, 1)}),
		"rich_text_preformatted": object("type elements", map[string]check{"type": typed, "elements": list(0, 1000, among(richParticles, "text link")), "border": number(0, 1)}),
		"rich_text_list": object("type style elements", map[string]check{
			"type": typed, "style": word("bullet ordered"), "indent": number(0, 8), "offset": number(0, 1000), "border": number(0, 1),
			"elements": list(0, 1000, oneOf(map[string]check{"rich_text_section": richSection})),
		}),
	})),
})

var (
	richSection  = object("type elements", map[string]check{"type": typed, "elements": richElements})
	richElements = list(0, 1000, oneOf(richParticles))
)

var richParticles = map[string]check{
	"text":      particle("text", map[string]check{"text": str(1, 40000)}),
	"link":      particle("url", map[string]check{"url": link("http https mailto slack"), "text": str(1, 40000), "unsafe": boolean}),
	"emoji":     particle("name", map[string]check{"name": str(1, 255), "unicode": str(1, 255)}),
	"user":      particle("user_id", map[string]check{"user_id": userID}),
	"channel":   particle("channel_id", map[string]check{"channel_id": chanID}),
	"usergroup": particle("usergroup_id", map[string]check{"usergroup_id": str(1, 255)}),
	"broadcast": particle("range", map[string]check{"range": word("here channel everyone")}),
	"color":     particle("value", map[string]check{"value": str(1, 255)}),
	"date": particle("timestamp format", map[string]check{
		"timestamp": number(0, 9_999_999_999), "format": pattern(`\{\w+\}`, "must hold a date token"),
		"url": link("http https"), "fallback": str(1, 255),
	}),
}

func particle(need string, keys map[string]check) check {
	all := maps.Clone(keys)
	all["type"] = typed
	all["style"] = object("", map[string]check{
		"bold": boolean, "italic": boolean, "strike": boolean, "code": boolean, "underline": boolean,
	})
	return object("type "+need, all)
}

// optionsOf lists the options of a menu, groups included.
func optionsOf(element map[string]any) []map[string]any {
	var found []map[string]any
	add := func(v any) {
		all, _ := v.([]any)
		for _, o := range all {
			if o, ok := o.(map[string]any); ok {
				found = append(found, o)
			}
		}
	}
	add(element["options"])
	groups, _ := element["option_groups"].([]any)
	for _, g := range groups {
		if g, ok := g.(map[string]any); ok {
			add(g["options"])
		}
	}
	return found
}

// raw writes a decoded value as JSON again.
func raw(v any) json.RawMessage {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // only values that came from JSON get here
	}
	return b
}

package teamssim

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxRow is how many buttons Teams shows side by side; the seventh goes into
// a menu.
const maxRow = 6

// ValidateCard lists what is wrong with an Adaptive Card for Teams: what
// breaks the schema of version 1.5 (adaptivecards.io/schemas/1.5.0), what
// Teams adds to it or does not show, and what its clients need to make the
// card usable.
func ValidateCard(card []byte) []Violation {
	v := &validator{ids: map[string]bool{}, shapes: shapes()}
	var x any
	if err := decode(card, &x); err != nil {
		v.add("card", "is no JSON: %v", err)
		return v.found
	}
	if size := utf16Size(string(card)); size > wiseMessage {
		v.add("card", "has %d bytes in UTF-16; stay under %d", size, wiseMessage)
	}
	root, _ := x.(map[string]any)
	v.mentions(root)
	v.typed("", x, []string{"AdaptiveCard"})
	version, _ := root["version"].(string)
	if !regexp.MustCompile(`^1\.[0-5]$`).MatchString(version) {
		v.add("version", "is %q; Teams shows 1.0 to 1.5", version)
	}
	return v.found
}

type validator struct {
	found  []Violation
	ids    map[string]bool
	shapes map[string]shape
	at     map[string]bool // the mentions that msteams.entities declares
}

func (v *validator) add(where, format string, args ...any) {
	v.found = append(v.found, Violation{strings.TrimPrefix(where, "."), fmt.Sprintf(format, args...)})
}

// check looks at one value.
type check func(v *validator, where string, x any)

// shape is what an object may and must have, and a rule about the whole.
type shape struct {
	required []string
	props    map[string]check
	rule     func(v *validator, where string, o map[string]any)
}

// typed checks an object whose type must be one of those.
func (v *validator) typed(where string, x any, allowed []string) {
	o, ok := x.(map[string]any)
	if !ok {
		v.add(where, "is no object")
		return
	}
	kind, ok := o["type"].(string)
	if !ok && len(allowed) == 1 && allowed[0] != "AdaptiveCard" {
		kind, ok = allowed[0], true // the type of a fact, a column or a row may be left out
	}
	switch {
	case !ok:
		v.add(where, "has no type")
	case !slices.Contains(allowed, kind):
		v.add(where, "has the type %q, which is not allowed here", kind)
	default:
		v.object(where, o, v.shapes[kind])
	}
}

func (v *validator) object(where string, o map[string]any, s shape) {
	for _, name := range s.required {
		if _, ok := o[name]; !ok {
			v.add(where, "lacks %s", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		if name == "type" {
			continue
		}
		c, ok := s.props[name]
		if !ok {
			v.add(where+"."+name, "is not known here")
			continue
		}
		c(v, where+"."+name, o[name])
	}
	if s.rule != nil {
		s.rule(v, where, o)
	}
}

func str(v *validator, where string, x any) {
	if _, ok := x.(string); !ok {
		v.add(where, "is no string")
	}
}

// words is a string that somebody has to be able to read.
func words(v *validator, where string, x any) {
	s, ok := x.(string)
	if !ok || strings.TrimSpace(s) == "" {
		v.add(where, "is no text")
	}
}

// marked is text in which mentions work.
func marked(v *validator, where string, x any) {
	words(v, where, x)
	s, _ := x.(string)
	for _, tag := range mentionTag().FindAllString(s, -1) {
		if !v.at[tag] {
			v.add(where, "mentions %s, which msteams.entities does not declare", tag)
		}
	}
}

func boolean(v *validator, where string, x any) {
	if _, ok := x.(bool); !ok {
		v.add(where, "is neither true nor false")
	}
}

func number(v *validator, where string, x any) {
	if _, ok := x.(json.Number); !ok {
		v.add(where, "is no number")
	}
}

func count(v *validator, where string, x any) {
	n, _ := x.(json.Number)
	if i, err := n.Int64(); err != nil || i < 1 {
		v.add(where, "is no whole number above 0")
	}
}

func anObject(v *validator, where string, x any) {
	if _, ok := x.(map[string]any); !ok {
		v.add(where, "is no object")
	}
}

// oneOf ignores case, as the schema does.
func oneOf(allowed ...string) check {
	return func(v *validator, where string, x any) {
		s, ok := x.(string)
		if !ok || !slices.ContainsFunc(allowed, func(a string) bool { return strings.EqualFold(a, s) }) {
			v.add(where, "is %v; allowed are %s", x, strings.Join(allowed, ", "))
		}
	}
}

func orNull(c check) check {
	return func(v *validator, where string, x any) {
		if x != nil {
			c(v, where, x)
		}
	}
}

// either takes what one of two checks finds nothing in.
func either(a, b check, what string) check {
	return func(v *validator, where string, x any) {
		before := len(v.found)
		for _, c := range []check{a, b} {
			v.found = v.found[:before]
			if c(v, where, x); len(v.found) == before {
				return
			}
		}
		v.found = v.found[:before]
		v.add(where, "is no %s", what)
	}
}

func list(c check) check {
	return func(v *validator, where string, x any) {
		l, ok := x.([]any)
		if !ok {
			v.add(where, "is no list")
		}
		for i, e := range l {
			c(v, fmt.Sprintf("%s[%d]", where, i), e)
		}
	}
}

func some(c check) check {
	return func(v *validator, where string, x any) {
		if l, ok := x.([]any); ok && len(l) == 0 {
			v.add(where, "is empty and shows nothing")
		}
		list(c)(v, where, x)
	}
}

func kinds(allowed ...string) check {
	return func(v *validator, where string, x any) { v.typed(where, x, allowed) }
}

// address is one that a click or a picture may lead to.
func address(schemes ...string) check {
	return func(v *validator, where string, x any) {
		s, _ := x.(string)
		u, err := url.Parse(s)
		if err != nil || !slices.Contains(schemes, u.Scheme) || (strings.HasPrefix(u.Scheme, "http") && u.Host == "") {
			v.add(where, "%q is no address with one of the schemes %s", s, strings.Join(schemes, ", "))
		}
	}
}

func matching(pattern, what string) check {
	re := regexp.MustCompile(pattern)
	return func(v *validator, where string, x any) {
		if s, ok := x.(string); !ok || !re.MatchString(s) {
			v.add(where, "is no %s", what)
		}
	}
}

func width(words ...string) check {
	return func(v *validator, where string, x any) {
		switch x := x.(type) {
		case json.Number:
			return
		case string:
			_, err := strconv.ParseFloat(strings.TrimSuffix(x, "px"), 64)
			if err == nil || slices.Contains(words, strings.ToLower(x)) {
				return
			}
		}
		v.add(where, "is no width")
	}
}

// id must not be there twice.
func id(v *validator, where string, x any) {
	words(v, where, x)
	s, _ := x.(string)
	if v.ids[s] {
		v.add(where, "%q is used twice", s)
	}
	v.ids[s] = true
}

func elements() []string {
	return []string{
		"ActionSet", "ColumnSet", "Container", "FactSet", "Image", "ImageSet", "Input.ChoiceSet", "Input.Date", "Input.Number", "Input.Text",
		"Input.Time", "Input.Toggle", "Media", "RichTextBlock", "Table", "TextBlock",
	}
}

func actions() []string {
	return []string{"Action.Execute", "Action.OpenUrl", "Action.ShowCard", "Action.Submit", "Action.ToggleVisibility"}
}

// selectable are the actions of something that is clicked as a whole.
func selectable() check {
	return kinds("Action.Execute", "Action.OpenUrl", "Action.Submit", "Action.ToggleVisibility")
}

// row is buttons side by side.
func row(v *validator, where string, x any) {
	list(button)(v, where, x)
	shown := 0
	l, _ := x.([]any)
	for _, a := range l {
		o, _ := a.(map[string]any)
		if mode, _ := o["mode"].(string); !strings.EqualFold(mode, "secondary") {
			shown++
		}
	}
	if shown > maxRow {
		v.add(where, "has %d buttons; %d are shown", shown, maxRow)
	}
}

// button is an action with its title.
func button(v *validator, where string, x any) {
	v.typed(where, x, actions())
	if o, ok := x.(map[string]any); ok {
		if title, _ := o["title"].(string); strings.TrimSpace(title) == "" {
			v.add(where, "has no title")
		}
	}
}

// fallback may be dropped, or be something of the same sort.
func fallback(allowed []string) check {
	return func(v *validator, where string, x any) {
		if s, ok := x.(string); ok {
			oneOf("drop")(v, where, s)
			return
		}
		// It stands in the place of what has the same ids.
		ids := v.ids
		v.ids = map[string]bool{}
		v.typed(where, x, allowed)
		v.ids = ids
	}
}

func with(base, more map[string]check) map[string]check {
	all := maps.Clone(base)
	maps.Copy(all, more)
	return all
}

// shapes is the schema: every type with its properties.
func shapes() map[string]shape {
	horizontal := orNull(oneOf("left", "center", "right"))
	vertical := orNull(oneOf("top", "center", "bottom"))
	style := orNull(oneOf("default", "emphasis", "good", "attention", "warning", "accent"))
	spacing := oneOf("default", "none", "small", "medium", "large", "extraLarge", "padding")
	pixels := matching(`^\d+px$`, "size in pixels")
	picture := address("https", "http", "data")
	background := either(picture, backgroundImage, "background image")
	imageSize := oneOf("auto", "stretch", "small", "medium", "large")

	item := map[string]check{"requires": anObject}
	toggleable := with(item, map[string]check{"id": id, "isVisible": boolean})
	element := with(toggleable, map[string]check{
		"fallback": fallback(elements()), "height": oneOf("auto", "stretch"), "separator": boolean, "spacing": spacing,
	})
	input := with(element, map[string]check{"errorMessage": words, "isRequired": boolean, "label": words})
	action := with(item, map[string]check{
		"title": str, "iconUrl": picture, "id": id, "style": oneOf("default", "positive", "destructive"), "fallback": fallback(actions()),
		"tooltip": str, "isEnabled": boolean, "mode": oneOf("primary", "secondary"),
	})
	area := map[string]check{
		"items": list(kinds(elements()...)), "selectAction": selectable(), "style": style, "verticalContentAlignment": vertical,
		"bleed": boolean, "backgroundImage": background, "minHeight": pixels, "rtl": orNull(boolean),
	}
	cells := map[string]check{"horizontalCellContentAlignment": horizontal, "verticalCellContentAlignment": vertical}
	associated := oneOf("auto", "none")

	return map[string]shape{
		"AdaptiveCard": {props: map[string]check{
			"$schema": str, "version": str, "refresh": refresh, "authentication": anObject, "body": list(kinds(elements()...)), "actions": row,
			"selectAction": selectable(), "fallbackText": str, "backgroundImage": background, "minHeight": pixels, "rtl": orNull(boolean),
			"speak": str, "lang": str, "verticalContentAlignment": vertical, "msteams": msteams,
		}},

		"ActionSet": {[]string{"actions"}, with(element, map[string]check{"actions": row}), func(v *validator, where string, o map[string]any) {
			if l, ok := o["actions"].([]any); ok && len(l) == 0 {
				v.add(where, "has no actions")
			}
		}},
		"Container": {required: []string{"items"}, props: with(element, area)},
		"ColumnSet": {props: with(element, map[string]check{
			"columns": some(kinds("Column")), "selectAction": selectable(), "style": style, "bleed": boolean, "minHeight": pixels,
			"horizontalAlignment": horizontal,
		})},
		"Column": {props: with(with(toggleable, area), map[string]check{
			"fallback": fallback([]string{"Column"}), "separator": boolean, "spacing": spacing, "width": width("auto", "stretch"),
		})},
		"FactSet": {required: []string{"facts"}, props: with(element, map[string]check{"facts": some(kinds("Fact"))})},
		"Fact":    {required: []string{"title", "value"}, props: map[string]check{"title": marked, "value": marked}},
		"Image": {required: []string{"url"}, props: with(element, map[string]check{
			"url": picture, "altText": str, "backgroundColor": str, "height": either(oneOf("auto", "stretch"), pixels, "height"),
			"horizontalAlignment": horizontal, "selectAction": selectable(), "size": imageSize, "style": oneOf("default", "person"),
			"width": pixels, "msteams": anObject,
		})},
		"ImageSet": {required: []string{"images"}, props: with(element, map[string]check{"images": some(kinds("Image")), "imageSize": imageSize})},
		"Media": {required: []string{"sources"}, props: with(element, map[string]check{
			"sources": some(kinds("MediaSource")), "poster": picture, "altText": str,
		})},
		"MediaSource": {required: []string{"mimeType", "url"}, props: map[string]check{"mimeType": words, "url": address("https")}},
		"RichTextBlock": {required: []string{"inlines"}, props: with(element, map[string]check{
			"inlines": some(inline), "horizontalAlignment": horizontal,
		})},
		"TextRun": {required: []string{"text"}, props: map[string]check{
			"text": str, "color": color(), "fontType": font(), "highlight": boolean, "isSubtle": orNull(boolean), "italic": boolean,
			"selectAction": selectable(), "size": size(), "strikethrough": boolean, "underline": boolean, "weight": weight(),
		}},
		"TextBlock": {[]string{"text"}, with(element, map[string]check{
			"text": marked, "color": color(), "fontType": font(), "horizontalAlignment": horizontal, "isSubtle": orNull(boolean),
			"maxLines": count, "size": size(), "weight": weight(), "wrap": boolean, "style": orNull(oneOf("default", "heading")),
		}), wraps},
		// The schema says firstRowAsHeader, Microsoft's renderer firstRowAsHeaders.
		"Table": {[]string{"columns", "rows"}, with(element, with(cells, map[string]check{
			"columns": some(kinds("TableColumnDefinition")), "rows": some(kinds("TableRow")), "firstRowAsHeader": boolean,
			"firstRowAsHeaders": boolean, "showGridLines": boolean, "gridStyle": style,
		})), tableFits},
		"TableColumnDefinition": {props: with(cells, map[string]check{"width": width()})},
		"TableRow":              {props: with(cells, map[string]check{"cells": list(kinds("TableCell")), "style": style})},
		"TableCell":             {required: []string{"items"}, props: area},

		"Input.Text": {[]string{"id"}, with(input, map[string]check{
			"isMultiline": boolean, "maxLength": count, "placeholder": str, "regex": str, "style": oneOf("text", "tel", "url", "email", "password"),
			"inlineAction": selectable(), "value": str,
		}), labelled},
		"Input.Number": {[]string{"id"}, with(input, map[string]check{"max": number, "min": number, "placeholder": str, "value": number}), labelled},
		"Input.Date":   {[]string{"id"}, with(input, map[string]check{"max": date(), "min": date(), "placeholder": str, "value": date()}), labelled},
		"Input.Time":   {[]string{"id"}, with(input, map[string]check{"max": clock(), "min": clock(), "placeholder": str, "value": clock()}), labelled},
		"Input.Toggle": {[]string{"id", "title"}, with(input, map[string]check{
			"title": words, "value": str, "valueOff": str, "valueOn": str, "wrap": boolean,
		}), required},
		"Input.ChoiceSet": {[]string{"id"}, with(input, map[string]check{
			"choices": list(kinds("Input.Choice")), "choices.data": kinds("Data.Query"), "isMultiSelect": boolean,
			"style": oneOf("compact", "expanded", "filtered"), "value": str, "placeholder": str, "wrap": boolean,
		}), choices},
		"Input.Choice": {required: []string{"title", "value"}, props: map[string]check{"title": words, "value": words}},
		"Data.Query":   {required: []string{"dataset"}, props: map[string]check{"dataset": words, "count": count, "skip": number, "associatedInputs": associated}},

		"Action.Execute": {[]string{"verb"}, with(action, map[string]check{"verb": words, "data": anObject, "associatedInputs": associated}), nil},
		"Action.Submit": {nil, with(action, map[string]check{
			"data": either(str, anObject, "string or object"), "associatedInputs": associated,
		}), submits},
		"Action.OpenUrl":  {required: []string{"url"}, props: with(action, map[string]check{"url": address("https", "http", "mailto", "tel", "msteams")})},
		"Action.ShowCard": {required: []string{"card"}, props: with(action, map[string]check{"card": kinds("AdaptiveCard")})},
		"Action.ToggleVisibility": {required: []string{"targetElements"}, props: with(action, map[string]check{
			"targetElements": some(either(words, anObject, "target element")),
		})},
	}
}

func color() check {
	return orNull(oneOf("default", "dark", "light", "accent", "good", "warning", "attention"))
}
func font() check   { return orNull(oneOf("default", "monospace")) }
func size() check   { return orNull(oneOf("default", "small", "medium", "large", "extraLarge")) }
func weight() check { return orNull(oneOf("default", "lighter", "bolder")) }
func date() check   { return matching(`^\d{4}-\d\d-\d\d$`, "date as 2006-01-02") }
func clock() check  { return matching(`^\d\d:\d\d$`, "time as 15:04") }

func inline(v *validator, where string, x any) {
	if _, ok := x.(string); !ok {
		v.typed(where, x, []string{"TextRun"})
	}
}

func backgroundImage(v *validator, where string, x any) {
	o, ok := x.(map[string]any)
	if !ok {
		v.add(where, "is no object")
		return
	}
	v.object(where, o, shape{required: []string{"url"}, props: map[string]check{
		"url": address("https", "http", "data"), "fillMode": oneOf("cover", "repeatHorizontally", "repeatVertically", "repeat"),
		"horizontalAlignment": oneOf("left", "center", "right"), "verticalAlignment": oneOf("top", "center", "bottom"),
	}})
}

// refresh names at most 60 people (learn.microsoft.com/microsoftteams/
// platform/task-modules-and-cards/cards/universal-actions-for-adaptive-cards).
func refresh(v *validator, where string, x any) {
	o, ok := x.(map[string]any)
	if !ok {
		v.add(where, "is no object")
		return
	}
	v.object(where, o, shape{required: []string{"action"}, props: map[string]check{
		"action": kinds("Action.Execute"), "expires": str,
		"userIds": list(matching(`^29:.+`, "member id 29:...")),
	}})
	if ids, _ := o["userIds"].([]any); len(ids) > 60 {
		v.add(where+".userIds", "has %d entries; 60 are allowed", len(ids))
	}
}

func msteams(v *validator, where string, x any) {
	o, ok := x.(map[string]any)
	if !ok {
		v.add(where, "is no object")
		return
	}
	v.object(where, o, shape{props: map[string]check{"width": oneOf("full"), "entities": list(entity)}})
}

func entity(v *validator, where string, x any) {
	o, _ := x.(map[string]any)
	who, _ := o["mentioned"].(map[string]any)
	text, _ := o["text"].(string)
	id, _ := who["id"].(string)
	name, _ := who["name"].(string)
	if o["type"] != "mention" || id == "" || name == "" || mentionTag().FindString(text) != text || text == "" {
		v.add(where, "is no mention with text <at>...</at> and mentioned.id and .name")
	}
}

// mentions notes what msteams.entities declares.
func (v *validator) mentions(card map[string]any) {
	v.at = map[string]bool{}
	for tag := range declared(card) {
		v.at[tag] = true
	}
}

// declared are the mentions of a card, each with the name it shows.
func declared(card map[string]any) map[string]string {
	out := map[string]string{}
	teams, _ := card["msteams"].(map[string]any)
	all, _ := teams["entities"].([]any)
	for _, e := range all {
		o, _ := e.(map[string]any)
		who, _ := o["mentioned"].(map[string]any)
		if tag, ok := o["text"].(string); ok && o["type"] == "mention" {
			out[tag], _ = who["name"].(string)
		}
	}
	return out
}

func mentionTag() *regexp.Regexp { return regexp.MustCompile(`(?is)<at\b[^>]*>.*?</at>`) }

// wraps wants wrap for text that is too long for a line: without it the rest
// of the line is cut off.
func wraps(v *validator, where string, o map[string]any) {
	text, _ := o["text"].(string)
	if o["wrap"] != true && (utf8.RuneCountInString(text) > 60 || strings.ContainsAny(text, "\r\n")) {
		v.add(where, "is long and does not wrap: it is cut at the end of the line")
	}
}

func tableFits(v *validator, where string, o map[string]any) {
	columns, _ := o["columns"].([]any)
	rows, _ := o["rows"].([]any)
	for i, r := range rows {
		row, _ := r.(map[string]any)
		if cells, _ := row["cells"].([]any); len(cells) > len(columns) {
			v.add(fmt.Sprintf("%s.rows[%d]", where, i), "has %d cells for %d columns", len(cells), len(columns))
		}
	}
}

// labelled wants a label, which is what a screen reader says of an input.
func labelled(v *validator, where string, o map[string]any) {
	if _, ok := o["label"]; !ok {
		v.add(where, "has no label")
	}
	required(v, where, o)
}

func required(v *validator, where string, o map[string]any) {
	if _, ok := o["errorMessage"]; o["isRequired"] == true && !ok {
		v.add(where, "is required and has no errorMessage")
	}
}

func choices(v *validator, where string, o map[string]any) {
	labelled(v, where, o)
	all, _ := o["choices"].([]any)
	if len(all) == 0 && o["choices.data"] == nil {
		v.add(where, "has no choices")
	}
	values := map[string]bool{}
	for i, c := range all {
		choice, _ := c.(map[string]any)
		value, _ := choice["value"].(string)
		if values[value] {
			v.add(fmt.Sprintf("%s.choices[%d]", where, i), "has the value %q of another", value)
		}
		values[value] = true
	}
	if value, _ := o["value"].(string); value != "" && o["choices.data"] == nil && o["isMultiSelect"] != true && !values[value] {
		v.add(where, "has the value %q, which is none of its choices", value)
	}
}

// submits looks at what Teams adds to Action.Submit.
func submits(v *validator, where string, o map[string]any) {
	data, _ := o["data"].(map[string]any)
	x, ok := data["msteams"]
	if !ok {
		return
	}
	how, _ := x.(map[string]any)
	kind, _ := how["type"].(string)
	oneOf("messageBack", "imBack", "invoke", "signin", "task/fetch")(v, where+".data.msteams.type", kind)
	if kind == "imBack" {
		words(v, where+".data.msteams.value", how["value"])
	}
}

package teamssim

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
)

// The types of an invoke's answer (Universal Actions and dynamic search,
// learn.microsoft.com/adaptive-cards/authoring-cards/universal-action-model).
const (
	adaptiveCardType   = "application/vnd.microsoft.card.adaptive"
	messageType        = "application/vnd.microsoft.activity.message"
	errorType          = "application/vnd.microsoft.error"
	thumbnailType      = "application/vnd.microsoft.card.thumbnail"
	heroType           = "application/vnd.microsoft.card.hero"
	searchResponseType = "application/vnd.microsoft.search.searchResponse"
)

const wentWrong = "Something went wrong. Please try again."

// readAnswer is what a client makes of an invoke's answer.
func readAnswer(name string, a Attempt) (card json.RawMessage, banner, problem string, found []Violation) {
	fail := func(format string, args ...any) (json.RawMessage, string, string, []Violation) {
		what := fmt.Sprintf(format, args...)
		return nil, wentWrong, what, append(found, Violation{"the body", what})
	}
	if a.Status != http.StatusOK {
		return fail("is answered with HTTP %d; only 200 is read", a.Status)
	}
	if len(a.Body) == 0 && (name == "task/submit" || name == "composeExtension/submitAction") {
		return nil, "", "", nil // closes the dialog
	}
	if kind, _, _ := mime.ParseMediaType(a.Type); kind != "application/json" {
		return fail("has Content-Type %q instead of application/json", a.Type)
	}
	body, err := decodeObject(a.Body)
	if err != nil {
		return fail("is no JSON object: %v", err)
	}
	raw := struct {
		Value json.RawMessage
		Task  struct {
			Value json.RawMessage
		}
		ComposeExtension struct {
			Attachments []struct {
				ContentType string
				Content     json.RawMessage
			}
		}
	}{}
	json.Unmarshal(a.Body, &raw) // what has another shape stays empty and is looked at below

	switch name {
	case "composeExtension/queryLink":
		var said struct {
			ComposeExtension struct {
				Type, AttachmentLayout string
				Attachments            []struct {
					ContentType string
					Content     json.RawMessage
					Preview     struct {
						ContentType string
						Content     struct{ Title, Text string }
					}
				}
			}
		}
		if err := json.Unmarshal(a.Body, &said); err != nil || said.ComposeExtension.Type != "result" || said.ComposeExtension.AttachmentLayout != "list" {
			return fail("has no composeExtension of type result with the layout list: %v", err)
		}
		all := said.ComposeExtension.Attachments
		switch {
		case len(all) == 0:
			return nil, "", "", nil
		case len(all) > 1:
			found = append(found, Violation{"composeExtension.attachments", "has more than one; only the first is considered"})
		}
		one := all[0]
		if one.ContentType != adaptiveCardType || one.Preview.ContentType != thumbnailType && one.Preview.ContentType != heroType || one.Preview.Content.Title == "" {
			return fail("has an attachment that is no Adaptive Card with a thumbnail or hero card as its preview")
		}
		return one.Content, one.Preview.Content.Title + "\n" + one.Preview.Content.Text, "", append(found, ValidateCard(one.Content)...)
	case "task/fetch", "task/submit", "composeExtension/fetchTask", "composeExtension/submitAction":
		submit := name == "task/submit" || name == "composeExtension/submitAction"
		if _, ok := body["composeExtension"].(map[string]any); ok && name == "composeExtension/submitAction" {
			for _, at := range raw.ComposeExtension.Attachments {
				if at.ContentType == adaptiveCardType {
					found = append(found, ValidateCard(at.Content)...)
				}
			}
			return nil, "", "", found
		}
		task, _ := body["task"].(map[string]any)
		switch task["type"] {
		case "message":
			text, _ := task["value"].(string)
			if text == "" {
				return fail("has a task message without text")
			}
			return nil, text, "", nil
		case "continue":
			var dialog struct {
				Title string
				Card  struct {
					ContentType string
					Content     json.RawMessage
				}
			}
			if json.Unmarshal(raw.Task.Value, &dialog) != nil || dialog.Card.ContentType != adaptiveCardType {
				return fail("has a task without an Adaptive Card")
			}
			if dialog.Title == "" {
				found = append(found, Violation{"task.value", "has no title"})
			}
			return dialog.Card.Content, "", "", append(found, ValidateCard(dialog.Card.Content)...)
		}
		if submit && len(body) == 0 {
			return nil, "", "", nil
		}
		return fail("has no task of type continue or message")
	}

	status, _ := body["statusCode"].(json.Number)
	switch kind, _ := body["type"].(string); kind {
	case adaptiveCardType:
		if name != "adaptiveCard/action" || status != "200" {
			return fail("is a card with statusCode %s to %s", status, name)
		}
		if _, ok := body["value"].(map[string]any); !ok {
			return fail("has no card in value")
		}
		return raw.Value, "", "", ValidateCard(raw.Value)
	case messageType:
		text, _ := body["value"].(string)
		if name != "adaptiveCard/action" || status != "200" || text == "" {
			return fail("is a message with statusCode %s and value %v to %s", status, body["value"], name)
		}
		return nil, text, "", nil
	case errorType:
		value, _ := body["value"].(map[string]any)
		code, _ := value["code"].(string)
		text, _ := value["message"].(string)
		if (status != "400" && status != "500") || code == "" || text == "" {
			return fail("is an error with statusCode %s and value %v; 400 or 500 with code and message is wanted", status, body["value"])
		}
		return nil, text, code + ": " + text, nil
	case searchResponseType:
		value, _ := body["value"].(map[string]any)
		results, ok := value["results"].([]any)
		if name != "application/search" || status != "200" || !ok {
			return fail("is no search response with results to %s", name)
		}
		for i, r := range results {
			o, _ := r.(map[string]any)
			title, _ := o["title"].(string)
			if v, _ := o["value"].(string); v == "" || title == "" {
				found = append(found, Violation{fmt.Sprintf("value.results[%d]", i), "needs title and value"})
			}
		}
		if len(results) > 15 {
			found = append(found, Violation{"value.results", fmt.Sprintf("has %d entries; 15 are shown", len(results))})
		}
		return nil, "", "", found
	default:
		return fail("has the unknown type %q", kind)
	}
}

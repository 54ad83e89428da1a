package teams

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"github.com/syncrobot/syncrobot/chat"
)

// activity is what the adapter reads of an inbound activity. schema.Activity
// does not do here: it loses whom a mention is about and fails on a value
// that is no object.
type activity struct {
	Type         string            `json:"type"`
	ID           string            `json:"id"`
	Name         string            `json:"name"`   // of an invoke
	Action       string            `json:"action"` // of an installationUpdate
	Text         string            `json:"text"`
	ServiceURL   string            `json:"serviceUrl"`
	ChannelID    string            `json:"channelId"`
	ReplyToID    string            `json:"replyToId"`
	From         account           `json:"from"`
	Recipient    account           `json:"recipient"`
	Conversation conversation      `json:"conversation"`
	Entities     []json.RawMessage `json:"entities"`
	MembersAdded []account         `json:"membersAdded"`
	MembersGone  []account         `json:"membersRemoved"`
	Value        json.RawMessage   `json:"value"`
	ChannelData  struct {
		Tenant struct {
			ID string `json:"id"`
		} `json:"tenant"`
	} `json:"channelData"`
}

type account struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Entra    string `json:"aadObjectId"`
	Role     string `json:"role"`
	Targeted bool   `json:"isTargeted"` // of a recipient: the message is private in a shared chat
}

type conversation struct {
	ID     string `json:"id"`
	Type   string `json:"conversationType"` // personal, groupChat, channel
	Tenant string `json:"tenantId"`
}

// parse reads an activity. Ids become segments of addresses, so that one
// which could change an address makes the whole activity invalid.
func parse(body []byte) (activity, error) {
	var a activity
	if err := json.Unmarshal(body, &a); err != nil {
		return activity{}, fmt.Errorf("activity: %w", err)
	}
	if !plainID(a.Conversation.ID) {
		return activity{}, errors.New("activity: no usable conversation id")
	}
	for _, id := range []string{a.ID, a.ReplyToID, a.From.ID, a.Recipient.ID} {
		if id != "" && !plainID(id) {
			return activity{}, errors.New("activity: an id that cannot be in an address")
		}
	}
	return a, nil
}

// plainID reports whether id stays one segment of an address. The library
// joins paths, which resolves dots and slashes.
func plainID(id string) bool {
	return id != "" && id != "." && id != ".." && len(id) <= 1024 &&
		!strings.ContainsFunc(id, func(r rune) bool { return r == '/' || r == '\\' || r < ' ' || r == 0x7f })
}

// schema is the part of a that authentication asks about.
func (a activity) schema() schema.Activity {
	return schema.Activity{
		ServiceURL:   a.ServiceURL,
		ChannelID:    a.ChannelID,
		Conversation: schema.ConversationAccount{ID: a.Conversation.ID, TenantID: a.Conversation.Tenant},
		ChannelData:  map[string]any{"tenant": a.ChannelData.Tenant.ID},
	}
}

// person is the sender's Entra id, as chat.User has it.
func (a activity) person() string { return strings.ToLower(a.From.Entra) }

func (a activity) personal() bool { return a.Conversation.Type == "personal" }

func (a activity) hasValue() bool { return len(a.Value) > 0 && string(a.Value) != "null" }

// private reports whether only the sender sees the activity, although others
// are in the conversation.
func (a activity) private() bool { return !a.personal() && a.Recipient.Targeted }

// added and removed report whether the bot was put into the conversation, or
// taken out of it.
func (a activity) added() bool {
	return a.Type == "installationUpdate" && a.Action == "add" || slices.ContainsFunc(a.MembersAdded, a.isBot)
}

func (a activity) removed() bool {
	return a.Type == "installationUpdate" && a.Action == "remove" || slices.ContainsFunc(a.MembersGone, a.isBot)
}

func (a activity) isBot(m account) bool { return m.ID != "" && m.ID == a.Recipient.ID }

// place is where a is: what a Ref holds, without a card.
func (a activity) place() place {
	return place{Service: a.ServiceURL, Conversation: a.Conversation.ID}
}

type mention struct {
	Type      string  `json:"type"`
	Text      string  `json:"text"`
	Mentioned account `json:"mentioned"`
}

// mentions are a's mentions; entities of other kinds are left out.
func (a activity) mentions() []mention {
	var all []mention
	for _, raw := range a.Entities {
		var m mention
		if json.Unmarshal(raw, &m) == nil && m.Type == "mention" && m.Text != "" {
			all = append(all, m)
		}
	}
	return all
}

// addressed reports whether a is meant for the bot: all in a personal chat, and
// elsewhere what mentions it.
func (a activity) addressed() bool {
	if a.personal() || a.Recipient.Targeted {
		return true
	}
	for _, m := range a.mentions() {
		if m.Mentioned.ID == a.Recipient.ID {
			return true
		}
	}
	return false
}

var atTag = regexp.MustCompile(`(?s)^<at[^>]*>(.*)</at>$`)

// typed is what was typed after command, which may be left out: without the
// mention of the bot, other people's mentions as their names. Teams encodes
// text as HTML even where textFormat is plain.
func (a activity) typed(command string) string {
	text := a.Text
	for _, m := range a.mentions() {
		with := " "
		if inner := atTag.FindStringSubmatch(m.Text); m.Mentioned.ID != a.Recipient.ID && inner != nil {
			with = inner[1]
		}
		text = strings.Replace(text, m.Text, with, 1)
	}
	return withoutCommand(strings.TrimSpace(decoded(text)), command)
}

// decoded undoes the few entities that Teams writes, each once. All of HTML's
// would also change what was typed, as "&copy=2" in an address.
func decoded(text string) string {
	return strings.NewReplacer(
		"&lt;", "<", "&gt;", ">", "&amp;", "&", "&quot;", `"`, "&#34;", `"`, "&#39;", "'", "&apos;", "'",
		"&nbsp;", " ", "&#160;", " ", "\u00a0", " ", "\r\n", "\n",
	).Replace(text)
}

// withoutCommand drops a leading "/syncro" or "syncro".
func withoutCommand(text, command string) string {
	word, rest := text, ""
	if i := strings.IndexAny(text, " \t\n"); i >= 0 {
		word, rest = text[:i], text[i:]
	}
	if command != "" && strings.EqualFold(strings.TrimPrefix(word, "/"), command) {
		return strings.TrimSpace(rest)
	}
	return text
}

// click is the button that a carries: the value of an Action.Execute
// ({"action":{"verb","data":{"op"}}}) or of the Action.Submit that stands in
// for it on old clients ({"verb","op"}), which may come as a string.
func (a activity) click() (chat.Click, bool) {
	var value struct {
		Action *struct {
			Verb string `json:"verb"`
			Data struct {
				Op string `json:"op"`
			} `json:"data"`
		} `json:"action"`
		Verb string `json:"verb"`
		Op   string `json:"op"`
	}
	if json.Unmarshal(a.unpacked(), &value) != nil {
		return chat.Click{}, false
	}
	at := a.place()
	at.Activity = a.ReplyToID
	c := chat.Click{Verb: value.Verb, Value: value.Op, Card: at.ref(), Aside: at.aside(a)}
	if value.Action != nil {
		c.Verb, c.Value = value.Action.Verb, value.Action.Data.Op
	}
	return c, c.Verb != ""
}

// unpacked is a's value, which some clients send as a string.
func (a activity) unpacked() []byte {
	var packed string
	if json.Unmarshal(a.Value, &packed) == nil {
		return []byte(packed)
	}
	return a.Value
}

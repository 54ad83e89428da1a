package teams

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/infracloudio/msbotbuilder-go/schema"

	"github.com/syncrobot/syncrobot/chat"
)

// extension is what a message extension answers to a pasted link: a card for
// the message, and a smaller one for the compose box. Source:
// learn.microsoft.com, "Add link unfurling".
type extension struct {
	Compose struct {
		Type        string       `json:"type"` // result
		Layout      string       `json:"attachmentLayout"`
		Attachments []attachment `json:"attachments"`
	} `json:"composeExtension"`
}

type attachment struct {
	schema.Attachment
	Preview schema.Attachment `json:"preview"`
}

// unfurl answers a link that somebody pastes. They see the card before they
// send it, and may take it off. It is for conversations of the organisation's
// own people alone.
func (a *Adapter) unfurl(ctx context.Context, w http.ResponseWriter, act activity) {
	ctx, cancel := context.WithTimeout(ctx, dialogTime)
	defer cancel()
	var pasted struct {
		URL string `json:"url"`
	}
	var out extension
	out.Compose.Type, out.Compose.Layout, out.Compose.Attachments = "result", "list", []attachment{}
	if json.Unmarshal(act.unpacked(), &pasted) == nil && pasted.URL != "" {
		if card := a.preview(ctx, act, pasted.URL); card != nil {
			d := render(*card)
			out.Compose.Attachments = []attachment{{
				Attachment: schema.Attachment{ContentType: cardAnswer, Content: d.card},
				Preview: schema.Attachment{ContentType: thumbnail, Content: map[string]string{
					"title": plain(card.Title, maxTitle), "text": plain(chat.Card{Parts: card.Parts}.Plain(), maxFallback),
				}},
			}}
		}
	}
	a.answer(w, http.StatusOK, out)
}

const thumbnail = "application/vnd.microsoft.card.thumbnail"

func (a *Adapter) preview(ctx context.Context, act activity, address string) *chat.Card {
	user := a.user(ctx, act)
	if user.Outsider != "" {
		return nil
	}
	if !act.personal() {
		if why, err := a.overheard(ctx, act); why != "" || err != nil {
			a.log.Info("teams: a link is not previewed", "delivery", act.ID, "why", why, "err", err)
			return nil
		}
	}
	return a.handler.Preview(ctx, chat.Request{Delivery: act.ID, User: user, Pasted: &chat.Pasted{URL: address}})
}

// rosterTime is how long a command waits to learn who would read its answer.
const rosterTime = 5 * time.Second

// maxRoster is how many members of a conversation are looked at; where there
// are more it is not known who they are.
const maxRoster = 500

// overheard says why people of elsewhere may see what is said in act's
// conversation; empty where only the organisation's own do. The error says why
// that cannot be learned: the bot is not in it, or Teams does not tell.
func (a *Adapter) overheard(ctx context.Context, act activity) (why string, err error) {
	// A thread's members are its channel's.
	conversation, _, _ := strings.Cut(act.Conversation.ID, ";messageid=")
	if why, ok := a.rosters.get(conversation); ok {
		return why, nil
	}
	if why, err = a.roster(ctx, act.ServiceURL, conversation); err == nil {
		a.rosters.put(conversation, why)
	}
	return why, err
}

func (a *Adapter) roster(ctx context.Context, service, conversation string) (string, error) {
	u, err := url.Parse(service)
	if err != nil {
		return "", err
	}
	u = u.JoinPath("v3", "conversations", url.PathEscape(conversation), "pagedmembers")
	u.RawQuery = fmt.Sprintf("pageSize=%d", maxRoster)
	answer, err := a.connector.Get(ctx, *u)
	if err != nil {
		return "", err
	}
	var page struct {
		Members []memberRecord `json:"members"`
		More    string         `json:"continuationToken"`
	}
	if err := json.Unmarshal(answer, &page); err != nil {
		return "", fmt.Errorf("the members' records: %w", err)
	}
	switch {
	case len(page.Members) == 0:
		return "", errors.New("nobody is named as a member")
	case page.More != "":
		return "more people see it than are looked at", nil
	}
	for _, m := range page.Members {
		if why := m.outsider(a.tenant); why != "" {
			return "somebody there is " + why, nil
		}
	}
	return "", nil
}

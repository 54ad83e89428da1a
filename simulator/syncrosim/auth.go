package syncrosim

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Token is an API token. Whatever is done with it is logged as its owner.
type Token struct {
	Key    string
	UserID int64
	Name   string
	Email  string
	Admin  bool
	Lacks  []Permission // what the token may not do; empty: it may do all
}

// Permission is a permission as Syncro's page for new tokens names it.
type Permission string

// The permissions. InvoicesDelete is presumed: Syncro's documentation states
// none for deleting an invoice.
const (
	TicketsList     Permission = "Tickets - List/Search"
	TicketsView     Permission = "Tickets - View Details"
	TicketsCreate   Permission = "Tickets - Create"
	TicketsEdit     Permission = "Tickets - Edit"
	TicketsDelete   Permission = "Tickets - Delete"
	TimersOverview  Permission = "Ticket Timers - Overview"
	TimersEdit      Permission = "Ticket Timers - Edit"
	CustomersList   Permission = "Customers - List/Search"
	CustomersView   Permission = "Customers - View Detail"
	CustomersCreate Permission = "Customers - Create"
	CustomersEdit   Permission = "Customers - Edit"
	InvoicesList    Permission = "Invoices - List/Search"
	InvoicesView    Permission = "Invoices - View Details"
	InvoicesCreate  Permission = "Invoices - Create"
	InvoicesDelete  Permission = "Invoices - Delete"
	ProductsList    Permission = "Products - List/Search"
)

// Canary begins every secret that answers carry (the user_token of /me, the
// portal key of a customer): where it turns up, a secret leaked.
const Canary = "CANARY-SECRET"

// The ways in which a request may carry its key.
const (
	inHeader = "header"
	inQuery  = "query"
)

// credentials finds the key of a request. A way of giving it that is switched
// off is as good as no key at all.
func (s *Syncro) credentials(r *http.Request) (key, in string) {
	if bearer, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); ok && !s.options.RefuseHeader {
		return bearer, inHeader
	}
	if key := r.URL.Query().Get("api_key"); key != "" && !s.options.RefuseQuery {
		return key, inQuery
	}
	return "", ""
}

func (s *Syncro) token(key string) *Token {
	if key == "" {
		return nil
	}
	return find(s.tokens, func(t *Token) bool { return t.Key == key })
}

// unauthorized is the answer to a bad key. Its words are invented: they are
// not documented, and only a lacking permission says "Not authorized".
func unauthorized() answer {
	return answer{status: http.StatusUnauthorized, body: object{"error": "Invalid or expired API token."}}
}

func (t *Token) may(p Permission) bool { return !slices.Contains(t.Lacks, p) }

// notPermitted is how Syncro refuses a token that lacks a permission: with 401
// and not with 403.
func notPermitted() answer {
	return answer{status: http.StatusUnauthorized, body: object{"error": "Not authorized. Please ask account admin to update your group permissions."}}
}

// me answers GET /me. Its permissions are the user's own: a token that lacks
// some shows them all the same.
func me(c *call) answer {
	u := c.s.data.user(c.token.UserID)
	all := object{"read": true, "write": true, "delete": true}
	return ok(object{
		"user_token":             fmt.Sprintf("%s-user-token-%d", Canary, u.ID),
		"user_email":             u.Email,
		"user_name":              u.Name,
		"user_id":                u.ID,
		"admin":                  u.Admin,
		"can_use_app":            true,
		"two_factor_required":    false,
		"subdomain":              "example",
		"default_location":       nil,
		"enable_multi_locations": false,
		"locations_allowed":      []any{},
		"permissions": object{
			"asset": all, "customer": all, "ticket": all, "invoice": all, "payment": all,
			"worksheet": object{"add": true, "manage": true, "delete": true},
			"script":    object{"execute": u.Admin},
		},
	})
}

// listUsers answers with pairs, not objects.
func listUsers(c *call) answer {
	pairs := [][]any{}
	for _, u := range c.s.data.Users {
		pairs = append(pairs, []any{u.ID, u.Name})
	}
	return ok(object{"users": pairs})
}

func getUser(c *call) answer {
	u := c.s.data.user(c.id())
	if u == nil {
		return gone()
	}
	return ok(object{"user": c.s.userObject(u.ID)})
}

func (s *Syncro) userObject(id int64) any {
	u := s.data.user(id)
	if u == nil {
		return nil
	}
	group := "Technicians"
	if u.Admin {
		group = "Admins"
	}
	return object{
		"id": u.ID, "email": u.Email, "full_name": u.Name, "group": group, "admin": u.Admin, "color": "1e3e96",
		"created_at": Milliseconds.stamp(s.born), "updated_at": Milliseconds.stamp(s.born),
	}
}

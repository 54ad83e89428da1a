package syncro

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
)

// Customer is who a ticket is for.
type Customer struct {
	ID          int64
	Name        string // the business, or the person where there is none
	Contact     string // the person, where Name is a business
	Email       string
	Phone       string
	PrepayHours string // hours paid for in advance, decimal; empty where unknown
}

// customerJSON leaves out online_profile_url on purpose: it has a key to the
// customer's portal.
type customerJSON struct {
	ID               integer `json:"id"`
	BusinessThenName text    `json:"business_then_name"`
	BusinessName     text    `json:"business_name"`
	First            text    `json:"firstname"`
	Last             text    `json:"lastname"`
	FullName         text    `json:"fullname"`
	Email            text    `json:"email"`
	Phone            text    `json:"phone"`
	Mobile           text    `json:"mobile"`
	PrepayHours      number  `json:"prepay_hours"`
}

func (c customerJSON) customer() Customer {
	customer := Customer{
		ID:          int64(c.ID),
		Name:        firstOf(c.BusinessThenName, c.BusinessName, c.FullName),
		Contact:     string(c.FullName),
		Email:       string(c.Email),
		Phone:       firstOf(c.Phone, c.Mobile),
		PrepayHours: string(c.PrepayHours),
	}
	if customer.Contact == customer.Name {
		customer.Contact = ""
	}
	return customer
}

// SearchCustomers finds customers by name, e-mail or phone: Syncro's first
// page of them.
func (r *Reader) SearchCustomers(ctx context.Context, query string) (List[Customer], error) {
	found, err := readList[customerJSON](ctx, r, "/customers", "customers", url.Values{"query": {query}}, 1)
	if err != nil {
		return List[Customer]{}, err
	}
	list := List[Customer]{More: found.More}
	for _, c := range found.Items {
		list.Items = append(list.Items, c.customer())
	}
	return list, nil
}

// Customer reads a customer by its id.
func (r *Reader) Customer(ctx context.Context, id int64) (Customer, error) {
	path := "/customers/" + strconv.FormatInt(id, 10)
	body, err := r.get(ctx, path)
	if err != nil {
		return Customer{}, err
	}
	c, err := decodeOne[customerJSON](body, "customer")
	if err == nil && int64(c.ID) != id {
		err = fmt.Errorf("%w: it is customer %d", errShape, c.ID)
	}
	if err != nil {
		return Customer{}, garbled(path, err)
	}
	return c.customer(), nil
}

// CreateCustomer makes a customer: a business, a person, or a business with
// the person to ask for.
type CreateCustomer struct {
	Business string `json:"business,omitempty"`
	First    string `json:"first,omitempty"`
	Last     string `json:"last,omitempty"`
	Email    string `json:"email,omitempty"`
	Phone    string `json:"phone,omitempty"`
}

// Kind is "customer.create".
func (CreateCustomer) Kind() string { return "customer.create" }

// Line says who it is.
func (w CreateCustomer) Line() Line {
	parts := []string{"New customer: " + cmp.Or(w.Business, w.person())}
	for _, part := range []string{w.person(), w.Email, w.Phone} {
		if part != "" && (part != w.person() || w.Business != "") {
			parts = append(parts, part)
		}
	}
	return Line{Text: strings.Join(parts, " · ")}
}

func (w CreateCustomer) person() string { return strings.TrimSpace(w.First + " " + w.Last) }

// Request is POST /customers.
func (w CreateCustomer) Request() Request {
	return Request{Method: "POST", Path: "/customers", Body: struct {
		Business string `json:"business_name,omitempty"`
		First    string `json:"firstname,omitempty"`
		Last     string `json:"lastname,omitempty"`
		Email    string `json:"email,omitempty"`
		Phone    string `json:"phone,omitempty"`
	}{w.Business, w.First, w.Last, w.Email, w.Phone}}
}

// Evidence is the search by name, disabled customers too. Nothing says who
// made a customer, so the author does not matter.
func (w CreateCustomer) Evidence(Author) Evidence {
	query := url.Values{"include_disabled": {"true"}}
	for field, value := range map[string]string{"business_name": w.Business, "firstname": w.First, "lastname": w.Last} {
		if value != "" && (field == "business_name" || w.Business == "") {
			query.Set(field, value)
		}
	}
	return Evidence{Path: "/customers?" + query.Encode(), Effect: Adds, Read: func(body []byte) (Sight, error) {
		customers, err := decodeAll[customerJSON](body, "customers")
		if err != nil {
			return Sight{}, err
		}
		return sight(customers, func(c customerJSON) (integer, likeness) { return c.ID, w.compare(c) })
	}}
}

// Made checks {"customer":{"id":N,...}} with the names that were sent.
func (w CreateCustomer) Made(body []byte) (int64, error) {
	var answer struct {
		Customer *customerJSON `json:"customer"`
	}
	if err := json.Unmarshal(body, &answer); err != nil || answer.Customer == nil {
		return 0, fmt.Errorf("%w: no customer in the answer", errShape)
	}
	c := *answer.Customer
	switch {
	case c.ID <= 0:
		return 0, fmt.Errorf("%w: the customer has no id", errShape)
	case !w.isNamed(c):
		return 0, otherwise(c.ID, "customer %d came back with another name", c.ID)
	}
	return int64(c.ID), nil
}

func (w CreateCustomer) valid() error {
	if strings.TrimSpace(w.Business) == "" && w.person() == "" {
		return errors.New("a customer needs a name")
	}
	return nil
}

func (w CreateCustomer) isNamed(c customerJSON) bool {
	return sameWords(w.Business, string(c.BusinessName)) && sameWords(w.First, string(c.First)) && sameWords(w.Last, string(c.Last))
}

// compare tells whether c is what w makes. The same business with another
// person, address or phone, only a person can tell.
func (w CreateCustomer) compare(c customerJSON) likeness {
	business := sameWords(w.Business, string(c.BusinessName))
	switch {
	case w.isNamed(c) && strings.EqualFold(w.Email, string(c.Email)) && digits(w.Phone) == digits(string(c.Phone)):
		return ours
	case business && w.Business != "", w.Business == "" && w.isNamed(c):
		return near
	}
	return other
}

// digits is a phone number however it is written.
func digits(phone string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, phone)
}

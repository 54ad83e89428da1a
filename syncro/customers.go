package syncro

import (
	"context"
	"net/url"
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

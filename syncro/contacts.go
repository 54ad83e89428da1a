package syncro

import (
	"context"
	"net/url"
	"strconv"
)

// Contact is a person at a customer.
type Contact struct {
	ID         int64
	CustomerID int64
	Name       string
	Email      string
	Phone      string
}

type contactJSON struct {
	ID         integer `json:"id"`
	CustomerID integer `json:"customer_id"`
	Name       text    `json:"name"`
	Email      text    `json:"email"`
	Phone      text    `json:"phone"`
	Mobile     text    `json:"mobile"`
}

// Contacts lists a customer's people: Syncro's first page of them.
func (r *Reader) Contacts(ctx context.Context, customerID int64) (List[Contact], error) {
	found, err := readList[contactJSON](ctx, r, "/contacts", "contacts", url.Values{"customer_id": {strconv.FormatInt(customerID, 10)}}, 1)
	if err != nil {
		return List[Contact]{}, err
	}
	list := List[Contact]{More: found.More}
	for _, c := range found.Items {
		if int64(c.CustomerID) == customerID {
			list.Items = append(list.Items, Contact{
				ID: int64(c.ID), CustomerID: customerID, Name: string(c.Name), Email: string(c.Email), Phone: firstOf(c.Phone, c.Mobile),
			})
		}
	}
	return list, nil
}

package syncrosim

import (
	"fmt"
	"net/mail"
	"slices"
	"strconv"
	"strings"
)

const (
	customersPerPage = 100
	contactsPerPage  = 50
	suggestions      = 25
)

func (c *Customer) fullName() string { return strings.TrimSpace(c.First + " " + c.Last) }

// customerObject is a customer. Its online_profile_url has the key to the
// customer's portal.
func (s *Syncro) customerObject(c *Customer) object {
	f := c.TimeForm
	contacts := []object{}
	for i := range s.data.Contacts {
		if p := &s.data.Contacts[i]; p.CustomerID == c.ID {
			contacts = append(contacts, contactObject(p))
		}
	}
	full := c.Name()
	if name := c.fullName(); c.Business != "" && name != "" {
		full += " - " + name
	}
	out := object{
		"id": c.ID, "firstname": text(c.First), "lastname": text(c.Last), "fullname": c.fullName(), "business_name": text(c.Business),
		"email": text(c.Email), "phone": text(c.Phone), "mobile": nil, "created_at": f.stamp(c.Created), "updated_at": f.stamp(c.Updated),
		"pdf_url": nil, "address": nil, "address_2": nil, "city": text(c.City), "state": nil, "zip": nil, "latitude": nil, "longitude": nil,
		"notes": text(c.Notes), "get_sms": false, "opt_out": false, "disabled": c.Disabled, "no_email": c.NoEmail, "location_name": nil,
		"location_id": nil, "properties": object{},
		"online_profile_url": fmt.Sprintf("https://example.syncromsp.com/my_profile/v2/index?portal_key=%s-portal-%d", Canary, c.ID),
		"tax_rate_id":        nil, "notification_email": nil, "invoice_cc_emails": nil, "invoice_term_id": nil, "referred_by": nil,
		"ref_customer_id": nil, "business_and_full_name": full, "business_then_name": c.Name(), "contacts": contacts,
	}
	if !c.NoPrepayment {
		out["prepay_hours"] = quoted(c.PrepayHours)
	}
	return out
}

// contactObject is a contact: flat, its title hidden in properties.
func contactObject(p *Contact) object {
	properties := object{}
	if p.Title != "" {
		properties["title"] = p.Title
	}
	return object{
		"id": p.ID, "name": p.Name, "address1": nil, "address2": nil, "city": nil, "state": nil, "zip": nil, "email": text(p.Email),
		"phone": text(p.Phone), "mobile": text(p.Mobile), "latitude": nil, "longitude": nil, "customer_id": ref(p.CustomerID),
		"account_id": 4411, "notes": text(p.Notes), "created_at": Milliseconds.stamp(p.Created), "updated_at": Milliseconds.stamp(p.Updated),
		"vendor_id": nil, "properties": properties, "opt_out": false, "extension": nil,
	}
}

func contains(in, part string) bool {
	return strings.Contains(strings.ToLower(in), strings.ToLower(strings.TrimSpace(part)))
}

// findCustomers are those in which query occurs, by name.
func (s *Syncro) findCustomers(query string, disabled bool) []*Customer {
	out := []*Customer{}
	for i := range s.data.Customers {
		c := &s.data.Customers[i]
		if (!c.Disabled || disabled) && contains(strings.Join([]string{c.Business, c.fullName(), c.Email, c.Phone}, "\n"), query) {
			out = append(out, c)
		}
	}
	slices.SortStableFunc(out, func(a, b *Customer) int { return strings.Compare(strings.ToLower(a.Name()), strings.ToLower(b.Name())) })
	return out
}

func (s *Syncro) customerObjects(customers []*Customer) []object {
	out := []object{}
	for _, c := range customers {
		out = append(out, s.customerObject(c))
	}
	return out
}

func listCustomers(c *call) answer {
	found := c.s.findCustomers(c.str("query"), c.flag("include_disabled"))
	ids, not := c.query["id[]"], c.query["not_id[]"]
	found = slices.DeleteFunc(found, func(m *Customer) bool {
		id := strconv.FormatInt(m.ID, 10)
		return !contains(m.First, c.str("firstname")) || !contains(m.Last, c.str("lastname")) ||
			!contains(m.Business, c.str("business_name")) || !contains(m.Email, c.str("email")) ||
			ids != nil && !slices.Contains(ids, id) || slices.Contains(not, id)
	})
	part, meta := page(c, found, customersPerPage)
	meta["total_entries"], meta["per_page"] = len(found), customersPerPage
	return ok(object{"customers": c.s.customerObjects(part), "meta": meta})
}

// autocomplete answers without meta.
func autocomplete(c *call) answer {
	found := c.s.findCustomers(c.str("query"), false)
	return ok(object{"customers": c.s.customerObjects(found[:min(len(found), suggestions)])})
}

func getCustomer(c *call) answer {
	m := c.s.data.customer(c.id())
	if m == nil {
		return gone()
	}
	return ok(object{"customer": c.s.customerObject(m)})
}

func createCustomer(c *call) answer {
	now := c.s.now()
	m := Customer{
		Business: strings.TrimSpace(c.str("business_name")), First: strings.TrimSpace(c.str("firstname")), Last: strings.TrimSpace(c.str("lastname")),
		Email: c.str("email"), Phone: c.str("phone"), City: c.str("city"), Notes: c.str("notes"), NoEmail: c.flag("no_email"),
		Created: now, Updated: now,
	}
	var wrong []string
	if m.Name() == "" {
		wrong = append(wrong, "Business name or first and last name can't be blank")
	}
	if !isEmail(m.Email) {
		wrong = append(wrong, "Email is not an email", fmt.Sprintf("Email Only able to parse up to %q", m.Email))
	}
	if wrong != nil {
		return invalid(object{"success": false, "message": wrong, "params": c.params})
	}
	m.ID = c.s.newID()
	c.s.data.Customers = append(c.s.data.Customers, m)
	return ok(object{"customer": c.s.customerObject(&m)})
}

// isEmail accepts none at all as well.
func isEmail(s string) bool {
	if s == "" {
		return true
	}
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s
}

func listContacts(c *call) answer {
	rows := []object{}
	for i := range c.s.data.Contacts {
		if p := &c.s.data.Contacts[i]; !c.given("customer_id") || p.CustomerID == c.num("customer_id") {
			rows = append(rows, contactObject(p))
		}
	}
	part, meta := page(c, rows, contactsPerPage)
	meta["total_entries"], meta["per_page"] = len(rows), contactsPerPage
	return ok(object{"contacts": part, "meta": meta})
}

func getContact(c *call) answer {
	p := c.s.data.contact(c.id())
	if p == nil {
		return notFound()
	}
	return ok(contactObject(p))
}

func createContact(c *call) answer {
	if c.s.data.customer(c.num("customer_id")) == nil {
		return notFound()
	}
	now := c.s.now()
	p := Contact{
		CustomerID: c.num("customer_id"), Name: c.str("name"), Email: c.str("email"), Phone: c.str("phone"), Mobile: c.str("mobile"),
		Notes: c.str("notes"), Title: c.str("title"), Created: now, Updated: now,
	}
	wrong := ""
	switch {
	case c.blank("name"):
		wrong = "Name can't be blank"
	case !isEmail(p.Email):
		wrong = "Email is not an email"
	}
	if wrong != "" {
		record := contactObject(&p)
		for _, unsaved := range []string{"id", "created_at", "updated_at"} {
			record[unsaved] = nil
		}
		record["processed_phone"], record["processed_mobile"] = nil, nil
		return invalid(object{"record": record, "errors": wrong})
	}
	p.ID = c.s.newID()
	c.s.data.Contacts = append(c.s.data.Contacts, p)
	return ok(contactObject(&p))
}

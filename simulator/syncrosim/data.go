package syncrosim

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// The technicians of Monday.
const (
	dana  = 4101
	rob   = 4107
	priya = 4112
	tomas = 4120
	lena  = 4126
)

// The customers of Monday.
const (
	harborDental int64 = 31_204_500 + iota
	harborEast
	juniperLegal
	northgateAuto
	elmStreetVet
	blueKiteCafe
	foxgloveFlorist
	summitPhysio
	quaysideBooks
	ternPartners
	markupWorks
	mariaLind
)

// Monday is an invented shop on a Monday morning, as it is at now: five
// technicians, twelve customers, forty tickets in all states, and the traps
// that real accounts have. Ticket 32164 is Dana's and in progress.
func Monday(now time.Time) Data {
	d := Data{
		Settings: Settings{
			Statuses: []string{"New", "In Progress", "Resolved", "Invoiced", "Waiting for Parts", "Waiting on Customer", "Scheduled",
				"Customer Reply", "Closed"},
			Priorities:     []string{"", "0 Urgent", "1 High", "2 Normal", "3 Low"},
			ProblemTypes:   []string{"Hardware", "Software", "Network", "E-mail", "Security", "Other"},
			TimeZone:       "America/Los_Angeles",
			DefaultLaborID: 1190473,
			TaxRate:        decimal.RequireFromString("0.0825"),
		},
		Users: []User{
			{ID: dana, Name: "Dana Ruiz", Email: "dana@fixit.example", Admin: true},
			{ID: rob, Name: "Rob Ames", Email: "rob@fixit.example"},
			{ID: priya, Name: "Priya Nair", Email: "priya@fixit.example"},
			{ID: tomas, Name: "Tomás Okafor", Email: "tomas@fixit.example"},
			{ID: lena, Name: "Lena Brandt", Email: "lena@fixit.example"},
		},
		Products:  mondayProducts(),
		Customers: mondayCustomers(now),
	}
	d.Contacts = mondayContacts(now, d.Customers)
	d.Tickets = mondayTickets(now, d)
	d.mondayStories(now)
	d.mondayInvoices(now)
	return d
}

func mondayProducts() []Product {
	labor := func(id int64, name, rate, description string, prepayable bool) Product {
		return Product{
			ID: id, Name: name, Description: description, Category: "Labor", Price: decimal.RequireFromString(rate), Prepayable: prepayable,
		}
	}
	return []Product{
		labor(1190473, "Labor - Remote Business", "150", "Remote support, per hour", true),
		labor(26118, "Labor - Onsite Business", "175", "Work at the customer's, per hour", true),
		labor(26184, "Labor - Emergency or After Hours Business", "262.5", "Emergency work, per hour", true),
		labor(9269129, "Labor - Prepaid Project Labor", "0", "Project work that is paid for already", false),
		labor(9269124, "Labor - Internal Labor", "0", "Work for ourselves", false),
		labor(26117, "Fee - Travel Time", "85", "Travel, per hour", false),
		labor(68055, "Labor - Website Labor", "125", "Website work, per hour", true),
		{ID: 402211, Name: "SSD 1 TB", Description: "Solid state drive", Category: "Parts", Cost: decimal.RequireFromString("58.4"), Price: decimal.RequireFromString("99.95"), Taxable: true},
		{ID: 402212, Name: "Patch cable 2 m", Description: "Cat 6, blue", Category: "Parts", Cost: decimal.RequireFromString("1.1"), Price: decimal.RequireFromString("6.5"), Taxable: true},
		{ID: 402213, Name: "Fax card", Description: "No longer sold", Category: "Parts", Price: decimal.RequireFromString("80"), Taxable: true, Disabled: true},
	}
}

func mondayCustomers(now time.Time) []Customer {
	since := now.AddDate(-3, 0, 0)
	list := []Customer{
		{ID: harborDental, Business: "Harbor Dental", First: "Amy", Last: "Cole", Email: "office@harbordental.example", Phone: "+1 555 0142", City: "Port Alder", PrepayHours: decimal.RequireFromString("6.5")},
		{ID: harborEast, Business: "Harbor Dental East", First: "Neil", Last: "Okon", Email: "east@harbordental.example", City: "Alder Heights"},
		{ID: juniperLegal, Business: "Juniper Legal", First: "Grace", Last: "Whitlow", Email: "office@juniperlegal.example", Phone: "+1 555 0117", TimeForm: Offset},
		{ID: northgateAuto, Business: "Northgate Auto", First: "Sam", Last: "Pruitt", Email: "desk@northgateauto.example", Phone: "555-0190 x3"},
		{ID: elmStreetVet, Business: "Elm Street Vet", First: "Ida", Last: "Moreau", Email: "hello@elmstreetvet.example", NoEmail: true},
		{ID: blueKiteCafe, Business: "Blue Kite Cafe", Email: "hi@bluekite.example", TimeForm: SpacedUTC},
		{ID: foxgloveFlorist, Business: "Foxglove Florist", First: "Wren", Last: "Abbott", NoPrepayment: true},
		{ID: summitPhysio, Business: "Summit Physio", First: "Otto", Last: "Lang", Email: "desk@summitphysio.example"},
		{ID: quaysideBooks, Business: "Quayside Books", First: "June", Email: "june@quayside.example", TimeForm: Nanoseconds},
		{ID: ternPartners, Business: "Tern & Partners", First: "Hal", Last: "Tern", Email: "it@ternpartners.example"},
		{ID: markupWorks, Business: `<b>Bits</b> & "Bobs" *Repairs* <@U0001>`, Email: "bobs@example.com", Phone: "555 0166"},
		{ID: mariaLind, First: "Maria", Last: "Lind", Email: "maria.lind@example.net"},
	}
	for i := range list {
		list[i].Created = since.AddDate(0, i, 0)
		list[i].Updated = now.AddDate(0, 0, -i)
	}
	return list
}

// mondayContacts gives a contact to each customer that has a first name and a
// business, and a second one to Juniper Legal.
func mondayContacts(now time.Time, customers []Customer) []Contact {
	var list []Contact
	for i, c := range customers {
		if c.Business == "" || c.First == "" {
			continue
		}
		domain := "example.com"
		if _, after, found := strings.Cut(c.Email, "@"); found {
			domain = after
		}
		list = append(list, Contact{
			ID: 7_310_000 + int64(i)*11, CustomerID: c.ID, Name: c.fullName(), Email: strings.ToLower(c.First) + "@" + domain, Phone: c.Phone,
			Created: c.Created, Updated: now.AddDate(0, -1, 0),
		})
	}
	return append(list, Contact{
		ID: 7_310_777, CustomerID: juniperLegal, Name: "Adrian Cole", Title: "Paralegal", Mobile: "+1 555 0118",
		Created: now.AddDate(-1, 0, 0), Updated: now.AddDate(-1, 0, 0),
	})
}

// mondayTickets are the tickets, each with its first comment. Ages are in
// hours.
func mondayTickets(now time.Time, d Data) []Ticket {
	long := "The quarterly report that the accounting program prints on the second floor comes out with the first page last, " +
		strings.Repeat("and the page after that upside down, ", 8) + "but only on Tuesdays"
	rows := []struct {
		number   int64
		customer int64
		subject  string
		status   string
		priority string
		problem  string
		tech     int64
		created  float64
		updated  float64
		form     TimeForm
		body     string
	}{
		{32172, blueKiteCafe, "Card reader says offline", "New", "0 Urgent", "Hardware", 0, 0.1, 0.1, Milliseconds, "Nobody can pay by card since we opened."},
		{32171, harborDental, "Scanner to e-mail fails", "New", "", "", 0, 0.2, 0.2, Milliseconds, "The scanner says 535 when sending."},
		{32170, blueKiteCafe, "Till tablet battery", "New", "2 Normal", "Hardware", 0, 0.7, 0.7, SpacedUTC, "Lasts twenty minutes."},
		{32169, markupWorks, "<!channel> *bold* [x](http://e.example) <b>&", "New", "2 Normal", "Other", 0, 1, 1, Milliseconds, "<script>alert(1)</script> <!here> <@U0001> `code` | \\ _it_ ~no~ {{.}} %s </at>"},
		{32168, summitPhysio, "الطابعة لا تعمل في المكتب الأمامي", "New", "2 Normal", "Hardware", lena, 1.5, 1.5, Offset, "الطابعة تومض باللون الأحمر منذ الصباح."},
		{32167, foxgloveFlorist, "📠 Fax line dead again 😩👩‍💻", "New", "3 Low", "Network", 0, 2, 2, Nanoseconds, "Beeps, then nothing. 🙏"},
		{32166, juniperLegal, "Shared mailbox access", "New", "2 Normal", "E-mail", 0, 3, 3, SpacedOffset, "Please let Adrian into the intake mailbox."},
		{32165, ternPartners, long, "New", "3 Low", "Software", tomas, 3.5, 3.5, Milliseconds, "See subject."},
		{32164, harborDental, "VPN drops every hour", "In Progress", "2 Normal", "Network", dana, 2, 0.2, Milliseconds, "The connection to the practice drops once an hour, on the hour."},
		{32163, quaysideBooks, "Label editor crashes on save", "In Progress", "1 High", "Software", rob, 5, 1, Nanoseconds, "Crashes each time since the last update."},
		{32162, northgateAuto, "Bay 3 has no network", "In Progress", "1 High", "Network", tomas, 6, 2, Milliseconds, "The lift's console has no address."},
		{32161, harborEast, "Move two workstations", "Scheduled", "3 Low", "Hardware", rob, 28, 20, Milliseconds, "From room 2 to room 5."},
		{32160, mariaLind, "Laptop runs hot", "Waiting for Parts", "2 Normal", "Hardware", rob, 49, 26, Milliseconds, "The fan rattles."},
		{32159, juniperLegal, "New laptop for A. Cole", "Waiting on Customer", "2 Normal", "Hardware", dana, 30, 24, Offset, "Starts on the first of the month."},
		{32158, summitPhysio, "Booking page shows yesterday", "Customer Reply", "1 High", "Software", priya, 31, 4, Milliseconds, "The calendar is one day behind."},
		{32157, elmStreetVet, "X-ray share is read only", "Customer Reply", "0 Urgent", "Network", dana, 8, 0.5, Milliseconds, "Cannot store pictures."},
		{32156, ternPartners, "Phishing mail opened", "In Progress", "0 Urgent", "Security", priya, 9, 0.4, Milliseconds, "Somebody clicked. Account is locked."},
		{32155, blueKiteCafe, "Music stops", "Waiting on Customer", "3 Low", "Other", lena, 52, 50, SpacedUTC, "After ten songs."},
		{32154, northgateAuto, "Backup failed three nights", "In Progress", "1 High", "Software", lena, 20, 5, Milliseconds, "Job 4 ends with code 57."},
		{32153, quaysideBooks, "Second screen flickers", "Waiting for Parts", "3 Low", "Hardware", tomas, 74, 70, Milliseconds, "Flickers when the till opens."},
		{32152, foxgloveFlorist, "Website form sends nothing", "Waiting on Vendor", "Normal", "Software", priya, 75, 30, Milliseconds, "Orders do not arrive."},
		{32151, northgateAuto, "Replace the file server", "Scheduled", "2 Normal", "Hardware", dana, 76, 22, Milliseconds, "Planned for Tuesday night."},
		{32150, harborDental, "Password manager rollout", "Scheduled", "2 Normal", "Security", priya, 98, 44, Milliseconds, "Nine people."},
		{32149, elmStreetVet, "Phone system update", "Scheduled", "3 Low", "Network", lena, 99, 97, Milliseconds, "After hours, please."},
		{32148, juniperLegal, "Document search slow", "Waiting on Customer", "2 Normal", "Software", tomas, 100, 60, Milliseconds, "Takes a minute a search."},
		{32147, harborEast, "Camera cannot see the door", "Resolved", "3 Low", "Hardware", rob, 101, 28, Milliseconds, "Somebody turned it."},
		{32146, summitPhysio, "Printer jams", "Resolved", "2 Normal", "Hardware", lena, 120, 29, Milliseconds, "Tray 2."},
		{32145, blueKiteCafe, "Guest Wi-Fi password", "Resolved", "3 Low", "Network", dana, 121, 47, Milliseconds, "New one for the season."},
		{32144, ternPartners, "Archive mailbox full", "Resolved", "2 Normal", "E-mail", dana, 122, 48, Milliseconds, "99 GB."},
		{32143, quaysideBooks, "Gift card codes twice", "Resolved", "1 High", "Software", priya, 123, 71, Milliseconds, "Two customers have the same code."},
		{32142, juniperLegal, "Video calls without sound", "Invoiced", "2 Normal", "Hardware", dana, 144, 72, Milliseconds, "In the large room."},
		{32141, northgateAuto, "Diagnostic tablet license", "Invoiced", "2 Normal", "Software", rob, 145, 73, Milliseconds, "Expired on Friday."},
		{32140, harborDental, "Replace the reception disk", "Invoiced", "2 Normal", "Hardware", tomas, 146, 74, Milliseconds, "It clicks."},
		{32139, elmStreetVet, "Reminder texts sent twice", "Invoiced", "1 High", "Software", priya, 147, 96, Milliseconds, "Owners complain."},
		{32138, mariaLind, "Data from old disk", "Invoiced", "2 Normal", "Hardware", lena, 148, 98, Milliseconds, "Photos, mostly."},
		{32137, ternPartners, "Tax program update", "Closed", "2 Normal", "Software", dana, 168, 120, Milliseconds, "The yearly one."},
		{32136, summitPhysio, "Door tablet frozen", "Closed", "3 Low", "Hardware", rob, 169, 121, Milliseconds, "Needs a restart each day."},
		{32135, foxgloveFlorist, "Invoice layout", "Closed", "3 Low", "Software", lena, 170, 122, Milliseconds, "The logo is cut off."},
		{32102, elmStreetVet, "Label printer offline", "New", "0 Urgent", "Hardware", dana, 4, 4, Milliseconds, "Cannot print medicine labels."},
		{411, foxgloveFlorist, "Set up the shop's first computer", "Closed", "", "", 0, 24 * 2000, 24 * 1990, Milliseconds, "Welcome."},
	}
	hours := func(h float64) time.Time { return now.Add(-time.Duration(h * float64(time.Hour))) }
	var list []Ticket
	for i, r := range rows {
		t := Ticket{
			ID: 108_440_000 + r.number%1000*13 + int64(i), Number: r.number, CustomerID: r.customer, Subject: r.subject, Status: r.status, Priority: r.priority,
			ProblemType: r.problem, UserID: r.tech, Created: hours(r.created), Updated: hours(r.updated), TimeForm: r.form,
		}
		// An account that is old has small ids, and one of them is by now
		// the number of another ticket.
		if r.number == 411 {
			t.ID = 32164
		}
		if c := find(d.Contacts, func(c *Contact) bool { return c.CustomerID == r.customer }); c != nil {
			t.ContactID = c.ID
		}
		if i%3 != 0 && !finished(r.status) {
			t.Due = t.Created.AddDate(0, 0, 2+i%4)
		}
		if finished(r.status) {
			t.Resolved = t.Updated
		}
		if i%5 == 0 {
			t.Tags = []string{"monday"}
		}
		t.CustomerReply = r.status == "Customer Reply"
		t.Comments = []Comment{{Subject: "Initial Issue", Body: r.body, Created: t.Created}}
		if r.tech != 0 {
			t.Comments[0].UserID, t.Comments[0].Tech = r.tech, d.user(r.tech).Name
		}
		list = append(list, t)
	}
	return list
}

// mondayStories adds what happened on some of the tickets.
func (d *Data) mondayStories(now time.Time) {
	ago := func(minutes int) time.Time { return now.Add(-time.Duration(minutes) * time.Minute) }
	tell := func(number int64, comments ...Comment) *Ticket {
		t := d.ticketNumbered(number)
		for _, c := range comments {
			switch {
			case c.UserID != 0:
				c.Tech = d.user(c.UserID).Name
			default:
				c.Subject = "Customer Reply"
			}
			t.Comments = append(t.Comments, c)
		}
		return t
	}

	vpn := tell(32164,
		Comment{UserID: dana, Subject: "Update", Body: "Looking into it now.", EmailedTo: "amy@harbordental.example", Created: ago(95)},
		Comment{Body: "Dropped again during an X-ray upload.<br><br>Amy", RichText: true, Created: ago(40)},
		Comment{UserID: dana, Subject: "Internal Note", Body: "Client logs show a rekey at 3600 s.", Hidden: true, Created: ago(12)},
	)
	vpn.Timers = []Timer{{UserID: dana, ProductID: 1190473, Start: ago(23), Notes: "Logs", Billable: true, Created: ago(23)}}

	var thread []Comment
	for i, line := range []string{
		"Quote sent.", "Quote accepted, go ahead.", "Server ordered.", "When will it come?", "In two weeks.", "Arrived, set up in the workshop.",
		"Shares copied once, 1.2 TB.", "Can it wait until after the stocktaking?", "Moved to Tuesday night.", "Fine with us.",
		"Second copy done, 14 GB of changes.",
	} {
		c := Comment{UserID: dana, Subject: "Update", Body: line, Created: ago(60 * (76 - 5*i))}
		if slices.Contains([]int{1, 3, 7, 9}, i) {
			c.UserID = 0
		}
		c.Hidden = i == 5 || i == 6
		thread = append(thread, c)
	}
	tell(32151, thread...)

	tell(32158, Comment{UserID: priya, Subject: "Update", Body: "<p>Which page do you mean?<br>A picture would help.</p>", RichText: true, Created: ago(300)},
		Comment{Body: "<div>This one: <a href=\"https://summitphysio.example/book\">book</a><br><blockquote>On Monday, Priya wrote: Which page&nbsp;do you mean?</blockquote></div>", RichText: true, Created: ago(240)})
	tell(32157, Comment{UserID: dana, Subject: "Update", Body: "Try once more, please.", Created: ago(90)}, Comment{Body: "Still read only!!", Created: ago(30)})
	tell(32156, Comment{UserID: priya, Subject: "Internal Note", Body: "Sessions revoked, second factor reset. Do not tell the office yet.", Hidden: true, Created: ago(24)})
	tell(32159, Comment{UserID: dana, Subject: "Update", Body: "Which of the two models shall we order?", EmailedTo: "grace@juniperlegal.example", Created: ago(24 * 60)})

	parts := tell(32160, Comment{UserID: rob, Subject: "Diagnosis", Body: "Fan is worn out, disk is slow too.", Created: ago(26 * 60)})
	parts.Lines = []Line{d.charge(402211, rob, "1", "", ago(26*60)), d.charge(1190473, rob, "0.5", "Diagnosis", ago(26*60))}

	backup := tell(32154, Comment{UserID: lena, Subject: "Internal Note", Body: "Target volume is full.", Hidden: true, Created: ago(300)})
	backup.Timers = []Timer{{UserID: lena, ProductID: 1190473, Start: ago(345), End: ago(300), Active: 45 * time.Minute, Notes: "Cleaned up the target", Billable: true, Created: ago(300)}}

	mail := tell(32144, Comment{UserID: dana, Subject: "Resolution", Body: "Archive moved, rules set.", EmailedTo: "hal@ternpartners.example", Created: ago(48 * 60)})
	mail.Lines = []Line{d.charge(1190473, dana, "0.75", "Moved the archive", ago(48*60))}
}

// charge is a line for a product as the web page makes it.
func (d *Data) charge(product int64, user int64, quantity, description string, at time.Time) Line {
	p := d.product(product)
	if description == "" {
		description = p.Description
	}
	return Line{
		ProductID: p.ID, UserID: user, Name: p.Name, Description: description, Quantity: decimal.RequireFromString(quantity), Cost: p.Cost,
		Price: p.Price, Taxable: p.Taxable, Position: 1, Created: at,
	}
}

// mondayInvoices bills the tickets that are invoiced. The number of the newest
// invoice but one is the id of an old one.
func (d *Data) mondayInvoices(now time.Time) {
	number := 67427
	for _, b := range []struct {
		ticket   int64
		product  int64
		quantity string
		paid     bool
	}{
		{32138, 1190473, "2", true}, {32139, 26118, "1.5", false}, {32140, 402211, "1", true}, {32141, 1190473, "0.25", false}, {32142, 26118, "1", false},
	} {
		t := d.ticketNumbered(b.ticket)
		number++
		line := d.charge(b.product, t.UserID, b.quantity, t.Subject, t.Updated)
		line.ID, line.Converted = t.ID*7, true
		t.Lines = append(t.Lines, line)
		v := Invoice{
			Number: fmt.Sprint(number), CustomerID: t.CustomerID, TicketID: t.ID, UserID: t.UserID, Date: t.Updated.UTC().Truncate(24 * time.Hour),
			Paid: b.paid, Created: t.Updated,
			Lines: []InvoiceLine{{
				LineID: line.ID, ProductID: line.ProductID, Item: line.Name, Name: line.Description, Cost: line.Cost, Price: line.Price,
				Quantity: line.Quantity, Taxable: line.Taxable, Position: 1, Created: t.Updated,
			}},
		}
		v.Due = v.Date.AddDate(0, 0, 30)
		v.Subtotal = line.Price.Mul(line.Quantity).Round(2)
		if line.Taxable {
			v.Tax = v.Subtotal.Mul(d.Settings.TaxRate).Round(2)
		}
		v.Total = v.Subtotal.Add(v.Tax)
		d.Invoices = append(d.Invoices, v)
	}
	old := now.AddDate(-6, 0, 0)
	d.Invoices = append(d.Invoices, Invoice{
		ID: 67431, Number: "812", CustomerID: foxgloveFlorist, Date: old, Due: old, Paid: true, Created: old,
		Subtotal: decimal.RequireFromString("120"), Total: decimal.RequireFromString("120"),
	})
}

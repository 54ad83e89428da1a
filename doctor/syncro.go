package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/syncrobot/syncrobot/commands"
	"github.com/syncrobot/syncrobot/syncro"
)

// holder is a key and who has it.
type holder struct {
	opened
	check string // of whom it is, as a check's name
	again string // the command that replaces it
}

// sharedKey is its check. It may be a technician's own key as well.
const sharedKey = "shared key"

// holders are the keys that the bot would use.
func (x *examination) holders() []holder {
	var all []holder
	for _, t := range x.Config.Technicians {
		if own := x.keys().own[t.Name]; own.usable() {
			all = append(all, holder{own, "key of " + t.Name, "bot keys add " + t.Name + " --replace"})
		}
	}
	if shared := x.keys().shared; shared.usable() && x.Config.Vault.SharedKey != "off" {
		all = append(all, holder{shared, sharedKey, "bot keys add --shared --replace"})
	}
	return all
}

// budget is what the limiter last said.
type budget struct {
	mu         sync.Mutex
	used, most int
}

func (b *budget) observe(_ syncro.Class, _ time.Duration, used, most int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.used, b.most = used, most
}

// syncro looks at every key, what it may do, and whether the account has what
// the config names.
func (x *examination) syncro(ctx context.Context, f *findings) {
	if _, err := x.ping(ctx); err != nil {
		f.skip("account", "Redis does not answer, and it counts the requests that Syncro allows")
		return
	}
	holders := x.holders()
	if len(holders) == 0 {
		f.skip("account", "the vault has no key that can be used")
		return
	}
	c := x.Config.Syncro
	var counted budget
	client, err := syncro.New(syncro.Options{
		URL: c.URL, Auth: c.Auth, Timeout: min(c.Timeout, patience), Redis: x.Redis,
		Limiter: syncro.NewLimiter(x.Redis, syncro.LimiterOptions{PerMinute: c.RequestsPerMinute, Observe: counted.observe}),
	})
	if err != nil {
		f.fails("account", firstLine(err), "Correct syncro.url.")
		return
	}
	good := x.owners(ctx, f, client, holders)
	if len(good) > 0 {
		x.account(ctx, f, client.Reader(good[0].Key, syncro.ClassLookup))
	}
	x.rights(ctx, f, client, good)
	counted.mu.Lock()
	defer counted.mu.Unlock()
	switch left := counted.most - counted.used; {
	case counted.most == 0:
	case left < counted.most/10:
		f.look("requests", fmt.Sprintf("%d of %d were used in the last minute", counted.used, counted.most),
			"Wait a minute; if it stays so, look what else uses Syncro's API from this address.")
	case counted.most < c.RequestsPerMinute:
		f.look("requests", fmt.Sprintf("the bot allows itself %d a minute instead of %d, because Syncro refused some (429)", counted.most, c.RequestsPerMinute),
			"Look what else uses Syncro's API from this address; it comes back by one a minute.")
	default:
		f.fine("requests", "%d of %d a minute are left", left, counted.most)
	}
}

// owners asks whose every key is, and returns those that may be used.
func (x *examination) owners(ctx context.Context, f *findings, client *syncro.Client, holders []holder) []holder {
	found := make([]syncro.Me, len(holders))
	errs := make([]error, len(holders))
	ask := func(i int) { found[i], errs[i] = client.Reader(holders[i].Key, syncro.ClassLookup).Me(ctx) }
	ask(0)
	if unreachable(errs[0]) { // and so it would be for everybody
		f.fails("account", firstLine(errs[0]), "Open "+x.Config.Syncro.URL+" in a browser on this machine: syncro.url must be the address at which you work, and a proxy must let the bot out.")
		return nil
	}
	var group errgroup.Group
	group.SetLimit(4)
	for i := 1; i < len(holders); i++ {
		group.Go(func() error { ask(i); return nil })
	}
	_ = group.Wait()
	var good []holder
	whose := map[int64]string{}
	for i, h := range holders {
		me, err := found[i], errs[i]
		kind := syncro.ErrorKind(-1)
		if said, ok := errors.AsType[*syncro.Error](err); ok {
			kind = said.Kind
		}
		switch {
		case kind == syncro.KeyRefused:
			f.fails(h.check, "Syncro refuses it (401): it is wrong, has expired or was revoked",
				"Make a new token in Syncro, as its owner, at Admin, API Tokens, New Token; then: "+h.again)
		case err != nil:
			f.fails(h.check, "it could not be asked about: "+firstLine(err), "Try again in a minute.")
		case h.UserID != 0 && h.UserID != me.UserID:
			f.fails(h.check, fmt.Sprintf("it answers as %s (user %d), and its entry says user %d: it is not used", me.Name, me.UserID, h.UserID),
				"Make a token as the right person; then: "+h.again)
		case h.check != sharedKey && whose[me.UserID] != "":
			f.look(h.check, fmt.Sprintf("it answers as %s (user %d), as the %s does: what one does is logged in the other's name", me.Name, me.UserID, whose[me.UserID]),
				"Make a token as the right person; then: "+h.again)
			good = append(good, h)
		default:
			f.fine(h.check, "answers as %s (user %d)", me.Name, me.UserID)
			good = append(good, h)
			whose[me.UserID] = h.check
		}
	}
	return good
}

func unreachable(err error) bool {
	said, ok := errors.AsType[*syncro.Error](err)
	return ok && (said.Kind == syncro.Unreachable || said.Kind == syncro.Unavailable || said.Kind == syncro.Garbled || said.Kind == syncro.NotFound)
}

// account looks whether Syncro has what the config names.
func (x *examination) account(ctx context.Context, f *findings, r *syncro.Reader) {
	settings, err := r.ReadSettings(ctx)
	if err != nil {
		f.fails("settings", firstLine(err), "Try again in a minute.")
	} else {
		unknown := commands.Rules{CloseStatus: x.Config.Tickets.CloseStatus, DefaultPriority: x.Config.Tickets.DefaultPriority}.Unknown(settings)
		for _, u := range unknown {
			f.fails("settings", fmt.Sprintf("Syncro has no %s “%s”", u.What, u.Name), u.Remedy)
		}
		if len(unknown) == 0 {
			f.fine("settings", "statuses and priorities are as the config has them")
		}
	}
	labor := x.Config.Billing.Labor
	if len(labor) == 0 {
		f.look("labor", "none is configured: nobody can bill", "Write billing.labor: names, and the ids of Syncro's labor products (Inventory, the product's address).")
	}
	for _, l := range labor {
		check := "labor " + l.Name
		product, err := r.ReadProduct(ctx, l.ProductID)
		said, _ := errors.AsType[*syncro.Error](err)
		other := fmt.Sprintf("Correct billing.labor.%s.product_id: it is the number in the product's address in Syncro's inventory.", l.Name)
		price, _ := strconv.ParseFloat(product.Price, 64) // 0 where none is set
		switch {
		case said != nil && said.Kind == syncro.NotFound:
			f.fails(check, fmt.Sprintf("Syncro has no product %d", l.ProductID), other)
		case err != nil:
			f.fails(check, firstLine(err), "Give the token the permission “Products - List/Search”, or try again in a minute.")
		case product.Disabled:
			f.fails(check, fmt.Sprintf("product %d, %s, is disabled", l.ProductID, product.Name), other)
		case price <= 0:
			f.look(check, fmt.Sprintf("product %d, %s, has no rate: its charges would be for nothing", l.ProductID, product.Name),
				"Give the product a retail price in Syncro, unless it is meant.")
		default:
			f.fine(check, "%s, %.2f", product.Name, price)
		}
	}
}

// right is a permission that the bot's commands need and that a read shows.
// Source: the OpenAPI document; the names are those of Admin, API Tokens, New
// Token, Custom Permissions. Permissions to write cannot be tried by reading.
type right struct {
	permission string
	read       func(ctx context.Context, r *syncro.Reader, ticket int64) error
}

func rights() []right {
	return []right{
		{"Tickets - View Details", func(ctx context.Context, r *syncro.Reader, ticket int64) error {
			if ticket == 0 {
				return nil // there is none to look at
			}
			_, err := r.Ticket(ctx, ticket)
			return err
		}},
		{"Customers - List/Search", func(ctx context.Context, r *syncro.Reader, _ int64) error {
			_, err := r.SearchCustomers(ctx, "syncrobot doctor")
			return err
		}},
		{"Invoices - List/Search", func(ctx context.Context, r *syncro.Reader, _ int64) error {
			_, err := r.TicketInvoices(ctx, 1)
			return err
		}},
	}
}

// rights tries with every key what reading shows. It comes last and gives way
// to whoever works, because it takes four requests a key.
func (x *examination) rights(ctx context.Context, f *findings, client *syncro.Client, good []holder) {
	for _, h := range good {
		check := "rights of the " + h.check
		reader := client.Reader(h.Key, syncro.ClassPolling)
		var missing []string
		may := func(permission string, err error) error {
			said, ok := errors.AsType[*syncro.Error](err)
			if ok && (said.Kind == syncro.NotPermitted || said.Kind == syncro.KeyRefused) {
				missing = append(missing, permission)
				return nil
			}
			return err
		}
		tickets, err := reader.OpenTickets(ctx)
		err = may("Tickets - List/Search", err)
		var ticket int64
		if len(tickets.Items) > 0 {
			ticket = tickets.Items[0].ID
		}
		for _, r := range rights() {
			if err == nil {
				err = may(r.permission, r.read(ctx, reader, ticket))
			}
		}
		switch busy, ok := errors.AsType[*syncro.BusyError](err); {
		case len(missing) > 0:
			f.fails(check, "it lacks “"+strings.Join(missing, "”, “")+"”",
				"In Syncro open "+x.tokens()+" and give the token these permissions, or make a new one with them (docs/setup-syncro.md): "+h.again)
		case ok:
			f.skip(check, "the requests of this minute are used up: "+busy.Error())
		case err != nil:
			f.skip(check, "it could not be tried: "+firstLine(err))
		default:
			f.fine(check, "tickets, customers and invoices can be read")
		}
	}
}

// tokens is the page of Syncro where tokens are made.
func (x *examination) tokens() string {
	page, err := url.JoinPath(x.Config.Syncro.URL, "api_tokens")
	if err != nil {
		return strconv.Quote(x.Config.Syncro.URL)
	}
	return page
}

// Package teams is the bot on Microsoft Teams, through the Bot Framework's
// connector service: events come in at /api/messages with a signed token,
// cards go out to the service URL that came with them.
//
// msbotbuilder-go carries the protocol's types and the sending of activities.
// What decides whom the bot trusts and where its token goes is here: the
// library's own validator and client are never made.
package teams

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/infracloudio/msbotbuilder-go/connector/auth"
	"github.com/infracloudio/msbotbuilder-go/core"

	"github.com/syncrobot/syncrobot/chat"
)

// platform is the adapter's name, and Platform of its users.
const platform = "teams"

// maxBody is the largest request read, in bytes.
const maxBody = 1 << 20

// Options are what New needs. Handler, Seen, Notes and Work are required, and so are
// TenantID, AppID, ClientSecret, OpenIDURL and ServiceHosts.
type Options struct {
	TenantID     string   // the Entra tenant served; events from any other are refused
	AppID        string   // the bot's application id, the audience of inbound tokens
	ClientSecret string   // the application's secret
	TokenURL     string   // "" is the tenant's own endpoint
	OpenIDURL    string   // metadata of those who sign inbound tokens
	ServiceHosts []string // host or host:port that a serviceUrl may have
	Command      string   // the word before what is typed, with or without "/"; may be left out by people

	Handler chat.Handler
	Seen    chat.Seen
	Notes   chat.Notes
	Work    *chat.Work
	Log     *slog.Logger     // nil: no log
	Now     func() time.Time // nil: time.Now
}

// Adapter is the bot on Teams. It implements chat.Adapter.
type Adapter struct {
	tenant  string
	appID   string
	command string

	handler chat.Handler
	seen    chat.Seen
	work    *chat.Work
	log     *slog.Logger
	now     func() time.Time

	references *references

	validator *validator
	connector *connector
	members   *members
	rosters   *members // why nothing is previewed in a conversation
	bot       *core.BotFrameworkAdapter
}

var _ chat.Adapter = (*Adapter)(nil)

// New checks o and makes an Adapter. It asks nothing of the network.
func New(o Options) (*Adapter, error) {
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("teams: %w", err)
	}
	log := cmp.Or(o.Log, slog.New(slog.DiscardHandler))
	now := o.Now
	if now == nil {
		now = time.Now
	}
	tokenURL := cmp.Or(o.TokenURL, "https://login.microsoftonline.com/"+url.PathEscape(o.TenantID)+"/oauth2/v2.0/token")
	web := newWeb()
	a := &Adapter{
		tenant:     strings.ToLower(o.TenantID), // as the config writes ids
		appID:      o.AppID,
		command:    strings.TrimPrefix(o.Command, "/"),
		handler:    o.Handler,
		seen:       o.Seen,
		work:       o.Work,
		log:        log,
		now:        now,
		references: &references{notes: o.Notes, now: now, known: map[string]reference{}},
		validator:  newValidator(o, web, now, log),
		connector:  newConnector(hosts(o.ServiceHosts), newBearer(tokenURL, o.AppID, o.ClientSecret, web, now), web),
		members:    newMembers(now, memberFresh),
		rosters:    newMembers(now, rosterFresh),
	}
	a.bot = &core.BotFrameworkAdapter{
		AdapterSetting: core.AdapterSetting{
			AppID:              o.AppID,
			CredentialProvider: auth.SimpleCredentialProvider{AppID: o.AppID, Password: o.ClientSecret},
			ChannelService:     auth.ChannelService,
		},
		TokenValidator: a.validator,
		Client:         a.connector,
	}
	return a, nil
}

func (o Options) check() error {
	var errs []error
	for _, v := range []struct{ name, value string }{
		{"tenant id", o.TenantID}, {"app id", o.AppID}, {"client secret", o.ClientSecret}, {"openid url", o.OpenIDURL},
	} {
		if strings.TrimSpace(v.value) == "" {
			errs = append(errs, fmt.Errorf("the %s is empty", v.name))
		}
	}
	for _, v := range []struct{ name, value string }{{"token url", o.TokenURL}, {"openid url", o.OpenIDURL}} {
		if v.value != "" && !secure(v.value) {
			errs = append(errs, fmt.Errorf("the %s must be an https address, or http to a loopback one", v.name))
		}
	}
	if len(o.ServiceHosts) == 0 {
		errs = append(errs, errors.New("there are no service hosts"))
	}
	if o.Handler == nil || o.Seen == nil || o.Notes == nil || o.Work == nil {
		errs = append(errs, errors.New("handler, seen, notes and work are required"))
	}
	return errors.Join(errs...)
}

// Name is "teams".
func (a *Adapter) Name() string { return platform }

// Mount adds POST /api/messages.
func (a *Adapter) Mount(mux *http.ServeMux) { mux.HandleFunc("POST /api/messages", a.receive) }

// receive answers one activity of the connector service. The token's
// signature, issuer, audience and time are verified before a byte of the body
// is looked at; what ties it to the body afterwards. Nobody is told why they
// were refused.
func (a *Adapter) receive(w http.ResponseWriter, r *http.Request) {
	if r.ContentLength > maxBody {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	header := r.Header.Get("Authorization")
	if _, err := a.validator.verify(r.Context(), header); err != nil {
		a.refuse(w, err)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		return
	}
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	act, err := parse(body)
	if err != nil {
		a.log.Warn("teams: an authentic request that is no activity", "err", err)
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if _, err := a.bot.AuthenticateRequest(r.Context(), act.schema(), header, a.bot.CredentialProvider, a.bot.ChannelService); err != nil {
		a.refuse(w, err)
		return
	}
	switch act.Type {
	case "message":
		a.message(r.Context(), act)
	case "invoke":
		a.invoke(w, r, act)
	case "installationUpdate", "conversationUpdate":
		a.work.Start(r.Context(), func(ctx context.Context) {
			a.references.keep(ctx, act)
			a.welcome(ctx, act)
		})
	}
}

func (a *Adapter) refuse(w http.ResponseWriter, err error) {
	a.log.Info("teams: refused a request", "err", err)
	w.WriteHeader(http.StatusUnauthorized)
}

package teams

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/infracloudio/msbotbuilder-go/connector/auth"
	"github.com/infracloudio/msbotbuilder-go/schema"
	"github.com/lestrrat-go/jwx/v3/jwa"
	"github.com/lestrrat-go/jwx/v3/jws"
	"github.com/lestrrat-go/jwx/v3/jwt"
)

// What the Bot Framework's tokens must be. Source: MicrosoftDocs/bot-docs,
// rest-api/bot-framework-rest-connector-authentication.md, "Authenticate
// requests from the Bot Connector service to your bot".
const (
	issuer   = "https://api.botframework.com"
	clockOff = 5 * time.Minute
	maxToken = 16 << 10 // bytes; real ones are under 2 KiB

	// channel is the only one of the Bot Framework's that is served. A bot
	// has others besides, some from its first day (Web Chat): whoever writes
	// on one of them may say of themselves what they like.
	channel = "msteams"
)

// errRefused is any request that did not come from the Bot Framework for this
// bot in this tenant.
var errRefused = errors.New("not authentic")

// validator decides which requests are the Bot Framework's own.
type validator struct {
	appID  string
	tenant string
	hosts  hosts
	keys   *keys
	now    func() time.Time
}

var _ auth.TokenValidator = (*validator)(nil)

func newValidator(o Options, web *http.Client, now func() time.Time, log *slog.Logger) *validator {
	return &validator{
		appID:  o.AppID,
		tenant: o.TenantID,
		hosts:  hosts(o.ServiceHosts),
		keys:   &keys{metadata: o.OpenIDURL, web: web, now: now, log: log},
		now:    now,
	}
}

// claims are what a verified token says.
type claims struct {
	serviceURL   string
	endorsements []string // of the key that signed it
}

// verify checks all of the header that does not depend on the body: one RS256
// signature by a published key, issuer, audience, and time within clockOff.
func (v *validator) verify(ctx context.Context, header string) (claims, error) {
	scheme, token, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxToken {
		return claims{}, fmt.Errorf("%w: no bearer token", errRefused)
	}
	msg, err := jws.Parse([]byte(token), jws.WithCompact())
	if err != nil || len(msg.Signatures()) != 1 {
		return claims{}, fmt.Errorf("%w: the token is no JWT", errRefused)
	}
	head := msg.Signatures()[0].ProtectedHeaders()
	// The list of algorithms is ours, never the token's.
	if alg, _ := head.Algorithm(); alg != jwa.RS256() {
		return claims{}, fmt.Errorf("%w: the token is not signed by RS256", errRefused)
	}
	kid, _ := head.KeyID()
	if kid == "" {
		return claims{}, fmt.Errorf("%w: the token names no key", errRefused)
	}
	key, err := v.keys.find(ctx, kid)
	if err != nil {
		return claims{}, fmt.Errorf("%w: %w", errRefused, err)
	}
	tok, err := jwt.Parse([]byte(token),
		jwt.WithKey(jwa.RS256(), key.public),
		jwt.WithIssuer(issuer),
		jwt.WithAudience(v.appID),
		jwt.WithRequiredClaim(jwt.ExpirationKey),
		jwt.WithAcceptableSkew(clockOff),
		jwt.WithClock(jwt.ClockFunc(v.now)))
	if err != nil {
		return claims{}, fmt.Errorf("%w: %w", errRefused, err)
	}
	c := claims{endorsements: key.endorsements}
	if err := tok.Get("serviceurl", &c.serviceURL); err != nil || c.serviceURL == "" {
		return claims{}, fmt.Errorf("%w: the token has no serviceurl", errRefused)
	}
	return c, nil
}

// AuthenticateRequest verifies the header and that it is about this activity:
// its service URL, Teams as its channel and one that the signing key is
// endorsed for, and the tenant served. credentials and channelService are the library's and not
// asked: there is one bot here, and no way to switch this off.
func (v *validator) AuthenticateRequest(ctx context.Context, act schema.Activity, header string, _ auth.CredentialProvider, _ string) (auth.ClaimsIdentity, error) {
	c, err := v.verify(ctx, header)
	if err != nil {
		return nil, err
	}
	service, err := url.Parse(act.ServiceURL)
	switch {
	case err != nil || !sameService(c.serviceURL, act.ServiceURL):
		return nil, fmt.Errorf("%w: the token is for another serviceUrl", errRefused)
	case !v.hosts.allow(service) || service.RawQuery != "" || service.Fragment != "":
		return nil, fmt.Errorf("%w: the serviceUrl's host %q is not in service_hosts", errRefused, service.Host)
	case act.ChannelID != channel:
		return nil, fmt.Errorf("%w: an activity of channel %q", errRefused, act.ChannelID)
	case len(c.endorsements) > 0 && !slices.Contains(c.endorsements, channel):
		return nil, fmt.Errorf("%w: the key is not endorsed for Teams", errRefused)
	case !v.ownTenant(act):
		return nil, fmt.Errorf("%w: another tenant's activity", errRefused)
	}
	return auth.NewClaimIdentity(map[string]any{"serviceurl": c.serviceURL}, true), nil
}

// ownTenant reports whether every tenant that act names is ours, and one is
// named.
func (v *validator) ownTenant(act schema.Activity) bool {
	data, _ := act.ChannelData["tenant"].(string)
	named := slices.DeleteFunc([]string{act.Conversation.TenantID, data}, func(id string) bool { return id == "" })
	return len(named) > 0 && !slices.ContainsFunc(named, func(id string) bool { return !strings.EqualFold(id, v.tenant) })
}

// sameService compares service URLs as Microsoft's own SDK does: without case
// and without one slash at the end. Source: @microsoft/teams.apps 2.0.16.
func sameService(a, b string) bool {
	return strings.EqualFold(strings.TrimSuffix(a, "/"), strings.TrimSuffix(b, "/"))
}

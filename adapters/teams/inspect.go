package teams

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/lestrrat-go/jwx/v3/jwt"
)

// Inspector asks Microsoft about the bot. It changes nothing there.
type Inspector struct {
	bearer *bearer
	keys   *keys
}

// NewInspector makes one from what Options have by the same names.
func NewInspector(appID, clientSecret, tokenURL, openIDURL string) *Inspector {
	web := newWeb()
	return &Inspector{
		bearer: newBearer(tokenURL, appID, clientSecret, web, time.Now),
		keys:   &keys{metadata: openIDURL, web: web, now: time.Now, log: slog.New(slog.DiscardHandler)},
	}
}

// Grant is what the bot's own token says.
type Grant struct {
	AppID, Tenant string // empty where the token is not for reading
	Until         time.Time
}

// SignIn fetches a token for the connector service with the app's secret, and
// reads it.
func (i *Inspector) SignIn(ctx context.Context) (Grant, error) {
	token, err := i.bearer.get(ctx)
	if err != nil {
		return Grant{}, err
	}
	_, left := i.bearer.held()
	grant := Grant{Until: time.Now().Add(left)}
	// The token is for the service to read. Where it is no JWT, or lacks a
	// claim, that is not known.
	if claims, err := jwt.ParseInsecure([]byte(token)); err == nil {
		_ = claims.Get("appid", &grant.AppID)
		_ = claims.Get("tid", &grant.Tenant)
	}
	return grant, nil
}

// Signers fetches the keys with which what Teams sends is verified, and
// returns how many there are.
func (i *Inspector) Signers(ctx context.Context) (int, error) {
	found, err := i.keys.fetch(ctx)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("there are none at %s", i.keys.metadata)
	}
	return len(found), err
}

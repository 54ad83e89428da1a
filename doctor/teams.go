package doctor

import (
	"context"
	"strings"
	"time"

	"github.com/syncrobot/syncrobot/adapters/teams"
)

// teams looks whether the bot gets its own token, and the keys to check what
// Teams sends.
func (x *examination) teams(ctx context.Context, f *findings) {
	c := x.Config.Teams
	if c == nil {
		f.skip("token", "the config has no teams section")
		return
	}
	inspector := teams.NewInspector(c.AppID, c.ClientSecret.Reveal(), c.TokenURL, c.OpenIDURL)
	grant, err := inspector.SignIn(ctx)
	switch {
	case err != nil:
		f.fails("token", firstLine(err), tokenRemedy(err))
	case grant.AppID != "" && !strings.EqualFold(grant.AppID, c.AppID), grant.Tenant != "" && !strings.EqualFold(grant.Tenant, c.TenantID):
		f.fails("token", "it is for the app "+grant.AppID+" in the tenant "+grant.Tenant, "Write these into teams.app_id and teams.tenant_id, or correct teams.token_url.")
	default:
		f.fine("token", "for the app %s, valid until %s", c.AppID, grant.Until.Format(time.TimeOnly))
	}
	for _, t := range x.Config.Technicians {
		for _, id := range t.Teams {
			if tenant, _, _ := strings.Cut(id, "/"); !strings.EqualFold(tenant, c.TenantID) {
				f.look(t.Name, tenant+" is not the tenant in teams.tenant_id: what they type there is refused", "Correct "+id+" in technicians, or teams.tenant_id.")
			}
		}
	}
	if n, err := inspector.Signers(ctx); err != nil {
		f.fails("signing keys", firstLine(err)+": nothing that Teams sends could be checked", "Let this machine reach "+c.OpenIDURL+", through a proxy with HTTPS_PROXY.")
	} else {
		f.fine("signing keys", "%d", n)
	}
}

// tokenRemedy knows Entra's numbers (learn.microsoft.com, Microsoft Entra
// authentication and authorization error codes).
func tokenRemedy(err error) string {
	const app = "the app registration at https://entra.microsoft.com"
	text := err.Error()
	for code, remedy := range map[string]string{
		"AADSTS7000215": "Copy the secret's value, not its id, from Certificates & secrets of " + app + " into teams.client_secret.",
		"AADSTS7000222": "The secret has expired: make a new one at Certificates & secrets of " + app + ", for teams.client_secret.",
		"AADSTS700016":  "Copy Application (client) ID from " + app + " into teams.app_id, and see that teams.tenant_id is its tenant.",
		"AADSTS90002":   "Copy Directory (tenant) ID from " + app + " into teams.tenant_id.",
	} {
		if strings.Contains(text, code+":") {
			return remedy
		}
	}
	return "Check teams.tenant_id, teams.app_id and teams.client_secret, and that this machine reaches https://login.microsoftonline.com."
}

package people

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// Federation is the external OpenID provider that an organisation's people sign in at.
type Federation struct {
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"client_id"`
	Domains  []string `json:"domains" doc:"Mail domains that sign in there."`
	Create   bool     `json:"create,omitempty" doc:"People it vouches for become people here."`
}

// RealmPath names an organisation in a path, as whose people sign in.
type RealmPath struct {
	Realm string `path:"realm" doc:"Key of the organisation."`
}

func (v handlers) showFederation(ctx context.Context, in *RealmPath) (Federation, error) {
	f, err := v.federations.Show(ctx, org.OrganisationID(in.Realm))
	return Federation{f.Issuer, f.ClientID, f.Domains, f.Create}, err
}

type federateInput struct {
	RealmPath
	Body struct {
		Federation
		Secret string `json:"secret,omitempty" doc:"What we prove ourselves to it with."`
	}
}

func (v handlers) federate(ctx context.Context, in *federateInput) error {
	b := in.Body
	return v.federations.Set(ctx, in.Realm, federation.Federation{Issuer: b.Issuer, ClientID: b.ClientID, Domains: b.Domains, Create: b.Create}, b.Secret)
}

func (v handlers) unfederate(ctx context.Context, in *RealmPath) error {
	return v.federations.Remove(ctx, in.Realm)
}

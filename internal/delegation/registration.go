package delegation

import (
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Place is where roles are held: an entitlement of a customer, or one of its resource groups. Names are in small
// letters, for the provider does not tell large ones from them.
type Place struct {
	Customer      id.Organisation `json:"customer"`
	Entitlement   string          `json:"entitlement"` // the provider's id
	ResourceGroup string          `json:"resource_group,omitempty"`
}

func (p Place) lower() Place {
	p.Entitlement, p.ResourceGroup = strings.ToLower(p.Entitlement), strings.ToLower(p.ResourceGroup)
	return p
}

// path is the place in the tree of resources, below the customer's key.
func (p Place) path(customer string) string {
	return "@" + customer + "/" + p.name()
}

// name is the place as the provider names it: the entitlement, and a resource group behind it.
func (p Place) name() string {
	if p.ResourceGroup == "" {
		return p.Entitlement
	}
	return p.Entitlement + "/" + p.ResourceGroup
}

// Registration is roles held at a place by staff of an organisation, from an instant to another. The customer made it
// from a definition, which it copies; or it stands without one: what provisioning left behind at the provider, which
// gives nothing here. It is kept when it ends.
type Registration struct {
	ID           id.Registration `json:"id"`
	Definition   id.Definition   `json:"definition,omitempty"` // empty: standing access nobody asked the customer for
	Name         string          `json:"name"`
	Organisation id.Organisation `json:"organisation"`
	Place
	Always   []Authorization `json:"always"`
	Eligible []Eligible      `json:"eligible,omitempty"`
	Since    time.Time       `json:"since"`
	Ended    time.Time       `json:"ended,omitzero"` // the first instant without access
	EndedBy  string          `json:"ended_by,omitempty"`
	Why      string          `json:"why,omitempty"` // it ended
	Follows  id.Registration `json:"follows,omitempty"`
}

// Standing says whether the registration is access that no customer consented to.
func (r Registration) Standing() bool { return r.Definition == "" }

// InForce says whether the registration gives access at an instant.
func (r Registration) InForce(at time.Time) bool {
	return !at.Before(r.Since) && (r.Ended.IsZero() || at.Before(r.Ended))
}

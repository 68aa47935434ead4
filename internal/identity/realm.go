package identity

import (
	"github.com/purveyor-csp/purveyor/internal/id"
)

// Realm is an organisation as a place to sign in to. Tenant is the provider's tenant id in small letters, or the GUID of
// the organisation's own identifier where it has none.
type Realm struct {
	ID     id.Organisation
	Key    string
	Kind   string // partner, reseller or customer
	Name   string
	Tenant string
}

// customerKind is the kind of organisation whose people may do without a second factor.
const customerKind = "customer"

// Staff reports whether the people of this realm sell: they work on data of other organisations.
func (r Realm) Staff() bool { return r.Kind != customerKind }

// AnyTenant reports whether a tenant's name means the tenant that the caller belongs to.
func AnyTenant(tenant string) bool {
	return tenant == "common" || tenant == "organizations" || tenant == "adfs"
}

package identity

import (
	"strings"

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

// Staff says whether the people of this realm sell: they work on what is other people's.
func (r Realm) Staff() bool { return r.Kind != customerKind }

// Federation is the external OpenID provider an organisation's people sign in at. Secret is sealed.
type Federation struct {
	Realm    id.Organisation
	Issuer   string
	ClientID string
	Secret   []byte
	Domains  []string // mail domains in small letters that are signed in there
	Create   bool     // people it vouches for become people here
}

// Serves says whether people with such a mail address sign in there.
func (f Federation) Serves(mail string) bool {
	_, domain, _ := strings.Cut(fold(mail), "@")
	for _, d := range f.Domains {
		if d == domain && d != "" {
			return true
		}
	}
	return false
}

// fold makes mail addresses that are the same the same text.
func fold(mail string) string { return strings.ToLower(strings.TrimSpace(mail)) }

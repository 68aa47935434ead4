package federation

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

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
	_, domain, _ := strings.Cut(identity.FoldMail(mail), "@")
	for _, d := range f.Domains {
		if d == domain && d != "" {
			return true
		}
	}
	return false
}

package login

import (
	"net/url"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
)

// client is an application that asks for tokens on behalf of people. A public one has no secret.
type client struct {
	ID        string
	Name      string
	Public    bool
	Known     bool // ours or the provider's own: no consent is needed
	Redirects []string
	Realm     identity.Realm   // of a program
	Program   programs.Program // behind it, if any
}

// knownClient is one of the public clients of every installation: ours, and the provider's tools by their published ids.
func knownClient(clientID string) (client, bool) {
	name := ""
	switch strings.ToLower(clientID) {
	case identity.CLI:
		name = "Purveyor command line"
	case "04b07795-8ddb-461a-bbee-02f9e1bf7b46":
		name = "Azure CLI"
	case "1950a258-227b-4e31-a9cf-717495945fc2":
		name = "Azure PowerShell"
	default:
		return client{}, false
	}
	return client{ID: strings.ToLower(clientID), Name: name, Public: true, Known: true}, true
}

// mayReturnTo reports whether an address is a permitted redirect: for a public client any port and path of this
// machine, for a program exactly an address it is registered with.
func (c client) mayReturnTo(to string) bool {
	if c.Public {
		u, err := url.Parse(to)
		return err == nil && u.Scheme == "http" && u.User == nil && u.Fragment == "" &&
			slices.Contains([]string{"localhost", "127.0.0.1", "::1"}, u.Hostname())
	}
	return slices.Contains(c.Redirects, to)
}

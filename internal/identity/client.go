package identity

import (
	"net/url"
	"slices"
	"strings"
)

// Client is what asks for tokens on behalf of people. A public one keeps no secret.
type Client struct {
	ID        string
	Name      string
	Public    bool
	Known     bool // ours or the provider's own: nobody is asked whether it may
	Redirects []string
	Realm     Realm   // of a program
	Program   Program // behind it, if any
}

// CLI is the client id of the purveyor command.
const CLI = "70757276-6579-6f72-0000-000000000001"

// KnownClient is one of the public clients everybody has: ours, and the tools of the provider by their published ids.
func KnownClient(clientID string) (Client, bool) {
	name := ""
	switch strings.ToLower(clientID) {
	case CLI:
		name = "Purveyor command line"
	case "04b07795-8ddb-461a-bbee-02f9e1bf7b46":
		name = "Azure CLI"
	case "1950a258-227b-4e31-a9cf-717495945fc2":
		name = "Azure PowerShell"
	default:
		return Client{}, false
	}
	return Client{ID: strings.ToLower(clientID), Name: name, Public: true, Known: true}, true
}

// Returns says whether people may be sent back to an address. A public client's is any port and path of this machine;
// a program's is one it was registered with, to the letter.
func (c Client) Returns(to string) bool {
	if c.Public {
		u, err := url.Parse(to)
		return err == nil && u.Scheme == "http" && local(u.Hostname()) && u.User == nil && u.Fragment == ""
	}
	return slices.Contains(c.Redirects, to)
}

// returnable says whether a program may be registered with an address.
func returnable(to string) bool {
	u, err := url.Parse(to)
	if err != nil || u.Host == "" || u.User != nil || strings.Contains(to, "#") {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && local(u.Hostname())
}

func local(host string) bool { return host == "localhost" || host == "127.0.0.1" || host == "::1" }

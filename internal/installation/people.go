package installation

import (
	"crypto/rand"
	"runtime"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/callers"
	"github.com/purveyor-csp/purveyor/internal/api/limits"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
)

// waitingSignIns is how many passwords may wait to be verified: a few seconds of work.
const waitingSignIns = 256

// buildSignIn builds the sign-in of people and programs. Sessions expire by the machine's clock, also in demo data.
func (n *Installation) buildSignIn(ring secret.Ring) error {
	pepper, err := ring.Derive("login names", secret.KeySize)
	if err != nil {
		return err
	}
	x, random := parties.Identity{DB: n.DB}, identity.Random{Reader: rand.Reader}
	manager := identity.Manager{Directory: n.Directory, Access: n.Roles}
	n.Sessions = &sessions.Service{
		DB: n.DB, Store: x, Keys: x, Directory: n.Directory, Access: n.Roles, Sealer: n.Safe, Events: n.Events, Now: time.Now, Random: random,
	}
	n.Programs = &programs.Service{DB: n.DB, Store: x, Manager: manager, Sessions: n.Sessions, Events: n.Events, Now: time.Now, Random: random}
	n.Federations = &federation.Service{DB: n.DB, Store: x, Manager: manager, Sealer: n.Safe, Events: n.Events}
	n.People = &people.Service{
		DB: n.DB, Store: x, Manager: manager, Sessions: n.Sessions, Federations: n.Federations, Sealer: n.Safe, Events: n.Events, Now: time.Now, Random: random,
		Pepper: pepper, Name: "Purveyor", Demo: n.Clock.Movable,
		Hashing: factor.NewQueue(runtime.GOMAXPROCS(0), waitingSignIns),
	}
	return nil
}

// Site is where an installation is served.
type Site struct {
	Hosts []string               // every host, with its port where that is not the usual one, the main one first
	TLS   bool                   // without it the site is of this machine alone
	Named func(host string) bool // whether the server has this host name beside localhost

	Proxies callers.Proxies // reverse proxies whose word about where a request comes from is taken
	Limits  limits.Limits   // what one caller may ask for

	PrivateProviders bool // whether the providers that organisations name for their sign-in may be in a private network
}

// ServeAt makes callers of the API sign in as a site requires, and returns the handler of the sign-in pages.
func (n *Installation) ServeAt(site Site) (*login.Server, error) {
	authority, err := n.authority(site)
	if err != nil {
		return nil, err
	}
	entrance := callers.Entrance{Authority: authority, TLS: site.TLS, Proxies: site.Proxies, Limiter: limits.New(site.Limits, time.Now)}
	n.API.Named, n.API.Callers = site.Named, entrance.SignIn
	return authority, complete(n, authority)
}

// authority builds where people and programs sign in at a site.
func (n *Installation) authority(site Site) (*login.Server, error) {
	ring, err := n.Vault.Ring()
	if err != nil {
		return nil, err
	}
	forms, err := ring.Derive("forms", secret.KeySize)
	if err != nil {
		return nil, err
	}
	scheme := "http://"
	if site.TLS {
		scheme = "https://"
	}
	authority := &login.Server{
		Directory: n.Directory, People: n.People, Sessions: n.Sessions, Programs: n.Programs, Federations: n.Federations, Delegation: n.Delegation, Audited: n.API.Audited, Base: scheme + site.Hosts[0], Hosts: site.Hosts[1:],
		Now: time.Now, Random: rand.Reader, Key: forms, Log: n.API.Log, Address: site.Proxies.Address,
		Private: site.PrivateProviders,
	}
	for _, h := range site.Hosts { // a token for the API is for any of its names
		authority.Audiences = append(authority.Audiences, scheme+h)
	}
	return authority, nil
}

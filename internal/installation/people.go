package installation

import (
	"crypto/rand"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/callers"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
)

// signers is what signs people and programs in.
type signers struct {
	people      *people.Service
	sessions    *sessions.Service
	programs    *programs.Service
	federations *federation.Service
	directory   *identity.Directory
}

// newSigners builds what signs in. Sessions live by the machine's clock, also in demo data.
func (n *Installation) newSigners(ring secret.Ring, events event.Log, known *identity.Directory, roles *access.Service) (s signers, err error) {
	pepper, err := ring.Derive("login names", secret.KeySize)
	if err != nil {
		return s, err
	}
	x, random := parties.Identity{DB: n.DB}, identity.Random{Reader: rand.Reader}
	manager := identity.Manager{Directory: known, Access: roles}
	s.directory = known
	s.sessions = &sessions.Service{
		DB: n.DB, Store: x, Keys: x, Directory: known, Access: roles, Sealer: n.Safe, Events: events, Now: time.Now, Random: random,
	}
	s.programs = &programs.Service{DB: n.DB, Store: x, Manager: manager, Sessions: s.sessions, Events: events, Now: time.Now, Random: random}
	s.federations = &federation.Service{DB: n.DB, Store: x, Manager: manager, Sealer: n.Safe, Events: events}
	s.people = &people.Service{
		DB: n.DB, Store: x, Manager: manager, Sessions: s.sessions, Federations: s.federations, Sealer: n.Safe, Events: events, Now: time.Now, Random: random,
		Pepper: pepper, Name: "Purveyor", Demo: n.Clock.Movable,
	}
	return s, nil
}

// Site is where an installation is served.
type Site struct {
	Hosts []string               // every host, with its port where that is not the usual one, the main one first
	TLS   bool                   // without it the site is of this machine alone
	Named func(host string) bool // whether the server has this host name beside localhost
}

// ServeAt makes callers of the API sign in as a site demands, and returns where people and programs do so.
func (n *Installation) ServeAt(site Site) (*login.Server, error) {
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
		Directory: n.API.Directory, People: n.API.People, Sessions: n.API.Sessions, Programs: n.API.Programs, Federations: n.API.Federations, Delegation: n.API.Delegation, Audited: n.API.Audited, Base: scheme + site.Hosts[0], Hosts: site.Hosts[1:],
		Now: time.Now, Random: rand.Reader, Key: forms, Log: n.API.Log,
	}
	for _, h := range site.Hosts { // a token for the API is for any of its names
		authority.Audiences = append(authority.Audiences, scheme+h)
	}
	n.API.Named, n.API.Callers = site.Named, callers.SignIn(authority, site.TLS)
	return authority, nil
}

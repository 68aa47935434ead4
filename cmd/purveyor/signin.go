package main

import (
	"crypto/rand"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/federation"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/programs"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
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
func (n *installation) newSigners(ring secret.Ring, events event.Log, directory *identity.Directory, roles *access.Service) (s signers, err error) {
	pepper, err := ring.Derive("login names", secret.KeySize)
	if err != nil {
		return s, err
	}
	x, random := sqlstore.Identity{DB: n.db}, identity.Random{Reader: rand.Reader}
	manager := identity.Manager{Directory: directory, Access: roles}
	s.directory = directory
	s.sessions = &sessions.Service{
		DB: n.db, Store: x, Keys: x, Directory: directory, Access: roles, Sealer: n.safe, Events: events, Now: time.Now, Random: random,
	}
	s.programs = &programs.Service{DB: n.db, Store: x, Manager: manager, Sessions: s.sessions, Events: events, Now: time.Now, Random: random}
	s.federations = &federation.Service{DB: n.db, Store: x, Manager: manager, Sealer: n.safe, Events: events}
	s.people = &people.Service{
		DB: n.db, Store: x, Manager: manager, Sessions: s.sessions, Federations: s.federations, Sealer: n.safe, Events: events, Now: time.Now, Random: random,
		Pepper: pepper, Name: "Purveyor", Demo: n.clock.Movable,
	}
	return s, nil
}

// authority is where people and programs sign in to what is served at an address: as the names of its certificate, or
// as this machine.
func (n *installation) authority(at net.Addr, proof *certificates) (*login.Server, error) {
	ring, err := n.vault.Ring()
	if err != nil {
		return nil, err
	}
	forms, err := ring.Derive("forms", secret.KeySize)
	if err != nil {
		return nil, err
	}
	scheme, hosts := "http://", hostsOf(at, proof)
	if proof != nil {
		scheme = "https://"
	}
	s := &login.Server{
		Directory: n.api.Directory, People: n.api.People, Sessions: n.api.Sessions, Programs: n.api.Programs, Federations: n.api.Federations, Delegation: n.api.Delegation, Audited: n.api.Audited, Base: scheme + hosts[0], Hosts: hosts[1:], Now: time.Now, Random: rand.Reader, Key: forms, Log: n.api.Log,
	}
	for _, h := range hosts { // a token for the API is for any of its names
		s.Audiences = append(s.Audiences, scheme+h)
	}
	return s, nil
}

// hostsOf is every host, with its port where that is not the usual one, that a server is reached as; the main one first.
func hostsOf(at net.Addr, proof *certificates) []string {
	ip, port, _ := net.SplitHostPort(at.String())
	names := []string{ip, "localhost"}
	usual := "80"
	if proof != nil {
		names, usual = append(proof.names(), "localhost"), "443"
	}
	var hosts []string
	for _, name := range names {
		host := net.JoinHostPort(strings.ToLower(name), port)
		if port == usual {
			host = strings.TrimSuffix(host, ":"+port)
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// strangersTime is how long it may take to send a request by which nobody has proven who they are.
const strangersTime = 30 * time.Second

// callers finds out who is calling the API, and answers where that is proven. Who is known by the way they came, the
// local operator by the socket, is asked nothing. Without TLS, which is on this machine alone, whoever shows nothing is
// the local operator too; over TLS they are nobody, and told where to sign in.
func callers(authority *login.Server, overTLS bool) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		pages := authority.Handler()
		asked := authority.Authenticate(known(authority, next, overTLS), native.Unproven, authority.Audiences...)
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, is := identity.Caller(r.Context())
			if !is { // nobody is known yet, and nobody waits for what they send
				_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(strangersTime))
			}
			switch {
			case authority.Serves(r):
				pages.ServeHTTP(w, r)
			case is:
				next.ServeHTTP(w, r)
			default:
				asked.ServeHTTP(w, r)
			}
		})
	}
}

// known hands on who showed nothing: as the local operator, or to what is everybody's and nothing else.
func known(authority *login.Server, next http.Handler, overTLS bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, is := identity.Caller(r.Context())
		if is || !overTLS {
			_ = http.NewResponseController(w).SetReadDeadline(time.Time{}) // uploads take as long as they take
		}
		switch {
		case is:
		case !overTLS:
			r = r.WithContext(access.AsLocalOperator(r.Context()))
		case strings.HasPrefix(r.URL.Path, native.Prefix+"/") || r.URL.Path == "/metrics":
			w.Header().Set("WWW-Authenticate", authority.Challenge(r))
			native.Unproven(w, r, fault.New(fault.Denied, "not_signed_in", "this needs somebody who signed in: nothing was done; \"purveyor login\" signs in"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

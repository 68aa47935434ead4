package main

import (
	"context"
	"crypto/rand"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// people builds what signs in. Sessions live by the machine's clock, also in demo data.
func (n *installation) people(ring secret.Ring, events event.Log, roles *access.Service) (*identity.Service, error) {
	pepper, err := ring.Derive("login names", secret.KeySize)
	if err != nil {
		return nil, err
	}
	x := sqlstore.Identity{DB: n.db}
	who := &identity.Service{
		DB: n.db, Store: x, Proofs: x, Trusts: x, Sealer: n.safe, Events: events, Now: time.Now, Random: rand.Reader, Pepper: pepper, Name: "Purveyor",
		Demo: n.clock.Movable, May: mayManage(roles.Roles),
		Crown: func(ctx context.Context, t tx.Tx, who id.Principal, r identity.Realm) error {
			return roles.Crown(ctx, t, who, r.ID)
		},
		Admins: roles.Admins, Exceeds: roles.Exceeds,
	}
	who.Enter = func(ctx context.Context, p id.Principal, into id.Organisation) (ok bool, err error) {
		var known identity.Principal
		err = n.db.View(ctx, func(ctx context.Context, r tx.Read) error {
			known, err = who.Known(ctx, r, p)
			return err
		})
		if err != nil {
			return false, err
		}
		return roles.Roles.Enters(ctx, known, into)
	}
	roles.Lookup, roles.RealmOf, roles.SignsIn = who.Known, who.RealmOf, who.SignsIn
	return who, nil
}

// mayManage is where the caller may see people, or change them.
func mayManage(guard access.Guard) func(context.Context, bool) (scope.Scope, error) {
	return func(ctx context.Context, change bool) (scope.Scope, error) {
		action := access.IdentityRead
		if change {
			action = access.IdentityChange
		}
		grant, err := guard.Require(ctx, action)
		return grant.Scope, err
	}
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
		Identity: n.api.Identity, Delegation: n.api.Delegation, Audited: n.api.Audited, Base: scheme + hosts[0], Hosts: hosts[1:], Now: time.Now, Random: rand.Reader, Key: forms, Log: n.api.Log,
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
		asked := authority.Authenticate(known(authority, next, overTLS), kernel.Unproven, authority.Audiences...)
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
		case strings.HasPrefix(r.URL.Path, kernel.Prefix+"/") || r.URL.Path == "/metrics":
			w.Header().Set("WWW-Authenticate", authority.Challenge(r))
			kernel.Unproven(w, r, fault.New(fault.Denied, "not_signed_in", "this needs somebody who signed in: nothing was done; \"purveyor login\" signs in"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

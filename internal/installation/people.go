package installation

import (
	"context"
	"crypto/rand"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/callers"
	"github.com/purveyor-csp/purveyor/internal/api/login"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// people builds what signs in. Sessions live by the machine's clock, also in demo data.
func (n *Installation) people(ring secret.Ring, events event.Log, roles *access.Service) (*identity.Service, error) {
	pepper, err := ring.Derive("login names", secret.KeySize)
	if err != nil {
		return nil, err
	}
	x := sqlstore.Identity{DB: n.DB}
	who := &identity.Service{
		DB: n.DB, Store: x, Proofs: x, Trusts: x, Sealer: n.Safe, Events: events, Now: time.Now, Random: rand.Reader, Pepper: pepper, Name: "Purveyor",
		Demo: n.Clock.Movable, May: mayManage(roles.Roles),
		Crown: func(ctx context.Context, t tx.Tx, who id.Principal, r identity.Realm) error {
			return roles.Crown(ctx, t, who, r.ID)
		},
		Admins: roles.Admins, Exceeds: roles.Exceeds,
	}
	who.Enter = func(ctx context.Context, p id.Principal, into id.Organisation) (ok bool, err error) {
		var known identity.Principal
		err = n.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
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

// Site is where an installation is served.
type Site struct {
	Hosts []string               // every host, with its port where that is not the usual one, the main one first
	TLS   bool                   // without it the site is of this machine alone
	Named func(host string) bool // whether the server has this host name beside localhost
}

// ServeAt makes callers of the API sign in as a site demands, and returns where people and programs do so.
func (n *Installation) ServeAt(site Site) (*login.Server, error) {
	authority, err := n.authority(site)
	if err != nil {
		return nil, err
	}
	n.API.Named, n.API.Callers = site.Named, callers.SignIn(authority, site.TLS)
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
		Identity: n.Identity, Delegation: n.Delegation, Audited: n.API.Audited, Base: scheme + site.Hosts[0], Hosts: site.Hosts[1:],
		Now: time.Now, Random: rand.Reader, Key: forms, Log: n.API.Log,
	}
	for _, h := range site.Hosts { // a token for the API is for any of its names
		authority.Audiences = append(authority.Audiences, scheme+h)
	}
	return authority, nil
}

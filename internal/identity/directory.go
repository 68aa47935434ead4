package identity

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store finds realms, accounts and groups. A missing one is NotFound. An account is found without a scope, because
// the caller's scope is not known yet; lists take the caller's scope.
type Store interface {
	// Realm is an organisation by its tenant, the GUID of its id, its id or its key; the partner for "".
	Realm(ctx context.Context, r tx.Read, s scope.Scope, ref string) (Realm, error)
	// Account is a person, else a program.
	Account(ctx context.Context, r tx.Read, who id.Principal) (Account, error)
	// Groups lists those of a realm, or of every realm for "", by id.
	Groups(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) ([]Group, error)
	GroupsOf(ctx context.Context, r tx.Read, who id.Principal) ([]id.Group, error)
	// SelfManaged says whether a realm in a scope manages its own people: somebody of it has been able to sign in.
	SelfManaged(ctx context.Context, r tx.Read, s scope.Scope, realm id.Organisation) (bool, error)
}

// Directory answers other areas about people, programs and groups.
type Directory struct {
	DB    tx.DB
	Store Store
}

// Realm is the organisation a tenant, id or key names; the partner for "".
func (d *Directory) Realm(ctx context.Context, ref string) (realm Realm, err error) {
	err = d.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		realm, err = d.Store.Realm(ctx, r, scope.All(), ref)
		return err
	})
	return realm, err
}

// Principal is a person or program that a call is about, with realm and groups. NotFound if there is none.
func (d *Directory) Principal(ctx context.Context, r tx.Read, who id.Principal) (Principal, error) {
	a, err := d.Store.Account(ctx, r, who)
	if err != nil || a.State == Erased {
		return Principal{}, notKnown(err)
	}
	p := Principal{ID: a.ID, Realm: a.Realm, In: a.Realm, Program: a.Program}
	p.Groups, err = d.Store.GroupsOf(ctx, r, who)
	return p, err
}

// RealmOf is the realm of a person or program, or of the group if one is named. NotFound if there is none.
func (d *Directory) RealmOf(ctx context.Context, r tx.Read, who id.Principal, group id.Group) (id.Organisation, error) {
	if group == "" {
		p, err := d.Principal(ctx, r, who)
		return p.Realm, err
	}
	groups, err := d.Store.Groups(ctx, r, scope.All(), "")
	for _, g := range groups {
		if g.ID == group {
			return g.Realm, err
		}
	}
	return "", notKnown(err)
}

func notKnown(err error) error {
	if err != nil && fault.KindOf(err) != fault.NotFound {
		return err
	}
	return fault.New(fault.NotFound, "principal_not_found", "nobody is known by that id")
}

// SignsIn reports whether a person can sign in, or a member of the group if one is named. Programs do not count.
func (d *Directory) SignsIn(ctx context.Context, r tx.Read, who id.Principal, group id.Group) (bool, error) {
	return d.AnySignsIn(ctx, r, []id.Principal{who}, []id.Group{group}, "")
}

// AnySignsIn reports whether one of these people, or a member of these groups, can sign in, except one person. Programs do
// not count.
func (d *Directory) AnySignsIn(ctx context.Context, r tx.Read, who []id.Principal, groups []id.Group, without id.Principal) (bool, error) {
	all, err := d.Store.Groups(ctx, r, scope.All(), "")
	if err != nil {
		return false, err
	}
	for _, g := range all {
		if slices.Contains(groups, g.ID) {
			who = append(who, g.Members...)
		}
	}
	for _, one := range who {
		a, err := d.Store.Account(ctx, r, one)
		if err == nil && !a.Program && a.State == Active && one != without {
			return true, nil
		}
		if err != nil && fault.KindOf(err) != fault.NotFound {
			return false, err
		}
	}
	return false, nil
}

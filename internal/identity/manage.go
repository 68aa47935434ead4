package identity

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Access answers what callers may do. It is identity's only interface to the access area.
type Access interface {
	// MayManage is where the caller may see people and programs, or change them. Denied for nowhere.
	MayManage(ctx context.Context, change bool) (scope.Scope, error)
	// GrantAdmin makes the first person of a realm its global admin, in the transaction that adds them.
	GrantAdmin(ctx context.Context, t tx.Tx, who id.Principal, realm id.Organisation) error
	// Admins are whom, and which groups, a realm's global admin role was given to for good.
	Admins(ctx context.Context, r tx.Read, realm id.Organisation) ([]id.Principal, []id.Group, error)
	// Exceeds is Denied if a person or group of a realm may do more than the caller; for "" and "", if the caller is
	// not a global admin of the realm.
	Exceeds(ctx context.Context, r tx.Read, realm id.Organisation, who id.Principal, group id.Group) error
	// Enters says whether a person of one realm may ask for tokens of another's.
	Enters(ctx context.Context, who id.Principal, into id.Organisation) (bool, error)
}

// Manager asks whether callers may manage the people, programs and ways to sign in of a realm.
type Manager struct {
	Directory *Directory
	Access    Access
}

// Rule refuses who may not manage a realm.
type Rule func(context.Context, tx.Read, Realm) error

// Realm is the realm of this key if the caller may change it and the rule allows it. NotFound if it is outside of the
// caller's scope.
func (m Manager) Realm(ctx context.Context, key string, rule Rule) (realm Realm, err error) {
	s, err := m.Access.MayManage(ctx, true)
	if err != nil {
		return realm, err
	}
	err = m.Directory.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		realm, err = m.Directory.Store.Realm(ctx, r, s, key)
		if fault.KindOf(err) == fault.NotFound {
			return fault.New(fault.NotFound, "organisation_not_found", "no such organisation is known: nothing was changed; \"world\" lists them by key")
		}
		if err != nil {
			return err
		}
		return rule(ctx, r, realm)
	})
	return realm, err
}

// OwnRealm is Realm under the rule that a realm manages itself.
func (m Manager) OwnRealm(ctx context.Context, key string) (Realm, error) {
	return m.Realm(ctx, key, RequireOwn)
}

// IsOwn reports whether the caller may manage a realm's people: those of the own realm, or all for the local
// operator. A context without a caller never gets here: Access refuses it.
func IsOwn(ctx context.Context, realm id.Organisation) bool {
	who, known := Caller(ctx)
	return !known || who.ID == LocalOperator || who.Realm == realm
}

// RequireOwn is Denied for a change of people, programs, groups or the sign-in of another realm. Staff above a realm
// invite its first person; from then on nobody above it can take over a person in it.
func RequireOwn(ctx context.Context, _ tx.Read, realm Realm) error {
	if IsOwn(ctx, realm.ID) {
		return nil
	}
	return fault.New(fault.Denied, "not_your_people", "%s manages its own people: nothing was changed; ask one of its global admins", realm.Key)
}

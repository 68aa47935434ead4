package people

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// SelfManaged says whether a realm manages its own people: somebody of it has been able to sign in.
func SelfManaged(people []Person) bool {
	return slices.ContainsFunc(people, func(p Person) bool {
		return p.Begun || p.State == identity.Active || p.State == identity.Disabled
	})
}

// requireOwnOrNew is the rule that a realm manages its own people, but for one in which nobody has been able to sign in
// yet.
func (v *Service) requireOwnOrNew(ctx context.Context, r tx.Read, realm identity.Realm) error {
	refused := identity.RequireOwn(ctx, r, realm)
	if refused == nil {
		return nil
	}
	people, err := v.Store.People(ctx, r, scope.All(), realm.ID)
	if err != nil {
		return err
	}
	if SelfManaged(people) {
		return refused
	}
	return nil
}

// ensureAdminWithout is a Conflict when a realm has a global admin who can sign in, and would have none without a person.
func (v *Service) ensureAdminWithout(ctx context.Context, r tx.Read, who id.Principal, realm identity.Realm) error {
	has, err := v.hasAdmin(ctx, r, realm.ID, "")
	if err != nil || !has {
		return err
	}
	return v.requireAdmin(ctx, r, who, realm)
}

// requireAdmin is a Conflict when a realm has no global admin who can sign in, a person left out. The local operator, who
// can help it to another, is not asked.
func (v *Service) requireAdmin(ctx context.Context, r tx.Read, without id.Principal, realm identity.Realm) error {
	if caller, known := identity.Caller(ctx); !known || caller.ID == identity.LocalOperator {
		return nil
	}
	has, err := v.hasAdmin(ctx, r, realm.ID, without)
	if err == nil && !has {
		err = fault.New(fault.Conflict, "last_admin", "%s would have no global admin who can sign in: nothing was changed; assign that role to another person first", realm.Key)
	}
	return err
}

// hasAdmin says whether some person who can sign in has a realm's global admin role, themselves or by a group, a person
// left out.
func (v *Service) hasAdmin(ctx context.Context, r tx.Read, realm id.Organisation, without id.Principal) (bool, error) {
	who, groups, err := v.Manager.Access.Admins(ctx, r, realm)
	if err != nil {
		return false, err
	}
	return v.Manager.Directory.AnySignsIn(ctx, r, who, groups, without)
}

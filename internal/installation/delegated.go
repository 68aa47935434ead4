package installation

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// delegatedAssignments keeps the role assignments of delegated access up to date, in the transaction of its change:
// former assignments of a source are removed, and current ones are added until their end.
func delegatedAssignments(roles *access.Service) func(context.Context, tx.Tx, string, []delegation.Assignment) error {
	return func(ctx context.Context, t tx.Tx, source string, now []delegation.Assignment) error {
		by := access.Actor(ctx)
		if err := roles.Take(ctx, t, source, by); err != nil {
			return err
		}
		for _, a := range now {
			role := localRole(a.Role)
			if role == "" {
				continue
			}
			given := access.Assignment{
				Principal: a.Principal, Group: a.Group, Through: a.Through, Realm: a.Realm, Role: role, Scope: a.Scope, End: a.End, Source: source, By: by,
				Trail: a.Source == delegation.FromActivation,
			}
			if a.MFA {
				given.Condition = access.WithMFA
			}
			if _, err := roles.Give(ctx, t, given); err != nil {
				return err
			}
		}
		return nil
	}
}

// recordUse records in the trail of an activation what it is about to allow. It refuses if the activation no longer allows it.
func recordUse(db tx.DB, delegated *delegation.Service) func(context.Context, access.Action, string, string) error {
	return func(ctx context.Context, action access.Action, source, place string) error {
		return db.Do(ctx, func(ctx context.Context, t tx.Tx) error {
			_, err := delegated.Record(ctx, t, id.Activation(source), trailAction(action), place)
			return err
		})
	}
}

// trailAction is one of our actions as trails name it, in the provider's form.
func trailAction(action access.Action) string {
	return "Purveyor/" + strings.ReplaceAll(string(action), ".", "/")
}

// localRole is our role for a built-in role of the provider over resources: the same where there is one, reader for
// others that see every resource, and none for the rest and for roles in the customer's directory.
func localRole(r delegation.Role) id.Role {
	switch {
	case r.Directory:
		return ""
	case r.ID == delegation.Owner:
		return access.CustomerOwner
	case r.ID == delegation.Contributor:
		return access.CustomerContributor
	case r.Reads:
		return access.CustomerReader
	}
	return ""
}

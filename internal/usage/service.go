package usage

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Loads lists the import commands that sealed something, newest last.
func (v *Service) Loads(ctx context.Context) (list []Load, err error) {
	grant, err := v.Access.Require(ctx, access.UsageRead)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Loads(ctx, r, grant.Scope)
		return err
	})
	return list, err
}

// Batches lists batches by number.
func (v *Service) Batches(ctx context.Context, f BatchFilter) (list []Batch, err error) {
	grant, err := v.Access.Require(ctx, access.UsageRead)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Batches(ctx, r, grant.Scope, f)
		return err
	})
	return list, err
}

// Resolve answers an unresolved reference: whose tenant or entitlement it is. The rows behind it go on the next draft.
// Known says whether there is a customer with the target's key; Invalid when not.
func (v *Service) Resolve(ctx context.Context, x Resolution, known func(context.Context, tx.Read, string) (bool, error)) error {
	grant, err := v.Access.Require(ctx, access.UnresolvedFix)
	if err != nil {
		return err
	}
	if x.Kind != "customer" && x.Kind != "entitlement" || strings.TrimSpace(x.Ref) == "" {
		return fault.New(fault.Invalid, "bad_resolution", "a resolution is of a customer or an entitlement, and names the provider's reference")
	}
	x.Ref = strings.ToLower(x.Ref) // as it is compared: a second answer replaces the first, however it is written
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		ok, err := known(ctx, t, x.Target)
		if err != nil {
			return err
		}
		if !ok {
			return fault.New(fault.Invalid, "unknown_target", "there is no customer %q; nothing was resolved", x.Target)
		}
		if err := v.Store.Resolve(ctx, t, grant.Scope, x); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.ReferenceSettled, grant.Actor, x.Ref, x)
	})
}

// Resolved lists the answers given so far, by kind and reference.
func (v *Service) Resolved(ctx context.Context) (list []Resolution, err error) {
	grant, err := v.Access.Require(ctx, access.UsageRead)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Resolutions(ctx, r, grant.Scope)
		return err
	})
	return list, err
}

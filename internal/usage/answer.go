package usage

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Resolve answers a reference of the provider: whose a tenant, an entitlement or a line that names nobody is, or
// which family a product is of. Own use is nobody's but the partner's; of a product it is what its lines are that
// name nobody. What waits for the answer goes on the next draft. Known says whether there is a customer with the
// target's key. Faults: Invalid for what is no resolution, and for an unknown target; NotFound for a reference that
// nothing imported names.
func (v *Service) Resolve(ctx context.Context, x Resolution, known func(context.Context, tx.Read, string) (bool, error)) error {
	grant, err := v.mayResolve(ctx, &x, known)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.Store.Resolve(ctx, t, grant.Scope, x); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.ReferenceSettled, grant.Actor, x.Ref, x)
	})
}

// MayResolve says why an answer is refused, as Resolve does; nothing is changed.
func (v *Service) MayResolve(ctx context.Context, x Resolution, known func(context.Context, tx.Read, string) (bool, error)) error {
	_, err := v.mayResolve(ctx, &x, known)
	return err
}

func (v *Service) mayResolve(ctx context.Context, x *Resolution, known func(context.Context, tx.Read, string) (bool, error)) (access.Grant, error) {
	grant, err := v.Access.Require(ctx, access.UnresolvedFix)
	if err != nil {
		return grant, err
	}
	x.Ref = strings.ToLower(strings.TrimSpace(x.Ref)) // as it is compared: a second answer replaces the first
	if !slices.Contains([]string{CustomerRef, EntitlementRef, ProductRef, ChargeRef}, x.Kind) || x.Ref == "" {
		return grant, fault.New(fault.Invalid, "bad_resolution",
			"a resolution is of a customer, an entitlement, a charge or a product, and names the provider's reference; nothing was resolved")
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error { return isTarget(ctx, r, x, known) })
	if err != nil {
		return grant, err
	}
	_, err = v.named(ctx, grant.Scope, *x)
	return grant, err
}

// Called is what imported rows and lines call the reference of an answer; it is empty where they have no name for it.
func (v *Service) Called(ctx context.Context, x Resolution) (string, error) {
	grant, err := v.Access.Require(ctx, access.UnresolvedFix)
	if err != nil {
		return "", err
	}
	x.Ref = strings.TrimSpace(x.Ref)
	return v.named(ctx, grant.Scope, x)
}

// isTarget is a fault unless the target is a customer's key, or for a product a family.
func isTarget(ctx context.Context, r tx.Read, x *Resolution, known func(context.Context, tx.Read, string) (bool, error)) error {
	if target := strings.ToLower(strings.TrimSpace(x.Target)); target == OwnUse {
		x.Target = target
		return nil
	}
	if x.Kind == ProductRef {
		x.Target = strings.ToLower(strings.TrimSpace(x.Target))
		if !slices.Contains(pricing.Families(), x.Target) {
			return fault.New(fault.Invalid, "unknown_target", "there is no product family %q; nothing was resolved. There are %s, and %s for its lines without a customer",
				x.Target, strings.Join(pricing.Families(), ", "), OwnUse)
		}
		return nil
	}
	ok, err := known(ctx, r, x.Target)
	if err == nil && !ok {
		err = fault.New(fault.Invalid, "unknown_target", "there is no customer %q; nothing was resolved. Name a customer's key, or apply a world that has it; %s is what the partner uses itself", x.Target, OwnUse)
	}
	return err
}

// errFound ends a reading that has seen enough.
var errFound = errors.New("found")

// named is NotFound unless an imported row or line names the reference, and says what the newest calls it. Batches are not seen from a scope that is not
// All; the store answers no reference outside of it.
func (v *Service) named(ctx context.Context, s scope.Scope, x Resolution) (name string, err error) {
	if !s.IsAll() {
		return "", nil
	}
	loads := map[uint32]bool{}
	found := false
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		batches, err := v.Store.Batches(ctx, r, s, BatchFilter{})
		periods := map[period.Month]bool{}
		for _, b := range batches {
			if b.Slot.Dataset == DailyUsage {
				loads[b.LoadNumber] = true
			} else {
				periods[b.Slot.Period] = true
			}
		}
		for _, p := range slices.Backward(slices.Sorted(maps.Keys(periods))) {
			if found || err != nil {
				break
			}
			var lines []SealedLine
			lines, err = v.Store.Statement(ctx, r, s, p)
			if i := slices.IndexFunc(lines, func(l SealedLine) bool { return l.names(x) }); i >= 0 {
				found, name = true, lines[i].called(x.Kind)
			}
			found = found || x.Kind == ChargeRef && unnamed(lines, x.Ref)
		}
		return err
	})
	if err != nil || found {
		return name, err
	}
	for _, load := range slices.Backward(slices.Sorted(maps.Keys(loads))) {
		if x.Kind == ProductRef || x.Kind == ChargeRef {
			break // rows always tell their family, and are no charges
		}
		err := v.Rows.Entries(ctx, s, load, nil, func(r EntryRecord) error {
			if r.Value.names(x) {
				name = r.Value.called(x.Kind)
				return errFound
			}
			return nil
		})
		if err != nil {
			if errors.Is(err, errFound) {
				return name, nil
			}
			return "", err
		}
	}
	return "", fault.New(fault.NotFound, "reference_not_found",
		"nothing imported names %s %q; nothing was resolved. \"unresolved list\" says what is open", x.Kind, x.Ref)
}

// called is what a line calls a customer or a product.
func (l *SealedLine) called(kind string) string {
	if kind == ProductRef {
		return l.ProductName
	}
	return l.CustomerName
}

// called is what a row calls a customer, or an entitlement and whose it is.
func (e *Entry) called(kind string) string {
	if kind == CustomerRef || e[EntitlementDescription] == "" {
		return e[CustomerName]
	}
	return strings.TrimSuffix(e[EntitlementDescription]+", "+e[CustomerName], ", ")
}

// unnamed says whether one of the lines names no customer and is the charge with this id.
func unnamed(lines []SealedLine, ref string) bool {
	charges, _, _ := (*Behind)(nil).Charges(lines)
	return slices.ContainsFunc(charges, func(c charge.Charge) bool { return c.Customer == "" && strings.EqualFold(string(c.ID), ref) })
}

func (l *SealedLine) names(x Resolution) bool {
	return x.Kind == CustomerRef && strings.EqualFold(l.CustomerID, x.Ref) || x.Kind == ProductRef && strings.EqualFold(l.ProductID, x.Ref)
}

func (e *Entry) names(x Resolution) bool {
	return x.Kind == CustomerRef && strings.EqualFold(e[CustomerID], x.Ref) || x.Kind == EntitlementRef && strings.EqualFold(e[EntitlementID], x.Ref)
}

package access

import (
	"context"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Definitions lists the built-in roles, and the custom ones of organisations the caller may know the access of.
func (v *Service) Definitions(ctx context.Context) ([]Role, error) {
	grant, err := v.Roles.Require(ctx, AccessRead)
	if err != nil {
		return nil, err
	}
	s, err := v.Roles.current(ctx)
	if err != nil {
		return nil, err
	}
	list := BuiltIn()
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		custom, err := v.Store.Roles(ctx, r)
		for _, c := range custom {
			if n := s.forest.byID.Get(c.Owner); n != nil && grant.Scope.Sees(n.Path) {
				list = append(list, c)
			}
		}
		return err
	})
	return list, err
}

// Define makes a custom role, or changes the actions of the one of that owner and name, for everybody who has it.
// Denied when the caller does not hold all of it at the owner's place.
func (v *Service) Define(ctx context.Context, role Role) (Role, error) {
	s, err := v.Roles.current(ctx)
	if err != nil {
		return role, err
	}
	owner := s.forest.byID.Get(role.Owner)
	if owner == nil {
		return role, noPlace(string(role.Owner))
	}
	grant, err := v.Roles.RequireAt(ctx, RoleWrite, owner.Path)
	if fault.KindOf(err) == fault.NotFound {
		return role, noPlace(string(role.Owner)) // a path tells who sells to whom
	}
	if err != nil {
		return role, err
	}
	if err := role.valid(); err != nil {
		return role, err
	}
	if role.Realm != owner.Kind {
		return role, fault.New(fault.Invalid, "bad_role", "%s is a %s: its roles are for people of one", owner.Key, owner.Kind)
	}
	slices.Sort(role.Actions)
	role.Actions = slices.Compact(role.Actions)
	role.ID = id.Role("rol_" + id.Derive("role", string(role.Owner), role.Name))
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.mayRedefine(ctx, t, s, role); err != nil {
			return err
		}
		c := v.Roles.words.compile(role)
		if who, _ := identity.Caller(ctx); who.ID != identity.LocalOperator {
			caller, _ := s.caller(who, v.Now())
			at, _ := s.forest.locate(owner.Path)
			if err := s.holds(&caller, v.Roles.words, role, caller.own(at), newEntry(Assignment{}, c)); err != nil {
				return err
			}
		}
		if err := v.Store.SaveRole(ctx, t, role); err != nil {
			return err
		}
		t.After(func() { v.Roles.swap(func(s *snapshot) *snapshot { return s.withRole(c) }) })
		return v.Events.Append(ctx, t, event.RoleDefined, grant.Actor, string(role.ID), role)
	})
	return role, err
}

// Drop removes a custom role that nobody has. Conflict while somebody has it; a built-in one cannot be removed.
func (v *Service) Drop(ctx context.Context, role id.Role) error {
	s, err := v.Roles.current(ctx)
	if err != nil {
		return err
	}
	c := s.roles[role]
	if c == nil {
		return noRole(role)
	}
	if c.Owner == "" {
		return fault.New(fault.Conflict, "role_built_in", "%s is built in; it was not deleted", c.Name)
	}
	owner := s.forest.byID.Get(c.Owner)
	if owner == nil {
		return noRole(role)
	}
	grant, err := v.Roles.RequireAt(ctx, RoleWrite, owner.Path)
	if fault.KindOf(err) == fault.NotFound {
		return noRole(role)
	}
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		if err := v.mayRedefine(ctx, t, s, c.Role); err != nil {
			return err
		}
		list, err := v.Store.Assignments(ctx, t, Filter{Role: role})
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return fault.New(fault.Conflict, "role_in_use", "%s is assigned %d times: remove the assignments first; it was not deleted", c.Name, len(list))
		}
		if err := v.Store.DropRole(ctx, t, role); err != nil {
			return err
		}
		t.After(func() { v.Roles.swap(func(s *snapshot) *snapshot { return s.withoutRole(role) }) })
		return v.Events.Append(ctx, t, event.RoleDropped, grant.Actor, string(role), c.Role)
	})
}

// Policy is what a customer sees and may buy today.
func (v *Service) Policy(ctx context.Context, customer id.Organisation) (Policy, error) {
	s, n, err := v.customer(ctx, customer)
	if err != nil {
		return Policy{}, err
	}
	if _, err := v.Roles.RequireAt(ctx, PolicyRead, n.Path); err != nil {
		return Policy{}, noCustomer(err, customer)
	}
	return s.policies[customer].said(customer), nil
}

// said is a policy with its defaults in words.
func (p Policy) said(customer id.Organisation) Policy {
	if p.Customer = customer; p.Charges == "" {
		p.Charges = ChargesOff
	}
	return p
}

// ShowCharges says at which price a customer sees its usage, from now on.
func (v *Service) ShowCharges(ctx context.Context, customer id.Organisation, c Charges) (Policy, error) {
	if c != ChargesOff && c != ChargesList && c != ChargesSell {
		return Policy{}, fault.New(fault.Invalid, "bad_charges", "%q is not a price for usage charges: write off, list or sell", c)
	}
	return v.changePolicy(ctx, customer, PolicyWrite, func(p *Policy) { p.Charges = c })
}

// Permit lets a customer buy something for itself from now on, or no longer.
func (v *Service) Permit(ctx context.Context, customer id.Organisation, what Purchase, may bool) (Policy, error) {
	if what.action() == "" {
		return Policy{}, fault.New(fault.Invalid, "bad_purchase", "%q is not a purchase: write reservation or savings_plan", what)
	}
	return v.changePolicy(ctx, customer, PermissionWrite, func(p *Policy) {
		if what == Reservation {
			p.Reservations = may
		} else {
			p.SavingsPlans = may
		}
	})
}

// changePolicy adds a policy that says something else than the newest; one that says the same adds nothing.
func (v *Service) changePolicy(ctx context.Context, customer id.Organisation, action Action, change func(*Policy)) (Policy, error) {
	_, n, err := v.customer(ctx, customer)
	if err != nil {
		return Policy{}, err
	}
	grant, err := v.Roles.RequireAt(ctx, action, n.Path)
	if err != nil {
		return Policy{}, noCustomer(err, customer)
	}
	var p Policy
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		history, err := v.Store.Policies(ctx, t, customer)
		if err != nil {
			return err
		}
		var last Policy
		if len(history) > 0 {
			last = history[len(history)-1]
		}
		last = last.said(customer)
		p = last
		if change(&p); p == last {
			return nil
		}
		p.Number, p.Since, p.By = last.Number+1, v.Now().UTC(), grant.Actor
		if err := v.Store.AddPolicy(ctx, t, p); err != nil {
			return err
		}
		t.After(func() { v.Roles.swap(func(s *snapshot) *snapshot { return s.withPolicy(p) }) })
		return v.Events.Append(ctx, t, event.PolicyChanged, grant.Actor, string(customer), p)
	})
	return p, err
}

func (v *Service) customer(ctx context.Context, customer id.Organisation) (*snapshot, *node, error) {
	s, err := v.Roles.current(ctx)
	if err != nil {
		return nil, nil, err
	}
	n := s.forest.byID.Get(customer)
	if n == nil || n.Kind != Customer {
		return nil, nil, noCustomer(noPlace(""), customer)
	}
	return s, n, nil
}

// noCustomer hides the place behind a NotFound: a path tells who sells to whom.
func noCustomer(err error, customer id.Organisation) error {
	if fault.KindOf(err) == fault.NotFound {
		return fault.New(fault.NotFound, "customer_not_found", "no customer %s is known", customer)
	}
	return err
}

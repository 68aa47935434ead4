package delegation

import (
	"context"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Define makes a definition for the caller's organisation, or the one the local operator names in it. The same again
// is the one there is; anything else under its name is a Conflict.
func (v *Service) Define(ctx context.Context, d Definition) (made Definition, err error) {
	err = v.write(ctx, access.DelegationChange, func(ctx context.Context, t tx.Tx, c caller) error {
		by, _, err := v.actingFor(ctx, t, c, d.Organisation, org.Partner, org.Reseller)
		if err != nil {
			return err
		}
		made = d.resolved(v.Roles)
		made.Organisation, made.Created = by.ID, v.Now().UTC()
		if err := made.Validate(v.Roles); err != nil {
			return err
		}
		made.ID = id.Definition("def_" + id.Derive("definition", string(by.ID), made.Name))
		have, err := v.Store.Definitions(ctx, t, scope.All(), Filter{ID: string(made.ID)})
		if err != nil {
			return err
		}
		if len(have) == 0 {
			if err := v.Store.SaveDefinition(ctx, t, scope.All(), made); err != nil {
				return err
			}
			return v.Events.Append(ctx, t, event.DefinitionCreated, c.Actor, string(made.ID), map[string]any{"organisation": by.ID})
		}
		made.Created = have[0].Created
		if !reflect.DeepEqual(made, have[0]) {
			return fault.New(fault.Conflict, "name_taken", "there is a definition named %q already, and definitions never change; nothing was changed. Choose another name", made.Name)
		}
		return nil
	})
	return made, err
}

// Definitions are those of organisations the caller sees; a customer sees those of who sells to it.
func (v *Service) Definitions(ctx context.Context, f Filter) (list []Definition, err error) {
	err = v.read(ctx, access.DelegationRead, func(ctx context.Context, r tx.Read, c caller) error {
		list, err = v.definitions(ctx, r, c, f)
		return err
	})
	return list, err
}

func (v *Service) definitions(ctx context.Context, r tx.Read, c caller, f Filter) ([]Definition, error) {
	s, f := c.sees(f)
	list, err := v.Store.Definitions(ctx, r, s, f)
	if c.customer {
		from := sellers(c.place)
		list = slices.DeleteFunc(list, func(d Definition) bool { return !slices.Contains(from, d.Organisation) })
	}
	return list, err
}

// Template is the deployment template of a definition, for a subscription or a resource group of it.
func (v *Service) Template(ctx context.Context, definition id.Definition, resourceGroup string) (text []byte, err error) {
	err = v.read(ctx, access.DelegationRead, func(ctx context.Context, r tx.Read, c caller) error {
		list, err := v.definitions(ctx, r, c, Filter{ID: string(definition)})
		d, err := single(list, err, "definition", string(definition))
		if err != nil {
			return err
		}
		by, _, err := v.Orgs.Organisation(ctx, r, scope.All(), d.Organisation)
		if err != nil {
			return err
		}
		text, err = d.Template(by.Tenant, resourceGroup)
		return err
	})
	return text, err
}

// Register is a customer's consent to a definition at one of its entitlements or a resource group there. The local
// operator names the customer in the place. Consenting twice is consenting once.
func (v *Service) Register(ctx context.Context, definition id.Definition, at Place) (made Registration, err error) {
	err = v.write(ctx, access.DelegationApprove, func(ctx context.Context, t tx.Tx, c caller) error {
		customer, place, err := v.actingFor(ctx, t, c, at.Customer, org.Customer)
		if err != nil {
			return err
		}
		if !c.covers(at) {
			return fault.New(fault.NotFound, "entitlement_not_found", "the customer has no entitlement %s now; nothing was changed", at.lower().Entitlement)
		}
		list, err := v.Store.Definitions(ctx, t, scope.All(), Filter{ID: string(definition)})
		d, err := single(slices.DeleteFunc(list, func(d Definition) bool { return !slices.Contains(sellers(place), d.Organisation) }), err, "definition", string(definition))
		if err != nil {
			return err
		}
		made = Registration{Definition: d.ID, Name: d.Name, Organisation: d.Organisation, Always: d.Always, Eligible: d.Eligible}
		made.Place = at
		made.Customer = customer.ID
		return v.register(ctx, t, c, customer, &made, event.RegistrationCreated)
	})
	return made, err
}

// RecordStanding records access that provisioning left behind without the customer's consent, such as an owner.
func (v *Service) RecordStanding(ctx context.Context, o id.Organisation, at Place, held Authorization) (made Registration, err error) {
	err = v.write(ctx, access.DelegationChange, func(ctx context.Context, t tx.Tx, c caller) error {
		by, _, err := v.actingFor(ctx, t, c, o, org.Partner, org.Reseller)
		if err != nil {
			return err
		}
		customer, _, err := v.Orgs.Organisation(ctx, t, c.Scope, at.Customer)
		if err != nil {
			return err
		}
		role, ok := v.Roles.Find(string(held.Role), false)
		if !ok || held.Holder.ID == "" || held.Holder.Name == "" {
			return fault.New(fault.Invalid, "bad_access", "standing access needs a holder with a name and a built-in role; nothing was changed").With("role", string(held.Role))
		}
		held.Role = role.ID
		made = Registration{Name: "standing access of " + held.Holder.Name, Organisation: by.ID, Always: []Authorization{held}}
		made.Place = at
		return v.register(ctx, t, c, customer, &made, event.StandingRecorded)
	})
	return made, err
}

// register puts a registration in force, unless the same one is.
func (v *Service) register(ctx context.Context, t tx.Tx, c caller, customer org.Organisation, made *Registration, say event.Type) error {
	now := v.Now().UTC()
	made.Place, made.Since = made.Place.lower(), now
	owned := slices.ContainsFunc(customer.Entitlements, func(e org.Entitlement) bool {
		return strings.EqualFold(e.Provider, made.Entitlement) && e.Contains(period.DateOf(now))
	})
	if !owned || customer.Kind != org.Customer || strings.Contains(made.ResourceGroup, "/") {
		return fault.New(fault.NotFound, "entitlement_not_found", "the customer has no entitlement %s now; nothing was changed", made.Entitlement)
	}
	there, err := v.Store.Registrations(ctx, t, scope.All(), Filter{Customer: made.Customer, Entitlement: made.Entitlement})
	if err != nil {
		return err
	}
	former := 0
	for _, x := range there {
		if x.Definition != made.Definition || x.Organisation != made.Organisation || x.ResourceGroup != made.ResourceGroup {
			continue
		}
		if former++; x.InForce(now) && reflect.DeepEqual(x.Always, made.Always) {
			*made = x
			return nil
		}
	}
	made.ID = id.Registration("reg_" + id.Derive("registration", string(made.Definition), string(made.Organisation), string(made.Customer),
		made.Entitlement, made.ResourceGroup, strconv.Itoa(former)))
	return v.saveRegistration(ctx, t, c, *made, say)
}

func (v *Service) saveRegistration(ctx context.Context, t tx.Tx, c caller, r Registration, say event.Type) error {
	if err := v.Store.SaveRegistration(ctx, t, scope.All(), r); err != nil {
		return err
	}
	if err := v.publish(ctx, t, string(r.ID), r.Customer, ledger{registrations: []Registration{r}}); err != nil {
		return err
	}
	return v.Events.Append(ctx, t, say, c.Actor, string(r.ID), map[string]any{
		"organisation": r.Organisation, "customer": r.Customer, "entitlement": r.Entitlement, "resource_group": r.ResourceGroup,
		"definition": r.Definition, "always": roleIDs(r), "follows": r.Follows, "why": r.Why,
	})
}

func roleIDs(r Registration) (ids []RoleID) {
	for _, a := range r.Always {
		ids = append(ids, a.Role)
	}
	return ids
}

// Registrations are those the caller may see, ended ones too.
func (v *Service) Registrations(ctx context.Context, f Filter) (list []Registration, err error) {
	err = v.read(ctx, access.DelegationRead, func(ctx context.Context, r tx.Read, c caller) error {
		list, err = v.registrations(ctx, r, c, f)
		return err
	})
	return list, err
}

// End ends a registration for either side, with everything activated under it. Access ends at once; ending twice is
// ending once.
func (v *Service) End(ctx context.Context, r id.Registration, why string) (ended Registration, err error) {
	err = v.write(ctx, access.DelegationEnd, func(ctx context.Context, t tx.Tx, c caller) error {
		if ended, err = v.registration(ctx, t, c, r); err != nil || !ended.Ended.IsZero() {
			return err
		}
		if !c.actsFor(ended.Organisation) && !c.actsFor(ended.Customer) {
			return notYours()
		}
		ended.Ended, ended.EndedBy, ended.Why = v.Now().UTC(), c.Actor, strings.TrimSpace(why)
		if ended.Why == "" {
			ended.Why = "ended by " + map[bool]string{true: "the customer", false: "the managing side"}[c.customer]
		}
		if err := v.saveRegistration(ctx, t, c, ended, event.RegistrationEnded); err != nil {
			return err
		}
		return v.stopAllUnder(ctx, t, c, ended.ID)
	})
	return ended, err
}

func (v *Service) registration(ctx context.Context, r tx.Read, c caller, reg id.Registration) (Registration, error) {
	list, err := v.registrations(ctx, r, c, Filter{ID: string(reg)})
	return single(list, err, "registration", string(reg))
}

// Risks are the standing owners the caller may see, each with the least role that still works.
func (v *Service) Risks(ctx context.Context) (list []Risk, err error) {
	err = v.read(ctx, access.DelegationRead, func(ctx context.Context, r tx.Read, c caller) error {
		list, err = v.risks(ctx, r, c, Filter{})
		for i := range list {
			if !c.View.Has(scope.Cost) { // what earns credit is a matter of the partner's cost
				list[i] = list[i].withoutCredit()
			}
		}
		return err
	})
	return list, err
}

func (v *Service) risks(ctx context.Context, r tx.Read, c caller, f Filter) ([]Risk, error) {
	registrations, err := v.registrations(ctx, r, c, f)
	s, f := c.sees(f)
	if err != nil {
		return nil, err
	}
	f.ID = ""
	activations, err := v.Store.Activations(ctx, r, s, f)
	if err != nil {
		return nil, err
	}
	entries, err := v.Store.Entries(ctx, r, s, f)
	where := map[id.Activation]Place{}
	for _, a := range activations {
		where[a.ID] = a.Place
	}
	return risks(registrations, entries, where, v.Roles, v.Now()), err
}

// Replace ends a standing owner and gives its holders a lesser role at the same instant: the one named, or the least
// that still works. It narrows what they have, so the customer is not asked; it reads it in the record of events.
func (v *Service) Replace(ctx context.Context, r id.Registration, with string) (now Registration, err error) {
	err = v.write(ctx, access.DelegationChange, func(ctx context.Context, t tx.Tx, c caller) error {
		old, err := v.registration(ctx, t, c, r)
		if err != nil {
			return err
		}
		if !c.actsFor(old.Organisation) {
			return notYours()
		}
		found, err := v.risks(ctx, t, c, Filter{ID: string(r)})
		if err != nil {
			return err
		}
		if len(found) == 0 {
			now, err = v.successor(ctx, t, old)
			return err
		}
		role := found[0].Least
		if with != "" {
			var ok bool
			if role, ok = v.Roles.Find(with, false); !ok || role.ID == Owner || role.ID == UserAccess {
				return fault.New(fault.Invalid, "not_lesser", "%q is not a built-in role below Owner; nothing was changed", with).With("role", with)
			}
		}
		old, now = old.replaced(role.ID, c.Actor, v.Now())
		now.ID = id.Registration("reg_" + id.Derive("registration", "follows", string(old.ID)))
		if err := v.saveRegistration(ctx, t, c, old, event.RegistrationEnded); err != nil {
			return err
		}
		return v.saveRegistration(ctx, t, c, now, event.StandingReplaced)
	})
	return now, err
}

// successor is what replaced a registration before; Conflict when nothing did.
func (v *Service) successor(ctx context.Context, r tx.Read, old Registration) (Registration, error) {
	there, err := v.Store.Registrations(ctx, r, scope.All(), Filter{Customer: old.Customer, Entitlement: old.Entitlement})
	if i := slices.IndexFunc(there, func(x Registration) bool { return x.Follows == old.ID }); i >= 0 && err == nil {
		return there[i], nil
	}
	if err != nil {
		return Registration{}, err
	}
	return Registration{}, fault.New(fault.Conflict, "not_standing_owner", "%s is not a standing owner in force: there is nothing to replace", old.ID)
}

// Earned is what was earned, day by day in [from, to), at an entitlement the caller may see, and since when not. It is
// a matter of the partner's cost: who may not see that finds no entitlement.
func (v *Service) Earned(ctx context.Context, entitlement string, p period.Period) (days []Credit, losses []Loss, err error) {
	err = v.read(ctx, access.CreditRead, func(ctx context.Context, r tx.Read, c caller) error {
		e, span, err := v.creditHistory(ctx, r, c, entitlement, p)
		if err != nil {
			return err
		}
		for day := span.Start; day < span.End; day = day.AddDays(1) {
			days = append(days, e.day(day))
		}
		losses = e.losses(span)
		return nil
	})
	return days, losses, err
}

// mostDays bounds the days asked for at once.
const mostDays = 400

func (v *Service) creditHistory(ctx context.Context, r tx.Read, c caller, entitlement string, p period.Period) (creditHistory, period.Period, error) {
	today := period.DateOf(v.Now())
	if p.End == 0 || p.End > today.AddDays(1) {
		p.End = today.AddDays(1)
	}
	if p.Start == 0 || p.Start >= p.End || p.End-p.Start > mostDays {
		return creditHistory{}, p, fault.New(fault.Invalid, "bad_days", "ask for at most %d days, from the first to the day after the last", mostDays).With("from", p.Start.String())
	}
	x, err := v.Orgs.Index(ctx, r, scope.All())
	if err != nil {
		return creditHistory{}, p, err
	}
	owner := x.CustomerOfEntitlement(entitlement, p.End.AddDays(-1))
	if owner == nil || !c.View.Has(scope.Cost) || !c.Scope.Sees(x.Path(owner.ID, today)) {
		return creditHistory{}, p, fault.New(fault.NotFound, "entitlement_not_found", "no entitlement %s is known", entitlement)
	}
	there, err := v.Store.Registrations(ctx, r, scope.All(), Filter{Customer: owner.ID, Entitlement: strings.ToLower(entitlement)})
	return creditHistory{
		all: v.Roles, entitlement: strings.ToLower(entitlement), registrations: there, now: v.Now(),
		chain: func(day period.Date) (ids []id.Organisation) {
			for _, e := range x.Chain(owner.ID, day) {
				ids = append(ids, e.Seller)
			}
			return ids
		},
		linked: func(o id.Organisation) bool { is := x.Organisation(o); return is != nil && is.MPN != "" },
	}, p, err
}

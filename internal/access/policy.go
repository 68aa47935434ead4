package access

import (
	"context"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// Policy is what the partner lets one customer see and buy, from an instant on. Numbers count the changes of one
// customer; earlier ones are kept. The zero Policy lets it do nothing.
type Policy struct {
	Customer     id.Organisation `json:"customer"`
	Number       int64           `json:"number"`
	Charges      Charges         `json:"usage_charges"`
	Reservations bool            `json:"may_buy_reservations"`
	SavingsPlans bool            `json:"may_buy_savings_plans"`
	Since        time.Time       `json:"since,omitzero"` // business clock
	By           string          `json:"by,omitempty"`
}

// Charges is at which price a customer sees its usage.
type Charges string

// Usage charges are not shown (the default), shown at the provider's public price, or at the price its seller chose.
const (
	ChargesOff  Charges = "off"
	ChargesList Charges = "list"
	ChargesSell Charges = "sell"
)

// view is what the people of the customer see; the price the seller chose is what they buy at.
func (c Charges) view() scope.View {
	switch c {
	case ChargesList:
		return scope.List
	case ChargesSell:
		return scope.Buy
	}
	return 0
}

// Purchase is a kind of thing a customer may be let buy for itself.
type Purchase string

// The kinds of purchase that have a permission of their own.
const (
	Reservation Purchase = "reservation"
	SavingsPlan Purchase = "savings_plan"
)

func (p Purchase) action() Action {
	switch p {
	case Reservation:
		return ReservationBuy
	case SavingsPlan:
		return SavingsPlanBuy
	}
	return ""
}

func (p Policy) permits(what Purchase) bool {
	return what == Reservation && p.Reservations || what == SavingsPlan && p.SavingsPlans
}

// MayPurchase says whether the caller may buy something for a customer: the partner's staff with a role that buys;
// the customer's own owners and purchasers where the partner lets the customer. Every purchase asks this.
func (r *Roles) MayPurchase(ctx context.Context, customer id.Organisation, what Purchase) (Grant, error) {
	who, _ := identity.Caller(ctx)
	if who.ID == identity.LocalOperator {
		return Local{}.MayPurchase(ctx, customer, what)
	}
	s, err := r.current(ctx)
	if err != nil {
		return Grant{}, err
	}
	n := s.forest.byID.Get(customer)
	if n == nil || n.Kind != Customer || what.action() == "" {
		return Grant{}, noPlace(string(customer))
	}
	if who.Realm != customer {
		return r.RequireAt(ctx, what.action(), n.Path)
	}
	grant, err := r.Require(ctx, what.action()) // an owner of any of its subscriptions
	if err == nil && !s.policies[customer].permits(what) {
		return Grant{}, fault.New(fault.Denied, "purchase_not_permitted",
			"%s may not buy a %s for itself: ask its partner to buy it, or to allow it; nothing was bought", n.Key, what)
	}
	return grant, err
}

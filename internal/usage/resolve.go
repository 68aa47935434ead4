package usage

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// The reasons why a reference of the provider is unresolved.
const (
	UnknownCustomer    = "unknown_customer"
	UnknownEntitlement = "unknown_entitlement"
	NoCustomer         = "no_customer" // a statement line names no customer
)

// OwnUse is the target of an answer that says: the partner uses this itself, and no customer is billed for it.
const OwnUse = "own_use"

// Resolver says whose usage a row is. Answers people gave come after what the world lists.
type Resolver struct {
	Index       *org.Index
	Resolutions []Resolution
}

// The kinds of reference that can be answered.
const (
	CustomerRef    = "customer"
	EntitlementRef = "entitlement"
	ProductRef     = "product"
	ChargeRef      = "charge" // a statement line that names no customer, by the id of its charge
)

// Customer is the customer of a row on a day, or nil and the reason. An entitlement the world lists on that day
// decides; else an answer for it; else the tenant, unless its customer lists entitlements: then an unlisted one is
// unknown. Charges have no entitlement, and go by the tenant alone. The partner stands for its own use: what is under
// its tenants and entitlements, and what was answered to be.
func (v Resolver) Customer(entitlement, tenant string, on period.Date) (*org.Organisation, string) {
	if entitlement != "" {
		if c := v.Index.CustomerOfEntitlement(entitlement, on); c != nil {
			return c, ""
		}
		if c := v.customer(EntitlementRef, entitlement); c != nil {
			return c, ""
		}
	}
	c := v.Index.CustomerOfTenant(tenant)
	if c == nil {
		c = v.customer(CustomerRef, tenant)
	}
	if c == nil {
		c = v.Index.OwnTenant(tenant)
	}
	switch {
	case c != nil && c.Kind == org.Partner: // all of its own tenant is its own
	case c == nil && tenant == "" && entitlement != "", c != nil && entitlement != "" && len(c.Entitlements) > 0:
		return nil, UnknownEntitlement
	case c == nil:
		return nil, UnknownCustomer
	}
	return c, ""
}

// Charged is whose a charge is, or nil with the reason and what is missing. A line that names nobody is whose somebody
// answered for it, or the partner's own where that was answered for its product.
func (v Resolver) Charged(c *charge.Charge, on period.Date) (who *org.Organisation, reason, ref string) {
	if c.Customer != "" {
		who, reason = v.Customer("", c.Customer, on)
		return who, reason, c.Customer
	}
	if who = v.customer(ChargeRef, string(c.ID)); who != nil {
		return who, "", ""
	}
	if v.answer(ProductRef, c.Product) == OwnUse && v.Index.Partner() != nil {
		return v.Index.Partner(), "", ""
	}
	return nil, NoCustomer, string(c.ID)
}

func (v Resolver) customer(kind, ref string) *org.Organisation {
	if v.answer(kind, ref) == OwnUse {
		return v.Index.Partner()
	}
	if c := v.Index.ByKey(v.answer(kind, ref)); c != nil && c.Kind == org.Customer {
		return c
	}
	return nil
}

// Family is the product family of a charge: what its line tells, else what somebody answered for its product, else "".
func (v Resolver) Family(told, product string) string {
	if told != "" {
		return told
	}
	if family := v.answer(ProductRef, product); family != OwnUse {
		return family
	}
	return ""
}

func (v Resolver) answer(kind, ref string) string {
	for _, r := range v.Resolutions {
		if ref != "" && r.Kind == kind && strings.EqualFold(r.Ref, ref) {
			return r.Target
		}
	}
	return ""
}

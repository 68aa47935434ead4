package usage

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// The reasons why nobody claims a reference.
const (
	UnknownCustomer    = "unknown_customer"
	UnknownEntitlement = "unknown_entitlement"
)

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
)

// Customer is the customer of a row on a day, or nil and the reason. An entitlement the world lists on that day
// decides; else an answer for it; else the tenant, unless its customer lists entitlements: then an unlisted one is
// unknown. Charges have no entitlement, and go by the tenant alone.
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
	switch {
	case c == nil && tenant == "" && entitlement != "", c != nil && entitlement != "" && len(c.Entitlements) > 0:
		return nil, UnknownEntitlement
	case c == nil:
		return nil, UnknownCustomer
	}
	return c, ""
}

func (v Resolver) customer(kind, ref string) *org.Organisation {
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
	return v.answer(ProductRef, product)
}

func (v Resolver) answer(kind, ref string) string {
	for _, r := range v.Resolutions {
		if ref != "" && r.Kind == kind && strings.EqualFold(r.Ref, ref) {
			return r.Target
		}
	}
	return ""
}

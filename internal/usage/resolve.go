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

// Customer is the customer of a row on a day, or nil and the reason. An entitlement the world lists on that day
// decides; else an answer for it; else the tenant, unless its customer lists entitlements: then an unlisted one is
// unknown. Charges have no entitlement, and go by the tenant alone.
func (v Resolver) Customer(entitlement, tenant string, on period.Date) (*org.Organisation, string) {
	if entitlement != "" {
		if c := v.Index.CustomerOfEntitlement(entitlement, on); c != nil {
			return c, ""
		}
		if c := v.answer("entitlement", entitlement); c != nil {
			return c, ""
		}
	}
	c := v.Index.CustomerOfTenant(tenant)
	if c == nil {
		c = v.answer("customer", tenant)
	}
	switch {
	case c == nil:
		return nil, UnknownCustomer
	case entitlement != "" && len(c.Entitlements) > 0:
		return nil, UnknownEntitlement
	}
	return c, ""
}

func (v Resolver) answer(kind, ref string) *org.Organisation {
	for _, r := range v.Resolutions {
		if ref != "" && r.Kind == kind && strings.EqualFold(r.Ref, ref) {
			if c := v.Index.ByKey(r.Target); c != nil && c.Kind == org.Customer {
				return c
			}
		}
	}
	return nil
}

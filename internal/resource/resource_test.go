package resource

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// TestWhoseItIs: a resource is whose entitlement it was in on its last day, and seen where that is.
func TestWhoseItIs(t *testing.T) {
	day := func(month time.Month) period.Date { return period.NewDate(2026, month, 1) }
	customer := func(key, tenant string, list ...org.Entitlement) org.Organisation {
		return org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: org.Customer, Tenant: tenant, Entitlements: list}
	}
	w := org.World{Organisations: []org.Organisation{
		customer("c1", "t-1", org.Entitlement{Provider: "E-1", Period: period.Period{End: day(6)}}),
		customer("c2", "t-2", org.Entitlement{Provider: "E-1", Period: period.Period{Start: day(6)}}, org.Entitlement{Provider: "E-2"}),
	}}
	whose := usage.Resolver{Index: w.Index()}
	one, two, group := scope.Of("@c1"), scope.Of("@c2").Without("@c2/e-2/pay"), scope.Of("@c2/e-1/web")
	for _, c := range []struct {
		what            string
		x               Resource
		name, customer  string
		one, two, group bool
	}{
		{"before it went over", Resource{ID: "/subscriptions/E-1/x/vm", Group: "Web", Tenant: "t-1", Entitlement: "e-1", Last: day(5)}, "vm", "c1", true, false, false},
		{"after", Resource{ID: "/subscriptions/E-1/x/vm", Group: "Web", Tenant: "t-2", Entitlement: "e-1", Last: day(7)}, "vm", "c2", false, true, true},
		{"what was taken out", Resource{ID: "vm", Group: "Pay", Tenant: "t-2", Entitlement: "e-2", Last: day(7)}, "vm", "c2", false, false, false},
		{"nobody's yet", Resource{ID: "a/b", Tenant: "t-9", Entitlement: "e-9", Last: day(7)}, "b", "", true, true, true}, // the store has seen to that
	} {
		x := c.x.named(whose)
		if x.Name != c.name || x.Customer != c.customer || x.seen(one) != c.one || x.seen(two) != c.two || x.seen(group) != c.group || !x.seen(scope.All()) {
			t.Errorf("%s: %+v, seen %v, %v, %v", c.what, x, x.seen(one), x.seen(two), x.seen(group))
		}
	}
}

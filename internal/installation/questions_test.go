package installation_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// TestWhoUsesEntitlements: usage says who uses an entitlement that no organisation lists, by the tenant it is under, by what
// was answered for that, and by what was answered for the entitlement. The partner is asked of what is its own.
func TestWhoUsesEntitlements(t *testing.T) {
	n, ctx := installtest.New(t), installtest.Operator(t.Context())
	n.Import(t, intake.Request{}, installtest.UsageFile(
		installtest.Row{Tenant: "t-b", Entitlement: "E-Loose"}, installtest.Row{Tenant: "p-1", Entitlement: "e-own"},
		installtest.Row{Tenant: "t-x", Entitlement: "e-x"}, installtest.Row{Tenant: "t-y", Entitlement: "e-y"}, installtest.Row{Tenant: "t-z", Entitlement: "e-z"}))
	for ref, kind := range map[string]string{"t-x": usage.CustomerRef, "e-y": usage.EntitlementRef} {
		if err := n.Usage.Resolve(ctx, usage.Resolution{Kind: kind, Ref: ref, Target: "b"}, n.Known); err != nil {
			t.Fatal(err)
		}
	}
	got, err := n.Orgs.UsedBy(ctx, []string{"e-loose", "e-own", "e-x", "e-y", "e-z", "e-none"})
	b := []id.Organisation{org.OrganisationID("b")}
	want := map[string][]id.Organisation{"e-loose": b, "e-own": {org.OrganisationID("p")}, "e-x": b, "e-y": b}
	if err != nil || !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%v, %v; want %v", got, err, want)
	}
}

package usagetest

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Tenants checks that a store knows the tenants of entitlements, of what was loaded whole.
func Tenants(t *testing.T, open Open) {
	f := fixture{open(t)}
	store, ok := f.store.(usage.TenantStore)
	if !ok {
		t.Fatal("the store knows no tenants")
	}
	first, second := dictionary(), dictionary()
	first.Entries = []usage.EntryRecord{entry(1, hash(1), "Cust-A", "Sub-A"), entry(2, hash(2), "cust-a", "SUB-A"), entry(3, hash(3), "", "Sub-A"), entry(4, hash(4), "Cust-B", "Sub-B")}
	second.Entries = []usage.EntryRecord{entry(1, hash(1), "Cust-C", "sub-a")}
	f.load(t, 1, first)
	f.load(t, 2, second)
	open3 := f.begin(t, 3)
	third := dictionary()
	third.Entries = []usage.EntryRecord{entry(1, hash(1), "Cust-D", "Sub-A")}
	must(t, open3.Append(background(), third))
	of := func(s scope.Scope, entitlements ...string) map[string][]string {
		found, err := store.Tenants(background(), s, entitlements)
		must(t, err)
		return found
	}
	same(t, "of one, in any letters", of(scope.All(), "sUB-a"), map[string][]string{"sub-a": {"cust-a", "cust-c"}})
	same(t, "of several, and one that nobody has", of(scope.All(), "sub-a", "Sub-A", "sub-b", "it's"), map[string][]string{"sub-a": {"cust-a", "cust-c"}, "sub-b": {"cust-b"}})
	same(t, "of none", of(scope.All()), map[string][]string{})
	same(t, "of a part of the tree", of(scope.Of("contoso/nordwind").WithRefs("cust-a"), "sub-a"), map[string][]string{})
	must(t, open3.Abort(background()))
}

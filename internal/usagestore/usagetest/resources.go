package usagetest

import (
	"path"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/resource"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Resources checks that a store finds the resources of a scope, and no others.
func Resources(t *testing.T, open Open) {
	f := fixture{open(t)}
	store, ok := f.store.(resource.RowStore)
	if !ok {
		t.Fatal("the store finds no resources")
	}
	named := func(e usage.EntryRecord, group, name, location string) usage.EntryRecord {
		e.Value[usage.ResourceGroup], e.Value[usage.ResourceLocation], e.Value[usage.ConsumedService] = group, location, "Microsoft.Compute"
		if name != "" {
			e.Value[usage.ResourceURI] = "/subscriptions/" + e.Value[usage.EntitlementID] + "/resourceGroups/" + group + "/" + name
		}
		return e
	}
	b := dictionary()
	b.Entries = []usage.EntryRecord{
		named(entry(1, hash(1), "Cust-A", "Sub-A"), "web", "vm-1", "westeurope"), // the same in two meters and two spellings
		named(entry(2, hash(2), "cust-a", "SUB-A"), "WEB", "VM-1", "westeurope"),
		named(entry(3, hash(3), "Cust-A", "Sub-A"), "db", "sql", "northeurope"),
		named(entry(4, hash(4), "Cust-B", "Sub-B"), "web", "theirs", "westeurope"),
		named(entry(5, hash(5), "Cust-A", "Sub-C"), "web", "other", "westeurope"),
		named(entry(6, hash(6), "Cust-A", "Sub-A"), "web", "", ""),            // a charge of no resource
		named(entry(7, hash(7), "Cust-A", "Sub-A"), "web", "masked", "x"),     // hidden wholly
		named(entry(8, hash(8), "Cust-A", "Sub-A"), "web", "superseded", "x"), // of a batch that is not asked for
	}
	old := row(8, 9, day(1), "1")
	old.Batch = 2
	b.Facts = []usage.Fact{
		row(1, 1, day(2), "1"), row(2, 2, day(9), "1"), row(3, 3, day(3), "1"), row(4, 4, day(4), "1"), row(5, 5, day(5), "1"), row(6, 6, day(1), "1"),
		row(7, 7, day(20), "1"), old,
	}
	f.load(t, 1, b)
	masks := []usage.Mask{{Batch: 1, Entitlement: "sub-a", Day: day(20)}}
	find := func(s scope.Scope, batches ...usage.BatchRef) (out []resource.Resource) {
		must(t, store.Resources(background(), s, batches, masks, func(x resource.Resource) error {
			out = append(out, x)
			return nil
		}))
		return out
	}
	all := find(scope.All(), usage.BatchRef{Load: 1, Batch: 1})
	same(t, "a resource", all[1], resource.Resource{ID: "/subscriptions/SUB-A/resourceGroups/WEB/VM-1", Group: "WEB", Location: "westeurope",
		Service: "Microsoft.Compute", Tenant: "cust-a", Entitlement: "sub-a", First: day(2), Last: day(9)})
	same(t, "none of no batch", len(find(scope.All())), 0)
	same(t, "none of another load", len(find(scope.All(), usage.BatchRef{Load: 2, Batch: 1})), 0)
	none := scope.Of("contoso/nobody")
	of := func(refs ...scope.Ref) scope.Scope {
		return none.WithRefsOf(func() []scope.Ref { return refs })
	}
	web, others := scope.Ref{ID: "SUB-A", Group: "Web"}, scope.Ref{ID: "sub-a", Except: []string{"Web"}}
	for _, c := range []struct {
		name  string
		scope scope.Scope
		want  []string
	}{
		{"all", scope.All(), []string{"sql", "VM-1", "other", "theirs"}},
		{"a customer", none.WithRefs("cust-A"), []string{"sql", "VM-1", "other"}},
		{"an entitlement", none.WithRefs("sub-a"), []string{"sql", "VM-1"}},
		{"a resource group", of(web), []string{"VM-1"}},
		{"a group beside another entitlement", of(web, scope.Ref{ID: "sub-c"}), []string{"VM-1", "other"}},
		{"all but a group", of(others, scope.Ref{ID: "sub-c"}), []string{"sql", "other"}},
		{"a group that is taken out", of(scope.Ref{ID: "sub-a", Group: "web", Except: []string{"wEB"}}), nil},
		{"on days without any of the others", of(scope.Ref{ID: "cust-a", Days: period.Period{Start: day(2), End: day(5)}}), []string{"sql", "vm-1"}},
		{"strangers", none.WithRefs("Cust-Z"), nil},
		{"no references", none, nil},
		{"the zero scope", scope.Scope{}, nil},
	} {
		var got []string
		for _, x := range find(c.scope, usage.BatchRef{Load: 1, Batch: 1}) {
			got = append(got, path.Base(x.ID))
		}
		same(t, "resources of "+c.name, got, c.want)
	}
	hides(t, f, of(others))
}

// hides checks that what is taken out of an entitlement is not told by what else is read either.
func hides(t *testing.T, f fixture, s scope.Scope) {
	var seen []uint32
	for _, e := range f.entries(t, s, 1) {
		seen = append(seen, e.Number)
	}
	same(t, "entries", seen, []uint32{3})
	for _, x := range f.sums(t, s, all(1)) {
		same(t, "a summed entry", x.Entry, uint32(3))
	}
}

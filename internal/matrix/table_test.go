package matrix

import (
	"maps"
	"slices"
	"strings"
	"testing"
)

// TestTableNamesEveryCall holds the table against the list of routes, without calling any: each route has a line for every
// role, and no other call has one.
func TestTableNamesEveryCall(t *testing.T) {
	table, err := Expected()
	if err != nil {
		t.Fatal(err)
	}
	var roles []string
	for _, c := range callers() {
		roles = append(roles, c.name())
	}
	slices.Sort(roles)
	calls := map[string]bool{}
	for _, r := range routes() {
		calls[r.id] = true
		if have := slices.Sorted(maps.Keys(table[r.id])); !slices.Equal(have, roles) {
			t.Errorf("%s has lines for the roles %v, and not for %v", r.id, have, roles)
		}
	}
	for name := range table {
		if call, _, _ := strings.Cut(name, " at "); !calls[call] {
			t.Errorf("%s is in the table and no call of the API", name)
		}
	}
	if len(calls) < 90 || len(roles) < 15 {
		t.Errorf("%d calls and %d roles were looked at", len(calls), len(roles))
	}
	t.Logf("%d calls, %d roles", len(calls), len(roles))
}

package access

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// TestPlacedNodesEqualTheWholeTree moves organisations of a tree again and again, each time naming only what moved: the
// forest is the one that is made of the whole tree.
func TestPlacedNodesEqualTheWholeTree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		above := map[string]string{} // whom each buys from
		keys := []string{"p", "r0", "r1", "r2", "c0", "c1"}
		var path func(key string) string
		path = func(key string) string {
			if above[key] == "" {
				return key
			}
			return path(above[key]) + "/" + key
		}
		known := map[string]Node{}
		f := newForest(Tree{})
		for range rapid.IntRange(1, 6).Draw(t, "changes") {
			if key := rapid.SampledFrom(keys[1:]).Draw(t, "moves"); true {
				under := rapid.SampledFrom(keys[:4]).Draw(t, "under")
				if !slices.Contains(slices.Collect(ups(above, under)), key) {
					above[key] = under
				}
			}
			var changed Tree
			for _, key := range keys {
				n := Node{Organisation: id.Organisation("org_" + key), Key: key, Path: path(key), Tenant: fmt.Sprint("t", rapid.IntRange(0, 1).Draw(t, "tenant")),
					Kind: Customer, Entitlements: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"e0", "e1", "e2"}), 0, 2, rapid.ID[string]).Draw(t, "entitlements")}
				if !reflect.DeepEqual(known[key], n) {
					changed.Nodes = append(changed.Nodes, n)
				}
				known[key] = n
			}
			f = f.with(changed)
			var whole Tree
			for _, key := range keys {
				whole.Nodes = append(whole.Nodes, known[key])
			}
			sameForest(t, f, newForest(whole), keys)
			f = f.with(Tree{}) // nothing changes
			sameForest(t, f, newForest(whole), keys)
		}
	})
}

// TestManyNodesAreMerged puts more nodes into a tree at once than are put there one by one.
func TestManyNodesAreMerged(t *testing.T) {
	var first, all Tree
	for i := range 3 * fewNodes {
		key := fmt.Sprintf("k%03d", i*7%(3*fewNodes))
		n := Node{Organisation: id.Organisation("org_" + key), Key: key, Path: "p/" + key}
		if i%3 == 0 {
			old := n
			old.Path = "q/" + key
			first.Nodes = append(first.Nodes, old)
		}
		all.Nodes = append(all.Nodes, n)
	}
	f := newForest(first).with(all)
	if len(f.nodes) != len(all.Nodes) || !slices.IsSortedFunc(f.nodes, byPath) || f.byPath.Len() != len(all.Nodes) {
		t.Errorf("%d nodes, %d paths", len(f.nodes), f.byPath.Len())
	}
}

// ups yields a key and all above it.
func ups(above map[string]string, key string) func(func(string) bool) {
	return func(yield func(string) bool) {
		for ; key != "" && yield(key); key = above[key] {
		}
	}
}

func sameForest(t *rapid.T, f, want *forest, keys []string) {
	if len(f.nodes) != len(want.nodes) || f.byPath.Len() != len(keys) || f.byID.Len() != len(keys) || f.byKey.Len() != len(keys) {
		t.Fatalf("%d nodes, %d paths, want %d", len(f.nodes), f.byPath.Len(), len(want.nodes))
	}
	for i, n := range want.nodes {
		same := f.nodes[i]
		if !reflect.DeepEqual(same, n) || f.byPath.Get(n.Path) != same || f.byID.Get(n.Organisation) != same || f.byKey.Get(n.Key) != same {
			t.Fatalf("node %d is %+v, want %+v", i, same, n)
		}
	}
	for _, e := range []string{"E0", "e1", "e2"} { // the first by path that has it
		i := slices.IndexFunc(f.nodes, func(n *node) bool { return slices.Contains(n.Entitlements, strings.ToLower(e)) })
		at, ok, err := f.part(Within{Entitlement: e}, "")
		if err != nil || ok != (i >= 0) || ok && at.node != f.nodes[i] {
			t.Fatalf("%s is in %+v, %v, %v; want that of node %d", e, at, ok, err, i)
		}
	}
	if f.having.Len() != want.having.Len() {
		t.Fatalf("%d entitlements, want %d", f.having.Len(), want.having.Len())
	}
}

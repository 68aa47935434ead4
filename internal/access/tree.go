package access

import (
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/shard"
)

// Node is an organisation at its place in the commercial tree. A customer is the root of its resources too, which
// stand at "@KEY", its entitlements at "@KEY/ENTITLEMENT", a resource group at "@KEY/ENTITLEMENT/NAME".
type Node struct {
	Organisation id.Organisation
	Key          string
	Path         string // keys from the partner down
	Kind         Kind
	Tenant       string   // the provider's id of a customer's tenant
	Entitlements []string // the provider's ids of those it has now, in small letters

	// Of a customer: whom it bought through, as keys from the partner down to its own, and which entitlements it had.
	// Usage belongs to the chain of its day.
	Chains []period.Dated[[]string]
	Held   []period.Dated[string]
}

// Tree is both trees of scopes at an instant.
type Tree struct {
	Nodes []Node
	Next  time.Time // when a place or an entitlement changes by itself, because its day has come; zero is never
}

// forest is a Tree with its look-ups. It does not change: a change makes another one that shares most of it.
type forest struct {
	nodes  []*node // by path
	byKey  shard.Map[string, *node]
	byID   shard.Map[id.Organisation, *node]
	byPath shard.Map[string, *node]
	having shard.Map[string, []*node] // customers by an entitlement that they have now: one each in a valid state
	next   time.Time
}

type node struct {
	Node
	chain []string // keys from itself up
}

func newForest(t Tree) *forest { return (&forest{}).with(t) }

// with is the forest with nodes added, or put in the place of those of their organisations.
func (f *forest) with(t Tree) *forest {
	keys, ids, paths, having := f.byKey.Edit(), f.byID.Edit(), f.byPath.Edit(), f.having.Edit()
	gone, come := map[*node]bool{}, make([]*node, 0, len(t.Nodes))
	for _, x := range t.Nodes {
		if old := f.byID.Get(x.Organisation); old != nil {
			gone[old] = true
			keys.Delete(old.Key)
			paths.Delete(old.Path)
			for _, e := range old.Entitlements {
				left := slices.DeleteFunc(slices.Clone(having.Get(e)), func(n *node) bool { return n == old })
				if having.Set(e, left); len(left) == 0 {
					having.Delete(e)
				}
			}
		}
	}
	for _, x := range t.Nodes {
		n := &node{Node: x, chain: strings.Split(x.Path, "/")}
		slices.Reverse(n.chain)
		keys.Set(x.Key, n)
		ids.Set(x.Organisation, n)
		paths.Set(x.Path, n)
		for _, e := range x.Entitlements {
			having.Set(e, append(slices.Clone(having.Get(e)), n))
		}
		come = append(come, n)
	}
	return &forest{nodes: replaced(f.nodes, gone, come), byKey: keys.Map(), byID: ids.Map(), byPath: paths.Map(), having: having.Map(), next: t.Next}
}

// fewNodes is how many nodes are put into their places one by one; of more the list is merged.
const fewNodes = 64

// replaced is a list by path without some nodes and with others.
func replaced(list []*node, gone map[*node]bool, come []*node) []*node {
	if len(come) <= fewNodes {
		list = slices.Clone(list)
		for n := range gone {
			i, _ := slices.BinarySearchFunc(list, n, byPath)
			list = slices.Delete(list, i, i+1)
		}
		for _, n := range come {
			i, _ := slices.BinarySearchFunc(list, n, byPath)
			list = slices.Insert(list, i, n)
		}
		return list
	}
	slices.SortFunc(come, byPath)
	next := make([]*node, 0, len(list)+len(come))
	for _, n := range list {
		if gone[n] {
			continue
		}
		for len(come) > 0 && byPath(come[0], n) < 0 {
			next, come = append(next, come[0]), come[1:]
		}
		next = append(next, n)
	}
	return append(next, come...)
}

func byPath(a, b *node) int { return strings.Compare(a.Path, b.Path) }

// position is a place that exists: a node, or something below a customer.
type position struct {
	*node
	resource bool   // in the tree of resources
	tail     string // below the node: "" for the node itself, else "SUBSCRIPTION", "ENTITLEMENT/GROUP" …
	keyPath  string // what assignments at the position are kept under: KEY, KEY/TAIL, @KEY or @KEY/TAIL
}

// path is the position as people write it.
func (s position) path() string {
	switch {
	case s.resource:
		return s.keyPath
	case s.tail != "":
		return s.Path + "/" + s.tail
	}
	return s.Path
}

// up is the key path above one, "" above the last. Key paths of organisations go up by the chain of the day: moving an
// organisation moves what is below it, and no assignment.
func (s position) up(keyPath string, above int) (string, int) {
	if i := strings.LastIndexByte(keyPath, '/'); i >= 0 {
		return keyPath[:i], above
	}
	if above++; !s.resource && above < len(s.chain) {
		return s.chain[above], above
	}
	return "", above
}

// locate finds a place: a path of either tree, a key, or a key path. Entitlements must be there; what is below them,
// and subscriptions, is not known here.
func (f *forest) locate(place string) (position, bool) {
	if name, ok := strings.CutPrefix(place, "@"); ok {
		key, tail, _ := strings.Cut(name, "/")
		n := f.byKey.Get(key)
		if n == nil || n.Kind != Customer || !f.entitled(n, tail) {
			return position{}, false
		}
		return position{n, true, tail, place}, true
	}
	if n := f.byPath.Get(place); n != nil {
		return position{n, false, "", n.Key}, true
	}
	for end := strings.LastIndexByte(place, '/'); ; end = strings.LastIndexByte(place[:end], '/') {
		head, tail := place, ""
		if end >= 0 {
			head, tail = place[:end], place[end+1:]
		}
		n := f.byPath.Get(head)
		if n == nil && !strings.Contains(head, "/") {
			n = f.byKey.Get(head)
		}
		switch {
		case n != nil && end < 0:
			return position{n, false, "", n.Key}, true
		case n != nil && n.Kind == Customer && named(tail):
			return position{n, false, tail, place[end-len(n.Key):]}, true
		case n != nil || end < 0:
			return position{}, false
		}
	}
}

// entitled says whether the tail of a resource's place is nothing, or begins with an entitlement the customer has.
func (f *forest) entitled(n *node, tail string) bool {
	if tail == "" {
		return true
	}
	entitlement, _, _ := strings.Cut(tail, "/")
	return slices.Contains(n.Entitlements, entitlement) && named(tail)
}

// former finds a key path at an entitlement that a customer once had.
func (f *forest) former(keyPath string) (position, bool) {
	key, tail, _ := strings.Cut(strings.TrimPrefix(keyPath, "@"), "/")
	entitlement, _, _ := strings.Cut(tail, "/")
	n := f.byKey.Get(key)
	had := n != nil && keyPath[0] == '@' && slices.ContainsFunc(n.Held, func(e period.Dated[string]) bool { return e.Of == entitlement })
	return position{n, true, tail, keyPath}, had
}

// named says whether every part of a tail has a name.
func named(tail string) bool {
	return tail != "" && tail[0] != '/' && tail[len(tail)-1] != '/' && !strings.Contains(tail, "//")
}

// canonical is a place in the letters it is kept in: entitlements and resource groups are the same in any.
func canonical(place string) string {
	if key, tail, ok := strings.Cut(place, "/"); ok && strings.HasPrefix(place, "@") {
		return key + "/" + strings.ToLower(tail)
	}
	return place
}

// part is where a part of the resources is; ok is false where there is none. Without a customer it is of the one whose
// people ask, else of the one that has the entitlement. Invalid for a group of no entitlement.
func (f *forest) part(in Within, realm id.Organisation) (at position, ok bool, err error) {
	if in.Group != "" && in.Entitlement == "" {
		return at, false, fault.New(fault.Invalid, "no_entitlement", "a resource group belongs to an entitlement: name that too").With("entitlement", "missing")
	}
	if n := f.byID.Get(id.Organisation(in.Customer)); n != nil {
		in.Customer = n.Key
	}
	if n := f.byID.Get(realm); in.Customer == "" && n != nil && n.Kind == Customer {
		in.Customer = n.Key
	}
	if list := f.having.Get(strings.ToLower(in.Entitlement)); in.Customer == "" && len(list) > 0 {
		in.Customer = slices.MinFunc(list, byPath).Key
	}
	if strings.Contains(in.Entitlement+in.Group, "/") {
		return at, false, nil
	}
	at, ok = f.locate(canonical("@" + in.String()))
	return at, ok, nil
}

// String is the part as it was asked for.
func (w Within) String() string {
	return strings.TrimRight(w.Customer+"/"+w.Entitlement+"/"+w.Group, "/")
}

// below lists a node and those below it.
func (f *forest) below(path string) []*node {
	at := func(p string) int {
		i, _ := slices.BinarySearchFunc(f.nodes, p, func(n *node, p string) int { return strings.Compare(n.Path, p) })
		return i
	}
	var list []*node
	if n := f.byPath.Get(path); n != nil {
		list = append(list, n)
	}
	return append(list, f.nodes[at(path+"/"):at(path+"0")]...) // '0' is the byte after '/'
}

// inside says whether a path is another or below it.
func inside(path, of string) bool {
	return strings.HasPrefix(path, of) && (len(path) == len(of) || path[len(of)] == '/')
}

package access

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// million is a snapshot of 1,000,000 assignments: 100 resellers of 100 customers each, two levels deep, 40,000 people
// and groups with a few roles each, and one group that has a role at every customer.
var million = sync.OnceValue(func() *snapshot {
	t := Tree{Nodes: []Node{{Organisation: "org_p", Key: "p", Path: "p", Kind: Partner}}}
	var customers []string
	for r := range 100 {
		top := fmt.Sprintf("r%d", r)
		t.Nodes = append(t.Nodes, Node{Organisation: id.Organisation("org_" + top), Key: top, Path: "p/" + top, Kind: Reseller})
		sub := top + "s"
		t.Nodes = append(t.Nodes, Node{Organisation: id.Organisation("org_" + sub), Key: sub, Path: "p/" + top + "/" + sub, Kind: Reseller})
		for c := range 100 {
			key := fmt.Sprintf("c%d-%d", r, c)
			customers = append(customers, key)
			t.Nodes = append(t.Nodes, Node{Organisation: id.Organisation("org_" + key), Key: key, Path: "p/" + top + "/" + sub + "/" + key,
				Kind: Customer, Tenant: "t-" + key, Entitlements: []string{"e-" + key}})
		}
	}
	list := make([]Assignment, 0, 1_000_000)
	for _, c := range customers {
		list = append(list, Assignment{ID: id.Assignment("asg_" + c), Group: "grp_all", Realm: "org_p", Role: PartnerHelpdesk, Scope: c})
	}
	for n := len(list); n < 1_000_000; n++ {
		a := Assignment{ID: id.Assignment(fmt.Sprint("asg_", n)), Realm: "org_p", Role: PartnerHelpdesk, Scope: customers[n*7919%len(customers)]}
		if n%4 == 0 {
			a.Group = id.Group(fmt.Sprint("grp_", n%10_000))
		} else {
			a.Principal = id.Principal(fmt.Sprint("prn_", n%30_000))
		}
		list = append(list, a)
	}
	return build(newVocabulary(), nil, list, nil, t)
})

// someone is in ten groups and asks for the deepest place, at which a role from the last group is inherited.
func someone() (identity.Principal, string) {
	who := identity.Principal{ID: "prn_17", Realm: "org_p"}
	for n := range 9 {
		who.Groups = append(who.Groups, id.Group(fmt.Sprint("grp_", 4*n)))
	}
	return identity.Principal{ID: who.ID, Realm: who.Realm, Groups: append(who.Groups, "grp_all")}, "p/r37/r37s/c37-99/subscription-1"
}

func (s *snapshot) asks(who *identity.Principal, words vocabulary, place string, now time.Time) bool {
	c, ok := s.caller(*who, now)
	at, found := s.forest.locate(place)
	return ok && found && s.decide(&c, InvoiceRead, words[InvoiceRead], at).allowed
}

func BenchmarkCheck(b *testing.B) {
	s, words, now := million(), newVocabulary(), time.Unix(1_800_000_000, 0)
	who, place := someone()
	b.ReportAllocs()
	for b.Loop() {
		if !s.asks(&who, words, place, now) {
			b.Fatal("denied")
		}
	}
}

func BenchmarkRequire(b *testing.B) {
	s, words, now := million(), newVocabulary(), time.Unix(1_800_000_000, 0)
	who := identity.Principal{ID: "prn_17", Realm: "org_p"}
	c, _ := s.caller(who, now)
	b.ReportAllocs()
	for b.Loop() {
		h := s.where(&c, InvoiceRead, words[InvoiceRead])
		if s.scope(&c, h).IsAll() || s.view(&c, h) != scope.Sell|scope.List {
			b.Fatal("wrong")
		}
	}
}

func BenchmarkChange(b *testing.B) {
	s := million()
	a := Assignment{ID: "asg_new", Principal: "prn_17", Realm: "org_p", Role: PartnerHelpdesk, Scope: "r3"}
	for b.Loop() {
		s.with(a).without(a)
	}
}

// TestCheckLooksUp says that a check costs neither memory nor a walk through what there is: it looks at the entries of
// the caller's own subjects on the way up, among a million.
func TestCheckLooksUp(t *testing.T) {
	if testing.Short() {
		t.Skip("a million assignments take a while to make")
	}
	s, words, now := million(), newVocabulary(), time.Unix(1_800_000_000, 0)
	who, place := someone()
	if n := testing.AllocsPerRun(100, func() { s.asks(&who, words, place, now) }); n > 0 {
		t.Errorf("a check makes %v allocations", n)
	}
	c, _ := s.caller(who, now)
	at, _ := s.forest.locate(place)
	looked := 0
	s.walk(&c, at, func(_, _ string, _ *entry) { looked++ })
	if looked == 0 || looked > 20 {
		t.Errorf("a check looks at %d assignments", looked)
	}
	t.Logf("a check among 1,000,000 assignments looks at %d of them; how long that takes is measured by BenchmarkCheck", looked)
}

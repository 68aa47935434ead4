package access

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

var noon = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// smallTree is the partner p, resellers r (with the sub-reseller s below it) and q, a customer of each.
func smallTree() Tree {
	node := func(key, path string, k Kind) Node {
		n := Node{Organisation: id.Organisation("org_" + key), Key: key, Path: path, Kind: k}
		if k == Customer {
			n.Tenant, n.Entitlements = "t-"+key, []string{"e-" + key, "f-" + key}
			n.Chains, n.Held = []period.Dated[[]string]{{Of: strings.Split(path, "/")}}, []period.Dated[string]{{Of: "e-" + key}, {Of: "f-" + key}}
		}
		return n
	}
	return Tree{Nodes: []Node{
		node("p", "p", Partner), node("r", "p/r", Reseller), node("s", "p/r/s", Reseller), node("q", "p/q", Reseller), node("r-1", "p/r-1", Reseller),
		node("cp", "p/cp", Customer), node("cr", "p/r/cr", Customer), node("cs", "p/r/s/cs", Customer), node("cq", "p/q/cq", Customer),
	}}
}

// the places a random question is about, and the key paths of each and of what is above it, written out.
func keyPathsOf(place string) (keyPaths []string) {
	if strings.HasPrefix(place, "@") {
		for p := place; ; p = p[:strings.LastIndexByte(p, '/')] {
			if keyPaths = append(keyPaths, p); !strings.Contains(p, "/") {
				return keyPaths
			}
		}
	}
	parts := strings.Split(place, "/")
	for n, key := range parts {
		if key == "SUB" {
			keyPaths = append(keyPaths, parts[n-1]+"/SUB")
		} else {
			keyPaths = append(keyPaths, key)
		}
	}
	return keyPaths
}

func drawAssignments(t *rapid.T, places []string, realm id.Organisation) (list []Assignment) {
	var keyPaths []string
	for _, p := range places {
		keyPaths = append(keyPaths, keyPathsOf(p)...)
	}
	slices.Sort(keyPaths)
	keyPaths = slices.Compact(keyPaths)
	roles := map[id.Organisation][]id.Role{
		"org_p": {PartnerGlobalAdmin, PartnerBillingAdmin, PartnerHelpdesk, CustomerReader, CustomerOwner},
		"org_r": {ResellerGlobalAdmin, ResellerHelpdesk, CustomerOwner}, "org_s": {ResellerAdminAgent, ResellerHelpdesk, CustomerReader},
		"org_cr": {CustomerGlobalAdmin, CustomerOwner, CustomerBilling, CustomerReader},
	}[realm]
	for n := range rapid.IntRange(1, 8).Draw(t, "assignments") {
		a := Assignment{
			ID: id.Assignment(fmt.Sprint("asg_", n)), Realm: rapid.SampledFrom([]id.Organisation{realm, realm, realm, realm, "org_r"}).Draw(t, "realm"),
			Role: rapid.SampledFrom(roles).Draw(t, "role"), Scope: rapid.SampledFrom(keyPaths).Draw(t, "scope"), Deny: rapid.IntRange(0, 4).Draw(t, "deny") == 4,
			End: noon.Add(time.Duration(rapid.IntRange(-1, 2).Draw(t, "hours")) * time.Hour),
		}
		if rapid.Bool().Draw(t, "endless") {
			a.End = time.Time{}
		}
		if !a.Deny && rapid.IntRange(0, 3).Draw(t, "mfa") == 3 {
			a.Condition = WithMFA
		}
		if rapid.Bool().Draw(t, "group") {
			a.Group = rapid.SampledFrom([]id.Group{"grp_1", "grp_2"}).Draw(t, "which group")
		} else {
			a.Principal = "prn_1"
		}
		list = append(list, a)
	}
	return list
}

// plainly is the rule, slowly: an assignment in force with the action at the place or above, none that denies it, and
// neither above nor beside the realm.
func plainly(list []Assignment, who identity.Principal, tree Tree, action Action, place string, now time.Time) bool {
	at := slices.IndexFunc(tree.Nodes, func(n Node) bool { return n.Organisation == who.Realm })
	realm := tree.Nodes[at]
	resource := strings.HasPrefix(place, "@")
	if realm.Kind == Customer && place == realm.Path {
		place, resource = "@"+realm.Key, true
	}
	keyPaths := keyPathsOf(place)
	switch {
	case realm.Kind == Customer:
		if !resource || strings.Split(place[1:], "/")[0] != realm.Key {
			return false
		}
	case resource != action.onResources():
		return false
	case !resource:
		if place != realm.Path && !strings.HasPrefix(place, realm.Path+"/") {
			return false
		}
		keyPaths = keyPaths[slices.Index(keyPaths, realm.Key):]
	}
	if action.onResources() && !resource {
		return false
	}
	allowed := false
	for _, a := range list {
		mine := a.Principal == who.ID || slices.Contains(who.Groups, a.Group)
		over := !a.End.IsZero() && !now.Before(a.End)
		role := slices.IndexFunc(BuiltIn(), func(r Role) bool { return r.ID == a.Role })
		if !mine || over || a.Realm != who.Realm || a.Condition == WithMFA && !who.MFA || !slices.Contains(keyPaths, a.Scope) ||
			!slices.Contains(BuiltIn()[role].Actions, action) {
			continue
		}
		if a.Deny {
			return false
		}
		allowed = true
	}
	return allowed
}

// TestDecide holds checks, explanations and granted scopes against the plain rule, in random worlds.
func TestDecide(t *testing.T) {
	words, tree := newVocabulary(), smallTree()
	places := []string{"p", "p/r", "p/r/s", "p/q", "p/r-1", "p/cp", "p/r/cr", "p/r/s/cs", "p/q/cq", "p/r/cr/SUB", "@cr", "@cr/e-cr", "@cr/e-cr/group", "@cr/f-cr", "@cs", "@cs/e-cs"}
	yes, no := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		realm := rapid.SampledFrom([]id.Organisation{"org_p", "org_r", "org_s", "org_cr"}).Draw(t, "of")
		list := drawAssignments(t, places, realm)
		s := build(words, nil, nil, nil, tree)
		for _, n := range rapid.Permutation(list).Draw(t, "order") { // one by one, and some of them given and taken in between
			s = s.with(n).without(n).with(n)
		}
		who := identity.Principal{ID: "prn_1", Realm: realm,
			Groups: []id.Group{"grp_1"}, MFA: rapid.Bool().Draw(t, "second factor")}
		now := noon.Add(time.Duration(rapid.IntRange(0, 1).Draw(t, "later")) * time.Hour)
		c, _ := s.caller(who, now)
		for _, action := range []Action{InvoiceRead, MarginRead, ResourceRead, AccessAssign} {
			h := s.where(&c, action, words[action])
			sc := s.scope(&c, h)
			for _, place := range places {
				want := plainly(list, who, tree, action, place, now)
				at, ok := s.forest.locate(place)
				if !ok {
					t.Fatalf("%s is not found", place)
				}
				at = c.own(at)
				got := s.decide(&c, action, words[action], at)
				x, err := s.explain(words, who, action, place, now)
				if got.allowed != want || err != nil || x.Allowed != want || want && x.View != s.viewAt(&c, at, got.view) {
					t.Fatalf("%s of %s at %s: %+v, explained %+v, want %t", action, who.Realm, place, got, x, want)
				}
				if !sc.IsAll() && c.realm.Kind != Customer && sc.Sees(place) != want {
					t.Fatalf("%s of %s: the scope %v without %v sees %s: %t, want %t", action, who.Realm, sc.Places(), sc.Excluded(), place, !want, want)
				}
				if want && !h.admin && len(h.allow) == 0 {
					t.Fatalf("%s at %s, and nowhere", action, place)
				}
				if want {
					yes++
				} else {
					no++
				}
			}
		}
	})
	if yes < 5 || no < 100 {
		t.Errorf("%d answers were yes and %d no: nothing was tested", yes, no)
	}
	t.Logf("%d answers were yes, %d no", yes, no)
}

func TestLocate(t *testing.T) {
	f := newForest(smallTree())
	for place, want := range map[string]string{
		"p": "p", "p/r/s/cs": "cs", "cs": "cs", "r": "r", "p/r/cr/SUB": "cr/SUB", "cr/SUB": "cr/SUB", "p/r/cr/SUB/x": "cr/SUB/x",
		"@cr": "@cr", "@cr/e-cr": "@cr/e-cr", "@cr/e-cr/group": "@cr/e-cr/group",
		"": "", "p/x": "", "p/s/cs": "", "x": "", "r/s": "", "@r": "", "@x": "", "@cr/none": "", "@": "", "/": "", "p/": "", "/p": "", "p//r": "", "@cr/e-cr/": "",
	} {
		at, ok := f.locate(place)
		if ok != (want != "") || at.keyPath != want {
			t.Errorf("%q is %q, %t, want %q", place, at.keyPath, ok, want)
		}
		if ok {
			if again, ok := f.locate(at.path()); !ok || again != at {
				t.Errorf("%q is found as %q and not found again", place, at.path())
			}
		}
	}
}

// TestScopes says what stores are asked with: places, references, whose documents, and which money.
func TestScopes(t *testing.T) {
	words := newVocabulary()
	at := func(realm id.Organisation, role id.Role, keyPath string) Assignment {
		return Assignment{ID: id.Assignment("asg_" + string(role) + keyPath), Principal: "prn_1", Realm: realm, Role: role, Scope: keyPath}
	}
	deny := func(a Assignment) Assignment { a.Deny, a.ID = true, a.ID+"-"; return a }
	policies := []Policy{{Customer: "org_cr", Number: 1, Charges: ChargesOff}, {Customer: "org_cr", Number: 2, Charges: ChargesSell}, {Customer: "org_cs", Number: 1, Charges: ChargesList}}
	for _, c := range []struct {
		name      string
		realm     id.Organisation
		action    Action
		list      []Assignment
		places    string
		documents string
		refs      string
		view      scope.View
	}{
		{"partner's billing admin", "org_p", InvoiceRead, []Assignment{at("org_p", PartnerBillingAdmin, "p")}, "[p] []", "[{org_p  false}] []", "[e-cp e-cq e-cr e-cs f-cp f-cq f-cr f-cs t-cp t-cq t-cr t-cs]", scope.Cost | scope.Sell | scope.List},
		{"helpdesk sees no cost", "org_p", InvoiceRead, []Assignment{at("org_p", PartnerHelpdesk, "p")}, "[p] []", "[{org_p  false}] []", "", scope.Sell | scope.List},
		{"two roles at one place", "org_p", InvoiceRead, []Assignment{at("org_p", PartnerHelpdesk, "p"), at("org_p", PartnerBillingAdmin, "p")}, "[p] []", "[{org_p  false}] []", "", scope.Cost | scope.Sell | scope.List},
		{"what one sees at all its places", "org_p", InvoiceRead, []Assignment{at("org_p", PartnerHelpdesk, "q"), at("org_p", PartnerBillingAdmin, "r")}, "[p/q p/r] []", "[{org_p org_q false} {org_p org_r false}] []", "[e-cq e-cr e-cs f-cq f-cr f-cs t-cq t-cr t-cs]", scope.Sell | scope.List},
		{"taken out", "org_p", InvoiceRead, []Assignment{at("org_p", PartnerBillingAdmin, "p"), deny(at("org_p", PartnerBillingAdmin, "r"))}, "[p] [p/r]", "[{org_p  false}] [org_r org_cr org_s org_cs]", "[e-cp e-cq f-cp f-cq t-cp t-cq]", scope.Cost | scope.Sell | scope.List},
		{"reseller", "org_r", InvoiceRead, []Assignment{at("org_r", ResellerGlobalAdmin, "r")}, "[p/r] []", "[{org_r  false}] []", "[e-cr e-cs f-cr f-cs t-cr t-cs]", scope.Buy | scope.Sell | scope.List},
		{"reseller's helpdesk sees what it sold", "org_r", InvoiceRead, []Assignment{at("org_r", ResellerHelpdesk, "r")}, "[p/r] []", "[{org_r  true}] []", "[e-cr e-cs f-cr f-cs t-cr t-cs]", scope.Sell | scope.List},
		{"reseller, for one customer", "org_r", InvoiceRead, []Assignment{at("org_r", ResellerAdminAgent, "cr")}, "[p/r/cr] []", "[{org_r org_cr false}] []", "[e-cr f-cr t-cr]", scope.Buy | scope.Sell | scope.List},
		{"customer", "org_cr", InvoiceRead, []Assignment{at("org_cr", CustomerBilling, "@cr")}, "[@cr p/r/cr] []", "[{org_cr  false}] []", "[e-cr f-cr t-cr]", scope.Buy},
		{"customer's reader of one subscription", "org_cr", UsageRead, []Assignment{at("org_cr", CustomerReader, "@cr/e-cr")}, "[@cr/e-cr] []", "[] []", "[e-cr]", scope.Buy},
		{"of a resource group", "org_cr", UsageRead, []Assignment{at("org_cr", CustomerReader, "@cr/e-cr/g")}, "[@cr/e-cr/g] []", "[] []", "[e-cr/g]", scope.Buy},
		{"of what is in a resource group", "org_cr", UsageRead, []Assignment{at("org_cr", CustomerReader, "@cr/e-cr/g/vm")}, "[@cr/e-cr/g/vm] []", "[] []", "[]", scope.Buy},
		{"with a resource group taken out", "org_cr", UsageRead, []Assignment{at("org_cr", CustomerReader, "@cr/e-cr"), deny(at("org_cr", CustomerReader, "@cr/e-cr/g"))}, "[@cr/e-cr] [@cr/e-cr/g]", "[] []", "[e-cr-g]", scope.Buy},
		{"customer with a resource group taken out", "org_cr", UsageRead, []Assignment{at("org_cr", CustomerReader, "@cr"), deny(at("org_cr", CustomerReader, "@cr/e-cr/g"))}, "[@cr p/r/cr] [@cr/e-cr/g]", "[{org_cr  false}] []", "[e-cr-g f-cr]", scope.Buy},
		{"customer with a subscription taken out", "org_cr", UsageRead, []Assignment{at("org_cr", CustomerBilling, "@cr"), deny(at("org_cr", CustomerBilling, "@cr/e-cr"))}, "[@cr p/r/cr] [@cr/e-cr]", "[{org_cr  false}] []", "[f-cr]", scope.Buy},
		{"customer at list", "org_cs", CostRead, []Assignment{at("org_cs", CustomerCostReader, "@cs")}, "[@cs p/r/s/cs] []", "[{org_cs  false}] []", "[e-cs f-cs t-cs]", scope.List},
		{"customer without a policy", "org_cq", CostRead, []Assignment{at("org_cq", CustomerReader, "@cq")}, "[] []", "[] []", "[]", 0},
		{"partner's delegated reader", "org_p", CostRead, []Assignment{at("org_p", CustomerReader, "@cr/e-cr")}, "[@cr/e-cr] []", "[] []", "[e-cr]", scope.List},
		{"partner's delegated reader where charges are off", "org_p", CostRead, []Assignment{at("org_p", CustomerReader, "@cq")}, "[@cq] []", "[] []", "[e-cq f-cq t-cq]", scope.List},
		{"reseller's delegated reader", "org_r", CostRead, []Assignment{at("org_r", CustomerReader, "@cs")}, "[@cs] []", "[] []", "[e-cs f-cs t-cs]", scope.List},
		{"delegated reader where charges are off", "org_r", CostRead, []Assignment{at("org_r", CustomerReader, "@cq")}, "[] []", "[] []", "[]", 0},
		{"of those, where they are shown", "org_r", CostRead, []Assignment{at("org_r", CustomerReader, "@cq"), at("org_r", CustomerReader, "@cs")}, "[@cs] []", "[] []", "[e-cs f-cs t-cs]", scope.List},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := build(words, nil, c.list, policies, smallTree())
			who, _ := s.caller(identity.Principal{ID: "prn_1", Realm: c.realm}, noon)
			h := s.where(&who, c.action, words[c.action])
			sc := s.scope(&who, h)
			sides, without := sc.Documents()
			if got := fmt.Sprint(sc.Places(), " ", sc.Excluded()); got != c.places {
				t.Errorf("places %s, want %s", got, c.places)
			}
			if got := fmt.Sprint(sides, " ", without); got != c.documents {
				t.Errorf("documents %s, want %s", got, c.documents)
			}
			if got := refsText(sc.Refs()); c.refs != "" && got != c.refs {
				t.Errorf("references %s, want %s", got, c.refs)
			}
			if got := s.view(&who, h); got != c.view {
				t.Errorf("money %s, want %s", got, c.view)
			}
		})
	}
	s := build(words, nil, []Assignment{at("org_p", PartnerGlobalAdmin, "p")}, nil, smallTree())
	who, _ := s.caller(identity.Principal{ID: "prn_1", Realm: "org_p"}, noon)
	if h := s.where(&who, InvoiceRead, words[InvoiceRead]); !s.scope(&who, h).IsAll() {
		t.Error("the partner's global admin does not see every document")
	}
}

// refsText is references as the tests write them, sorted: id/group, id-group taken out, and the days if they are not
// always.
func refsText(refs []scope.Ref) string {
	list := []string{}
	for _, r := range refs {
		text := r.ID
		if r.Group != "" {
			text += "/" + r.Group
		}
		for _, x := range r.Except {
			text += "-" + x
		}
		if r.Days != (period.Period{}) {
			text += "[" + r.Days.Start.String() + ".." + r.Days.End.String() + ")"
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return fmt.Sprint(slices.Compact(list))
}

// TestUsageFollowsTheChainOfItsDay has cr move from r to q on the 10th, and s with cs from r to q on the 20th; an
// entitlement of cr comes and goes.
func TestUsageFollowsTheChainOfItsDay(t *testing.T) {
	on := func(n int) period.Date { return period.NewDate(2026, 9, n) }
	tree := smallTree()
	for i := range tree.Nodes {
		switch n := &tree.Nodes[i]; n.Key {
		case "cr":
			n.Path, n.Chains = "p/q/cr", []period.Dated[[]string]{{Of: []string{"p", "r", "cr"}, Days: period.Period{End: on(10)}}, {Of: []string{"p", "q", "cr"}, Days: period.Period{Start: on(10)}}}
			n.Held = []period.Dated[string]{{Of: "e-cr", Days: period.Period{Start: on(5), End: on(15)}}, {Of: "f-cr", Days: period.Period{Start: on(12)}}}
		case "s":
			n.Path = "p/q/s"
		case "cs":
			n.Path, n.Chains = "p/q/s/cs", []period.Dated[[]string]{{Of: []string{"p", "r", "s", "cs"}, Days: period.Period{End: on(20)}}, {Of: []string{"p", "q", "s", "cs"}, Days: period.Period{Start: on(20)}}}
			n.Held = nil
		}
	}
	words := newVocabulary()
	for _, c := range []struct {
		name  string
		realm id.Organisation
		role  id.Role
		at    string
		deny  string
		want  string
	}{
		{"the old seller", "org_r", ResellerBillingAdmin, "r", "", "[e-cr[2026-09-05..2026-09-10) t-cr[..2026-09-10) t-cs[..2026-09-20)]"},
		{"the new seller", "org_q", ResellerBillingAdmin, "q", "", "[e-cq e-cr[2026-09-10..2026-09-15) f-cq f-cr[2026-09-12..) t-cq t-cr[2026-09-10..) t-cs[2026-09-20..)]"},
		{"who moved along", "org_s", ResellerBillingAdmin, "s", "", "[t-cs[..2026-09-20) t-cs[2026-09-20..)]"},
		{"the new seller of what moved along", "org_q", ResellerBillingAdmin, "s", "", "[t-cs[2026-09-20..)]"},
		{"the partner", "org_p", PartnerBillingAdmin, "p", "q", "[e-cp e-cr[2026-09-05..2026-09-10) f-cp t-cp t-cr[..2026-09-10) t-cs[..2026-09-20)]"},
		{"the customer itself", "org_cr", CustomerReader, "@cr", "", "[e-cr[2026-09-05..2026-09-15) f-cr[2026-09-12..) t-cr]"},
	} {
		list := []Assignment{{ID: "asg_1", Principal: "prn_1", Realm: c.realm, Role: c.role, Scope: c.at}}
		if c.deny != "" {
			list = append(list, Assignment{ID: "asg_2", Principal: "prn_1", Realm: c.realm, Role: c.role, Scope: c.deny, Deny: true})
		}
		s := build(words, nil, list, nil, tree)
		who, _ := s.caller(identity.Principal{ID: "prn_1", Realm: c.realm}, noon)
		if got := refsText(s.refs(&who, s.where(&who, UsageRead, words[UsageRead]))); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

// TestRoles looks at the tables: names and ids once, actions known, and what the reference says of who may not.
func TestRoles(t *testing.T) {
	words, names := newVocabulary(), map[string]bool{}
	for _, r := range BuiltIn() {
		if names[r.Name] || names[string(r.ID)] {
			t.Errorf("%s stands twice", r.Name)
		}
		names[r.Name], names[string(r.ID)] = true, true
		for i, a := range r.Actions {
			if _, known := words[a]; !known || slices.Contains(r.Actions[:i], a) {
				t.Errorf("%s: %s is not an action, or is listed twice", r.Name, a)
			}
			if a.onResources() && r.Realm != Customer {
				t.Errorf("%s of a %s holds %s: resources are never entered from above", r.Name, r.Realm, a)
			}
		}
		for a, only := range map[Action][]id.Role{
			PermissionWrite: {PartnerAdminAgent}, PolicyWrite: {PartnerGlobalAdmin, PartnerAdminAgent},
			SavingsPlanBuy: {PartnerAdminAgent, CustomerOwner}, InvoiceDraft: {PartnerGlobalAdmin}, InvoiceIssue: {PartnerGlobalAdmin},
			UsageImport: {PartnerGlobalAdmin}, WorldApply: {PartnerGlobalAdmin, ResellerGlobalAdmin}, ClockMove: {PartnerGlobalAdmin},
		} {
			if slices.Contains(r.Actions, a) && !slices.Contains(only, r.ID) {
				t.Errorf("%s holds %s", r.Name, a)
			}
		}
	}
	text, err := os.ReadFile("actions.go")
	if err != nil {
		t.Fatal(err)
	}
	listed := regexp.MustCompile(`(?m)^\t\w+ +Action += "([a-z_.]+)"`).FindAllSubmatch(text, -1)
	for _, a := range listed {
		if _, known := words[Action(a[1])]; !known {
			t.Errorf("%s stands among neither reads nor writes", a[1])
		}
	}
	if all := Actions(); len(all) != len(words) || len(all) != len(listed) || len(all) > 128 {
		t.Errorf("%d actions in groups, %d different, %d in the list", len(all), len(words), len(listed))
	}
}

package storetest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func customRole(name string) access.Role {
	return access.Role{
		ID: id.Role("rol_" + name), Name: name, Realm: access.Partner, Owner: "org_p", Text: "Größe 'x'",
		Actions: []access.Action{access.InvoiceRead, access.UsageRead}, View: scope.Sell | scope.List,
	}
}

func given(name, principal, place string) access.Assignment {
	return access.Assignment{
		ID: id.Assignment("asg_" + name), Principal: id.Principal(principal), Realm: "org_p", Role: access.PartnerHelpdesk, Scope: place,
		End: noon().UTC(), At: noon().UTC(), By: "prn_boss", Reason: "because", Condition: access.WithMFA,
	}
}

func saveAssignments(t *testing.T, db *sqlstore.DB, list ...access.Assignment) {
	t.Helper()
	do(t, db, func(ctx context.Context, tr tx.Tx) error {
		for _, a := range list {
			if err := (organisations.Access{DB: db}).SaveAssignment(ctx, tr, a); err != nil {
				return err
			}
		}
		return nil
	})
}

func assignments(t *testing.T, db *sqlstore.DB, f access.Filter) (list []access.Assignment) {
	t.Helper()
	view(t, db, func(ctx context.Context, r tx.Read) (err error) {
		list, err = organisations.Access{DB: db}.Assignments(ctx, r, f)
		return err
	})
	return list
}

var accessCases = map[string]func(*testing.T, *sqlstore.DB){
	"roles come back whole": func(t *testing.T, db *sqlstore.DB) {
		a, b, x := customRole("a"), customRole("B"), organisations.Access{DB: db}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return firstError(x.SaveRole(ctx, tr, a), x.SaveRole(ctx, tr, b), x.SaveRole(ctx, tr, a))
		})
		twin := customRole("twin")
		twin.Name = "a"
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.SaveRole(ctx, tr, twin) })
		a.Actions = a.Actions[:1]
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return x.SaveRole(ctx, tr, a) })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := x.Roles(ctx, r)
			diff(t, list, []access.Role{b, a})
			return err
		})
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return x.DropRole(ctx, tr, a.ID) })
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error { return x.DropRole(ctx, tr, a.ID) })
	},
	"assignments come back whole": func(t *testing.T, db *sqlstore.DB) {
		group := access.Assignment{ID: "asg_g", Group: "grp_1", Realm: "org_p", Role: access.PartnerAdminAgent, Scope: "p", Deny: true}
		sourced := given("s", "prn_b", "r")
		sourced.Source, sourced.End = "rel_1", time.Time{}
		list := []access.Assignment{group, given("2", "prn_B", "r"), given("1", "prn_b", "R"), sourced, given("3", "prn_b", "r/x")}
		for _, n := range []int{3, 0, 4, 2, 1} {
			saveAssignments(t, db, list[n])
		}
		diff(t, assignments(t, db, access.Filter{}), list)
		diff(t, assignments(t, db, access.Filter{Subject: "prn_b"}), list[2:])
		diff(t, assignments(t, db, access.Filter{Subject: "grp_1", Role: access.PartnerAdminAgent}), list[:1])
		diff(t, assignments(t, db, access.Filter{Source: "rel_1"}), list[3:4])
		diff(t, assignments(t, db, access.Filter{ID: "asg_3"}), list[4:])
		if n := len(assignments(t, db, access.Filter{Subject: "' OR 'a' = 'a"})); n != 0 {
			t.Errorf("%d assignments of nobody", n)
		}
		list[4].End = list[4].End.Add(time.Hour)
		saveAssignments(t, db, list[4])
		diff(t, assignments(t, db, access.Filter{ID: "asg_3"}), list[4:])
		drop := func(ctx context.Context, tr tx.Tx) error {
			return organisations.Access{DB: db}.DropAssignment(ctx, tr, "asg_3")
		}
		do(t, db, drop)
		refused(t, db, fault.NotFound, drop)
		diff(t, assignments(t, db, access.Filter{}), list[:4])
	},
	"policies are added to": func(t *testing.T, db *sqlstore.DB) {
		x := organisations.Access{DB: db}
		all := []access.Policy{
			{Customer: "org_a", Number: 1, Charges: access.ChargesSell, Since: noon().UTC(), By: "prn_1"},
			{Customer: "org_a", Number: 2, Charges: access.ChargesOff, Reservations: true, Since: noon().UTC()},
			{Customer: "org_b", Number: 1, Charges: access.ChargesList, SavingsPlans: true},
		}
		for _, n := range []int{2, 0, 1} {
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return x.AddPolicy(ctx, tr, all[n]) })
		}
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.AddPolicy(ctx, tr, all[0]) })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			every, e1 := x.Policies(ctx, r, "")
			one, e2 := x.Policies(ctx, r, "org_a")
			none, e3 := x.Policies(ctx, r, "org_A")
			diff(t, every, all)
			diff(t, one, all[:2])
			if len(none) != 0 {
				t.Errorf("policies of nobody: %v", none)
			}
			return firstError(e1, e2, e3)
		})
	},
	"the tree keeps whom customers bought through, and what they had": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			w := smallWorld()
			c := orgChange(nil)
			for _, o := range w.Organisations {
				if o.Key == "c-r" {
					o.Entitlements = append(o.Entitlements, org.Entitlement{Provider: "Gone", Period: period.Period{End: september.Start()}})
					c.Organisations = append(c.Organisations, o)
				}
			}
			for _, e := range w.Edges {
				if e.Buyer == "org_c-r" {
					e.End = september.Start() + 9
					c.Edges = append(c.Edges, e)
					e.ID, e.Seller, e.Period = "edg_again", "org_R", period.Period{Start: september.Start() + 14}
					c.Edges = append(c.Edges, e)
				}
			}
			return organisations.Orgs{DB: db}.Save(ctx, tr, scope.All(), c)
		})
		view(t, db, func(ctx context.Context, r tx.Read) error {
			tree, err := organisations.Access{DB: db}.Tree(ctx, r, noon())
			for _, n := range tree.Nodes {
				if n.Kind != access.Customer && len(n.Chains) > 0 {
					t.Errorf("%s has stood somewhere", n.Key)
				}
				if n.Key != "c-r" {
					continue
				}
				slices.SortFunc(n.Chains, func(a, b period.Dated[[]string]) int { return int(a.Days.Start - b.Days.Start) })
				diff(t, n.Chains, []period.Dated[[]string]{
					{Of: []string{"p", "r", "c-r"}, Days: period.Period{Start: september.Start(), End: september.Start() + 9}},
					{Of: []string{"p", "R", "c-r"}, Days: period.Period{Start: september.Start() + 14, End: september.End()}},
					{Of: []string{"p", "R", "c-r"}, Days: period.Period{Start: september.End()}},
				})
				diff(t, n.Held, []period.Dated[string]{
					{Of: "e-c-r", Days: period.Period{Start: september.Start()}}, {Of: "gone", Days: period.Period{End: september.Start()}},
				})
				diff(t, n.Entitlements, []string{"e-c-r"})
			}
			return err
		})
	},
	"the tree is where organisations stand": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		for _, c := range []struct {
			now          time.Time
			entitlements string
			next         time.Time
		}{
			{september.Start().Time().Add(-time.Second), "[]", september.Start().Time()},
			{september.Start().Time(), "[e-c-r]", september.End().Time()},
			{september.End().Time(), "[e-c-r]", time.Time{}},
		} {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				tree, err := organisations.Access{DB: db}.Tree(ctx, r, c.now)
				i := slices.IndexFunc(tree.Nodes, func(n access.Node) bool { return n.Key == "c-r" })
				if err != nil || i < 0 || len(tree.Nodes) != 7 {
					t.Fatalf("%+v, %v", tree, err)
				}
				n := tree.Nodes[i]
				if n.Organisation != "org_c-r" || n.Path != "p/r/c-r" || n.Kind != access.Customer || fmt.Sprint(n.Entitlements) != c.entitlements || !tree.Next.Equal(c.next) {
					t.Errorf("at %v: %+v, next %v", c.now, n, tree.Next)
				}
				return nil
			})
		}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			move := map[string]string{"r": "p/R/r", "c-r": "p/R/r/c-r"}
			return organisations.Orgs{DB: db}.Save(ctx, tr, scope.All(), orgChange(move))
		})
		view(t, db, func(ctx context.Context, r tx.Read) error {
			tree, err := organisations.Access{DB: db}.Tree(ctx, r, noon())
			for _, n := range tree.Nodes {
				if n.Key == "c-r" && n.Path != "p/R/r/c-r" || n.Key == "c-r-1" && n.Path != "p/r-1/c-r-1" {
					t.Errorf("%s stands at %s", n.Key, n.Path)
				}
			}
			return err
		})
	},
}

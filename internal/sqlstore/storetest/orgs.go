package storetest

import (
	"context"
	"fmt"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// smallWorld is a partner "p" who sells to the resellers "R", "r" and "r-1", each of whom sells to a customer. The
// keys differ by case, or continue one another by a byte that sorts before "/".
func smallWorld() org.Change {
	c := org.Change{Paths: map[string]string{"p": "p"}}
	add := func(key string, kind org.Kind, path string) {
		c.Organisations = append(c.Organisations, org.Organisation{
			ID: id.Organisation("org_" + key), Key: key, Kind: kind, Legal: org.LegalEntity{Name: "Größe & Söhne 'x' " + key, Country: "DE"},
			Entitlements: []org.Entitlement{{Provider: "E-" + key, Period: period.Period{Start: september.Start()}}},
		})
		c.Paths[key] = path
	}
	sell := func(seller, buyer string, p period.Period) {
		c.Edges = append(c.Edges, org.Edge{
			ID: id.Edge("edg_" + seller + buyer + p.Start.String()), Seller: id.Organisation("org_" + seller), Buyer: id.Organisation("org_" + buyer),
			Period: p, Terms: org.Terms{Book: "b", Currency: "EUR", PaymentDays: 30, Series: "S"},
		})
	}
	add("p", org.Partner, "p")
	for _, r := range []string{"r-1", "r", "R"} {
		add(r, org.Reseller, "p/"+r)
		add("c-"+r, org.Customer, "p/"+r+"/c-"+r)
		sell("p", r, period.Period{Start: september.End()})
		sell("p", r, period.Period{Start: september.Start(), End: september.End()})
		sell(r, "c-"+r, period.Period{})
	}
	c.Rates = []org.Rate{
		{From: "USD", To: "EUR", Month: september, Value: money.MustParse("0.91234567890123456789"), Source: "ECB", Rule: "last working day"},
		{From: "EUR", To: "USD", Month: september, Value: money.MustParse("1.10"), Source: "ECB", Rule: "last working day"},
	}
	c.Taxes = []org.Tax{
		{Territory: "ES-CN", Category: "standard", Percent: money.MustParse("7.00")},
		{Territory: "DE", Category: "standard", Percent: money.FromInt(19)},
	}
	return c
}

// orgChange is a change of places alone.
func orgChange(paths map[string]string) org.Change { return org.Change{Paths: paths} }

func saveWorld(t *testing.T, db *sqlstore.DB) {
	t.Helper()
	do(t, db, func(ctx context.Context, tr tx.Tx) error {
		return organisations.Orgs{DB: db}.Save(ctx, tr, scope.All(), smallWorld())
	})
}

func keys(w org.World) (list []string) {
	for _, o := range w.Organisations {
		list = append(list, o.Key)
	}
	return list
}

var orgCases = map[string]func(*testing.T, *sqlstore.DB){
	"the world comes back in order": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		saveWorld(t, db) // once more changes nothing
		view(t, db, func(ctx context.Context, r tx.Read) error {
			w, err := organisations.Orgs{DB: db}.World(ctx, r, scope.All())
			if have := fmt.Sprint(keys(w)); have != "[R c-R c-r c-r-1 p r r-1]" {
				t.Errorf("organisations %s: not in the order of bytes", have)
			}
			var edges []string
			for _, e := range w.Edges {
				edges = append(edges, string(e.ID[4:]))
			}
			diff(t, edges, []string{
				"Rc-R", "pR2026-09-01", "pR2026-10-01", "pr2026-09-01", "pr2026-10-01", "pr-12026-09-01", "pr-12026-10-01", "rc-r", "r-1c-r-1",
			})
			c := smallWorld()
			diff(t, w.Taxes, c.Taxes) // in the order given
			diff(t, w.Rates, []org.Rate{c.Rates[1], c.Rates[0]})
			diff(t, w.Organisations[4], c.Organisations[0])
			return err
		})
	},
	"two scopes": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		for _, c := range []struct {
			s     scope.Scope
			want  string
			edges int
		}{
			{scope.Of("p"), "[R c-R c-r c-r-1 p r r-1]", 9},
			{scope.Of("p/r"), "[c-r r]", 1},
			{scope.Of("p/R", "p/r-1/c-r-1"), "[R c-R c-r-1]", 1},
			{scope.Of("p/r-"), "[]", 0},
			{scope.Of("p").Without("p/r", "p/R/c-R"), "[R c-r-1 p r-1]", 5},
			{scope.Of("p/r").Without("p"), "[]", 0},
			{scope.Of("p/r' OR 'a' = 'a", "p/%"), "[]", 0},
			{scope.Scope{}, "[]", 0},
		} {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				w, err := organisations.Orgs{DB: db}.World(ctx, r, c.s)
				if have := fmt.Sprint(keys(w)); have != c.want || len(w.Edges) != c.edges || len(w.Rates) != 2 || len(w.Taxes) != 2 {
					t.Errorf("%v: got %s, %d edges, %d rates, %d taxes", c.s, have, len(w.Edges), len(w.Rates), len(w.Taxes))
				}
				return err
			})
		}
	},
	"a scope changes nothing outside": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		o, c := organisations.Orgs{DB: db}, smallWorld()
		save := func(s scope.Scope, c org.Change) func(context.Context, tx.Tx) error {
			return func(ctx context.Context, tr tx.Tx) error { return o.Save(ctx, tr, s, c) }
		}
		mine := scope.Of("p/r")
		refused(t, db, fault.NotFound, save(mine, org.Change{Organisations: c.Organisations[:1]}))
		refused(t, db, fault.NotFound, save(mine, org.Change{ // somebody else's customer, drawn under us
			Organisations: []org.Organisation{{ID: "org_c-R", Key: "c-R", Kind: org.Customer}}, Paths: map[string]string{"c-R": "p/r/c-R"},
		}))
		refused(t, db, fault.NotFound, save(mine, org.Change{Paths: map[string]string{"c-r": "p/R/c-r"}}))
		refused(t, db, fault.NotFound, save(mine, org.Change{Edges: c.Edges}))
		refused(t, db, fault.Denied, save(mine, org.Change{Rates: c.Rates}))
		do(t, db, save(mine, org.Change{
			Organisations: []org.Organisation{{ID: "org_new", Key: "new", Kind: org.Customer}}, Paths: map[string]string{"new": "p/r/new"},
			Edges: []org.Edge{{ID: "edg_new", Seller: "org_r", Buyer: "org_new"}},
		}))
	},
	"places follow, taxes are replaced": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		o := organisations.Orgs{DB: db}
		taxes := []org.Tax{{Territory: "FR", Category: "standard", Percent: money.FromInt(20)}}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return o.Save(ctx, tr, scope.All(), org.Change{Paths: map[string]string{"c-r": "p/R/c-r"}, Taxes: taxes, ReplaceTaxes: true})
		})
		view(t, db, func(ctx context.Context, r tx.Read) error {
			w, err := o.World(ctx, r, scope.Of("p/R"))
			if have := fmt.Sprint(keys(w)); have != "[R c-R c-r]" {
				t.Errorf("got %s", have)
			}
			diff(t, w.Taxes, taxes)
			return err
		})
	},
}

package oracle_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/runs"
)

// Whatever changes of organisations, edges, exchange rates, books, answers and issued terms, views by one Memory that has
// seen all states before are the same to the last digit as what the store's totals come to.
func TestViewsAfterChanges(t *testing.T) {
	changes := map[string]int{}
	memory := &rating.Memory{} // one for all worlds: what is kept says what it is of
	for world := range 2 {
		m := newGenerator(20261130, world, 250)
		n, _ := m.build(t, newCoverage())
		held := n.rater
		held.Runs, held.Memory = runs.New(n.rater.Rows.(runs.Source), 1<<26), memory
		c := &changing{generator: m, n: n}
		c.World = &c.world
		c.world = m.world.World
		for range 16 {
			what := c.change()
			changes[what]++
			st := c.state(t)
			for range 2 {
				m.compareViews(t, n, held, st)
			}
			if t.Failed() {
				t.Fatalf("after a change of %s", what)
			}
		}
	}
	computed, reused := memory.Counts()
	if len(changes) < 8 || computed == 0 || reused < computed {
		t.Errorf("%d plans were computed, %d reused; changes: %v", computed, reused, changes)
	}
	t.Logf("%d plans computed, %d reused; changes: %v", computed, reused, changes)
}

// changing changes an installation without writing anything: its states are those of a proposal.
type changing struct {
	*generator
	n *installation
	rating.Proposal
	world  org.World
	issued []rating.Fixed
}

func (c *changing) state(t *testing.T) (st *rating.State) {
	t.Helper()
	reader := c.n.reader
	reader.Issued = issued(c.issued)
	world := c.world
	c.World = &world
	must(t, c.n.db.View(c.n.ctx, func(ctx context.Context, r tx.Read) (err error) {
		st, err = reader.Proposing(c.Proposal).Read(ctx, r, scope.All(), september)
		return err
	}))
	return st
}

// issued is what documents of September fix.
type issued []rating.Fixed

func (x issued) Fixed(_ context.Context, _ tx.Read, _ scope.Scope, p period.Month, _ ...id.Edge) ([]rating.Fixed, error) {
	if p != september {
		return nil, nil
	}
	return x, nil
}

// change changes one thing, and says what.
func (c *changing) change() string {
	w := &c.world
	w.Organisations, w.Edges, w.Rates = slices.Clone(w.Organisations), slices.Clone(w.Edges), slices.Clone(w.Rates)
	e, o := &w.Edges[c.IntN(len(w.Edges))], &w.Organisations[c.IntN(len(w.Organisations))]
	switch c.IntN(12) {
	case 0:
		key := fmt.Sprintf("new-%d", len(w.Organisations))
		added := org.Organisation{ID: org.OrganisationID(key), Key: key, Kind: org.Customer, Tenant: "t-" + key}
		w.Organisations = append(w.Organisations, added)
		w.Edges = append(w.Edges, org.Edge{ID: org.EdgeID(e.Seller, added.ID, c.inside()), Seller: e.Seller, Buyer: added.ID, Period: period.Period{Start: c.inside()}, Terms: e.Terms})
		return "customer"
	case 1:
		e.Terms.Currency = pick(c.generator, currencies()...)
		return "currency"
	case 2:
		e.Terms.Book = w.Edges[c.IntN(len(w.Edges))].Terms.Book
		return "book of an edge"
	case 3:
		e.Period.End = c.inside()
		return "end of an edge"
	case 4:
		e.Terms.PaymentDays++
		return "payment days"
	case 5:
		o.Entitlements = nil
		return "entitlements"
	case 6:
		o.Tenant, o.Legal.City = "t-other-"+o.Key, "Elsewhere"
		return "tenant"
	case 7:
		if len(w.Rates) > 0 {
			w.Rates[c.IntN(len(w.Rates))].Value = money.MustParse(c.number(1, 3)).Add(money.FromInt(1))
		}
		return "exchange rate"
	case 8:
		seller := slices.IndexFunc(w.Organisations, func(o org.Organisation) bool { return o.ID == e.Seller })
		c.Books = append(slices.Clone(c.Books), pricing.Book{ID: id.Book(fmt.Sprint("bok_new_", len(c.Books))), Owner: w.Organisations[seller].Key,
			Key: e.Terms.Book, Version: 1000 + len(c.Books), From: pick(c.generator, september.Start(), c.inside()), Currency: "EUR", Rules: c.rules()})
		return "book version"
	case 9:
		c.Answers = append(slices.Clone(c.Answers), usage.Resolution{Kind: usage.EntitlementRef, Ref: pick(c.generator, "e-1", "e-2", "e-9"), Target: o.Key})
		return "answer"
	case 10:
		later := org.DatedTerms{Since: day(2 + c.IntN(28)), Terms: e.TermsOn(september.End())}
		later.Terms.Book = w.Edges[c.IntN(len(w.Edges))].Terms.Book
		e.Later = append(slices.DeleteFunc(slices.Clone(e.Later), func(l org.DatedTerms) bool { return l.Since >= later.Since }), later)
		return "later terms"
	default:
		f := rating.Fixed{Edge: e.ID, Book: e.Terms.Book, Currency: e.Terms.Currency, Cuts: []period.Date{day(2 + c.IntN(28))}}
		if c.in100(50) {
			until := org.BookUntil{Until: day(2 + c.IntN(28)), Book: w.Edges[c.IntN(len(w.Edges))].Terms.Book}
			f.Earlier = []rating.FixedBook{{BookUntil: until}}
		}
		if c.in100(50) {
			f.Exchange = []rating.Exchange{{From: "USD", To: e.Terms.Currency, Rate: money.MustParse("1.25"), Date: september.String()}}
		}
		c.issued = append(slices.Clone(c.issued), f)
		return "issued terms"
	}
}

// rules are those of a book version: for everything, and one for some usage and days.
func (c *changing) rules() []pricing.Rule {
	factor := func() pricing.Price {
		return pricing.Price{Kind: pick(c.generator, pricing.CostFactor, pricing.ListFactor), Factor: money.MustParse(c.number(1, 2))}
	}
	some := pricing.Match{Category: []string{"Storage"}}
	if c.in100(50) {
		some = pricing.Match{Region: []string{"west"}, Tag: map[string][]string{"env": nil}}
	}
	return []pricing.Rule{{Key: "all", Price: factor()}, {Key: "some", Priority: 1, Match: some, Price: factor(), Period: period.Period{Start: c.inside()}}}
}

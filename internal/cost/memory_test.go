package cost_test

import (
	"context"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// A change makes those months of customers cold whose prices it is about, and no others: how many plans a view looks up in
// price books afterwards is counted.
func TestWhatAChangeMakesCold(t *testing.T) {
	customers := []string{"a", "b", "m"}
	for name, c := range map[string]struct {
		change func(w *org.World)
		book   pricing.Book
		cold   string // customers
	}{
		"a customer who begins within the month": {change: func(w *org.World) {
			o := org.Organisation{ID: org.OrganisationID("new"), Key: "new", Kind: org.Customer, Legal: w.Organisations[0].Legal, Tenant: "t-new",
				Entitlements: []org.Entitlement{{Provider: "e-new", Period: period.Period{Start: period.NewDate(2026, 9, 20)}}}}
			r, since := org.OrganisationID("r"), period.NewDate(2026, 9, 12)
			w.Organisations = append(w.Organisations, o)
			w.Edges = append(w.Edges, org.Edge{ID: org.EdgeID(r, o.ID, since), Seller: r, Buyer: o.ID, Period: period.Period{Start: since},
				Terms: org.Terms{Book: "retail", Currency: "EUR", PaymentDays: 14, Series: "R"}})
		}},
		"the address of a customer":  {change: func(w *org.World) { organisation(w, "a").Legal.City = "Elsewhere" }},
		"the terms of an edge":       {change: func(w *org.World) { edge(w, "p", "b").Terms.PaymentDays++ }, cold: "b"},
		"the currency of a reseller": {change: func(w *org.World) { edge(w, "p", "r").Terms.Currency = "USD" }, cold: "am"},
		"an exchange rate": {change: func(w *org.World) {
			w.Rates = append(w.Rates, org.Rate{From: "GBP", To: "EUR", Month: installtest.September, Value: money.MustParse("1.2"), Source: "ECB", Rule: "average"})
		}},
		"a book of nobody":                   {book: pricing.Book{Owner: "q", Key: "other", Rules: everything("2")}},
		"a book, with tags and regions":      {book: pricing.Book{Owner: "q", Key: "retail", Rules: append(everything("2"), pricing.Rule{Key: "west", Priority: 1, Match: pricing.Match{Region: []string{"west"}, Tag: map[string][]string{"env": nil}}, Price: pricing.Price{Kind: pricing.Free}})}, cold: "m"},
		"a book from within the month on":    {book: pricing.Book{Owner: "r", Key: "retail", From: period.NewDate(2026, 9, 3), Rules: everything("2")}, cold: "am"},
		"a book that begins after the month": {book: pricing.Book{Owner: "r", Key: "retail", From: period.NewDate(2026, 10, 1), Rules: everything("2")}},
	} {
		t.Run(name, func(t *testing.T) {
			h := filled(t)
			for _, customer := range customers {
				if h.lookUps(customer) == 0 {
					t.Fatalf("the first view of %s looks nothing up", customer)
				}
			}
			if n := h.lookUps(""); n != 0 {
				t.Fatalf("the view of all looks %d plans up that the views of each did", n)
			}
			if c.change != nil {
				h.Settle(t, h.changed(c.change))
			}
			if c.book.Owner != "" {
				c.book.From, c.book.Currency = max(c.book.From, period.NewDate(2026, 1, 1)), "EUR"
				h.Settle(t, h.changed(func(*org.World) {}), c.book)
			}
			var cold strings.Builder
			for _, customer := range customers {
				if h.lookUps(customer) > 0 {
					cold.WriteString(customer)
				}
			}
			if cold.String() != c.cold {
				t.Errorf("it made %q cold, want %q", cold.String(), c.cold)
			}
			if n := h.lookUps(""); n != 0 {
				t.Errorf("the view of all looks %d more plans up", n)
			}
		})
	}
}

func everything(factor string) []pricing.Rule {
	return []pricing.Rule{{Key: "all", Price: pricing.Price{Kind: pricing.CostFactor, Factor: money.MustParse(factor)}}}
}

func organisation(w *org.World, key string) *org.Organisation {
	for i := range w.Organisations {
		if w.Organisations[i].Key == key {
			return &w.Organisations[i]
		}
	}
	panic("no organisation " + key)
}

func edge(w *org.World, seller, buyer string) *org.Edge {
	for i := range w.Edges {
		if w.Edges[i].Seller == org.OrganisationID(seller) && w.Edges[i].Buyer == org.OrganisationID(buyer) {
			return &w.Edges[i]
		}
	}
	panic("no edge " + seller + " to " + buyer)
}

// changed is the world with a change.
func (h *house) changed(change func(w *org.World)) (w org.World) {
	h.Helper()
	must(h.T, h.DB.View(installtest.Operator(h.Context()), func(ctx context.Context, r tx.Read) (err error) {
		w, err = organisations.Orgs{DB: h.DB}.World(ctx, r, scope.All())
		return err
	}))
	change(&w)
	return w
}

// lookUps is how many plans the view of a customer, or of all, looks up in price books. The answer is compared with the
// store's.
func (h *house) lookUps(customer string) int {
	h.Helper()
	before, _ := h.memory.Counts()
	h.see(installtest.Operator(h.Context()), cost.Query{Customer: customer, By: []string{"service"}})
	after, _ := h.memory.Counts()
	return after - before
}

package org

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

func day(s string) period.Date {
	d, err := period.ParseDate(s)
	if err != nil {
		panic(err)
	}
	return d
}

func organisation(kind Kind, key string) Organisation {
	return Organisation{ID: OrganisationID(key), Key: key, Kind: kind, Legal: LegalEntity{Name: strings.ToUpper(key), Country: "NL"}}
}

func edge(seller, buyer string, p period.Period) Edge {
	s, b := OrganisationID(seller), OrganisationID(buyer)
	return Edge{ID: EdgeID(s, b, p.Start), Seller: s, Buyer: b, Period: p, Terms: Terms{Book: "retail", Currency: "EUR", PaymentDays: 30, Series: "A"}}
}

// drawWorld is a world of a partner, some resellers and customers, with edges between anybody on any days: valid
// or not.
func drawWorld(t *rapid.T) World {
	w := World{Organisations: []Organisation{organisation(Partner, "p")}}
	for i := range rapid.IntRange(0, 4).Draw(t, "resellers") {
		w.Organisations = append(w.Organisations, organisation(Reseller, fmt.Sprintf("r%d", i)))
	}
	for i := range rapid.IntRange(0, 4).Draw(t, "customers") {
		o := organisation(Customer, fmt.Sprintf("c%d", i))
		o.Tenant = fmt.Sprintf("Tenant-%d", i)
		for range rapid.IntRange(0, 2).Draw(t, "entitlements") {
			o.Entitlements = append(o.Entitlements, Entitlement{Provider: fmt.Sprintf("Ent-%d", rapid.IntRange(0, 5).Draw(t, "entitlement")), Period: drawPeriod(t)})
		}
		w.Organisations = append(w.Organisations, o)
	}
	who := rapid.SampledFrom(w.Organisations)
	for range rapid.IntRange(0, 10).Draw(t, "edges") {
		w.Edges = append(w.Edges, edge(who.Draw(t, "seller").Key, who.Draw(t, "buyer").Key, drawPeriod(t)))
	}
	return w
}

func drawPeriod(t *rapid.T) period.Period {
	p := period.Period{Start: period.Date(rapid.IntRange(0, 12).Draw(t, "start"))}
	if rapid.Bool().Draw(t, "ends") {
		p.End = p.Start + period.Date(rapid.IntRange(0, 12).Draw(t, "days"))
	}
	return p
}

// sound leaves out edges and entitlements until the world is valid, so that many drawn worlds are.
func sound(w World) World {
	all, held := w.Edges, [][]Entitlement{}
	w.Edges = nil
	w.Organisations = slices.Clone(w.Organisations)
	for i := range w.Organisations {
		held = append(held, w.Organisations[i].Entitlements)
		w.Organisations[i].Entitlements = nil
	}
	for _, e := range all {
		if w.Edges = append(w.Edges, e); Validate(w) != nil {
			w.Edges = w.Edges[:len(w.Edges)-1]
		}
	}
	for i := range held {
		for _, e := range held[i] {
			o := &w.Organisations[i]
			if o.Entitlements = append(o.Entitlements, e); Validate(w) != nil {
				o.Entitlements = o.Entitlements[:len(o.Entitlements)-1]
			}
		}
	}
	return w
}

// TestChainEndsAtThePartner follows every chain of valid worlds on every day, and looks at who sells to whom without
// the index.
func TestChainEndsAtThePartner(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := sound(drawWorld(t))
		if err := Validate(w); err != nil {
			t.Fatal(err)
		}
		x := w.Index()
		for on := period.Date(1); on < 26; on++ {
			for _, o := range w.Organisations {
				if o.Kind != Partner {
					checkChain(t, &w, x, &o, on)
				}
			}
		}
	})
}

func checkChain(t *rapid.T, w *World, x *Index, o *Organisation, on period.Date) {
	var plain []Edge // from the buyer up
	for at := o.ID; ; {
		i := slices.IndexFunc(w.Edges, func(e Edge) bool { return e.Buyer == at && e.Contains(on) })
		if i < 0 {
			break
		}
		plain = append(plain, w.Edges[i])
		at = w.Edges[i].Seller
		if len(plain) > len(w.Organisations) {
			t.Fatalf("a ring above %s on day %d in a valid world", o.Key, on)
		}
	}
	chain := x.Chain(o.ID, on)
	whole := len(plain) > 0 && x.Organisation(plain[len(plain)-1].Seller).Kind == Partner
	if o.Kind == Customer {
		var paths []string
		for keys, days := range x.Chains(o.ID) {
			if days.Contains(on) {
				paths = append(paths, strings.Join(keys, "/"))
			}
		}
		if want := x.Path(o.ID, on); whole != (len(paths) == 1) || len(paths) > 1 || whole && paths[0] != want {
			t.Fatalf("on day %d %s bought through %v, want %s (whole: %t)", on, o.Key, paths, want, whole)
		}
	}
	if !whole {
		if len(chain) != 0 {
			t.Fatalf("%s has a chain on day %d that does not reach the partner", o.Key, on)
		}
		return
	}
	if len(chain) != len(plain) {
		t.Fatalf("chain of %s on day %d has %d edges, not %d", o.Key, on, len(chain), len(plain))
	}
	path := x.Partner().Key
	for i, e := range chain {
		if e.ID != plain[len(plain)-1-i].ID || x.Edge(e.ID) != e {
			t.Fatalf("edge %d of the chain of %s on day %d is another one", i, o.Key, on)
		}
		path += "/" + x.Organisation(e.Buyer).Key
	}
	if got := x.Path(o.ID, on); got != path {
		t.Fatalf("place of %s is %s, not %s", o.Key, got, path)
	}
}

func TestIndexEqualsPlainSearch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		w := sound(drawWorld(t))
		x := w.Index()
		for n := range 6 {
			for on := period.Date(1); on < 26; on++ {
				var want *Organisation
				for i := range w.Organisations {
					for _, e := range w.Organisations[i].Entitlements {
						if strings.EqualFold(e.Provider, fmt.Sprintf("eNT-%d", n)) && e.Contains(on) {
							if want != nil {
								t.Fatalf("entitlement %d has two customers on day %d in a valid world", n, on)
							}
							want = &w.Organisations[i]
						}
					}
				}
				if got := x.CustomerOfEntitlement(fmt.Sprintf("eNT-%d", n), on); got != want {
					t.Fatalf("entitlement %d on day %d: %v, not %v", n, on, got, want)
				}
			}
		}
		for i := range w.Organisations {
			o := &w.Organisations[i]
			if x.ByKey(o.Key) != o || o.Kind == Customer && x.CustomerOfTenant(strings.ToUpper(o.Tenant)) != o {
				t.Fatalf("%s is not found", o.Key)
			}
		}
		checkCuts(t, &w, x)
	})
}

// checkCuts says that between two cuts no chain and no owner changes.
func checkCuts(t *rapid.T, w *World, x *Index) {
	within := period.Period{Start: 3, End: 20}
	cuts := x.Cuts(within)
	for on := within.Start + 1; on < within.End; on++ {
		if slices.Contains(cuts, on) {
			continue
		}
		for i := range w.Organisations {
			if o := w.Organisations[i].ID; !slices.Equal(x.Chain(o, on-1), x.Chain(o, on)) {
				t.Fatalf("a chain changes on day %d, which is no cut", on)
			}
		}
		for n := range 6 {
			ref := fmt.Sprintf("Ent-%d", n)
			if x.CustomerOfEntitlement(ref, on-1) != x.CustomerOfEntitlement(ref, on) {
				t.Fatalf("an entitlement moves on day %d, which is no cut", on)
			}
		}
	}
}

func small() World {
	c := organisation(Customer, "c1")
	c.Tenant, c.Entitlements = "t1", []Entitlement{{Provider: "E1", Period: period.Period{Start: day("2026-01-01")}}}
	since := period.Period{Start: day("2026-01-01")}
	return World{
		Organisations: []Organisation{organisation(Partner, "p"), organisation(Reseller, "r"), c},
		Edges:         []Edge{edge("p", "r", since), edge("r", "c1", since)},
		Rates:         []Rate{{From: "USD", To: "EUR", Month: day("2026-09-01").Month(), Value: money.MustParse("0.91"), Source: "ECB"}},
		Taxes:         []Tax{{Territory: "NL", Category: "standard", Percent: money.MustParse("21")}},
	}
}

func TestValidate(t *testing.T) {
	always := period.Period{Start: day("2026-01-01")}
	later := period.Period{Start: day("2026-06-01")}
	cases := []struct {
		name   string
		change func(*World)
		at     string
		says   string // "" when nothing is wrong
	}{
		{"a sound world", func(*World) {}, "", ""},
		{"no partner", func(w *World) { w.Organisations[0].Kind = Reseller }, "partner", "there are 0"},
		{"two partners", func(w *World) { w.Organisations = append(w.Organisations, organisation(Partner, "q")) }, "partner", "there are 2"},
		{"unknown kind", func(w *World) { w.Organisations = append(w.Organisations, organisation("dealer", "d")) }, "dealer d", "dealer"},
		{"a key with capitals", func(w *World) { w.Organisations = append(w.Organisations, organisation(Customer, "C 1")) }, "customer C 1", "small letters"},
		{"a key twice", func(w *World) { w.Organisations = append(w.Organisations, organisation(Reseller, "r")) }, "reseller r", "taken"},
		{"a tenant twice", func(w *World) {
			o := organisation(Customer, "c2")
			o.Tenant = "T1"
			w.Organisations = append(w.Organisations, o)
		}, "customer c2", "belongs to c1"},
		{"no name", func(w *World) { w.Organisations[0].Legal.Name = " " }, "partner p legal", "name"},
		{"a country in words", func(w *World) { w.Organisations[0].Legal.Country = "Holland" }, "partner p legal", "Holland"},
		{"a VAT id without a country", func(w *World) { w.Organisations[0].Legal.VATID = "123456789" }, "partner p legal", "123456789"},
		{"a Swiss VAT id", func(w *World) { w.Organisations[0].Legal.VATID = "CHE-116.281.710 MWST" }, "", ""},
		{"a Norwegian VAT id", func(w *World) { w.Organisations[0].Legal.VATID = "NO 923609016 MVA" }, "", ""},
		{"a customer that sells", func(w *World) {
			w.Organisations = append(w.Organisations, organisation(Customer, "c2"))
			w.Edges = append(w.Edges, edge("c1", "c2", always))
		}, "c2 buys from c1 since 2026-01-01", "sell nothing"},
		{"a partner that buys", func(w *World) { w.Edges = append(w.Edges, edge("r", "p", always)) }, "p buys from r since 2026-01-01", "provider"},
		{"buying from oneself", func(w *World) { w.Edges = append(w.Edges, edge("c1", "c1", always)) }, "c1 buys from c1 since 2026-01-01", "themselves"},
		{"a seller nobody knows", func(w *World) { w.Edges[0].Seller = "org_x" }, "r buys from org_x since 2026-01-01", "no such"},
		{"two sellers on a day", func(w *World) { w.Edges = append(w.Edges, edge("p", "c1", later)) }, "c1 buys from p since 2026-06-01", "until: 2026-06-01"},
		{"one seller after the other", func(w *World) {
			w.Edges[1].End = later.Start
			w.Edges = append(w.Edges, edge("p", "c1", later))
		}, "", ""},
		{"an edge taken back", func(w *World) {
			w.Edges[1].End = w.Edges[1].Start
			w.Edges = append(w.Edges, edge("p", "c1", always))
		}, "", ""},
		{"an edge that ends before it begins", func(w *World) { w.Edges[1].End = day("2025-01-01") }, "c1 buys from r since 2026-01-01", "2025-01-01"},
		{"a ring that closes later", func(w *World) {
			w.Organisations = append(w.Organisations, organisation(Reseller, "s"))
			w.Edges[0].End = later.Start
			w.Edges = append(w.Edges, edge("r", "s", always), edge("s", "r", later))
		}, "reseller r", "on 2026-06-01 the sellers form a ring: r buys from s buys from r"},
		{"a ring that never is", func(w *World) {
			w.Organisations = append(w.Organisations, organisation(Reseller, "s"))
			w.Edges[0].End = later.Start
			w.Edges = append(w.Edges, edge("r", "s", period.Period{Start: always.Start, End: later.Start}), edge("s", "r", later))
		}, "", ""},
		{"no book", func(w *World) { w.Edges[1].Terms.Book = "" }, "c1 buys from r since 2026-01-01", "price book"},
		{"terms from a month on", func(w *World) {
			w.Edges[1].Later = []DatedTerms{{day("2026-03-01"), w.Edges[1].Terms}, {day("2026-04-01"), w.Edges[1].Terms}}
		}, "", ""},
		{"terms from the middle of a month", func(w *World) {
			t := w.Edges[1].Terms
			t.Book, t.PaymentDays, t.Series, t.Grouping, t.Language = "other", 7, "B", "service", "de"
			w.Edges[1].Later = []DatedTerms{{day("2026-03-02"), t}}
		}, "", ""},
		{"a currency from the middle of a month", func(w *World) {
			t := w.Edges[1].Terms
			t.Currency = "CHF"
			w.Edges[1].Later = []DatedTerms{{day("2026-03-02"), t}}
		}, "c1 buys from r since 2026-01-01, terms from 2026-03-02", "the document of a month has one currency; begin these terms on 2026-04-01"},
		{"a grouping from the middle of a month", func(w *World) {
			t := w.Edges[1].Terms
			t.Grouping = "product"
			w.Edges[1].Later = []DatedTerms{{day("2026-03-01"), t}, {day("2026-03-31"), w.Edges[1].Terms}}
		}, "c1 buys from r since 2026-01-01, terms from 2026-03-31", "the grouping changes from product to service, and may do so on the first day of a month only"},
		{"currency and grouping from a month on", func(w *World) {
			t := w.Edges[1].Terms
			t.Currency, t.Grouping = "CHF", "product"
			w.Edges[1].Later = []DatedTerms{{day("2026-03-01"), t}}
		}, "", ""},
		{"two sets of terms on a day", func(w *World) {
			w.Edges[1].Later = []DatedTerms{{day("2026-03-01"), w.Edges[1].Terms}, {day("2026-03-01"), w.Edges[1].Terms}}
		}, "c1 buys from r since 2026-01-01, terms from 2026-03-01", "one set of terms"},
		{"terms from before the edge", func(w *World) { w.Edges[1].Later = []DatedTerms{{day("2026-01-01"), w.Edges[1].Terms}} },
			"c1 buys from r since 2026-01-01, terms from 2026-01-01", "begin after"},
		{"terms after the edge's end", func(w *World) {
			w.Edges[1].End, w.Edges[1].Later = later.Start, []DatedTerms{{day("2026-06-01"), w.Edges[1].Terms}}
		}, "c1 buys from r since 2026-01-01, terms from 2026-06-01", "before they begin"},
		{"later terms without a book", func(w *World) {
			w.Edges[1].Later = []DatedTerms{{day("2026-03-01"), Terms{Currency: "EUR", Series: "A"}}}
		}, "c1 buys from r since 2026-01-01, terms from 2026-03-01", "price book"},
		{"no such currency", func(w *World) { w.Edges[1].Terms.Currency = "EURO" }, "c1 buys from r since 2026-01-01", "EURO"},
		{"paid before it is owed", func(w *World) { w.Edges[1].Terms.PaymentDays = -1 }, "c1 buys from r since 2026-01-01", "-1"},
		{"a series that reads like credit notes", func(w *World) { w.Edges[1].Terms.Series = "A-CN" }, "c1 buys from r since 2026-01-01", "A-CN"},
		{"a series with blanks", func(w *World) { w.Edges[1].Terms.Series = "A B" }, "c1 buys from r since 2026-01-01", "A B"},
		{"a grouping by tag", func(w *World) { w.Edges[1].Terms.Grouping = "tag:team" }, "", ""},
		{"a grouping by no tag", func(w *World) { w.Edges[1].Terms.Grouping = "tag:" }, "c1 buys from r since 2026-01-01", "tag:"},
		{"a language", func(w *World) { w.Edges[1].Terms.Language = "de" }, "", ""},
		{"a language in words", func(w *World) { w.Edges[1].Terms.Language = "German" }, "c1 buys from r since 2026-01-01", "two-letter"},
		{"lines of nothing printed", func(w *World) { w.Edges[1].Terms.ZeroLines = "print" }, "", ""},
		{"lines of nothing, somehow", func(w *World) { w.Edges[1].Terms.ZeroLines = "hide" }, "c1 buys from r since 2026-01-01", "hide"},
		{"subtotals by customer", func(w *World) { w.Edges[1].Terms.Subtotals = "customer" }, "", ""},
		{"subtotals by colour", func(w *World) { w.Edges[1].Terms.Subtotals = "colour" }, "c1 buys from r since 2026-01-01", "colour"},
		{"subtotals by what lines are not of", func(w *World) { w.Edges[1].Terms.Subtotals = "resource_group" }, "c1 buys from r since 2026-01-01", "set grouping: resource_group"},
		{"subtotals by what lines are of", func(w *World) {
			w.Edges[1].Terms.Subtotals, w.Edges[1].Terms.Grouping = "resource_group", "resource_group"
		}, "", ""},
		{"a picture that fills the page", func(w *World) { w.Organisations[0].Legal.Logo = strings.Repeat("A", maxLogo+1) }, "partner p legal", "63 KB"},
		{"a reseller with entitlements", func(w *World) { w.Organisations[1].Entitlements = []Entitlement{{Provider: "E2"}} }, "reseller r", "only customers"},
		{"an entitlement of two", func(w *World) {
			o := organisation(Customer, "c2")
			o.Entitlements = []Entitlement{{Provider: "e1", Period: later}}
			w.Organisations = append(w.Organisations, o)
		}, "customer c2 entitlement e1", "belongs to c1"},
		{"a rate twice", func(w *World) { w.Rates = append(w.Rates, w.Rates[0]) }, "rate USD to EUR of 2026-09", "twice"},
		{"a rate of nothing", func(w *World) { w.Rates[0].Value = money.Decimal{} }, "rate USD to EUR of 2026-09", "above 0"},
		{"a rate to itself", func(w *World) { w.Rates[0].To = "USD" }, "rate USD to USD of 2026-09", "itself"},
		{"a tax above everything", func(w *World) { w.Taxes[0].Percent = money.MustParse("101") }, "tax NL standard since ever", "101"},
		{"two tax rows on a day", func(w *World) { w.Taxes = append(w.Taxes, Tax{Territory: "NL", Category: "standard", Period: later}) }, "tax NL standard since 2026-06-01", "shares a day"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			w := small()
			tc.change(&w)
			err := Validate(w)
			if tc.says == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			f, ok := err.(*fault.Fault)
			if !ok || f.Kind != fault.Invalid || f.Code != "world_refused" || len(f.Fields) != 1 {
				t.Fatalf("got %v", err)
			}
			if !strings.Contains(f.Fields[tc.at], tc.says) || !strings.Contains(f.Text, tc.says) {
				t.Errorf("got %v, want %q at %q", f.Fields, tc.says, tc.at)
			}
		})
	}
}

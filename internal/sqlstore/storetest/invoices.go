package storetest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// document is a draft of the edge r → c-r with one line per net, tax 0; line keys are "k1", "k2" …
func document(name string, ordinal int, nets ...string) invoice.Invoice {
	v := invoice.Invoice{
		ID: id.Invoice("inv_" + name), Kind: invoice.KindInvoice, State: invoice.Draft, Edge: "edg_rc-r", Seller: "org_r", Buyer: "org_c-r",
		SellerKey: "r", BuyerKey: "c-r", SellerPath: "p/r", BuyerPath: "p/r/c-r", Period: september, Ordinal: ordinal, Series: "S",
		Currency: "EUR", DraftedAt: noon(),
	}
	for i, net := range nets {
		l := invoice.Line{Number: i + 1, Key: fmt.Sprintf("k%d", i+1), Kind: invoice.UsageLine, Exact: money.MustParse("0.0050000000000000000000000001"), Net: money.MustParse(net)}
		v.Lines = append(v.Lines, l)
		v.Net = v.Net.Add(l.Net)
	}
	v.Total = v.Net
	return v
}

// issued is the document with a number.
func issued(v invoice.Invoice, number string) invoice.Invoice {
	v.State, v.Number, v.IssuedAt, v.IssueDate, v.DueDate = invoice.Issued, number, noon(), september.End(), september.End().AddDays(30)
	return v
}

// answering is a credit note for an issued document.
func answering(v, before invoice.Invoice) invoice.Invoice {
	v.Kind, v.Preceding = invoice.KindCreditNote, &invoice.Preceding{ID: before.ID, Number: before.Number, Date: before.IssueDate}
	return v
}

func saveInvoices(t *testing.T, db *sqlstore.DB, docs ...invoice.Invoice) {
	t.Helper()
	for _, v := range docs {
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return billing.Invoices{DB: db}.Save(ctx, tr, scope.All(), v)
		})
	}
}

func states(t *testing.T, db *sqlstore.DB, f invoice.Filter) (list []string) {
	t.Helper()
	view(t, db, func(ctx context.Context, r tx.Read) error {
		docs, err := billing.Invoices{DB: db}.List(ctx, r, scope.All(), f)
		for _, v := range docs {
			list = append(list, string(v.ID[4:])+" "+string(v.State))
		}
		return err
	})
	return list
}

func mustBill(t *testing.T, db *sqlstore.DB, want string) {
	t.Helper()
	view(t, db, func(ctx context.Context, r tx.Read) error {
		billed, err := billing.Invoices{DB: db}.Billed(ctx, r, scope.All(), "edg_rc-r", september)
		have := ""
		for _, k := range slices.Sorted(maps.Keys(billed)) {
			have += k + "=" + billed[k].String() + " "
		}
		if have != want {
			t.Errorf("billed %q, want %q", have, want)
		}
		return err
	})
}

var invoiceCases = map[string]func(*testing.T, *sqlstore.DB){
	"the snapshot comes back whole": func(t *testing.T, db *sqlstore.DB) {
		x, v := billing.Invoices{DB: db}, document("a", 1, "0.01", "-12345678901234.56")
		saveInvoices(t, db, v)
		v.BuyerReference = "second thoughts"
		saveInvoices(t, db, v)
		view(t, db, func(ctx context.Context, r tx.Read) error {
			have, err := x.Get(ctx, r, scope.All(), v.ID)
			mustBeUTC(t, have.DraftedAt, noon())
			v.DraftedAt = noon().UTC()
			diff(t, have, v)
			list, e2 := x.List(ctx, r, scope.All(), invoice.Filter{})
			if len(list) != 1 || list[0].Total.String() != "-12345678901234.55" || list[0].State != invoice.Draft {
				t.Errorf("got %+v", list)
			}
			return firstError(err, e2)
		})
		unrounded := document("b", 2, "0.001")
		refused(t, db, fault.Internal, func(ctx context.Context, tr tx.Tx) error { return x.Save(ctx, tr, scope.All(), unrounded) })
	},
	"an issued document never changes": func(t *testing.T, db *sqlstore.DB) {
		x, v := billing.Invoices{DB: db}, issued(document("a", 1, "1.00"), "S-1")
		saveInvoices(t, db, document("a", 1, "1.00"), v)
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.Save(ctx, tr, scope.All(), v) })
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.Discard(ctx, tr, scope.All(), v.ID) })
		again := issued(document("b", 2, "2.00"), "S-1")
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.Save(ctx, tr, scope.All(), again) })
		place := document("c", 1, "2.00")
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.Save(ctx, tr, scope.All(), place) })
		mustBill(t, db, "k1=1 ")
	},
	"drafts are discarded": func(t *testing.T, db *sqlstore.DB) {
		x := billing.Invoices{DB: db}
		saveInvoices(t, db, document("a", 1, "1.00"))
		discard := func(s scope.Scope) func(context.Context, tx.Tx) error {
			return func(ctx context.Context, tr tx.Tx) error { return x.Discard(ctx, tr, s, "inv_a") }
		}
		refused(t, db, fault.NotFound, discard(documentsOf("org_R")))
		do(t, db, discard(documentsOf("org_r")))
		refused(t, db, fault.NotFound, discard(scope.All()))
	},
	"void and billed": func(t *testing.T, db *sqlstore.DB) {
		x := billing.Invoices{DB: db}
		first := issued(document("a", 1, "10.00", "5.00"), "S-1")
		saveInvoices(t, db, first, document("draft", 2, "99.00"))
		mustBill(t, db, "k1=10 k2=5 ")
		part := issued(answering(document("part", 3, "-1.00"), first), "C-1")
		saveInvoices(t, db, part)
		mustBill(t, db, "k1=9 k2=5 ") // a credit note for less counts beside the invoice
		swapped := issued(answering(document("swapped", 4, "-5.00", "-10.00"), first), "C-2")
		saveInvoices(t, db, swapped)
		mustBill(t, db, "k1=4 k2=-5 ")                                   // the same total on other lines takes nothing back
		full := answering(document("full", 1, "-10.00", "-5.00"), first) // in the place of its invoice
		saveInvoices(t, db, full)
		if have := fmt.Sprint(states(t, db, invoice.Filter{State: invoice.Void})); have != "[]" {
			t.Errorf("void by a draft: %s", have)
		}
		saveInvoices(t, db, issued(full, "C-3"))
		mustBill(t, db, "k1=-6 k2=-10 ")
		if have := fmt.Sprint(states(t, db, invoice.Filter{State: invoice.Void})); have != "[a void]" {
			t.Errorf("void: %s", have)
		}
		if have := fmt.Sprint(states(t, db, invoice.Filter{State: invoice.Issued})); have != "[part issued swapped issued full issued]" {
			t.Errorf("issued: %s", have)
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			v, err := x.Get(ctx, r, scope.All(), "inv_a")
			if v.State != invoice.Void {
				t.Errorf("state %s", v.State)
			}
			return err
		})
		twice := issued(answering(document("twice", 6, "-10.00", "-5.00"), first), "C-4")
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.Save(ctx, tr, scope.All(), twice) })
	},
	"lists in order, page by page": func(t *testing.T, db *sqlstore.DB) {
		var docs []invoice.Invoice
		for i, k := range []struct {
			month          period.Month
			seller, series string
			number, name   string
		}{
			{september + 1, "a", "S", "", "g"}, {september, "r", "S", "S-02", "d"}, {september, "r", "S", "", "c2"}, {september, "r", "S", "", "c1"},
			{september, "R", "s", "s-1", "b"}, {september, "R", "S", "S-1", "a"}, {september, "r", "S", "S-10", "e"}, {september, "ä", "S", "x", "f"},
		} {
			v := document(k.name, i+1, "1.00")
			v.Period, v.SellerKey, v.Series, v.Seller = k.month, k.seller, k.series, id.Organisation("org_"+k.seller)
			if k.number != "" {
				v = issued(v, k.number)
			}
			docs = append(docs, v)
		}
		saveInvoices(t, db, docs...)
		for limit := 1; limit < 10; limit++ {
			var have []string
			after := ""
			for {
				var page []invoice.Summary
				view(t, db, func(ctx context.Context, r tx.Read) (err error) {
					page, err = billing.Invoices{DB: db}.List(ctx, r, scope.All(), invoice.Filter{After: after, Limit: limit})
					return err
				})
				for _, v := range page {
					have, after = append(have, string(v.ID[4:])), v.Cursor
				}
				if len(page) < limit {
					break
				}
			}
			if fmt.Sprint(have) != "[a b c1 c2 d e f g]" {
				t.Errorf("pages of %d: %v", limit, have)
			}
		}
		for _, c := range []struct {
			f    invoice.Filter
			want string
		}{
			{invoice.Filter{Period: september + 1}, "[g draft]"},
			{invoice.Filter{Seller: "org_R", State: invoice.Issued}, "[a issued b issued]"},
			{invoice.Filter{Number: "s-1"}, "[b issued]"},
			{invoice.Filter{Edge: "edg_none"}, "[]"},
			{invoice.Filter{State: invoice.Draft, Period: september}, "[c1 draft c2 draft]"},
			{invoice.Filter{Any: &invoice.Any{}}, "[]"},
			{invoice.Filter{Any: &invoice.Any{From: september + 1}}, "[g draft]"},
			{invoice.Filter{Any: &invoice.Any{Sellers: []invoice.SellerFrom{{Seller: "org_R", From: september + 1}}}}, "[]"},
			{invoice.Filter{State: invoice.Issued, Any: &invoice.Any{Sellers: []invoice.SellerFrom{{Seller: "org_R", From: september}}, Edges: []id.Edge{"edg_none"}}}, "[a issued b issued]"},
		} {
			if have := fmt.Sprint(states(t, db, c.f)); have != c.want {
				t.Errorf("%+v: got %s, want %s", c.f, have, c.want)
			}
		}
		err := db.View(context.Background(), func(ctx context.Context, r tx.Read) error {
			_, err := billing.Invoices{DB: db}.List(ctx, r, scope.All(), invoice.Filter{After: "!"})
			return err
		})
		if fault.KindOf(err) != fault.Invalid {
			t.Errorf("a wrong cursor: %v", err)
		}
		for from, want := range map[period.Month]string{0: "[2026-09]", september: "[2026-09]", september + 1: "[]"} {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				months, err := billing.Invoices{DB: db}.IssuedMonths(ctx, r, scope.All(), from)
				if fmt.Sprint(months) != want {
					t.Errorf("issued from %s on: %v, want %s", from, months, want)
				}
				return err
			})
		}
	},
	"two scopes": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		x, v := billing.Invoices{DB: db}, issued(document("a", 1, "1.00"), "S-1")
		saveInvoices(t, db, v)
		postings := []invoice.Posting{
			{ID: "pst_2", Organisation: "org_c-r", Path: "p/r/c-r", Document: v.ID, Account: invoice.Purchases, Debit: money.MustParse("1.00"), Currency: "EUR", On: september.End()},
			{ID: "pst_1", Organisation: "org_r", Path: "p/r", Document: v.ID, Account: invoice.Revenue, Credit: money.MustParse("1.00"), Currency: "EUR", On: september.End()},
		}
		do(t, db, func(ctx context.Context, tr tx.Tx) error {
			return firstError(x.Post(ctx, tr, scope.All(), postings), x.Archive(ctx, tr, scope.All(), v.ID, "pdf", "d1"), x.Archive(ctx, tr, scope.All(), v.ID, "pdf", "d1"))
		})
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.Archive(ctx, tr, scope.All(), v.ID, "pdf", "d2") })
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return x.Post(ctx, tr, scope.All(), postings[:1]) })
		for _, c := range []struct {
			s              scope.Scope
			docs, postings int
		}{
			{scope.All(), 1, 2}, {documentsOf("org_r"), 1, 1}, {documentsOf("org_c-r"), 1, 1}, {documentsOf("org_r", "org_c-r"), 1, 2},
			{documentsOf("org_p"), 0, 0}, {documentsOf("org_R"), 0, 0}, {scope.Of("p", "p/r", "p/r/c-r"), 0, 0}, {scope.Scope{}, 0, 0},
			{scope.Scope{}.WithDocuments(scope.Side{Own: "org_r", Other: "org_c-r"}), 1, 1},
			{scope.Scope{}.WithDocuments(scope.Side{Own: "org_r", Other: "org_c-r-1"}), 0, 0},
			{documentsOf("org_r").WithoutDocumentsOf("org_c-r", "org_x"), 0, 0},
			{documentsOf("org_r").WithoutDocumentsOf("org_c-r-1", "org_r"), 1, 1},
			{documentsOf("org_r' OR '1' = '1"), 0, 0},
		} {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				list, e1 := x.List(ctx, r, c.s, invoice.Filter{})
				ps, e2 := x.Postings(ctx, r, c.s, v.ID)
				files, e3 := x.Archived(ctx, r, c.s, v.ID)
				billed, e4 := x.Billed(ctx, r, c.s, v.Edge, september)
				if len(list) != c.docs || len(ps) != c.postings || len(files) != c.docs || len(billed) != c.docs {
					t.Errorf("%v: %d documents, %d postings, %d files, %d keys", c.s, len(list), len(ps), len(files), len(billed))
				}
				if c.s.IsAll() {
					diff(t, ps, []invoice.Posting{postings[1], postings[0]})
				}
				return firstError(e1, e2, e3, e4)
			})
			_, err := get(db, c.s, v.ID)
			if (err == nil) != (c.docs == 1) || err != nil && fault.KindOf(err) != fault.NotFound {
				t.Errorf("%v: %v", c.s, err)
			}
		}
		foreign, missing := documentsOf("org_R"), id.Invoice("inv_none")
		_, e1 := get(db, foreign, v.ID)
		_, e2 := get(db, scope.All(), missing)
		if fault.CodeOf(e1) != fault.CodeOf(e2) {
			t.Errorf("a foreign document is told apart from a missing one: %v, %v", e1, e2)
		}
		for name, f := range map[string]func(context.Context, tx.Tx) error{
			"save": func(ctx context.Context, tr tx.Tx) error { return x.Save(ctx, tr, foreign, document("b", 2, "1.00")) },
			"capture": func(ctx context.Context, tr tx.Tx) error {
				mine := document("a", 1, "1.00")
				mine.Seller = "org_R"
				return x.Save(ctx, tr, foreign, mine)
			},
			"post":    func(ctx context.Context, tr tx.Tx) error { return x.Post(ctx, tr, foreign, postings) },
			"archive": func(ctx context.Context, tr tx.Tx) error { return x.Archive(ctx, tr, foreign, v.ID, "csv", "d") },
			"number": func(ctx context.Context, tr tx.Tx) error {
				_, err := x.NextNumber(ctx, tr, foreign, invoice.SeriesKey{Seller: "org_r", Series: "S", Kind: invoice.KindInvoice, Year: 2026})
				return err
			},
		} {
			t.Run(name, func(t *testing.T) { refused(t, db, fault.NotFound, f) })
		}
	},
	"documents stay with those who made them": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		saveInvoices(t, db, issued(document("before", 1, "1.00"), "S-1"))
		do(t, db, func(ctx context.Context, tr tx.Tx) error { // c-r moves from r to R
			return sqlstore.Orgs{DB: db}.Save(ctx, tr, scope.All(), org.Change{Paths: map[string]string{"c-r": "p/R/c-r"}})
		})
		after := document("after", 2, "2.00")
		after.Seller, after.SellerKey, after.SellerPath, after.BuyerPath = "org_R", "R", "p/R", "p/R/c-r"
		after.Edge = "edg_Rc-r"
		saveInvoices(t, db, issued(after, "S-1"))
		for _, c := range []struct {
			who     string
			s       scope.Scope
			want    string
			visible bool // the customer itself
		}{
			{"old seller", documentsOf("org_r", "p/r"), "[before]", false},
			{"new seller", documentsOf("org_R", "p/R"), "[after]", true},
			{"customer", documentsOf("org_c-r", "p/R/c-r"), "[after before]", true},
			{"partner", documentsOf("org_p", "p"), "[]", true},
		} {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				x := billing.Invoices{DB: db}
				list, e1 := x.List(ctx, r, c.s, invoice.Filter{})
				var have []string
				for _, v := range list {
					have = append(have, string(v.ID[4:]))
				}
				w, e2 := sqlstore.Orgs{DB: db}.World(ctx, r, c.s)
				if fmt.Sprint(have) != c.want || slices.Contains(keys(w), "c-r") != c.visible {
					t.Errorf("%s sees %v and the organisations %v", c.who, have, keys(w))
				}
				return firstError(e1, e2)
			})
		}
	},
	"a series goes on where it is told to": func(t *testing.T, db *sqlstore.DB) {
		saveWorld(t, db)
		x := billing.Invoices{DB: db}
		k := invoice.SeriesKey{Seller: "org_r", Series: "S", Kind: invoice.KindInvoice, Year: 2026}
		start := func(first int64) func(context.Context, tx.Tx) error {
			return func(ctx context.Context, tr tx.Tx) error { return x.StartSeries(ctx, tr, scope.All(), k, first) }
		}
		do(t, db, start(7))
		do(t, db, start(118)) // nothing has a number yet
		var n int64
		do(t, db, func(ctx context.Context, tr tx.Tx) (err error) {
			n, err = x.NextNumber(ctx, tr, scope.All(), k)
			return err
		})
		if n != 118 {
			t.Errorf("the first number is %d, want 118", n)
		}
		saveInvoices(t, db, issued(document("a", 1, "1.00"), "S-2026-00118"))
		do(t, db, start(119)) // as it is
		refused(t, db, fault.Conflict, start(118))
		refused(t, db, fault.Conflict, start(200))
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error { return x.StartSeries(ctx, tr, documentsOf("org_R"), k, 5) })
	},
	"numbers have no gaps": func(t *testing.T, db *sqlstore.DB) {
		x := billing.Invoices{DB: db}
		keys := []invoice.SeriesKey{
			{Seller: "org_r", Series: "S", Kind: invoice.KindInvoice, Year: 2026}, {Seller: "org_r", Series: "s", Kind: invoice.KindInvoice, Year: 2026},
			{Seller: "org_r", Series: "S", Kind: invoice.KindCreditNote, Year: 2026}, {Seller: "org_r", Series: "S", Kind: invoice.KindInvoice, Year: 2027},
		}
		undo := errors.New("undo")
		var mu sync.Mutex
		given := map[invoice.SeriesKey][]int64{}
		var writers sync.WaitGroup
		for w := range 8 {
			writers.Go(func() {
				for i := range 24 {
					k, n := keys[i%4], int64(0)
					err := db.Do(context.Background(), func(ctx context.Context, tr tx.Tx) (err error) {
						if n, err = x.NextNumber(ctx, tr, scope.All(), k); err == nil && (w+i)%3 == 0 {
							err = undo
						}
						return err
					})
					if err == nil {
						mu.Lock()
						given[k] = append(given[k], n)
						mu.Unlock()
					} else if !errors.Is(err, undo) {
						t.Error(err)
					}
				}
			})
		}
		writers.Wait()
		total := 0
		for k, ns := range given {
			slices.Sort(ns)
			for i, n := range ns {
				if n != int64(i+1) {
					t.Fatalf("%+v: numbers %v", k, ns)
				}
			}
			total += len(ns)
		}
		if total != 128 {
			t.Errorf("%d numbers were given, want 128", total)
		}
	},
}

// documentsOf is a scope of the documents of organisations (org_…) and of places (anything else).
func documentsOf(names ...string) scope.Scope {
	var s scope.Scope
	var sides []scope.Side
	var places []string
	for _, name := range names {
		if strings.HasPrefix(name, "org_") {
			sides = append(sides, scope.Side{Own: id.Organisation(name)})
		} else {
			places = append(places, name)
		}
	}
	if len(places) > 0 {
		s = scope.Of(places...)
	}
	return s.WithDocuments(sides...)
}

func get(db *sqlstore.DB, s scope.Scope, v id.Invoice) (doc invoice.Invoice, err error) {
	err = db.View(context.Background(), func(ctx context.Context, r tx.Read) error {
		doc, err = billing.Invoices{DB: db}.Get(ctx, r, s, v)
		return err
	})
	return doc, err
}

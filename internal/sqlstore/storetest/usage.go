package storetest

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

const september = period.Month(2026*12 + 8)

// equalDecimals compares decimals by the text they print as: digits, not just values.
var equalDecimals = cmp.Comparer(func(a, b money.Decimal) bool { return a.String() == b.String() })

// NewSeal is a load of one batch with n statement lines, numbered load and batch.
func NewSeal(load, batch uint32, n int) usage.Seal {
	l := usage.Load{ID: id.Load(fmt.Sprintf("lod_%d", load)), Number: load, At: noon(), Rows: usage.Counts{In: int64(n), Sealed: int64(n)}}
	s := usage.Seal{Load: l, Batches: []usage.Batch{{
		ID: id.Batch(fmt.Sprintf("bat_%d", batch)), Number: batch, Load: l.ID, Rows: int64(n),
		Slot: usage.Slot{
			Connector: "microsoft", Dataset: usage.Reconciliation, Account: "p", Currency: "EUR", Period: september, Billed: true,
			Invoice: "G000001",
		},
		Cost:   money.MustParse("12345678901234567890.000000000000000001"),
		Digest: fmt.Sprintf("%064d", n), State: usage.Sealed, SealedAt: noon(),
	}}}
	for i := range n {
		s.Lines = append(s.Lines, usage.SealedLine{Batch: batch, File: "f1", Period: september, StatementLine: usage.StatementLine{
			Line: int64(n - i), PartnerID: "p", CustomerID: fmt.Sprintf("Tenant-%d", i%7), CustomerName: "Fabrikam", InvoiceNumber: "G000001",
			ProductID: "DZH318Z0BPS6", SkuID: "0001", SkuName: "Azure plan", ProductName: "Azure plan", ChargeType: "new",
			UnitPrice: money.MustParse("0.0000000000000000000000000123"), EffectiveUnitPrice: money.MustParse("1.10"),
			Quantity: money.FromInt(int64(i)), BillableQuantity: money.FromInt(int64(i)), Subtotal: money.MustParse("-0.005"),
			Total: money.MustParse("1234567.89"), Currency: "EUR", ExchangeRate: money.FromInt(1),
			SubscriptionID: "11111111-2222-3333-4444-555555555555", SubscriptionDescription: "Azure plan",
			ChargeStart: september.Start(), ChargeEnd: september.End().AddDays(-1),
		}})
	}
	return s
}

// asideCase is what does not count: kept with its money, listed while it is open, and answered once.
func asideCase(t *testing.T, db *sqlstore.DB) {
	u, s := billing.Usage{DB: db}, NewSeal(1, 1, 0)
	item := func(ref string, p period.Month, line int64) aside.Item {
		return aside.Item{
			Ref: ref, Kind: aside.KeptAside, Load: s.Load.ID, LoadNumber: 1, File: "a'b.csv", Line: line, Code: "not_a_number", Rows: 1,
			Money: money.Totals{"EUR": money.MustParse("12345678901234567890.000000000000000001")}, Period: p, Entitlement: "E-1",
		}
	}
	s.Asides = []aside.Item{item("asd_2", september, 9), item("asd_1", september, 3), item("asd_3", 0, 11), item("asd_4", september-1, 12)}
	do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, s) })
	refs := func(f aside.Filter) (out string) {
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := u.Asides(ctx, r, scope.All(), f)
			for _, a := range list {
				out += a.Ref + " "
				if a.Ref == "asd_1" && a.Answer == nil {
					diff(t, a, s.Asides[1])
				}
			}
			return err
		})
		return out
	}
	diff(t, refs(aside.Filter{Open: true, Period: september}), "asd_1 asd_2 asd_3 ")
	answer := aside.Answered{Ref: "asd_1", Answer: aside.Answer{How: aside.WrittenOff, Reason: "claimed", At: noon()}}
	do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.AnswerAside(ctx, tr, scope.All(), answer) })
	diff(t, refs(aside.Filter{Open: true}), "asd_2 asd_3 asd_4 ")
	diff(t, refs(aside.Filter{OpenOr: []aside.AnswerKind{aside.AsPrinted}}), "asd_2 asd_3 asd_4 ")
	diff(t, refs(aside.Filter{OpenOr: []aside.AnswerKind{aside.AsPrinted, aside.WrittenOff}}), "asd_1 asd_2 asd_3 asd_4 ")
	diff(t, refs(aside.Filter{}), "asd_1 asd_2 asd_3 asd_4 ")
	for ref, kind := range map[string]fault.Kind{"asd_1": fault.Conflict, "asd_9": fault.NotFound} {
		err := db.Do(t.Context(), func(ctx context.Context, tr tx.Tx) error {
			return u.AnswerAside(ctx, tr, scope.All(), aside.Answered{Ref: ref, Answer: answer.Answer})
		})
		if fault.KindOf(err) != kind {
			t.Errorf("%s: %v", ref, err)
		}
	}
	view(t, db, func(ctx context.Context, r tx.Read) error {
		list, err := u.Asides(ctx, r, scope.Scope{}, aside.Filter{})
		diff(t, len(list), 0)
		return err
	})
}

var usageCases = map[string]func(*testing.T, *sqlstore.DB){
	"what does not count is listed until it is answered": asideCase,
	"what is sealed comes back to the last digit": func(t *testing.T, db *sqlstore.DB) {
		u, s := billing.Usage{DB: db}, NewSeal(1, 1, 3)
		s.Load.Files = []usage.File{{Number: 1, Name: "a'b\\?.csv", Digest: "d"}}
		s.Masks = []usage.Mask{{Batch: 1, Entitlement: "e", Day: september.Start()}}
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, s) })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			loads, err := u.Loads(ctx, r, scope.All())
			if err != nil {
				return err
			}
			s.Load.At = s.Load.At.UTC()
			diff(t, loads, []usage.Load{s.Load})
			mustBeUTC(t, loads[0].At, noon())
			batches, err := u.Batches(ctx, r, scope.All(), usage.BatchFilter{})
			if err != nil {
				return err
			}
			s.Batches[0].SealedAt = noon().UTC()
			diff(t, batches, s.Batches)
			masks, err := u.Masks(ctx, r, scope.All(), []uint32{1, 2})
			if err != nil {
				return err
			}
			diff(t, masks, s.Masks)
			lines, err := u.Statement(ctx, r, scope.All(), september)
			diff(t, lines, []usage.SealedLine{s.Lines[2], s.Lines[1], s.Lines[0]}) // by line, however they came
			return err
		})
	},
	"the same seal twice is one": func(t *testing.T, db *sqlstore.DB) {
		u := billing.Usage{DB: db}
		for range 2 {
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, NewSeal(1, 1, 600)) })
		}
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, NewSeal(1, 2, 3)) })
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, NewSeal(2, 1, 3)) })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			lines, err := u.Statement(ctx, r, scope.All(), september)
			if err != nil {
				return err
			}
			loads, err := u.Loads(ctx, r, scope.All())
			if len(lines) != 600 || len(loads) != 1 {
				t.Errorf("got %d lines in %d loads, want 600 in 1", len(lines), len(loads))
			}
			return err
		})
	},
	"superseded batches no longer count, once": func(t *testing.T, db *sqlstore.DB) {
		u, second, third := billing.Usage{DB: db}, NewSeal(2, 2, 5), NewSeal(3, 3, 1)
		second.Supersede, third.Supersede = []uint32{1}, []uint32{1}
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, NewSeal(1, 1, 4)) })
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, second) })
		refused(t, db, fault.Conflict, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, third) })
		view(t, db, func(ctx context.Context, r tx.Read) error {
			lines, err := u.Statement(ctx, r, scope.All(), september)
			if err != nil {
				return err
			}
			if len(lines) != 5 {
				t.Errorf("%d lines count, want the 5 of batch 2", len(lines))
			}
			for _, c := range []struct {
				f    usage.BatchFilter
				want string
			}{
				{usage.BatchFilter{}, "[2 sealed]"},
				{usage.BatchFilter{Superseded: true, Period: september}, "[1 superseded 2 sealed]"},
				{usage.BatchFilter{Period: september + 1}, "[]"},
				{usage.BatchFilter{Dataset: usage.DailyUsage, Superseded: true}, "[]"},
				{usage.BatchFilter{AnyOf: &usage.PeriodsOrInvoices{}}, "[]"},
				{usage.BatchFilter{AnyOf: &usage.PeriodsOrInvoices{Periods: []period.Month{september + 1, september}}}, "[2 sealed]"},
				{usage.BatchFilter{AnyOf: &usage.PeriodsOrInvoices{Periods: []period.Month{september + 1}, Invoices: []string{"g000001", ""}}}, "[2 sealed]"},
				{usage.BatchFilter{AnyOf: &usage.PeriodsOrInvoices{Invoices: []string{"G000001"}}, Dataset: usage.DailyUsage}, "[]"},
				{usage.BatchFilter{AnyOf: &usage.PeriodsOrInvoices{Invoices: []string{""}}, Superseded: true}, "[]"},
			} {
				list, err := u.Batches(ctx, r, scope.All(), c.f)
				if err != nil {
					return err
				}
				var have []any
				for _, b := range list {
					have = append(have, b.Number, b.State)
				}
				if fmt.Sprint(have) != c.want {
					t.Errorf("%+v: got %v, want %s", c.f, have, c.want)
				}
			}
			return nil
		})
	},
	"loads are found by their numbers and their files": func(t *testing.T, db *sqlstore.DB) {
		u := billing.Usage{DB: db}
		for n, files := range map[uint32][]usage.File{1: {{Digest: "a"}, {Digest: "b"}}, 2: {{Digest: "b"}, {Digest: "b"}, {}}, 3: {{Digest: "c'"}}, 4: nil} {
			s := NewSeal(n, n, 1)
			s.Load.Files = files
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, s) })
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			for _, c := range []struct {
				numbers []uint32
				files   []string
				want    string
			}{{nil, nil, "[]"}, {nil, []string{"b"}, "[1 2]"}, {[]uint32{4, 9}, []string{"c'", "none"}, "[3 4]"}, {[]uint32{2}, nil, "[2]"}, {nil, []string{""}, "[]"}} {
				list, err := u.LoadsOf(ctx, r, scope.All(), c.numbers, c.files)
				if err != nil {
					return err
				}
				have := []uint32{}
				for _, l := range list {
					have = append(have, l.Number)
				}
				if fmt.Sprint(have) != c.want {
					t.Errorf("%v, %q: got %v, want %s", c.numbers, c.files, have, c.want)
				}
			}
			all, err := u.LoadNumbers(ctx, r, scope.All())
			if fmt.Sprint(all) != "[1 2 3 4]" {
				t.Errorf("got %v", all)
			}
			return err
		})
	},
	"withdrawn batches no longer count, twice is once": func(t *testing.T, db *sqlstore.DB) {
		u, second := billing.Usage{DB: db}, NewSeal(2, 2, 5)
		second.Supersede = []uint32{1}
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, NewSeal(1, 1, 4)) })
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, second) })
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, NewSeal(3, 3, 1)) })
		withdraw := func(s scope.Scope, n ...uint32) func(context.Context, tx.Tx) error {
			return func(ctx context.Context, tr tx.Tx) error { return u.Withdraw(ctx, tr, s, n) }
		}
		refused(t, db, fault.NotFound, withdraw(scope.All(), 1, 9))
		refused(t, db, fault.NotFound, withdraw(scope.Of("a"), 1))
		do(t, db, withdraw(scope.All()))
		do(t, db, withdraw(scope.All(), 1, 2))
		do(t, db, withdraw(scope.All(), 2, 1, 1))
		view(t, db, func(ctx context.Context, r tx.Read) error {
			lines, err := u.Statement(ctx, r, scope.All(), september)
			if err != nil {
				return err
			}
			list, err := u.Batches(ctx, r, scope.All(), usage.BatchFilter{Superseded: true})
			if len(lines) != 1 || len(list) != 3 || list[0].State != usage.Withdrawn || list[1].State != usage.Withdrawn || list[2].State != usage.Sealed {
				t.Errorf("%d lines count; %+v", len(lines), list)
			}
			return err
		})
	},
	"complete": func(t *testing.T, db *sqlstore.DB) {
		u, unbilled := billing.Usage{DB: db}, NewSeal(2, 2, 0)
		unbilled.Batches[0].Slot.Billed = false
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, NewSeal(1, 1, 0)) })
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, unbilled) })
		mark := func(s scope.Scope, n ...uint32) func(context.Context, tx.Tx) error {
			return func(ctx context.Context, tr tx.Tx) error { return u.MarkComplete(ctx, tr, s, n) }
		}
		refused(t, db, fault.Conflict, mark(scope.All(), 1, 2))
		refused(t, db, fault.NotFound, mark(scope.All(), 1, 9))
		refused(t, db, fault.NotFound, mark(scope.Of("a"), 1))
		do(t, db, mark(scope.All(), 1, 1))
		view(t, db, func(ctx context.Context, r tx.Read) error {
			list, err := u.Batches(ctx, r, scope.All(), usage.BatchFilter{})
			if len(list) != 2 || !list[0].Complete || list[1].Complete {
				t.Errorf("got %+v", list)
			}
			return err
		})
	},
	"two scopes": func(t *testing.T, db *sqlstore.DB) {
		u, s := billing.Usage{DB: db}, NewSeal(1, 1, 14)
		s.Masks = []usage.Mask{{Batch: 1, Entitlement: "e", Day: september.Start()}}
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, s) })
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return resolve(ctx, db, tr, "tenant-3") })
		for name, c := range map[string]struct {
			s           scope.Scope
			rows, lines int
		}{
			"everything": {scope.All(), 1, 14},
			"one tenant": {scope.Of("a").WithRefs("tenant-3"), 0, 2},
			"no tenant":  {scope.Of("a"), 0, 0},
			"nothing":    {scope.Scope{}, 0, 0},
			"one tenant, by the day": {scope.Of("a").WithRefsOf(func() []scope.Ref {
				return []scope.Ref{{ID: "Tenant-3", Days: period.Period{Start: september.Start(), End: september.Start() + 1}}}
			}), 0, 2},
		} {
			view(t, db, func(ctx context.Context, r tx.Read) error {
				loads, e1 := u.Loads(ctx, r, c.s)
				batches, e2 := u.Batches(ctx, r, c.s, usage.BatchFilter{})
				masks, e3 := u.Masks(ctx, r, c.s, []uint32{1})
				lines, e4 := u.Statement(ctx, r, c.s, september)
				answers, e5 := u.Resolutions(ctx, r, c.s)
				if len(loads) != c.rows || len(batches) != c.rows || len(masks) != c.rows || len(lines) != c.lines || (len(answers) == 1) != (c.lines > 0) {
					t.Errorf("%s: %d loads, %d batches, %d masks, %d lines, %d answers", name, len(loads), len(batches), len(masks), len(lines), len(answers))
				}
				return firstError(e1, e2, e3, e4, e5)
			})
		}
		refused(t, db, fault.NotFound, func(ctx context.Context, tr tx.Tx) error {
			return u.Resolve(ctx, tr, scope.Of("a").WithRefs("tenant-4"), usage.Resolution{Kind: "customer", Ref: "tenant-3", Target: "thief"})
		})
	},
	"answers are replaced, and differ by case": func(t *testing.T, db *sqlstore.DB) {
		u := billing.Usage{DB: db}
		want := []usage.Resolution{{Kind: "customer", Ref: "A", Target: "t2"}, {Kind: "customer", Ref: "a", Target: "t3"}, {Kind: "product", Ref: "A", Target: "t1"}}
		for _, x := range append([]usage.Resolution{{Kind: "customer", Ref: "A", Target: "t1"}}, want...) {
			do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Resolve(ctx, tr, scope.All(), x) })
		}
		view(t, db, func(ctx context.Context, r tx.Read) error {
			have, err := u.Resolutions(ctx, r, scope.All())
			diff(t, have, want)
			return err
		})
	},
	"100,000 lines": func(t *testing.T, db *sqlstore.DB) {
		if testing.Short() {
			t.Skip("a large seal is left out of short runs")
		}
		u, s := billing.Usage{DB: db}, NewSeal(1, 1, 100_000)
		start := time.Now()
		do(t, db, func(ctx context.Context, tr tx.Tx) error { return u.Seal(ctx, tr, s) })
		sealed := time.Since(start)
		view(t, db, func(ctx context.Context, r tx.Read) error {
			lines, err := u.Statement(ctx, r, scope.All(), september)
			if len(lines) != 100_000 {
				t.Errorf("%d lines came back", len(lines))
			}
			t.Logf("sealed 100,000 lines in %v, read them in %v", sealed.Round(time.Millisecond), (time.Since(start) - sealed).Round(time.Millisecond))
			return err
		})
	},
}

func diff(t testing.TB, got, want any) {
	t.Helper()
	if d := cmp.Diff(want, got, equalDecimals); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}

func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

package check_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// failing is a test that is expected to fail; it remembers whether it did.
type failing struct {
	testing.TB
	failed bool
	first  string
}

func (f *failing) Failed() bool { return f.failed }
func (f *failing) note(text string) {
	if !f.failed {
		f.failed, f.first = true, text
	}
}
func (f *failing) Errorf(format string, args ...any) { f.note(fmt.Sprintf(format, args...)) }
func (f *failing) Fatalf(format string, args ...any) {
	f.note(fmt.Sprintf(format, args...))
	runtime.Goexit()
}
func (f *failing) Fatal(args ...any) { f.note(fmt.Sprint(args...)); runtime.Goexit() }

// faultTodaysBook fixes no book: months are priced by what edges name today.
type faultTodaysBook struct {
	rating.IssuedTerms
	l *lifetime
}

func (x faultTodaysBook) Fixed(ctx context.Context, r tx.Read, s scope.Scope, p period.Month, edges ...id.Edge) ([]rating.Fixed, error) {
	list, err := x.IssuedTerms.Fixed(ctx, r, s, p, edges...)
	for i := range list {
		list[i].Books = nil
		for _, e := range x.l.world.Edges {
			if e.ID == list[i].Edge {
				list[i].Book = e.Terms.Book
			}
		}
	}
	return list, err
}

// faultTodaysTax changes the taxes of issued documents to those of their parties today.
type faultTodaysTax struct {
	invoice.Store
	l *lifetime
}

func (x faultTodaysTax) Get(ctx context.Context, r tx.Read, s scope.Scope, v id.Invoice) (invoice.Invoice, error) {
	d, err := x.Store.Get(ctx, r, s, v)
	if err != nil || d.State != invoice.Issued {
		return d, err
	}
	i := slices.IndexFunc(x.l.world.Edges, func(e org.Edge) bool { return e.ID == d.Edge })
	percent := x.l.percent(&x.l.world.Edges[i])
	for i := range d.Lines {
		d.Lines[i].Tax.Percent = percent
	}
	return d, nil
}

// faultKeepsRemovedRows keeps the rows of a day that a corrected file no longer has.
type faultKeepsRemovedRows struct {
	usage.Store
	l *lifetime
}

func (x faultKeepsRemovedRows) Seal(ctx context.Context, t tx.Tx, s usage.Seal) error {
	s.Masks = slices.DeleteFunc(slices.Clone(s.Masks), func(m usage.Mask) bool {
		return strings.EqualFold(m.Entitlement, x.l.gonePlace.Entitlement) && m.Day == x.l.gonePlace.Day
	})
	return x.Store.Seal(ctx, t, s)
}

// faultTodaysSeller treats refunds of earlier service as refunds of the month.
type faultTodaysSeller struct{ usage.Store }

func (x faultTodaysSeller) Statement(ctx context.Context, r tx.Read, s scope.Scope, p period.Month) ([]usage.SealedLine, error) {
	list, err := x.Store.Statement(ctx, r, s, p)
	for i := range list {
		list[i].ChargeStart = max(list[i].ChargeStart, p.Start())
	}
	return list, err
}

// twice counts some rows twice.
type twice struct{ usage.RowStore }

func (x twice) Sums(ctx context.Context, s scope.Scope, q usage.Query, yield func(usage.Sum) error) error {
	return x.RowStore.Sums(ctx, s, q, func(sum usage.Sum) error {
		if sum.Rows > 1 {
			sum.Cost = sum.Cost.Mul(money.FromInt(2))
		}
		return yield(sum)
	})
}

// TestCorrectionsFindsPlantedFaults checks that the property can fail: each planted fault is found within a few lifetimes.
func TestCorrectionsFindsPlantedFaults(t *testing.T) {
	for name, plant := range map[string]func(*lifetime){
		"today's book":               func(l *lifetime) { l.Invoices.Reader.Issued = faultTodaysBook{l.Invoices.Reader.Issued, l} },
		"today's tax":                func(l *lifetime) { l.Invoices.Store = faultTodaysTax{l.Invoices.Store, l} },
		"a gone day kept":            func(l *lifetime) { l.Intake.Store = faultKeepsRemovedRows{l.Intake.Store, l} },
		"a refund to today's seller": func(l *lifetime) { l.Invoices.Reader.Usage = faultTodaysSeller{l.Invoices.Reader.Usage} },
		"rows twice":                 func(l *lifetime) { l.Invoices.Rater.Rows = twice{l.Invoices.Rater.Rows} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for seed := range uint64(12) {
				f := &failing{TB: t}
				done := make(chan struct{})
				go func() {
					defer close(done)
					l := newLifetime(f, 100+seed, 10, installtest.Wrap{Rating: newMemoryRows})
					plant(l)
					l.live(10, 8)
				}()
				<-done
				if f.failed {
					first, _, _ := strings.Cut(f.first, "\n")
					t.Logf("found in lifetime %d: %s", seed+1, first)
					return
				}
			}
			t.Error("120 sequences with this fault, and it was not found")
		})
	}
}

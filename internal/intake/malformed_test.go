package intake_test

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"slices"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft/malformed"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// installation is the importer on a real ledger, a real usage store and real files.
type installation struct {
	*intake.Service
	store usage.Store
	db    *sqlstore.DB
	files *filestore.Store
	kept  string // folder of the files
}

func open(t *testing.T) installation {
	t.Helper()
	x, err := installtest.Open(operator(t), t.TempDir(), installtest.Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = x.Close() })
	n := installation{x.Intake, x.Intake.Store, x.DB, x.Files, filepath.Join(x.Dir, "files")}
	t.Cleanup(func() { n.rebuilds(t) })
	return n
}

func operator(t *testing.T) context.Context { return access.AsLocalOperator(t.Context()) }

func source(name string, b []byte) intake.Source {
	return intake.Source{Name: name, Size: int64(len(b)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// sealed is Σ cost of what counts in the ledger, and the same from the rows of the usage store.
func (n installation) sealed(t *testing.T) (ledger, rows money.Decimal, count int64) {
	t.Helper()
	var batches []usage.Batch
	var masks []usage.Mask
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		if batches, err = n.store.Batches(ctx, r, scope.All(), usage.BatchFilter{Dataset: usage.DailyUsage}); err != nil {
			return err
		}
		var numbers []uint32
		for _, b := range batches {
			numbers = append(numbers, b.Number)
		}
		masks, err = n.store.Masks(ctx, r, scope.All(), numbers)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	q := usage.Query{Masks: masks, Period: period.Period{Start: 1, End: period.NewDate(2200, 1, 1)}}
	for _, b := range batches {
		ledger = ledger.Add(b.Cost)
		q.Batches = append(q.Batches, usage.BatchRef{Load: b.LoadNumber, Batch: b.Number})
	}
	if len(q.Batches) == 0 {
		return ledger, rows, 0
	}
	err = n.Rows.Sums(t.Context(), scope.All(), q, func(s usage.Sum) error {
		rows = rows.Add(s.Cost)
		count += s.Rows
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return ledger, rows, count
}

// Every malformed file ends as its verdict says; a good file in the same command is sealed all the same; every row is
// sealed, kept aside or refused; nothing is half-counted.
func TestMalformedFiles(t *testing.T) {
	good := []byte("PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,UsageDate,MeterId,UnitPrice,Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,EntitlementId\n" +
		"p-1,t-2,G2,DZH1,0001,plan-2,9/1/2026,m-1,1,7,7,EUR,7,EUR,1,e-2\n")
	n := 0
	for _, f := range malformed.Files() {
		n++
		t.Run(f.Name, func(t *testing.T) {
			v := open(t)
			load, err := v.Import(operator(t), intake.Request{Dataset: usage.DailyUsage, Sources: []intake.Source{source("malformed", f.Bytes), source("good", good)}})
			if err != nil {
				t.Fatal(err)
			}
			bad := load.Files[0].Rows
			if sum := load.Rows; sum.In != sum.Sealed+sum.Skipped+sum.Quarantined+sum.Refused {
				t.Errorf("rows do not add up: %+v", sum)
			}
			if f.Verdict == malformed.Refused {
				if bad.Sealed != 0 || bad.Refused != bad.In {
					t.Errorf("a refused file left %+v", bad)
				}
			} else if bad != f.Rows {
				t.Errorf("rows %+v, want %+v", bad, f.Rows)
			}
			problem(t, f, load.Problems)
			ledger, rows, count := v.sealed(t)
			want := money.MustParse(f.Cost).Add(money.FromInt(7))
			if !ledger.Equal(want) || !rows.Equal(want) || count != load.Rows.Sealed {
				t.Errorf("sealed %s in the ledger and %s in %d rows; want %s in %d", ledger, rows, count, want, load.Rows.Sealed)
			}
		})
	}
	if n < 60 {
		t.Errorf("only %d malformed files", n)
	}
}

// problem looks for the problem a file must be reported with.
func problem(t *testing.T, f malformed.File, problems []usage.Problem) {
	t.Helper()
	if f.Verdict == malformed.Loads {
		for _, p := range problems {
			if p.Verdict != usage.Warned || p.Code != "unknown_column" {
				t.Errorf("reported: %s %s: %s", p.Verdict, p.Where(), p.Reason)
			}
		}
		return
	}
	for _, p := range problems {
		if string(p.Verdict) == string(f.Verdict) && p.Code == f.Code {
			if p.Verdict == usage.Quarantined && (p.Line != f.Line || f.Column != "" && p.Column != f.Column) {
				t.Errorf("reported at line %d, column %q; want line %d, column %q", p.Line, p.Column, f.Line, f.Column)
			}
			if p.Reason == "" {
				t.Error("reported without a reason")
			}
			return
		}
	}
	t.Errorf("not reported as %s %s: %+v", f.Verdict, f.Code, problems)
}

// digests is the digest of every batch that counts, sorted.
func (n installation) digests(t *testing.T) []string {
	t.Helper()
	var out []string
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) error {
		batches, err := n.store.Batches(ctx, r, scope.All(), usage.BatchFilter{})
		for _, b := range batches {
			out = append(out, b.Digest)
		}
		slices.Sort(out)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

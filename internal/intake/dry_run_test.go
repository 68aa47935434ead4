package intake_test

import (
	"context"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A dry run reads, settles and asks what its load would do, and leaves nothing; the import afterwards does what it said.
func TestDryRun(t *testing.T) {
	v := open(t)
	a, b := line("G1", 1, 1, 100), line("G1", 1, 2, 900)
	v.mustImport(t, intake.Request{Complete: true}, text(a, b))
	cost := money.Decimal{}
	v.Preview = func(ctx context.Context, s usage.Seal) (any, error) {
		q := usage.Query{}
		for _, x := range s.Batches {
			q.Batches = append(q.Batches, usage.BatchRef{Load: x.LoadNumber, Batch: x.Number})
		}
		err := v.Rows.Sums(ctx, scope.All(), q, func(x usage.Sum) error { cost = cost.Add(x.Cost); return nil })
		return len(s.Masks), err
	}
	req := intake.Request{Complete: true, Supersede: true, DryRun: true}
	dry := v.mustImport(t, req, text(line("G1", 1, 1, 75)))
	if !dry.DryRun || dry.Rows.Sealed != 1 || len(said(dry, "taken_back")) != 1 || string(dry.Effects) != "2" || cost.String() != "0.75" {
		t.Errorf("%+v; its rows cost %s", dry, cost)
	}
	v.expect(t, "10", 2)
	if left, err := v.Rows.Loads(t.Context()); err != nil || len(left) != 1 {
		t.Errorf("loads %v are left, %v", left, err)
	}
	req.DryRun = false
	done := v.mustImport(t, req, text(line("G1", 1, 1, 75)))
	if done.DryRun || done.Rows != dry.Rows || len(done.Problems) != len(dry.Problems) {
		t.Errorf("the import %+v, the dry run %+v", done, dry)
	}
	v.expect(t, "0.75", 1)
	v.Preview = func(context.Context, usage.Seal) (any, error) { return nil, nil }
	if l := v.mustImport(t, intake.Request{DryRun: true}, text(line("G1", 1, 1, 75))); !l.DryRun || l.Rows.Skipped != 1 || l.Effects != nil {
		t.Errorf("%+v", l)
	}
}

package intake_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/consistency"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// restarted is the same installation in another process, perhaps beside another usage store.
func (n installation) restarted(rows consistency.Rows) installation {
	n.Service = n.on(n.store)
	if rows != nil {
		n.Service.Rows = rows
	}
	return n
}

// hold lets an installation have a usage store from now on; none, when the test has compared by itself.
func (n installation) hold(rows consistency.Rows) { n.Service.Rows = rows }

func emptyRows(t *testing.T) *duckdb.Store {
	t.Helper()
	rows, err := duckdb.Open(filepath.Join(t.TempDir(), "usage.duckdb"), duckdb.Options{MemoryLimit: "500MB"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	return rows
}

// A load that was never sealed leaves nothing behind.
func TestRecover(t *testing.T) {
	v := open(t)
	var number, batch uint32
	err := v.db.Do(t.Context(), func(ctx context.Context, r tx.Tx) (err error) {
		number, batch, err = v.store.NextNumbers(ctx, r, 1)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, v.Rows, number, batch)
	if err := v.Recover(operator(t)); err != nil {
		t.Fatal(err)
	}
	if left, err := v.Rows.Loads(t.Context()); err != nil || len(left) != 0 {
		t.Errorf("left %v, %v", left, err)
	}
}

// write closes a load of one row.
func write(t *testing.T, rows consistency.Rows, load, batch uint32) {
	t.Helper()
	w, err := rows.Begin(t.Context(), load)
	if err == nil {
		err = w.Append(t.Context(), &usage.Block{Facts: []usage.Fact{{Batch: batch, Entry: 1, Variant: 1, Day: 1}}})
	}
	if err == nil {
		err = w.Close(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// Beside a usage store that has not what the ledger sealed nothing is imported, neither the same rows again nor others;
// made again, both are what they would have been.
func TestUsageStoreBehind(t *testing.T) {
	a, b, c := line("G1", 1, 1, 100), line("G1", 1, 2, 200), line("G1", 2, 1, 400)
	v := open(t)
	v.mustImport(t, intake.Request{}, text(a, b))
	lost := v.restarted(emptyRows(t))
	for name, file := range map[string][]byte{"the same rows": text(a, b), "other rows": text(c)} {
		if _, err := lost.try(t, intake.Request{}, file); fault.CodeOf(err) != consistency.CodeRowsLost || !strings.Contains(err.Error(), "usage rebuild") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := lost.VerifyRows(operator(t)); fault.KindOf(err) != fault.Unavailable {
		t.Errorf("said to be whole: %v", err)
	}
	again, made, err := v.rebuild(t, operator(t))
	if err != nil || made.Twice != 0 {
		t.Fatal(made, err)
	}
	v.hold(again)
	whole := v.restarted(nil)
	if err := whole.VerifyRows(operator(t)); err != nil {
		t.Error(err)
	}
	if l := whole.mustImport(t, intake.Request{}, text(a, b)); l.Rows.Skipped != 2 {
		t.Errorf("the same rows: %+v", l.Rows)
	}
	whole.mustImport(t, intake.Request{}, text(c))
	whole.expect(t, "7", 3)
	v.hold(nil)
}

// A usage store that is newer than its ledger has loads that the ledger knows nothing of. They stay until something is
// imported, never count, and their numbers are not given to other rows.
func TestLedgerBehind(t *testing.T) {
	v := open(t)
	v.mustImport(t, intake.Request{}, text(line("G1", 1, 1, 100)))
	var load, batch uint32
	err := v.db.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		load, batch, err = v.store.LastNumbers(ctx, r)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	write(t, v.Rows, load+2, batch+1500)
	said := ""
	w := v.restarted(nil)
	w.Warn = func(text string) { said += text }
	if err := w.Recover(operator(t)); err != nil || !strings.Contains(said, "older") {
		t.Fatalf("%q, %v", said, err)
	}
	if left, err := w.Rows.Loads(t.Context()); err != nil || len(left) != 2 {
		t.Errorf("without a word asked the store has %v, %v", left, err)
	}
	l := w.mustImport(t, intake.Request{}, text(line("G1", 2, 1, 400)))
	if l.Number <= load+2 || len(l.Problems) != 1 || l.Problems[0].Code != "ledger_older" {
		t.Errorf("number %d after %d, %+v", l.Number, load+2, l.Problems)
	}
	batches := w.batches(t)
	if last := batches[len(batches)-1]; last.Number <= batch+1500 {
		t.Errorf("batch number %d was given again", last.Number)
	}
	if left, err := w.Rows.Loads(t.Context()); err != nil || len(left) != 2 || left[1] != l.Number {
		t.Errorf("the store has %v, %v", left, err)
	}
	w.expect(t, "5", 2)
	if l := w.mustImport(t, intake.Request{}, text(line("G1", 3, 1, 50))); len(l.Problems) != 0 {
		t.Errorf("it is said twice: %+v", l.Problems)
	}
}

func (n installation) batches(t *testing.T) (list []usage.Batch) {
	t.Helper()
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		list, err = n.store.Batches(ctx, r, scope.All(), usage.BatchFilter{Dataset: usage.DailyUsage})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The numbers of an old usage store are passed over, whatever is made of the ledger next.
func TestPassOver(t *testing.T) {
	v, old := open(t), emptyRows(t)
	write(t, old, 7, 4000)
	if err := v.ReserveNumbers(operator(t), old); err != nil {
		t.Fatal(err)
	}
	if l := v.mustImport(t, intake.Request{}, text(line("G1", 1, 1, 100))); l.Number <= 7 || v.batches(t)[0].Number <= 4000 {
		t.Errorf("load %d, batch %d", l.Number, v.batches(t)[0].Number)
	}
}

// forgetful is a usage store that says it has everything: as a build before the two were compared took it.
type forgetful struct {
	consistency.Rows
	of consistency.Rows
}

func (f forgetful) Counted(ctx context.Context) (map[usage.BatchRef]int64, error) {
	return f.of.Counted(ctx)
}

// Rows that were sealed twice, beside a usage store that had lost them, count once when it is made again; done twice, it
// is the same. Rows that were added on top count as before.
func TestSealedTwice(t *testing.T) {
	a, b, c := line("G1", 1, 1, 100), line("G1", 1, 2, 200), line("G1", 2, 1, 400)
	v := open(t)
	v.mustImport(t, intake.Request{}, text(a, b))
	v.mustImport(t, intake.Request{Add: true}, text(line("G1", 1, 1, 50)))
	v.mustImport(t, intake.Request{}, text(line("", 1, 1, 100))) // unbilled, another slot
	v.restarted(forgetful{emptyRows(t), v.Rows}).mustImport(t, intake.Request{}, text(a, b, c))
	for round, twice := range []int64{2, 0} {
		again, made, err := v.rebuild(t, operator(t))
		if err != nil || made.Twice != twice {
			t.Fatalf("round %d: %+v, %v", round, made, err)
		}
		v.hold(again)
		w := v.restarted(nil)
		w.expect(t, "8.5", 5)
		if l := w.mustImport(t, intake.Request{}, text(a, b, c)); l.Rows.Skipped != 3 {
			t.Errorf("round %d, the same rows: %+v", round, l.Rows)
		}
	}
	v.hold(nil)
}

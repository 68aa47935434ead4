package intake_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// rebuilds makes the usage store again, beside the one there is, and compares them: whatever a test imported, every row
// has to be there again, from the same line and under the same numbers.
func (n installation) rebuilds(t *testing.T) {
	if t.Failed() || n.Rows == nil || testing.Short() { // the test has compared by itself; short runs, under the race detector, make nothing again
		return
	}
	ctx := access.AsLocalOperator(context.Background()) // the test's own has ended
	again, made, err := n.rebuild(t, ctx)
	if err != nil {
		t.Errorf("the usage store is not made again: %v", err)
		return
	}
	want, rows := n.stored(t, ctx, n.Rows)
	got, _ := n.stored(t, ctx, again)
	if !slices.Equal(got, want) {
		for i := range min(len(got), len(want)) {
			if got[i] != want[i] {
				t.Errorf("made again %s, was %s", got[i], want[i])
				break
			}
		}
		t.Errorf("%d lines were made again of %d", len(got), len(want))
	}
	if made.Rows != rows {
		t.Errorf("%+v, of %d rows", made, rows)
	}
}

func (n installation) rebuild(t *testing.T, ctx context.Context) (*duckdb.Store, intake.Rebuilt, error) {
	rows, err := duckdb.Open(filepath.Join(t.TempDir(), "again.duckdb"), duckdb.Options{MemoryLimit: "500MB", Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { rows.Close() })
	v := n.on(n.Store)
	v.Rows, v.Reading = rows, n.Reading
	placed := false
	made, err := v.Rebuild(ctx, func() error { placed = true; return nil }, nil)
	if placed != (err == nil) {
		t.Errorf("placed %t, %v", placed, err)
	}
	return rows, made, err
}

// stored is every row of every batch in a store, with what its numbers mean, and the cells.
func (n installation) stored(t *testing.T, ctx context.Context, rows usage.RowStore) (out []string, count int64) {
	t.Helper()
	all := scope.All()
	err := n.db.View(ctx, func(ctx context.Context, r tx.Read) error {
		batches, err := n.store.Batches(ctx, r, all, usage.BatchFilter{Dataset: usage.DailyUsage, Superseded: true})
		if err != nil {
			return err
		}
		for _, b := range batches {
			count += b.Rows
			cells, err := rows.Cells(ctx, all, []uint32{b.Number})
			if err != nil {
				return err
			}
			for _, c := range cells {
				out = append(out, fmt.Sprint(c))
			}
			used := map[uint32]bool{}
			err = rows.CellRows(ctx, all, cells, func(x usage.CellRow) error {
				used[x.Entry] = true
				slices.SortFunc(x.Wide, func(a, b usage.WideValue) int { return int(a.Column) - int(b.Column) })
				out = append(out, fmt.Sprint(x))
				return nil
			})
			if err != nil {
				return err
			}
			err = rows.Entries(ctx, all, b.LoadNumber, nil, func(e usage.EntryRecord) error {
				if used[e.Number] {
					out = append(out, fmt.Sprint(e))
				}
				return nil
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out, count
}

// What cannot be made again is named, and nothing takes the old store's place.
func TestRebuildOfWhatIsDamaged(t *testing.T) {
	v := open(t)
	first := v.mustImport(t, intake.Request{}, text(line("G1", 1, 1, 100)), text(line("G1", 2, 1, 100)))
	second := v.mustImport(t, intake.Request{}, text(line("G2", 1, 2, 200)))
	ctx := operator(t)
	for _, digest := range []string{first.Files[1].Archive, second.Files[0].Archive, second.RebuildManifest} {
		path := filepath.Join(v.kept, digest[:2], digest)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, put := range []func() error{
			func() error { return os.Remove(path) },
			func() error {
				return os.WriteFile(path, append(slices.Clone(whole[:len(whole)-1]), whole[len(whole)-1]^1), 0o600)
			},
		} {
			if err := put(); err != nil {
				t.Fatal(err)
			}
			if _, _, err := v.rebuild(t, ctx); fault.CodeOf(err) != "archive_damaged" || strings.Count(err.Error(), "load ") != 1 || !strings.Contains(err.Error(), digest) {
				t.Errorf("%s: %v", digest, err)
			}
		}
		if err := os.WriteFile(path, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// A load that kept no rebuild manifest is named: its rows would come back under numbers nobody refers to.
func TestRebuildWithoutManifest(t *testing.T) {
	v := open(t)
	load := v.mustImport(t, intake.Request{}, text(line("G1", 1, 1, 100)))
	w := v
	w.Service = v.on(unrecorded{v.store})
	if _, _, err := w.rebuild(t, operator(t)); fault.CodeOf(err) != "archive_damaged" || !strings.Contains(err.Error(), string(load.ID)) {
		t.Errorf("%v", err)
	}
}

// on is the importer on another ledger.
func (n installation) on(store usage.Store) *intake.Service {
	return &intake.Service{
		DB: n.DB, Store: store, Rows: n.Rows, Files: n.Files, Access: n.Access, Events: n.Events, Now: n.Now,
		Format: n.Format, ParseDay: n.ParseDay, ColumnName: n.ColumnName, Preview: n.Preview, Room: n.Room, Warn: n.Warn,
	}
}

// unrecorded is a ledger whose loads have no rebuild manifest.
type unrecorded struct{ usage.Store }

func (u unrecorded) Loads(ctx context.Context, r tx.Read, s scope.Scope) ([]usage.Load, error) {
	list, err := u.Store.Loads(ctx, r, s)
	for i := range list {
		list[i].RebuildManifest = ""
	}
	return list, err
}

// A seal that says something else than the archives stops the rebuilding.
func TestRebuiltDifferently(t *testing.T) {
	v := open(t)
	v.mustImport(t, intake.Request{}, text(line("G1", 1, 1, 100)))
	for name, change := range map[string]func(*usage.Batch){
		"a row more":    func(b *usage.Batch) { b.Rows++ },
		"another cost":  func(b *usage.Batch) { b.Cost = money.MustParse("1.01") },
		"other rows":    func(b *usage.Batch) { b.Digest = strings.Repeat("0", 64) },
		"another month": func(b *usage.Batch) { b.Slot.Period++ },
	} {
		w := v
		w.Service = v.on(changed{v.store, change})
		if _, _, err := w.rebuild(t, operator(t)); fault.CodeOf(err) != "rebuilt_differently" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// changed is a ledger whose batches are not what was sealed.
type changed struct {
	usage.Store
	change func(*usage.Batch)
}

func (c changed) Batches(ctx context.Context, r tx.Read, s scope.Scope, f usage.BatchFilter) ([]usage.Batch, error) {
	list, err := c.Store.Batches(ctx, r, s, f)
	for i := range list {
		c.change(&list[i])
	}
	return list, err
}

package duckdb_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// childFile names the store that a copy of this test binary is to load until it is killed.
const childFile = "USAGESTORE_CHILD_FILE"

func TestMain(m *testing.M) {
	if path := os.Getenv(childFile); path != "" {
		if err := loadForever(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	blockEntries = 2_000
	blockRows    = 16 * blockEntries
	loadBlocks   = 12 // some row groups are in the file before the load is closed
)

// loadForever loads one load after the other and says on standard output what it has done.
func loadForever(path string) error {
	ctx := context.Background()
	s, err := duckdbOpen(path)
	if err != nil {
		return err
	}
	for load := uint32(1); ; load++ {
		w, err := s.Begin(ctx, load)
		if err != nil {
			return err
		}
		for i := range loadBlocks {
			if err := w.Append(ctx, block(load, i)); err != nil {
				return err
			}
			fmt.Println("block", load, i)
		}
		if err := w.PutCells(ctx, []usage.Cell{{Batch: load, Entitlement: "e", Day: crashDay, Rows: blockRows * loadBlocks}}); err != nil {
			return err
		}
		if load%2 == 0 { // Remove commits what there is, long before Close
			if err := w.Remove(ctx, []usage.Cell{{Batch: load, Entitlement: "nobody", Day: crashDay}}); err != nil {
				return err
			}
		}
		fmt.Println("closing", load)
		if err := w.Close(ctx); err != nil {
			return err
		}
		fmt.Println("closed", load)
	}
}

var crashDay = period.NewDate(2026, 9, 1)

// block is one of the blocks of a load: new entries, each with 16 rows of 1.
func block(load uint32, i int) *usage.Block {
	b := &usage.Block{}
	if i == 0 {
		b.Variants = []usage.VariantRecord{{Number: 1}}
	}
	one, _ := money.ParseFixed([]byte("1"))
	for j := range blockEntries {
		n := uint32(i*blockEntries + j + 1)
		e := usage.EntryRecord{Number: n}
		e.Value[usage.ResourceURI] = fmt.Sprintf("/subscriptions/%d/resources/%d", load, n)
		b.Entries = append(b.Entries, e)
		for range blockRows / blockEntries {
			b.Facts = append(b.Facts, usage.Fact{Batch: load, Entry: n, Variant: 1, Day: crashDay, File: 1, Line: n, Cost: one})
		}
	}
	return b
}

// TestKilled kills a loading process at several of its steps. Whatever was said to be closed is there, whole; nothing
// else can be read, and what is left of it can be dropped.
func TestKilled(t *testing.T) {
	for _, at := range []string{"block 1 0", "block 1 9", "closing 1", "closed 1", "closing 2", "closed 2"} {
		t.Run(at, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "usage.duckdb")
			closed, begun := killAt(t, path, at)
			s := open(t, path)
			defer s.Close()
			survived(t, s, closed, begun)
		})
	}
}

// killAt runs the child until it says the line, kills it, and counts the loads said to be closed and begun by then.
func killAt(t *testing.T, path, line string) (closed, begun uint32) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childFile+"="+path)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	said := bufio.NewScanner(out)
	killed := false
	for said.Scan() {
		var n uint32
		if _, err := fmt.Sscanf(said.Text(), "closed %d", &n); err == nil {
			closed = n
		}
		if !killed && said.Text() == line {
			killed = true
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
		if fields := strings.Fields(said.Text()); len(fields) > 1 {
			_, _ = fmt.Sscan(fields[1], &begun)
		}
	}
	if err := child.Wait(); err == nil || !killed {
		t.Fatalf("the child ended by itself: %v", err)
	}
	return closed, begun
}

func survived(t *testing.T, s usage.RowStore, closed, begun uint32) {
	t.Helper()
	ctx := context.Background()
	loads, err := s.Loads(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, load := range loads {
		rows, total := readAll(t, s, load)
		whole := rows == blockRows*loadBlocks && total.Equal(money.FromInt(rows))
		if !whole && (load <= closed || rows != 0) {
			t.Fatalf("load %d of %d closed ones has %d rows", load, closed, rows)
		}
		cells, err := s.Cells(ctx, scope.All(), []uint32{load})
		if err != nil {
			t.Fatal(err)
		}
		if whole != (len(cells) == 1) {
			t.Fatalf("load %d has %d rows and %d cells", load, rows, len(cells))
		}
		if whole {
			continue
		}
		if err := s.Drop(ctx, load); err != nil {
			t.Fatal(err)
		}
		w, err := s.Begin(ctx, load)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(ctx, block(load, 0)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(ctx); err != nil {
			t.Fatal(err)
		}
		if rows, _ := readAll(t, s, load); rows != blockRows {
			t.Fatalf("load %d written again has %d rows", load, rows)
		}
	}
	if len(loads) < int(closed) || len(loads) > int(begun)+1 {
		t.Fatalf("%d loads, %d closed, %d begun", len(loads), closed, begun)
	}
}

// readAll counts the rows of a load and adds up their cost.
func readAll(t *testing.T, s usage.RowStore, load uint32) (rows int64, total money.Decimal) {
	t.Helper()
	q := usage.Query{Batches: []usage.BatchRef{{Load: load, Batch: load}}}
	err := s.Sums(context.Background(), scope.All(), q, func(x usage.Sum) error {
		rows += x.Rows
		total = total.Add(x.Cost)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows, total
}

// TestReopened closes and opens again: what was closed is there, what was not is not, and one process has the file.
func TestReopened(t *testing.T) {
	ctx, path := context.Background(), filepath.Join(t.TempDir(), "usage.duckdb")
	s := open(t, path)
	for load := uint32(1); load <= 2; load++ {
		w, err := s.Begin(ctx, load)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Append(ctx, block(load, 0)); err != nil {
			t.Fatal(err)
		}
		if load == 2 {
			break // still open when the store is closed
		}
		if err := w.Close(ctx); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path + ".wal"); !os.IsNotExist(err) {
		t.Errorf("a write-ahead log is left: %v", err)
	}
	s = open(t, path)
	defer s.Close()
	if rows, _ := readAll(t, s, 1); rows != blockRows {
		t.Errorf("%d rows of the closed load", rows)
	}
	if rows, _ := readAll(t, s, 2); rows != 0 {
		t.Errorf("%d rows of the open load", rows)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childFile+"="+path)
	said, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(said), "another process") {
		t.Errorf("a second process opened the file: %v %s", err, said)
	}
}

func TestOpenRefusesBadSettings(t *testing.T) {
	path := filepath.Join(t.TempDir(), "usage.duckdb")
	if _, err := openWith(path, "a lot"); fault.KindOf(err) != fault.Invalid {
		t.Fatalf("a memory limit of a lot: %v", err)
	}
	if _, err := openWith(filepath.Join(path, "no", "folder"), "500MB"); err == nil {
		t.Fatal("a file in no folder was opened")
	}
}

package intake_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// counting is a ledger that counts the rows it answers with.
type counting struct {
	usage.Store
	rows *int
}

func (c counting) Loads(context.Context, tx.Read, scope.Scope) ([]usage.Load, error) {
	return nil, fmt.Errorf("all loads are read")
}

func (c counting) LoadsOf(ctx context.Context, r tx.Read, s scope.Scope, numbers []uint32, files []string) ([]usage.Load, error) {
	list, err := c.Store.LoadsOf(ctx, r, s, numbers, files)
	*c.rows += len(list)
	return list, err
}

func (c counting) Batches(ctx context.Context, r tx.Read, s scope.Scope, f usage.BatchFilter) ([]usage.Batch, error) {
	list, err := c.Store.Batches(ctx, r, s, f)
	*c.rows += len(list)
	return list, err
}

func (c counting) Masks(ctx context.Context, r tx.Read, s scope.Scope, batches []uint32) ([]usage.Mask, error) {
	list, err := c.Store.Masks(ctx, r, s, batches)
	*c.rows += len(list)
	return list, err
}

func (c counting) Asides(ctx context.Context, r tx.Read, s scope.Scope, f aside.Filter) ([]aside.Item, error) {
	list, err := c.Store.Asides(ctx, r, s, f)
	*c.rows += len(list)
	return list, err
}

// An import reads what of the ledger concerns its months, invoices and files: the same number of rows, however many
// months there are already.
func TestImportsReadWhatConcernsThem(t *testing.T) {
	v := open(t)
	rows := 0
	v.Service = v.on(counting{v.store, &rows})
	v.mustImport(t, intake.Request{}, []byte(strings.ReplaceAll(string(text(line("G0", 1, 1, 1))), ",9/", ",1/"))) // then a process compares the usage store with the ledger, once
	var each []int
	for month := 1; month <= 12; month++ {
		in := func(text []byte) []byte {
			return []byte(strings.ReplaceAll(string(text), ",9/", fmt.Sprintf(",%d/", month)))
		}
		rows = 0
		invoice, late := fmt.Sprintf("G%d", month), fmt.Sprintf("G%d", month-1)
		v.mustImport(t, intake.Request{}, in(text(line("", 1, 1, 100), line("", 1, 2, 200))))
		v.mustImport(t, intake.Request{}, in(text(line("", 1, 1, 101), line("", 1, 2, 200)))) // masks
		unreadable := strings.Replace(line(invoice, 3, 9, 5), ",1,0.05,", ",1,five,", 1)
		load := v.mustImport(t, intake.Request{Complete: true}, in(text(line(invoice, 1, 1, 101), line(invoice, 1, 2, 200), unreadable)))
		v.mustImport(t, intake.Request{}, in(text(line(invoice, 3, 9, 5)))) // corrects the row kept aside
		v.mustImport(t, intake.Request{Complete: true}, in(text(line(late, 2, 3, 7))))
		if load.Rows.Quarantined != 1 {
			t.Fatalf("%+v", load)
		}
		each = append(each, rows)
	}
	for i, n := range each[3:] {
		if n != each[2] {
			t.Errorf("month %d read %d rows of the ledger, month 3 %d: %v", i+4, n, each[2], each)
			break
		}
	}
}

// What was read by rules that only a newer build knows is not read by others: neither again, nor for a rebuild.
func TestReadByANewerBuild(t *testing.T) {
	v := open(t)
	v.Service.Reading = usage.Reading + 1
	file := text(line("G1", 1, 1, 100))
	v.mustImport(t, intake.Request{}, file)
	v.Service = v.on(v.store)
	if _, err := v.try(t, intake.Request{}, file); fault.KindOf(err) != fault.Conflict || fault.CodeOf(err) != "usage_too_new" {
		t.Errorf("the same file again: %v", err)
	}
	if _, _, err := v.rebuild(t, operator(t)); fault.CodeOf(err) != "usage_too_new" {
		t.Errorf("rebuilding: %v", err)
	}
	v.mustImport(t, intake.Request{}, text(line("G2", 1, 2, 200)))
}

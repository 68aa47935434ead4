package intake

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usage/star"
)

// cellKey is where rows of two batches can be the same rows: one entitlement on one day.
type cellKey struct {
	entitlement string
	day         period.Date
}

func cellKeyOf(c usage.Cell) cellKey { return cellKey{strings.ToLower(c.Entitlement), c.Day} }

// sealedBatch is what the ledger has sealed already in a slot: cells that still count.
type sealedBatch struct {
	batch usage.Batch
	cells map[cellKey]usage.Cell
}

// mode is what an import was told to do about rows that differ from sealed ones. Old says whether every file of a
// cell was imported before: then it is no newer download.
// Whole says that what was read is all of its invoice; takenOut whether what was sealed of a cell was taken back.
type mode struct {
	add, supersede, whole bool
	extra                 bool // what was read comes on top of what is sealed, also of unbilled usage
	old, takenOut         func(usage.Cell) bool
	called                func(entitlement string) string // with its names
}

// verdicts is what overlap comes to for one slot of a load.
type verdicts struct {
	skip         []skipped
	masks        []usage.Mask // older cells that are superseded
	replacedRows int64        // rows in them
	ambiguous    []ambiguousCell
	taken        []usage.Cell // older cells that are taken back
}

// skipped is a cell that is not sealed again, and why.
type skipped struct {
	cell usage.Cell
	why  skipReason
}

// ambiguousCell is a cell about which only a comparison row by row can tell.
type ambiguousCell struct {
	cell  usage.Cell
	older []usage.Cell
}

// skipReason is why rows are not sealed again; it is the code of what is said about them.
type skipReason string

const (
	knownRows      skipReason = "known_rows"
	oldDownload    skipReason = "old_download"
	isCovered      skipReason = "billed_is_complete"
	repeatedFile   skipReason = "repeated_file"
	repeatedRows   skipReason = "repeated_rows"
	writtenOffRows skipReason = "written_off"
)

// overlap decides what becomes of the cells of one new slot (money-path §3). have holds the sealed batches of the
// same slot; covered says that the slot is unbilled and the billed rows of its period are complete. Pure.
func overlap(slot usage.Slot, fresh []usage.Cell, have []sealedBatch, covered bool, how mode) (verdicts, error) {
	var v verdicts
	for _, c := range fresh {
		older := at(cellKeyOf(c), have)
		many := c.Rows >= rowsOf(older)
		switch {
		case covered:
			v.skip = append(v.skip, skipped{c, isCovered})
		case len(older) == 0 && !how.supersede && how.takenOut(c) && how.old(c):
			v.skip = append(v.skip, skipped{c, oldDownload})
		case len(older) == 0:
		case how.extra: // row by row: only the very same row is known
			v.ambiguous = append(v.ambiguous, ambiguousCell{c, older})
		case same(c, older, how.whole):
			v.skip = append(v.skip, skipped{c, knownRows})
		case how.supersede:
			v.replace(older)
		case !slot.Billed && how.old(c):
			v.skip = append(v.skip, skipped{c, oldDownload})
		case !slot.Billed && many:
			v.replace(older)
		case slot.Billed && many && !how.add && !how.old(c):
			return v, differ(slot, c, older, how.called(c.Entitlement))
		default: // a part of what is there, perhaps, or to be added row by row
			v.ambiguous = append(v.ambiguous, ambiguousCell{c, older})
		}
	}
	if slot.Billed && how.whole {
		v.taken = missingCells(fresh, have)
	}
	return v, nil
}

func (v *verdicts) replace(older []usage.Cell) {
	for _, o := range older {
		v.masks = append(v.masks, usage.Mask{Batch: o.Batch, Entitlement: strings.ToLower(o.Entitlement), Day: o.Day})
		v.replacedRows += o.Rows
	}
}

func differ(slot usage.Slot, c usage.Cell, older []usage.Cell, called string) error {
	return fault.New(fault.Conflict, "rows_differ",
		"entitlement %s has %d other rows on %s in %s than the %d just read; nothing was imported. Import with --add if these rows come on top (the next part of a download that was cut), or with --supersede if they replace the sealed ones",
		called, rowsOf(older), c.Day, slotName(slot), c.Rows)
}

// at lists the sealed cells of a key.
func at(s cellKey, have []sealedBatch) (older []usage.Cell) {
	for _, h := range have {
		if o, ok := h.cells[s]; ok {
			older = append(older, o)
		}
	}
	return older
}

func rowsOf(cells []usage.Cell) (n int64) {
	for _, c := range cells {
		n += c.Rows
	}
	return n
}

// same says whether the rows of a cell are those of all sealed cells together or, unless they are whole, of one.
func same(c usage.Cell, older []usage.Cell, whole bool) bool {
	var all [16]byte
	for _, o := range older {
		if !whole && o.Hash == c.Hash && o.Rows == c.Rows {
			return true
		}
		all = star.AddHashes(all, o.Hash)
	}
	return all == c.Hash && rowsOf(older) == c.Rows
}

func slotName(s usage.Slot) string {
	kind := "unbilled usage"
	if s.Billed {
		kind = "invoice " + s.Invoice
	}
	return kind + " of " + s.Period.String()
}

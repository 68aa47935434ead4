package usage

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// spot is where rows of two batches can be the same rows: one entitlement on one day.
type spot struct {
	entitlement string
	day         period.Date
}

// held is what the ledger has sealed already in a slot: cells that still count.
type held struct {
	batch Batch
	cells map[spot]Cell
}

// mode is what an import was told to do about rows that differ from sealed ones.
type mode struct{ complete, add, supersede bool }

// verdicts is what overlap comes to for one slot of a load.
type verdicts struct {
	skip      []Cell // equal to what is sealed: not sealed again
	masks     []Mask // older cells that give way
	supersede []uint32
	covered   bool // unbilled rows of a period whose billed set is complete: all skipped
}

// overlap decides what becomes of the cells of one new slot (money-path §3). have holds the sealed batches of the
// same slot, and of the other side (billed or unbilled) of its account, currency and period. Pure.
func overlap(slot Slot, fresh []Cell, have []held, how mode) (verdicts, error) {
	var v verdicts
	if !slot.Billed {
		for _, h := range have {
			if h.batch.Slot.Billed && h.batch.Complete {
				v.covered, v.skip = true, fresh
				return v, nil
			}
		}
	}
	for _, c := range fresh {
		at := spot{strings.ToLower(c.Entitlement), c.Day}
		equal, older := find(slot, at, c, have)
		switch {
		case equal:
			v.skip = append(v.skip, c)
		case len(older) == 0, how.add && slot.Billed:
		case slot.Billed && !how.supersede:
			return v, fault.New(fault.Conflict, "rows_differ",
				"entitlement %s has %d other rows on %s in %s than the %d just read; nothing was imported. Import with --add if these rows come on top, or with --supersede if they replace the sealed ones",
				c.Entitlement, older[0].Rows, c.Day, slotName(slot), c.Rows)
		default:
			for _, o := range older {
				v.masks = append(v.masks, Mask{Batch: o.Batch, Entitlement: at.entitlement, Day: at.day})
			}
		}
	}
	if slot.Billed && how.complete {
		for _, h := range have {
			if !h.batch.Slot.Billed {
				v.supersede = append(v.supersede, h.batch.Number)
			}
		}
	}
	return v, nil
}

// find looks for the cell among the sealed batches of the same slot: an equal one, or older ones that differ.
func find(slot Slot, at spot, c Cell, have []held) (equal bool, older []Cell) {
	for _, h := range have {
		if h.batch.Slot != slot {
			continue
		}
		if o, ok := h.cells[at]; ok {
			if o.Hash == c.Hash && o.Rows == c.Rows {
				return true, nil
			}
			older = append(older, o)
		}
	}
	return false, older
}

func slotName(s Slot) string {
	kind := "unbilled usage"
	if s.Billed {
		kind = "invoice " + s.Invoice
	}
	return kind + " of " + s.Period.String()
}

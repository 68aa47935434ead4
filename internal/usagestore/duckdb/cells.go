package duckdb

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// CellRows yields every row of the given cells of closed loads, in no particular order. Entitlements are compared
// without regard to case.
func (s *Store) CellRows(ctx context.Context, sc scope.Scope, cells []usage.Cell, yield func(usage.CellRow) error) error {
	if len(cells) == 0 {
		return nil
	}
	return s.with(ctx, func(c *conn) error {
		if err := c.restrict(ctx, sc); err != nil {
			return err
		}
		return c.cellRows(ctx, cells, closed("f.load")+` AND `+visibleSQL(sc, "f.load", "f.entry", "f.day"), yield)
	})
}

// CellRows yields every row of the given cells that was appended so far. It commits what there is; the load stays
// open, and unreadable to others.
func (w *writer) CellRows(ctx context.Context, cells []usage.Cell, yield func(usage.CellRow) error) error {
	if len(cells) == 0 {
		return w.usable()
	}
	return w.exclusively(ctx, func(l *writeConn) error {
		if err := l.commit(ctx); err != nil {
			return err
		}
		return l.conn.cellRows(ctx, cells, fmt.Sprintf(`f.load = %d`, w.load), yield)
	})
}

// place is where a row stands; lines are unique within the file of a load.
type place struct {
	load, line uint32
	file       uint16
}

func (c *conn) cellRows(ctx context.Context, cells []usage.Cell, where string, yield func(usage.CellRow) error) error {
	keys, batches := make([]usage.Mask, len(cells)), make([]uint32, len(cells))
	for i, x := range cells {
		keys[i] = usage.Mask{Batch: x.Batch, Entitlement: x.Entitlement, Day: x.Day}
		batches[i] = x.Batch
	}
	slices.Sort(batches)
	if err := c.putCellKeys(ctx, "asked_cells", keys); err != nil {
		return err
	}
	where += ` AND f.batch IN (` + numbers(slices.Compact(batches)) + `)`
	wide, err := c.wideOf(ctx, where)
	if err != nil {
		return err
	}
	sql := `SELECT f.batch, f.entry, f.tag_set, f.variant, f.day, f.file, f.line,
			f.quantity_hi, f.quantity_lo, f.effective_unit_price_hi, f.effective_unit_price_lo,
			f.cost_hi, f.cost_lo, f.pricing_hi, f.pricing_lo,
			e.hash, coalesce(t.hash, 0)::UHUGEINT, v.hash, e.entitlement_id, f.load
		FROM facts f JOIN entries e ON e.load = f.load AND e.number = f.entry
		JOIN (SELECT DISTINCT batch, day, lower(entitlement) AS entitlement FROM temp.asked_cells) s
			ON s.batch = f.batch AND s.day = f.day AND s.entitlement = lower(e.entitlement_id)
		JOIN variants v ON v.load = f.load AND v.number = f.variant
		LEFT JOIN tag_sets t ON t.load = f.load AND t.number = f.tag_set
		WHERE ` + where
	return c.query(ctx, sql, func(r rows) error {
		var amounts [4][]money.Fixed
		for i := range amounts {
			amounts[i] = fixedColumn(r, 7+2*i)
		}
		entry, tag, variant := column[wide128](r, 15), column[wide128](r, 16), column[wide128](r, 17)
		entitlement, load := column[text128](r, 18), column[uint32](r, 19)
		for i := range r.n {
			x := usage.CellRow{Fact: key(r, i), Entitlement: text(entitlement, i), EntryHash: entry[i].hash(), TagHash: tag[i].hash(), VariantHash: variant[i].hash()}
			x.Quantity, x.EffectiveUnitPrice, x.Cost, x.Pricing = amounts[0][i], amounts[1][i], amounts[2][i], amounts[3][i]
			if len(wide) > 0 {
				x.Wide = wide[place{load[i], x.Line, x.File}]
			}
			if err := yield(x); err != nil {
				return err
			}
		}
		return nil
	})
}

// wideOf gathers wide literals, which are rare, by where they stand, in the order of their columns.
func (c *conn) wideOf(ctx context.Context, where string) (map[place][]usage.WideValue, error) {
	out := map[place][]usage.WideValue{}
	sql := `SELECT f.batch, f.entry, f.tag_set, f.variant, f.day, f.file, f.line, f.kind, f.head, f.tail, f.load FROM wide f WHERE ` + where
	err := c.query(ctx, sql, func(r rows) error {
		kind, head, tail, load := column[uint16](r, 7), column[wide128](r, 8), column[wide128](r, 9), column[uint32](r, 10)
		for i := range r.n {
			f := key(r, i)
			at := place{load[i], f.Line, f.File}
			out[at] = append(out[at], usage.WideValue{Fact: f, Column: usage.Column(kind[i]), Value: joinWide(head[i].fixed(), tail[i].fixed())})
		}
		return nil
	})
	for _, list := range out {
		slices.SortFunc(list, func(a, b usage.WideValue) int { return cmp.Compare(a.Column, b.Column) })
	}
	return out, err
}

// fixedColumn reads an amount from the two columns of its halves.
func fixedColumn(r rows, i int) []money.Fixed {
	hi, lo := column[int64](r, i), column[uint64](r, i+1)
	out := make([]money.Fixed, r.n)
	for at := range out {
		out[at] = money.Fixed{Hi: hi[at], Lo: lo[at]}
	}
	return out
}

// RemoveRows takes out single rows and their wide literals.
func (w *writer) RemoveRows(ctx context.Context, list []usage.Place) error {
	if len(list) == 0 {
		return w.usable()
	}
	return w.exclusively(ctx, func(l *writeConn) error {
		if err := l.commit(ctx); err != nil {
			return err
		}
		if err := l.conn.putPlaces(ctx, list); err != nil {
			return err
		}
		var todo []string
		for _, table := range [...]string{"facts", "wide"} {
			todo = append(todo, fmt.Sprintf(`DELETE FROM %s AS f USING temp.places AS p
				WHERE f.load = %d AND f.file = p.file AND f.line = p.line`, table, w.load))
		}
		return l.commit(ctx, append(todo, `DROP TABLE temp.places`)...)
	})
}

// putPlaces makes the table places.
func (c *conn) putPlaces(ctx context.Context, list []usage.Place) error {
	if err := c.exec(ctx, `CREATE OR REPLACE TEMP TABLE places (file USMALLINT, line UINTEGER)`); err != nil {
		return err
	}
	a, err := c.appender("temp", "places")
	if err != nil {
		return err
	}
	defer a.close()
	file, line := into[uint16](a, 0), into[uint32](a, 1)
	err = chunks(a, list, func(part []usage.Place) error {
		for i, p := range part {
			file[i], line[i] = p.File, p.Line
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.flush()
}

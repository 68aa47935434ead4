package duckdb

import (
	"context"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// closed is the SQL for "rows of this load may be read".
func closed(load string) string { return load + ` IN (SELECT number FROM loads WHERE closed)` }

// read runs a statement for a scope and returns its chunks.
func (s *Store) read(ctx context.Context, sc scope.Scope, sql string, each func(rows) error) error {
	return s.with(ctx, func(c *conn) error {
		if err := c.restrict(ctx, sc); err != nil {
			return err
		}
		return c.query(ctx, sql, each)
	})
}

// Cells lists the cells of closed batches, ordered by batch, entitlement, day. A cell is within a scope when on its day
// its entitlement is one of the scope's references, or one reference sees all of its load's entries of that entitlement.
func (s *Store) Cells(ctx context.Context, sc scope.Scope, batches []uint32) (out []usage.Cell, err error) {
	if len(batches) == 0 {
		return nil, nil
	}
	sql := `SELECT c.batch, c.entitlement, c.day, c.rows, c.hash FROM cells c
		WHERE c.batch IN (` + numbers(batches) + `) AND ` + closed("c.load")
	if !sc.IsAll() {
		sql += ` AND (EXISTS (FROM refs r WHERE r.ref = lower(c.entitlement) AND r.resource_group = '' AND c.day >= r.since AND c.day < r.until
				AND NOT EXISTS (FROM hidden_groups h WHERE h.position = r.position))
			OR EXISTS (FROM (SELECT e.load, lower(e.entitlement_id) AS entitlement, s.since, s.until, count(DISTINCT e.number) AS n
					FROM entries e JOIN seen s ON s.load = e.load AND s.number = e.number GROUP BY ALL) w
				JOIN (SELECT load, lower(entitlement_id) AS entitlement, count(*) AS n FROM entries GROUP BY ALL) a
					ON a.load = w.load AND a.entitlement = w.entitlement AND a.n = w.n
				WHERE w.load = c.load AND w.entitlement = lower(c.entitlement) AND c.day >= w.since AND c.day < w.until))`
	}
	err = s.read(ctx, sc, sql+` ORDER BY c.batch, c.entitlement, c.day`, func(r rows) error {
		batch, entitlement, day := column[uint32](r, 0), column[text128](r, 1), column[int32](r, 2)
		count, hash := column[int64](r, 3), column[wide128](r, 4)
		for i := range r.n {
			out = append(out, usage.Cell{Batch: batch[i], Entitlement: text(entitlement, i),
				Day: period.FromDays(int(day[i])), Rows: count[i], Hash: hash[i].hash()})
		}
		return nil
	})
	return out, err
}

// Entries yields the entries of a load with the given numbers, by number; without numbers all of them.
func (s *Store) Entries(ctx context.Context, sc scope.Scope, load uint32, list []uint32, yield func(usage.EntryRecord) error) error {
	columns := entryColumns()
	return s.with(ctx, func(c *conn) error {
		if err := c.restrict(ctx, sc); err != nil {
			return err
		}
		which := ""
		if len(list) > 0 {
			which = `AND e.number IN (SELECT number FROM wanted)`
			if err := c.putNumbers(ctx, list); err != nil {
				return err
			}
		}
		sql := fmt.Sprintf(`SELECT e.number, e.hash, %s FROM entries e WHERE e.load = %d AND %s AND %s %s ORDER BY e.number`,
			sqlNames(columns, "e.", ""), load, closed("e.load"), visibleSQL(sc, "e.load", "e.number"), which)
		return c.query(ctx, sql, func(r rows) error {
			number, hash := column[uint32](r, 0), column[wide128](r, 1)
			texts := make([][]text128, len(columns))
			for at := range columns {
				texts[at] = column[text128](r, 2+at)
			}
			for i := range r.n {
				e := usage.EntryRecord{Number: number[i], Hash: hash[i].hash()}
				for at, col := range columns {
					e.Value[col] = text(texts[at], i)
				}
				if err := yield(e); err != nil {
					return err
				}
			}
			return nil
		})
	})
}

// Texts yields columns of all entries of a load, or its tag sets, chunk by chunk.
func (s *Store) Texts(ctx context.Context, sc scope.Scope, load uint32, columns []usage.Column, yield func([]uint32, [][]string) error) error {
	if len(columns) == 0 {
		return nil
	}
	interned, texts := make([]internedTexts, len(columns)), make([][]string, len(columns))
	for i := range texts {
		interned[i].known = map[string]string{}
		texts[i] = make([]string, chunkRows)
	}
	sql := fmt.Sprintf(`SELECT e.number, %s FROM entries e WHERE e.load = %d AND %s AND %s`,
		sqlNames(columns, "e.", ""), load, closed("e.load"), visibleSQL(sc, "e.load", "e.number"))
	if columns[0] == usage.Tags {
		sql = fmt.Sprintf(`SELECT t.number, t.text FROM tag_sets t WHERE t.load = %d AND %s AND %s`,
			load, closed("t.load"), inFacts(sc, load, "tag_set", "t.number"))
	}
	return s.read(ctx, sc, sql, func(r rows) error {
		for at := range columns {
			from, to := column[text128](r, 1+at), texts[at][:r.n]
			for i := range to {
				to[i] = interned[at].text(from, i)
			}
			texts[at] = to
		}
		return yield(column[uint32](r, 0), texts)
	})
}

// internedTexts keeps one copy of the texts of a column, as long as there are few: those of most columns repeat.
type internedTexts struct {
	known map[string]string
	last  string
}

const maxInterned = 1 << 16

func (w *internedTexts) text(column []text128, row int) string {
	b := column[row].bytes()
	if string(b) == w.last {
		return w.last
	}
	s, ok := w.known[string(b)]
	if !ok {
		if s = string(b); len(w.known) < maxInterned {
			w.known[s] = s
		}
	}
	w.last = s
	return s
}

// putNumbers makes the table wanted of the given numbers.
func (c *conn) putNumbers(ctx context.Context, list []uint32) error {
	if err := c.exec(ctx, `CREATE TEMP TABLE wanted (number UINTEGER)`); err != nil {
		return err
	}
	a, err := c.appender("temp", "wanted")
	if err != nil {
		return err
	}
	defer a.close()
	number := into[uint32](a, 0)
	err = chunks(a, list, func(part []uint32) error {
		copy(number, part)
		return nil
	})
	if err != nil {
		return err
	}
	return a.flush()
}

// inFacts is the SQL for "some row within the scope uses this number": variants and tag sets have no place of their
// own, so a scope sees those of the rows it sees.
func inFacts(sc scope.Scope, load uint32, column, number string) string {
	if sc.IsAll() {
		return `true`
	}
	return fmt.Sprintf(`%s IN (SELECT f.%s FROM facts f WHERE f.load = %d AND %s)`, number, column, load, visibleSQL(sc, "f.load", "f.entry", "f.day"))
}

// Variants lists the variants of a load, by number.
func (s *Store) Variants(ctx context.Context, sc scope.Scope, load uint32) (out []usage.VariantRecord, err error) {
	sql := fmt.Sprintf(`SELECT v.number, v.hash, v.covered, v.unit_price, v.exchange_rate, v.exchange_rate_date,
		v.earned_credit, v.credit, v.credit_type, v.benefit_order_id, v.benefit_id, v.benefit_type,
		v.reversed, v.unlisted FROM variants v WHERE v.load = %d AND %s AND %s ORDER BY v.number`,
		load, closed("v.load"), inFacts(sc, load, "variant", "v.number"))
	err = s.read(ctx, sc, sql, func(r rows) error {
		number, hash, covered := column[uint32](r, 0), column[wide128](r, 1), column[bool](r, 2)
		reversed, unlisted := column[bool](r, 12), column[bool](r, 13)
		for i := range r.n {
			v := usage.VariantRecord{Number: number[i], Hash: hash[i].hash(), Value: usage.Variant{Covered: covered[i], Reversed: reversed[i], Unlisted: unlisted[i]}}
			for at, s := range variantTexts(&v.Value) {
				*s = text(column[text128](r, 3+at), i)
			}
			out = append(out, v)
		}
		return nil
	})
	return out, err
}

// TagSets yields the tag sets of a load with their pairs, by number.
func (s *Store) TagSets(ctx context.Context, sc scope.Scope, load uint32, yield func(usage.TagSetRecord) error) error {
	sql := fmt.Sprintf(`SELECT t.number, 0::BIGINT AS place, t.hash, t.text, '' AS value FROM tag_sets t
		WHERE t.load = %[1]d AND %[2]s AND %[3]s
		UNION ALL SELECT p.tag_set, p.position::BIGINT + 1, 0::UHUGEINT, p.key, p.value FROM tag_pairs p
		WHERE p.load = %[1]d AND %[4]s AND %[5]s ORDER BY 1, 2`,
		load, closed("t.load"), inFacts(sc, load, "tag_set", "t.number"), closed("p.load"), inFacts(sc, load, "tag_set", "p.tag_set"))
	var set *usage.TagSetRecord // whose pairs are being read
	err := s.read(ctx, sc, sql, func(r rows) error {
		number, place, hash := column[uint32](r, 0), column[int64](r, 1), column[wide128](r, 2)
		texts, values := column[text128](r, 3), column[text128](r, 4)
		for i := range r.n {
			if place[i] > 0 && set != nil {
				set.Pairs = append(set.Pairs, usage.TagPair{Key: text(texts, i), Value: text(values, i)})
				continue
			}
			if set != nil {
				if err := yield(*set); err != nil {
					return err
				}
			}
			set = &usage.TagSetRecord{Number: number[i], Hash: hash[i].hash(), Text: text(texts, i)}
		}
		return nil
	})
	if err != nil || set == nil {
		return err
	}
	return yield(*set)
}

// Facts yields the rows of one group, ordered by file and line.
func (s *Store) Facts(ctx context.Context, sc scope.Scope, q usage.FactQuery, yield func(usage.Fact) error) error {
	sql := fmt.Sprintf(`SELECT f.batch, f.entry, f.tag_set, f.variant, f.day, f.file, f.line,
		f.quantity_hi, f.quantity_lo, f.effective_unit_price_hi, f.effective_unit_price_lo,
		f.cost_hi, f.cost_lo, f.pricing_hi, f.pricing_lo FROM facts f
		WHERE f.batch = %d AND f.entry = %d AND f.tag_set = %d AND f.variant = %d AND %s AND %s AND %s ORDER BY f.file, f.line`,
		q.Batch, q.Entry, q.TagSet, q.Variant, within(q.Period, "f.day"), closed("f.load"), visibleSQL(sc, "f.load", "f.entry", "f.day"))
	return s.read(ctx, sc, sql, func(r rows) error {
		var amounts [4][]money.Fixed
		for i := range amounts {
			amounts[i] = fixedColumn(r, 7+2*i)
		}
		for i := range r.n {
			f := key(r, i)
			f.Quantity, f.EffectiveUnitPrice, f.Cost, f.Pricing = amounts[0][i], amounts[1][i], amounts[2][i], amounts[3][i]
			if err := yield(f); err != nil {
				return err
			}
		}
		return nil
	})
}

// key reads the columns that facts and wide literals begin with, from batch to line.
func key(r rows, i int) usage.Fact {
	return usage.Fact{
		Batch: column[uint32](r, 0)[i], Entry: column[uint32](r, 1)[i], TagSet: column[uint32](r, 2)[i],
		Variant: column[uint32](r, 3)[i], Day: period.FromDays(int(column[int32](r, 4)[i])),
		File: column[uint16](r, 5)[i], Line: column[uint32](r, 6)[i],
	}
}

// Wide lists the wide literals of batches, in no particular order.
func (s *Store) Wide(ctx context.Context, sc scope.Scope, batches []uint32) (out []usage.WideValue, err error) {
	if len(batches) == 0 {
		return nil, nil
	}
	sql := `SELECT f.batch, f.entry, f.tag_set, f.variant, f.day, f.file, f.line, f.kind, f.head, f.tail FROM wide f
		WHERE f.batch IN (` + numbers(batches) + `) AND ` + closed("f.load") + ` AND ` + visibleSQL(sc, "f.load", "f.entry", "f.day")
	err = s.read(ctx, sc, sql, func(r rows) error {
		kind, head, tail := column[uint16](r, 7), column[wide128](r, 8), column[wide128](r, 9)
		for i := range r.n {
			out = append(out, usage.WideValue{Fact: key(r, i), Column: usage.Column(kind[i]),
				Value: joinWide(head[i].fixed(), tail[i].fixed())})
		}
		return nil
	})
	return out, err
}

// addWide adds the sums of wide literals to the sum of what the facts hold.
func addWide(sum money.Decimal, head, tail wide128) money.Decimal {
	if head == (wide128{}) && tail == (wide128{}) {
		return sum
	}
	return sum.Add(joinWide(head.fixed(), tail.fixed()))
}

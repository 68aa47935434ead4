package duckdb

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// What a reader may see and asks for is first written into temporary tables of its own connection, however long the
// lists are; the statements join them.

// visibleSQL is the SQL for "this entry is within the scope", on a day where one is given: always true for All, else a look
// into the table seen, which limit fills.
func visibleSQL(s scope.Scope, load, entry string, day ...string) string {
	if s.IsAll() {
		return `true`
	}
	on := ""
	for _, d := range day {
		on = fmt.Sprintf(` AND %[1]s >= s.since AND %[1]s < s.until`, d)
	}
	return fmt.Sprintf(`EXISTS (FROM temp.seen s WHERE s.load = %s AND s.number = %s%s)`, load, entry, on)
}

// restrict makes the table seen for a scope that is not All: the entries whose customer or entitlement is among its
// references, compared without regard to case, with the days on which they are.
func (c *conn) restrict(ctx context.Context, s scope.Scope) error {
	if s.IsAll() {
		return nil
	}
	if err := c.references(ctx, s.Refs()); err != nil {
		return err
	}
	of := func(column string) string {
		return `SELECT e.load, e.number, r.since, r.until FROM entries e JOIN refs r ON r.ref = lower(e.` + column + `)
			WHERE e.load IN (SELECT number FROM loads WHERE closed) AND (r.resource_group = '' OR r.resource_group = lower(e.resource_group))
			AND NOT EXISTS (FROM hidden_groups h WHERE h.position = r.position AND h.name = lower(e.resource_group))`
	}
	return c.exec(ctx, `CREATE TEMP TABLE refs AS SELECT position, lower(ref) AS ref, lower(resource_group) AS resource_group, since, until FROM given_refs`,
		`CREATE TEMP TABLE hidden_groups AS SELECT position, lower(name) AS name FROM given_groups`,
		`CREATE TEMP TABLE seen AS `+of("customer_id")+` UNION `+of("entitlement_id"))
}

// The days that stand for an open beginning and an open end.
const firstDate, endDate = -700_000, 2_900_000

// references writes the references of a scope into temporary tables.
func (c *conn) references(ctx context.Context, refs []scope.Ref) error {
	err := c.exec(ctx, `CREATE TEMP TABLE given_refs (position INTEGER, ref VARCHAR, resource_group VARCHAR, since DATE, until DATE)`,
		`CREATE TEMP TABLE given_groups (position INTEGER, name VARCHAR)`)
	if err != nil {
		return err
	}
	a, err := c.appender("temp", "given_refs")
	if err != nil {
		return err
	}
	defer a.close()
	position, id, group, since, until := into[int32](a, 0), into[text128](a, 1), into[text128](a, 2), into[int32](a, 3), into[int32](a, 4)
	var of []int32
	var names []string
	done := int32(0)
	err = chunks(a, refs, func(part []scope.Ref) error {
		length := 0
		for _, r := range part {
			length += len(r.ID) + len(r.Group)
		}
		a.begin(length)
		for i, r := range part {
			position[i], since[i], until[i] = done, firstDate, endDate
			if !r.Days.Start.IsZero() {
				since[i] = int32(r.Days.Start.Days())
			}
			if !r.Days.End.IsZero() {
				until[i] = int32(r.Days.End.Days())
			}
			if err := errors.Join(a.put(id, i, r.ID), a.put(group, i, r.Group)); err != nil {
				return err
			}
			for _, name := range r.Except {
				of, names = append(of, done), append(names, name)
			}
			done++
		}
		return nil
	})
	if err == nil {
		err = a.flush()
	}
	if err != nil {
		return err
	}
	return c.fillPairs("given_groups", of, names)
}

// fillPairs appends texts, each with a number before it, to a temporary table of two columns.
func (c *conn) fillPairs(table string, of []int32, texts []string) error {
	a, err := c.appender("temp", table)
	if err != nil {
		return err
	}
	defer a.close()
	number, values := into[int32](a, 0), into[text128](a, 1)
	err = chunks(a, texts, func(part []string) error {
		a.begin(len(strings.Join(part, "")))
		for i, s := range part {
			number[i] = of[i]
			if err := a.put(values, i, s); err != nil {
				return err
			}
		}
		of = of[len(part):]
		return nil
	})
	if err != nil {
		return err
	}
	return a.flush()
}

// selectRows makes the tables that say which rows are asked for: seen, chosen and hidden.
func (c *conn) selectRows(ctx context.Context, s scope.Scope, batches []usage.BatchRef, masks []usage.Mask) error {
	if err := c.restrict(ctx, s); err != nil {
		return err
	}
	if err := c.selectBatches(ctx, batches); err != nil {
		return err
	}
	return c.selectMasked(ctx, masks)
}

// selectBatches makes the table chosen: the given batches, as far as their loads are closed.
func (c *conn) selectBatches(ctx context.Context, batches []usage.BatchRef) error {
	if err := c.exec(ctx, `CREATE TEMP TABLE asked (load UINTEGER, batch UINTEGER)`); err != nil {
		return err
	}
	a, err := c.appender("temp", "asked")
	if err != nil {
		return err
	}
	defer a.close()
	load, batch := into[uint32](a, 0), into[uint32](a, 1)
	err = chunks(a, batches, func(part []usage.BatchRef) error {
		for i, b := range part {
			load[i], batch[i] = b.Load, b.Batch
		}
		return nil
	})
	if err == nil {
		err = a.flush()
	}
	if err != nil {
		return err
	}
	return c.exec(ctx, `CREATE TEMP TABLE chosen AS SELECT DISTINCT load, batch FROM asked
		WHERE load IN (SELECT number FROM loads WHERE closed)`)
}

// inBatchesSQL is the SQL for "this row is of one of the loads and one of the batches". As numbers in the statement they let
// DuckDB pass over row groups of others and cost next to nothing for each row; chosen says later which pairs count.
func inBatchesSQL(batches []usage.BatchRef) string {
	var loads, list []uint32
	for _, b := range batches {
		loads, list = append(loads, b.Load), append(list, b.Batch)
	}
	slices.Sort(loads)
	slices.Sort(list)
	return `f.load IN (` + numbers(slices.Compact(loads)) + `) AND f.batch IN (` + numbers(slices.Compact(list)) + `)`
}

// notMaskedSQL is the SQL, after another condition, for "no mask takes this row out".
func notMaskedSQL(masks []usage.Mask) string {
	if len(masks) == 0 {
		return ``
	}
	return ` AND NOT EXISTS (FROM temp.hidden h WHERE h.batch = f.batch AND h.entry = f.entry AND h.day = f.day)`
}

// putCellKeys makes a table of (batch, day, entitlement).
func (c *conn) putCellKeys(ctx context.Context, table string, list []usage.Mask) error {
	if err := c.exec(ctx, `CREATE OR REPLACE TEMP TABLE `+table+` (batch UINTEGER, day DATE, entitlement VARCHAR)`); err != nil {
		return err
	}
	a, err := c.appender("temp", table)
	if err != nil {
		return err
	}
	defer a.close()
	batch, day, entitlement := into[uint32](a, 0), into[int32](a, 1), into[text128](a, 2)
	err = chunks(a, list, func(part []usage.Mask) error {
		length := 0
		for _, m := range part {
			length += len(m.Entitlement)
		}
		a.begin(length)
		for i, m := range part {
			batch[i], day[i] = m.Batch, int32(m.Day.Days())
			if err := a.put(entitlement, i, m.Entitlement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return a.flush()
}

// selectMasked makes the table hidden: the (batch, entry, day) that masks take out of the chosen batches. Without masks no
// statement asks for it.
func (c *conn) selectMasked(ctx context.Context, masks []usage.Mask) error {
	if len(masks) == 0 {
		return nil
	}
	if err := c.putCellKeys(ctx, "masks", masks); err != nil {
		return err
	}
	return c.exec(ctx, `CREATE TEMP TABLE hidden AS SELECT DISTINCT m.batch, e.number AS entry, m.day
		FROM masks m JOIN chosen b ON b.batch = m.batch
		JOIN entries e ON e.load = b.load AND lower(e.entitlement_id) = lower(m.entitlement)`)
}

// sqlDate is a day for a statement.
func sqlDate(d period.Date) string { return fmt.Sprintf(`(DATE '1970-01-01' + %d)`, d.Days()) }

// within is the SQL for "the day lies in the period".
func within(p period.Period, day string) string {
	out := day + ` >= ` + sqlDate(p.Start)
	if p.Start.IsZero() {
		out = `true`
	}
	if !p.End.IsZero() {
		out += ` AND ` + day + ` < ` + sqlDate(p.End)
	}
	return out
}

// span is the SQL for the number of cuts that a day has reached.
func span(cuts []period.Date, day string) string {
	if len(cuts) == 0 {
		return `0::INTEGER`
	}
	var parts []string
	for _, c := range cuts {
		parts = append(parts, fmt.Sprintf(`(%s >= %s)::INTEGER`, day, sqlDate(c)))
	}
	return strings.Join(parts, ` + `)
}

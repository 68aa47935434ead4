package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// What a reader may see and asks for is first written into temporary tables of its own connection, however long the
// lists are; the statements join them.

// seen is the SQL for "this entry is within the scope": always true for All, else a look into the table seen, which
// limit fills.
func seen(s scope.Scope, load, entry string) string {
	if s.IsAll() {
		return `true`
	}
	return fmt.Sprintf(`EXISTS (FROM temp.seen s WHERE s.load = %s AND s.number = %s)`, load, entry)
}

// limit makes the table seen for a scope that is not All: the entries whose customer or entitlement is among its
// references, or whose resource group is one it sees, without those of groups that are taken out; compared without regard
// to case.
func (c *conn) limit(ctx context.Context, s scope.Scope) error {
	if s.IsAll() {
		return nil
	}
	if err := c.exec(ctx, `CREATE TEMP TABLE refs (ref VARCHAR)`); err != nil {
		return err
	}
	if err := c.fillTexts(`refs`, s.Refs()); err != nil {
		return err
	}
	in, without := s.Parts()
	part := func(table string) string {
		return `(lower(entitlement_id), lower(resource_group)) IN (SELECT (lower(entitlement), lower(name)) FROM ` + table + `)`
	}
	sql := `CREATE TEMP TABLE seen AS SELECT load, number FROM entries WHERE load IN (SELECT number FROM loads WHERE closed)
		AND (lower(customer_id) IN (SELECT lower(ref) FROM refs) OR lower(entitlement_id) IN (SELECT lower(ref) FROM refs)`
	if len(in) > 0 {
		if err := c.fillParts(ctx, `parts`, in); err != nil {
			return err
		}
		sql += ` OR ` + part(`parts`)
	}
	sql += `)`
	if len(without) > 0 {
		if err := c.fillParts(ctx, `parts_out`, without); err != nil {
			return err
		}
		sql += ` AND NOT ` + part(`parts_out`)
	}
	return c.exec(ctx, sql)
}

// fillParts makes a table of resource groups.
func (c *conn) fillParts(ctx context.Context, table string, list []scope.Part) error {
	if err := c.exec(ctx, `CREATE TEMP TABLE `+table+` (entitlement VARCHAR, name VARCHAR)`); err != nil {
		return err
	}
	a, err := c.appender("temp", table)
	if err != nil {
		return err
	}
	defer a.close()
	entitlement, name := into[text128](a, 0), into[text128](a, 1)
	err = chunks(a, list, func(part []scope.Part) error {
		length := 0
		for _, p := range part {
			length += len(p.Entitlement) + len(p.Group)
		}
		a.begin(length)
		for i, p := range part {
			if err := a.put(entitlement, i, p.Entitlement); err != nil {
				return err
			}
			if err := a.put(name, i, p.Group); err != nil {
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

// fillTexts appends texts to a temporary table of one column.
func (c *conn) fillTexts(table string, texts []string) error {
	a, err := c.appender("temp", table)
	if err != nil {
		return err
	}
	defer a.close()
	values := into[text128](a, 0)
	err = chunks(a, texts, func(part []string) error {
		a.begin(len(strings.Join(part, "")))
		for i, s := range part {
			if err := a.put(values, i, s); err != nil {
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

// choose makes the table chosen: the given batches, as far as their loads are closed.
func (c *conn) choose(ctx context.Context, batches []usage.BatchRef) error {
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

// asked is the SQL for "this row is of one of the loads and one of the batches". As numbers in the statement they let
// DuckDB pass over row groups of others and cost next to nothing for each row; chosen says later which pairs count.
func asked(batches []usage.BatchRef) string {
	var loads, list []uint32
	for _, b := range batches {
		loads, list = append(loads, b.Load), append(list, b.Batch)
	}
	slices.Sort(loads)
	slices.Sort(list)
	return `f.load IN (` + numbers(slices.Compact(loads)) + `) AND f.batch IN (` + numbers(slices.Compact(list)) + `)`
}

// spots makes a table of (batch, day, entitlement).
func (c *conn) spots(ctx context.Context, table string, list []usage.Mask) error {
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

// hide makes the table hidden: the (batch, entry, day) that masks take out of the chosen batches.
func (c *conn) hide(ctx context.Context, masks []usage.Mask) error {
	if err := c.spots(ctx, "masks", masks); err != nil {
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

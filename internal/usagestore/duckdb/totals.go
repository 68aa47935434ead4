package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

var _ rating.TotalStore = (*Store)(nil)

// Totals adds rows up per group of a grouping. Texts are numbered first, entry by entry, variant by variant and tag set
// by tag set, so that facts are grouped by a few numbers and nothing is looked up for a row but those.
func (s *Store) Totals(ctx context.Context, sc scope.Scope, q usage.Query, by rating.Grouping, yield func(*rating.Total) error) error {
	if len(q.Batches) == 0 {
		return nil
	}
	return s.with(ctx, func(c *conn) error {
		if err := c.selectRows(ctx, sc, q.Batches, q.Masks); err != nil {
			return err
		}
		t := &totalsQuery{conn: c, scope: sc, asking: q, by: by}
		if err := t.number(ctx); err != nil {
			return err
		}
		if err := t.readWide(ctx); err != nil {
			return err
		}
		return c.query(ctx, t.sql("facts", `count(*), sum(f.quantity_hi)::HUGEINT, sum(f.quantity_lo)::HUGEINT, sum(f.cost_hi)::HUGEINT, sum(f.cost_lo)::HUGEINT`),
			func(r rows) error { return t.each(r, yield) })
	})
}

// totalsQuery is one call of Totals: what its numbers mean.
type totalsQuery struct {
	*conn
	scope    scope.Scope
	asking   usage.Query
	by       rating.Grouping
	entries  map[int32]*usage.Entry
	variants map[int32]*usage.Variant
	tags     map[int32][][]string
	wide     map[totalKey][2]money.Decimal
}

// totalKey is what distinguishes groups.
type totalKey struct{ entry, variant, tags, span, day int32 }

// number numbers what the grouping distinguishes of entries, variants and tag sets of the loads asked for.
func (t *totalsQuery) number(ctx context.Context) error {
	loads := ` IN (SELECT load FROM chosen)`
	visible := `e.load` + loads
	if !t.scope.IsAll() {
		visible += ` AND ` + visibleSQL(t.scope, "e.load", "e.number")
	}
	columns := []string{`true AS every`}
	for _, c := range t.by.Columns {
		columns = append(columns, columnNames[c])
	}
	if err := t.numbered(ctx, "entry", columns, `entries e WHERE `+visible); err != nil {
		return err
	}
	if err := t.numbered(ctx, "variant", []string{`unit_price`, `exchange_rate`, `covered`, `reversed`, `unlisted`}, `variants e WHERE e.load`+loads); err != nil {
		return err
	}
	if err := t.readEntries(ctx); err != nil {
		return err
	}
	if err := t.readVariants(ctx); err != nil || len(t.by.Tags) == 0 {
		return err
	}
	return t.numberTags(ctx)
}

// numbered makes two tables: WHAT_keys, the different texts with a number each, and WHAT_ids, the number of each item.
func (c *conn) numbered(ctx context.Context, what string, columns []string, from string) error {
	var names, same []string
	for _, x := range columns {
		name := x[strings.LastIndexByte(x, ' ')+1:]
		names = append(names, name)
		same = append(same, `k.`+name+` = i.`+name)
	}
	items := `(SELECT e.load, e.number, ` + strings.Join(columns, ", ") + ` FROM ` + from + `)`
	return c.exec(ctx,
		`CREATE TEMP TABLE `+what+`_items AS FROM `+items,
		`CREATE TEMP TABLE `+what+`_keys AS SELECT (row_number() OVER ())::INTEGER AS id, * FROM (SELECT DISTINCT `+strings.Join(names, ", ")+` FROM `+what+`_items)`,
		`CREATE TEMP TABLE `+what+`_ids AS SELECT i.load, i.number, k.id FROM `+what+`_items i JOIN `+what+`_keys k ON `+strings.Join(same, " AND "),
		`DROP TABLE `+what+`_items`)
}

func (t *totalsQuery) readEntries(ctx context.Context) error {
	t.entries = map[int32]*usage.Entry{}
	known := make([]internedTexts, len(t.by.Columns))
	for i := range known {
		known[i].known = map[string]string{}
	}
	names := ``
	if len(t.by.Columns) > 0 {
		names = `, ` + sqlNames(t.by.Columns, "", "")
	}
	return t.query(ctx, `SELECT id`+names+` FROM entry_keys`, func(r rows) error {
		ids := column[int32](r, 0)
		for i := range r.n {
			t.entries[ids[i]] = &usage.Entry{}
		}
		for at, c := range t.by.Columns {
			texts := column[text128](r, 1+at)
			for i := range r.n {
				t.entries[ids[i]][c] = known[at].text(texts, i)
			}
		}
		return nil
	})
}

func (t *totalsQuery) readVariants(ctx context.Context) error {
	t.variants = map[int32]*usage.Variant{}
	return t.query(ctx, `SELECT id, unit_price, exchange_rate, covered, reversed, unlisted FROM variant_keys`, func(r rows) error {
		ids, price, rate, covered := column[int32](r, 0), column[text128](r, 1), column[text128](r, 2), column[bool](r, 3)
		reversed, unlisted := column[bool](r, 4), column[bool](r, 5)
		for i := range r.n {
			t.variants[ids[i]] = &usage.Variant{
				UnitPrice: text(price, i), ExchangeRate: text(rate, i), Covered: covered[i], Reversed: reversed[i], Unlisted: unlisted[i],
			}
		}
		return nil
	})
}

// numberTags numbers tag sets by the values of the names asked for. Which keys a name means is decided here, for SQL
// compares letters in another way.
func (t *totalsQuery) numberTags(ctx context.Context) error {
	var of []int32
	var keys []string
	err := t.query(ctx, `SELECT DISTINCT key FROM tag_pairs WHERE load IN (SELECT load FROM chosen)`, func(r rows) error {
		list := column[text128](r, 0)
		for i := range r.n {
			key := text(list, i)
			for n, name := range t.by.Tags {
				if strings.EqualFold(key, name) {
					of, keys = append(of, int32(n)), append(keys, key)
				}
			}
		}
		return nil
	})
	if err == nil {
		err = t.exec(ctx, `CREATE TEMP TABLE tag_names (name INTEGER, key VARCHAR)`)
	}
	if err == nil {
		err = t.fillPairs("tag_names", of, keys)
	}
	if err != nil {
		return err
	}
	var columns []string
	for n := range t.by.Tags {
		columns = append(columns, fmt.Sprintf(`coalesce(max(v.list) FILTER (v.name = %d), '') AS t%d`, n, n))
	}
	lists := `SELECT p.load, p.tag_set, n.name, string_agg(strlen(p.value)::VARCHAR || ':' || p.value, '' ORDER BY p.position) AS list
		FROM tag_pairs p JOIN tag_names n ON n.key = p.key WHERE p.load IN (SELECT load FROM chosen) GROUP BY ALL`
	err = t.exec(ctx, `CREATE TEMP TABLE tag_lists AS SELECT s.load, s.number, `+strings.Join(columns, ", ")+`
		FROM tag_sets s LEFT JOIN (`+lists+`) v ON v.load = s.load AND v.tag_set = s.number
		WHERE s.load IN (SELECT load FROM chosen) GROUP BY s.load, s.number`)
	if err != nil {
		return err
	}
	names := make([]string, len(t.by.Tags))
	for n := range names {
		names[n] = `t` + strconv.Itoa(n)
	}
	if err := t.numbered(ctx, "tag", names, `tag_lists e`); err != nil {
		return err
	}
	untagged := `UPDATE tag_ids SET id = 0 WHERE id IN (SELECT id FROM tag_keys WHERE ` + strings.Join(names, ` = '' AND `) + ` = '')` // as rows without tags
	if err := t.exec(ctx, untagged); err != nil {
		return err
	}
	t.tags = map[int32][][]string{}
	return t.query(ctx, `SELECT id, `+strings.Join(names, ", ")+` FROM tag_keys`, func(r rows) error {
		ids := column[int32](r, 0)
		for i := range r.n {
			values := make([][]string, len(names))
			for n := range names {
				values[n] = apart(text(column[text128](r, 1+n), i))
			}
			t.tags[ids[i]] = values
		}
		return nil
	})
}

// apart takes a list of values apart, each of which has its length before it.
func apart(list string) (values []string) {
	for list != "" {
		head, rest, _ := strings.Cut(list, ":")
		n, err := strconv.Atoi(head)
		if err != nil || n > len(rest) {
			return values
		}
		values, list = append(values, rest[:n]), rest[n:]
	}
	return values
}

// sql adds up a table of rows per group. A row whose dictionary lacks it has −1 for a number.
func (t *totalsQuery) sql(table, sums string) string {
	tag, join, day := `0::INTEGER`, ``, `0::INTEGER`
	if len(t.by.Tags) > 0 {
		tag = `(CASE WHEN f.tag_set = 0 THEN 0 ELSE coalesce(g.id, -1) END)::INTEGER`
		join = ` LEFT JOIN tag_ids g ON g.load = f.load AND g.number = f.tag_set`
	}
	if t.by.Daily {
		day = `(f.day - DATE '1970-01-01')::INTEGER`
	}
	sql := `SELECT coalesce(e.id, -1)::INTEGER AS entry, coalesce(v.id, -1)::INTEGER AS variant, ` + tag + ` AS tags, (` + span(t.asking.Cuts, "f.day") + `)::INTEGER AS span, ` +
		day + ` AS day, ` + sums + ` FROM ` + table + ` f JOIN chosen b ON b.load = f.load AND b.batch = f.batch
		LEFT JOIN entry_ids e ON e.load = f.load AND e.number = f.entry
		LEFT JOIN variant_ids v ON v.load = f.load AND v.number = f.variant` + join + `
		WHERE ` + inBatchesSQL(t.asking.Batches) + ` AND ` + within(t.asking.Period, "f.day") + ` AND ` + visibleSQL(t.scope, "f.load", "f.entry", "f.day")
	return sql + notMaskedSQL(t.asking.Masks) + ` GROUP BY 1, 2, 3, 4, 5`
}

// keys reads the groups of a chunk.
func (t *totalsQuery) keys(r rows) func(i int) totalKey {
	entry, variant, tags, spans, day := column[int32](r, 0), column[int32](r, 1), column[int32](r, 2), column[int32](r, 3), column[int32](r, 4)
	return func(i int) totalKey { return totalKey{entry[i], variant[i], tags[i], spans[i], day[i]} }
}

// readWide adds up the wide literals, which are rare, per group.
func (t *totalsQuery) readWide(ctx context.Context) error {
	some, err := t.any(ctx, `FROM wide WHERE batch IN (SELECT batch FROM chosen)`)
	if err != nil || !some {
		return err
	}
	t.wide = map[totalKey][2]money.Decimal{}
	sums := ``
	for _, c := range [...]usage.Column{usage.Quantity, usage.BillingPreTaxTotal} {
		for _, part := range [...]string{"head", "tail"} {
			sums += fmt.Sprintf(`, coalesce(sum(f.%s) FILTER (f.kind = %d), 0)::HUGEINT`, part, c)
		}
	}
	return t.query(ctx, t.sql("wide", strings.TrimPrefix(sums, ", ")), func(r rows) error {
		var parts [4][]wide128
		for i := range parts {
			parts[i] = column[wide128](r, 5+i)
		}
		at := t.keys(r)
		for i := range r.n {
			t.wide[at(i)] = [2]money.Decimal{joinWide(parts[0][i].fixed(), parts[1][i].fixed()), joinWide(parts[2][i].fixed(), parts[3][i].fixed())}
		}
		return nil
	})
}

// each yields the groups of a chunk.
func (t *totalsQuery) each(r rows, yield func(*rating.Total) error) error {
	at, n := t.keys(r), column[int64](r, 5)
	var halves [4][]wide128
	for i := range halves {
		halves[i] = column[wide128](r, 6+i)
	}
	none := slices.Repeat([][]string{nil}, len(t.by.Tags))
	for i := range r.n {
		k := at(i)
		if k.entry < 0 || k.variant < 0 || k.tags < 0 {
			return fault.New(fault.Internal, "usage_dictionary", "the usage store has rows that lack an entry, a tag set or a variant; nothing was added up: run check, and import what it names again")
		}
		x := rating.Total{Entry: t.entries[k.entry], Variant: t.variants[k.variant], Tags: none}
		if k.tags > 0 {
			x.Tags = t.tags[k.tags]
		}
		if t.by.Daily {
			x.Day = period.FromDays(int(k.day))
		}
		x.Span, x.Rows = int(k.span), n[i]
		x.Quantity = joinLarge(halves[0][i].fixed(), halves[1][i].fixed())
		x.Cost = joinLarge(halves[2][i].fixed(), halves[3][i].fixed())
		if w, ok := t.wide[k]; ok {
			x.Quantity, x.Cost = x.Quantity.Add(w[0]), x.Cost.Add(w[1])
		}
		if err := yield(&x); err != nil {
			return err
		}
	}
	return nil
}

// half is 2^64: how much more one unit of the upper half is.
var half = money.MustParse("18446744073709551616")

// joinLarge is joinHalves for sums of many batches, which may not fit a Fixed again.
func joinLarge(hi, lo money.Fixed) money.Decimal {
	if upper := int64(hi.Lo); hi.Hi == upper>>63 && upper > -1<<62 && upper < 1<<62 {
		return joinHalves(hi, lo)
	}
	return hi.Decimal().Mul(half).Add(lo.Decimal())
}

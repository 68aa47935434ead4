package duckdb

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// writeConn is one connection of a writer with the appenders of its present transaction.
type writeConn struct {
	conn      *conn
	load      uint32
	appenders map[string]*appender
	begun     bool
}

func (s *Store) newWriteConn(ctx context.Context, load uint32) (*writeConn, error) {
	c, err := s.session(ctx)
	if err != nil {
		return nil, err
	}
	return &writeConn{conn: c, load: load, appenders: map[string]*appender{}}, nil
}

// begin starts a transaction unless there is one.
func (l *writeConn) begin() error {
	if l.begun {
		return nil
	}
	err := l.conn.run(`BEGIN`)
	l.begun = err == nil
	return err
}

// table is the appender of one table, within a transaction.
func (l *writeConn) table(catalog, name string) (*appender, error) {
	if a := l.appenders[name]; a != nil {
		return a, nil
	}
	if err := l.begin(); err != nil {
		return nil, err
	}
	a, err := l.conn.appender(catalog, name)
	if err == nil {
		l.appenders[name] = a
	}
	return a, err
}

// commit makes durable what was sent, and with it what the last statements do. The appenders end with their
// transaction.
func (l *writeConn) commit(ctx context.Context, last ...string) error {
	if !l.begun && len(last) == 0 {
		return nil
	}
	return l.conn.interruptible(ctx, func() error {
		if err := l.begin(); err != nil {
			return err
		}
		for _, a := range l.appenders {
			if err := a.flush(); err != nil {
				return err
			}
		}
		l.forget()
		for _, sql := range append(last, `COMMIT`) {
			if err := l.conn.run(sql); err != nil {
				return err
			}
		}
		l.begun = false
		return nil
	})
}

func (l *writeConn) forget() {
	for name, a := range l.appenders {
		a.close()
		delete(l.appenders, name)
	}
}

// close undoes what was not committed.
func (l *writeConn) close() {
	l.forget()
	l.conn.close()
}

// chunks calls fill for each run of items that fits a chunk and sends what it filled.
func chunks[T any](a *appender, items []T, fill func(part []T) error) error {
	for len(items) > 0 {
		part := items[:min(len(items), a.room())]
		if err := fill(part); err != nil {
			return err
		}
		if err := a.send(len(part)); err != nil {
			return err
		}
		items = items[len(part):]
	}
	return nil
}

// DuckDB keeps in memory what a transaction wrote, even what it has compressed into the file already: a transaction
// ends with a row group of these tables after so many.
const factGroups, entryGroups = 8, 1

// inRowGroups calls put for runs of items that end where a row group of the table does, and commits after so many of them.
func inRowGroups[T any](ctx context.Context, l *writeConn, table string, groups int, items []T, put func([]T) error) error {
	for len(items) > 0 {
		a, err := l.table(catalog, table)
		if err != nil {
			return err
		}
		part := items[:min(len(items), rowGroup-a.sent%rowGroup)]
		if err := put(part); err != nil {
			return err
		}
		if items = items[len(part):]; a.sent >= groups*rowGroup {
			if err := l.commit(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// putRows sends the rows of a block.
func (l *writeConn) putRows(ctx context.Context, b *usage.Block) error {
	if err := l.putWide(b.Wide); err != nil {
		return err
	}
	return inRowGroups(ctx, l, "facts", factGroups, b.Facts, l.putFacts)
}

// putDictionary sends the dictionary items of a block.
func (l *writeConn) putDictionary(ctx context.Context, b *usage.Block) error {
	for _, step := range []func(*usage.Block) error{l.putTagSets, l.putVariants} {
		if err := step(b); err != nil {
			return err
		}
	}
	return inRowGroups(ctx, l, "entries", entryGroups, b.Entries, l.putEntries)
}

func (l *writeConn) putEntries(entries []usage.EntryRecord) error {
	a, err := l.table(catalog, "entries")
	if err != nil {
		return err
	}
	a.every = rowGroup / 4 // entries are long: fewer of them wait outside the table
	columns := entryColumns()
	return chunks(a, entries, func(part []usage.EntryRecord) error {
		load, number, hash, length := into[uint32](a, 0), into[uint32](a, 1), into[wide128](a, 2), 0
		for i := range part {
			e := &part[i]
			load[i], number[i], hash[i] = l.load, e.Number, hash128(e.Hash)
			for _, c := range columns {
				length += len(e.Value[c])
			}
		}
		a.begin(length)
		for at, c := range columns {
			values := into[text128](a, 3+at)
			for i := range part {
				if err := a.put(values, i, part[i].Value[c]); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (l *writeConn) putTagSets(b *usage.Block) error {
	if len(b.TagSets) == 0 {
		return nil
	}
	a, err := l.table(catalog, "tag_sets")
	if err != nil {
		return err
	}
	var pairs []numberedPair
	err = chunks(a, b.TagSets, func(part []usage.TagSetRecord) error {
		load, number, hash, texts := into[uint32](a, 0), into[uint32](a, 1), into[wide128](a, 2), into[text128](a, 3)
		length := 0
		for i := range part {
			length += len(part[i].Text)
		}
		a.begin(length)
		for i := range part {
			t := &part[i]
			load[i], number[i], hash[i] = l.load, t.Number, hash128(t.Hash)
			if err := a.put(texts, i, t.Text); err != nil {
				return err
			}
			for at, p := range t.Pairs {
				pairs = append(pairs, numberedPair{t.Number, uint32(at), p})
			}
		}
		return nil
	})
	if err != nil || len(pairs) == 0 {
		return err
	}
	return l.putPairs(pairs)
}

// numberedPair is a tag with the set it belongs to and its place in it.
type numberedPair struct {
	set, position uint32
	usage.TagPair
}

func (l *writeConn) putPairs(pairs []numberedPair) error {
	a, err := l.table(catalog, "tag_pairs")
	if err != nil {
		return err
	}
	return chunks(a, pairs, func(part []numberedPair) error {
		load, set, position := into[uint32](a, 0), into[uint32](a, 1), into[uint32](a, 2)
		keys, values, length := into[text128](a, 3), into[text128](a, 4), 0
		for i := range part {
			length += len(part[i].Key) + len(part[i].Value)
		}
		a.begin(length)
		for i := range part {
			p := &part[i]
			load[i], set[i], position[i] = l.load, p.set, p.position
			if err := a.put(keys, i, p.Key); err != nil {
				return err
			}
			if err := a.put(values, i, p.Value); err != nil {
				return err
			}
		}
		return nil
	})
}

// variantTexts points at the texts of a variant in the order of the table's columns.
func variantTexts(v *usage.Variant) [9]*string {
	return [...]*string{&v.UnitPrice, &v.ExchangeRate, &v.ExchangeRateDate, &v.EarnedCredit, &v.Credit, &v.CreditType,
		&v.BenefitOrderID, &v.BenefitID, &v.BenefitType}
}

func (l *writeConn) putVariants(b *usage.Block) error {
	if len(b.Variants) == 0 {
		return nil
	}
	a, err := l.table(catalog, "variants")
	if err != nil {
		return err
	}
	return chunks(a, b.Variants, func(part []usage.VariantRecord) error {
		load, number, hash := into[uint32](a, 0), into[uint32](a, 1), into[wide128](a, 2)
		covered, reversed, unlisted := into[bool](a, 12), into[bool](a, 13), into[bool](a, 14)
		length := 0
		for i := range part {
			v := &part[i]
			load[i], number[i], hash[i] = l.load, v.Number, hash128(v.Hash)
			covered[i], reversed[i], unlisted[i] = v.Value.Covered, v.Value.Reversed, v.Value.Unlisted
			for _, s := range variantTexts(&v.Value) {
				length += len(*s)
			}
		}
		a.begin(length)
		for i := range part {
			for at, s := range variantTexts(&part[i].Value) {
				if err := a.put(into[text128](a, 3+at), i, *s); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (l *writeConn) putFacts(facts []usage.Fact) error {
	a, err := l.table(catalog, "facts")
	if err != nil {
		return err
	}
	var hi [4][]int64
	var lo [4][]uint64
	for i := range hi {
		hi[i], lo[i] = into[int64](a, 8+2*i), into[uint64](a, 9+2*i)
	}
	return chunks(a, facts, func(part []usage.Fact) error {
		for i := range part {
			f := &part[i]
			hi[0][i], lo[0][i] = f.Quantity.Hi, f.Quantity.Lo
			hi[1][i], lo[1][i] = f.EffectiveUnitPrice.Hi, f.EffectiveUnitPrice.Lo
			hi[2][i], lo[2][i] = f.Cost.Hi, f.Cost.Lo
			hi[3][i], lo[3][i] = f.Pricing.Hi, f.Pricing.Lo
		}
		l.keys(a, len(part), func(i int) *usage.Fact { return &part[i] })
		return nil
	})
}

// keys fills the columns that facts and wide literals have in common.
func (l *writeConn) keys(a *appender, n int, fact func(int) *usage.Fact) {
	load, batch, entry, tagSet := into[uint32](a, 0), into[uint32](a, 1), into[uint32](a, 2), into[uint32](a, 3)
	variant, day, file, line := into[uint32](a, 4), into[int32](a, 5), into[uint16](a, 6), into[uint32](a, 7)
	for i := range n {
		f := fact(i)
		load[i], batch[i], entry[i], tagSet[i] = l.load, f.Batch, f.Entry, f.TagSet
		variant[i], day[i], file[i], line[i] = f.Variant, int32(f.Day.Days()), f.File, f.Line
	}
}

func (l *writeConn) putWide(wide []usage.WideValue) error {
	if len(wide) == 0 {
		return nil
	}
	a, err := l.table(catalog, "wide")
	if err != nil {
		return err
	}
	kind, head, tail := into[uint16](a, 8), into[wide128](a, 9), into[wide128](a, 10)
	return chunks(a, wide, func(part []usage.WideValue) error {
		l.keys(a, len(part), func(i int) *usage.Fact { return &part[i].Fact })
		for i := range part {
			h, t, err := splitWide(part[i].Value)
			if err != nil {
				return err
			}
			kind[i], head[i], tail[i] = uint16(part[i].Column), fixed128(h), fixed128(t)
		}
		return nil
	})
}

// widePlaces is the longest literal there is: a tail counts units of 10^-39.
const widePlaces = 39

// splitWide is a literal as its first 18 decimals and what remains in units of 10^-39. Both keep its sign.
func splitWide(d money.Decimal) (head, tail money.Fixed, err error) {
	first := d.Truncate(money.FixedPlaces)
	rest := d.Sub(first).Mul(wideShift)
	head, fit := money.ParseFixed([]byte(first.String()))
	if fit == money.Fits {
		tail, fit = money.ParseFixed([]byte(rest.String()))
	}
	if fit != money.Fits {
		return head, tail, fault.New(fault.Invalid, "not_wide", "%s is no amount below 10^11 of at most %d decimals", d, widePlaces)
	}
	return head, tail, nil
}

// joinWide is what splitWide took apart; sums of heads and of tails are joined the same way.
func joinWide(head, tail money.Fixed) money.Decimal {
	if tail.IsZero() {
		return head.Decimal()
	}
	return head.Decimal().Add(tail.Decimal().Mul(wideUnshift))
}

// A tail is kept as a Fixed of the rest × 10^21, whose 18 decimals are the 39 of the literal.
var (
	wideShift   = money.MustParse("1e21")
	wideUnshift = money.MustParse("1e-21")
)

func (l *writeConn) cells(catalog, name string, cells []usage.Cell) error {
	if len(cells) == 0 {
		return nil
	}
	a, err := l.table(catalog, name)
	if err != nil {
		return err
	}
	load, batch, entitlement := into[uint32](a, 0), into[uint32](a, 1), into[text128](a, 2)
	day, count, hash := into[int32](a, 3), into[int64](a, 4), into[wide128](a, 5)
	return chunks(a, cells, func(part []usage.Cell) error {
		length := 0
		for i := range part {
			length += len(part[i].Entitlement)
		}
		a.begin(length)
		for i := range part {
			c := &part[i]
			load[i], batch[i], day[i], count[i], hash[i] = l.load, c.Batch, int32(c.Day.Days()), c.Rows, hash128(c.Hash)
			if err := a.put(entitlement, i, c.Entitlement); err != nil {
				return err
			}
		}
		return nil
	})
}

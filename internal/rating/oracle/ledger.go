package oracle

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Import is one import command, as data.
type Import struct {
	Rows                     []*Row
	Lines                    []*Line
	Period                   period.Month // of lines whose invoice no rows name
	Complete, Add, Supersede bool
}

// Counts says where the rows and lines of a command went.
type Counts struct{ Sealed, Skipped, Aside int64 }

// Ledger is which rows and lines count after a sequence of imports. The zero value is empty.
type Ledger struct {
	batches    []*batch
	statements []*statement
	open       []*Row         // billed rows of the command that is taken which do not count
	Happened   map[string]int // how often each way of settling overlap was taken
}

// slot is where rows of one kind belong; side is all slots that unbilled rows of it could stand in for.
type slot struct {
	side
	invoice string // "" when unbilled
}

type side struct {
	account, currency string
	month             period.Month
}

type place struct {
	entitlement string
	day         period.Date
}

type named interface {
	comparable
	String() string
}

// ordered walks a map in the same order every time.
func ordered[K named, V any](m map[K]V) iter.Seq2[K, V] {
	keys := map[string]K{}
	for k := range m {
		keys[k.String()] = k
	}
	return func(yield func(K, V) bool) {
		for _, text := range slices.Sorted(maps.Keys(keys)) {
			if k := keys[text]; !yield(k, m[k]) {
				return
			}
		}
	}
}

func (s slot) String() string {
	return fmt.Sprintf("%s %s %s %s", s.account, s.currency, s.month, s.invoice)
}
func (p place) String() string { return p.entitlement + " " + strconv.Itoa(int(p.day)) }

// batch is the rows one command sealed in a slot. Rows that gave way to later ones are gone from it.
type batch struct {
	slot
	cells                map[place][]*Row
	complete, superseded bool
}

func (l *Ledger) happened(what string, n int) {
	if l.Happened == nil {
		l.Happened = map[string]int{}
	}
	l.Happened[what] += n
}

// Import takes one command; false means that it is refused as a whole, because billed rows or lines differ from
// sealed ones, or the month of a line is not known.
func (l *Ledger) Import(in Import) (c Counts, ok bool) {
	slots := map[slot]map[place][]*Row{}
	l.open = nil
	for _, r := range in.Rows {
		if !r.counts() {
			c.Aside++
			l.happened("rows kept aside", 1)
			if strings.TrimSpace(r[usage.InvoiceNumber]) != "" {
				l.open = append(l.open, r)
			}
			continue
		}
		at := slot{side{strings.ToLower(r[usage.PartnerID]), r[usage.BillingCurrency], monthOf(r.Day())}, strings.TrimSpace(r[usage.InvoiceNumber])}
		if slots[at] == nil {
			slots[at] = map[place][]*Row{}
		}
		here := place{strings.ToLower(r[usage.EntitlementID]), r.Day()}
		slots[at][here] = append(slots[at][here], r)
	}
	for at, fresh := range ordered(slots) {
		if at.invoice != "" && !in.Add && !in.Supersede && l.differs(at, fresh) {
			l.happened("rows refused as different", 1)
			return c, false
		}
	}
	statements, ok := l.statementsOf(in)
	if !ok {
		return c, false
	}
	for _, billed := range []bool{true, false} { // billed ones first: completeness decides what unbilled rows are worth
		for at, fresh := range ordered(slots) {
			if (at.invoice != "") == billed {
				l.seal(at, fresh, in, &c)
			}
		}
		for at := range ordered(slots) {
			if billed && in.Complete && at.invoice != "" {
				l.complete(at)
			}
		}
	}
	l.state(statements, in, &c)
	return c, true
}

// equal says whether two cells are the same rows, in whatever order.
func equal(a, b []*Row) bool {
	text := func(rows []*Row) (list []string) {
		for _, r := range rows {
			list = append(list, r.same())
		}
		slices.Sort(list)
		return list
	}
	return len(a) == len(b) && slices.Equal(text(a), text(b))
}

// standing lists the batches of a slot that still count.
func (l *Ledger) standing(at slot) (list []*batch) {
	for _, b := range l.batches {
		if b.slot == at && !b.superseded {
			list = append(list, b)
		}
	}
	return list
}

// rest lists the rows that are not among sealed ones; of identical rows as many as are sealed are.
func rest(rows, sealed []*Row) (left []*Row) {
	times := map[string]int{}
	for _, r := range sealed {
		times[r.same()]++
	}
	for _, r := range rows {
		if times[r.same()]--; times[r.same()] < 0 {
			left = append(left, r)
		}
	}
	return left
}

// settled says which rows of a cell are not sealed yet, and which batches hold others in its place.
func (l *Ledger) settled(at slot, here place, rows []*Row) (left []*Row, older []*batch) {
	var sealed []*Row
	for _, b := range l.standing(at) {
		if have, ok := b.cells[here]; ok {
			if equal(have, rows) {
				return nil, nil
			}
			sealed, older = append(sealed, have...), append(older, b)
		}
	}
	return rest(rows, sealed), older
}

func (l *Ledger) differs(at slot, fresh map[place][]*Row) bool {
	for here, rows := range ordered(fresh) {
		if left, older := l.settled(at, here, rows); len(left) > 0 && len(older) > 0 {
			return true
		}
	}
	return false
}

// seal settles one slot of a command against what is sealed (money-path §3).
func (l *Ledger) seal(at slot, fresh map[place][]*Row, in Import, c *Counts) {
	b := &batch{slot: at, cells: map[place][]*Row{}}
	for here, rows := range ordered(fresh) {
		left, older := l.settled(at, here, rows)
		there := 0
		for _, o := range older {
			there += len(o.cells[here])
		}
		switch {
		case at.invoice == "" && l.completed(at.side):
			l.happened("unbilled rows of a complete month", len(rows))
			left = nil
		case in.Supersede && len(older) > 0 && (len(left) > 0 || len(rows) < there):
			l.happened("billed rows masked", there)
			l.mask(here, older)
			left = rows
		case len(left) == 0:
			l.happened(map[bool]string{true: "a part of what is sealed", false: "rows sealed already"}[len(rows) < there], len(rows))
		case len(older) == 0:
		case at.invoice != "":
			l.happened("billed rows on top", len(left))
		default:
			l.happened("unbilled rows masked", there)
			l.mask(here, older)
			left = rows
		}
		c.Skipped += int64(len(rows) - len(left))
		c.Sealed += int64(len(left))
		if len(left) > 0 {
			b.cells[here] = left
		}
	}
	if len(b.cells) > 0 {
		l.batches = append(l.batches, b)
	}
}

func (l *Ledger) mask(here place, older []*batch) {
	for _, o := range older {
		delete(o.cells, here)
	}
}

// complete notes that the billed rows of an invoice's month are all there are. In the invoice's own month that is
// said of every invoice, and unbilled rows are superseded; elsewhere they are late, and say nothing of the rest.
func (l *Ledger) complete(at slot) {
	month := l.monthOf(at.invoice, nil)
	if slices.ContainsFunc(l.open, func(r *Row) bool { return l.against(r, at.invoice, max(month, at.month)) }) {
		l.happened("not complete for rows kept aside", 1)
		return
	}
	own := month == at.month
	for _, b := range l.batches {
		if b.invoice != "" && !b.complete && (b.slot == at || own && b.side == at.side) {
			b.complete = true
			l.happened("batch complete", 1)
		}
	}
	for _, b := range l.batches {
		if own && b.side == at.side && b.invoice == "" && !b.superseded {
			b.superseded = true
			l.happened("unbilled batch superseded", 1)
		}
	}
}

// against says whether a billed row kept aside is of an invoice or a month, which is then not complete.
func (l *Ledger) against(r *Row, invoice string, m period.Month) bool {
	number := strings.TrimSpace(r[usage.InvoiceNumber])
	of := l.monthOf(number, nil)
	if day := r.Day(); day != 0 {
		of = monthOf(day)
	}
	return number == invoice || of == m
}

// completed says whether the invoices of a side are known to be all there: one is, and none is not.
func (l *Ledger) completed(s side) bool {
	complete := false
	for _, b := range l.batches {
		if b.side == s && b.invoice != "" && l.monthOf(b.invoice, nil) == s.month {
			if !b.complete {
				return false
			}
			complete = true
		}
	}
	return complete
}

// Standing is every row that is sealed and neither masked nor superseded, of whatever month.
func (l *Ledger) Standing() (rows []*Row) {
	for _, b := range l.batches {
		if !b.superseded {
			for _, cell := range ordered(b.cells) {
				rows = append(rows, cell...)
			}
		}
	}
	return rows
}

// Rows is every row that counts in a month. Billed rows of a side that is not complete do not, where unbilled ones of the
// same entitlement and day stand in for them.
func (l *Ledger) Rows(m period.Month) (rows []*Row) {
	for _, b := range l.batches {
		if b.superseded || b.month != m {
			continue
		}
		for here, cell := range ordered(b.cells) {
			stands := func(o *batch) bool {
				return o.side == b.side && o.invoice == "" && !o.superseded && o.cells[here] != nil
			}
			if b.invoice != "" && !b.complete && slices.ContainsFunc(l.batches, stands) {
				l.happened("billed rows not complete", len(cell))
				continue
			}
			rows = append(rows, cell...)
		}
	}
	return rows
}

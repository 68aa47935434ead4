package oracle

import (
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// statement is the lines one command sealed of one invoice.
type statement struct {
	slot
	lines      []*Line
	superseded bool
}

// statementsOf gathers the lines of a command by slot. The month of an invoice is the last one in which rows name it.
func (l *Ledger) statementsOf(in Import) (map[slot]*statement, bool) {
	all := map[slot]*statement{}
	for _, x := range in.Lines {
		month := l.monthOf(x.Text[lineInvoice], in.Rows)
		if month == 0 {
			month = in.Period
		}
		if month == 0 {
			l.happened("lines refused without a month", 1)
			return nil, false
		}
		at := slot{side{strings.ToLower(x.Text["PartnerId"]), x.Text["Currency"], month}, x.Text[lineInvoice]}
		if all[at] == nil {
			all[at] = &statement{slot: at}
		}
		all[at].lines = append(all[at].lines, x)
	}
	for _, s := range ordered(all) {
		if left, older := l.stated(s); len(left) > 0 && len(older) > 0 && !in.Add && !in.Supersede {
			l.happened("lines refused as different", 1)
			return nil, false
		}
	}
	return all, true
}

func (l *Ledger) monthOf(invoice string, rows []*Row) (m period.Month) {
	for _, b := range l.batches {
		if invoice != "" && b.invoice == invoice {
			m = max(m, b.month)
		}
	}
	for _, r := range rows {
		if invoice != "" && strings.TrimSpace(r[usage.InvoiceNumber]) == invoice && r.counts() {
			m = max(m, monthOf(r.Day()))
		}
	}
	return m
}

// stated says which lines are not sealed yet, and by which statements of the invoice others are.
func (l *Ledger) stated(s *statement) (left []*Line, older []*statement) {
	times := map[string]int{}
	for _, o := range l.statements {
		if o.slot == s.slot && !o.superseded {
			older = append(older, o)
			for _, x := range o.lines {
				times[x.same()]++
			}
		}
	}
	for _, x := range s.lines {
		if times[x.same()]--; times[x.same()] < 0 {
			left = append(left, x)
		}
	}
	return left, older
}

// same is the text by which two lines are the same line.
func (x *Line) same() (text string) {
	for _, k := range slices.Sorted(maps.Keys(x.Text)) {
		text += k + "\x00" + x.Text[k] + "\x00"
	}
	return text
}

// state seals the lines of a command.
func (l *Ledger) state(all map[slot]*statement, in Import, c *Counts) {
	for _, s := range ordered(all) {
		left, older := l.stated(s)
		there := 0
		for _, o := range older {
			there += len(o.lines)
		}
		switch {
		case in.Supersede && there > 0 && (len(left) > 0 || len(s.lines) < there):
			for _, o := range older {
				o.superseded = true
				l.happened("lines superseded", len(o.lines))
			}
			left = s.lines
		case there > 0 && len(left) > 0:
			l.happened("lines on top", len(left))
		}
		l.happened("lines sealed already", len(s.lines)-len(left))
		c.Skipped += int64(len(s.lines) - len(left))
		c.Sealed += int64(len(left))
		if len(left) > 0 {
			l.statements = append(l.statements, &statement{slot: s.slot, lines: left})
		}
	}
}

// Lines is every line that counts in a month.
func (l *Ledger) Lines(m period.Month) (lines []*Line) {
	for _, s := range l.statements {
		if !s.superseded && s.month == m {
			lines = append(lines, s.lines...)
		}
	}
	return lines
}

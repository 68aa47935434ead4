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
		if sealed, older := l.stated(s); !sealed && len(older) > 0 && !in.Add && !in.Supersede {
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

// stated says whether the same lines are sealed already, and otherwise which others are.
func (l *Ledger) stated(s *statement) (sealed bool, older []*statement) {
	for _, o := range l.statements {
		if o.slot == s.slot && !o.superseded {
			if o.equal(s) {
				return true, nil
			}
			older = append(older, o)
		}
	}
	return false, older
}

func (s *statement) equal(o *statement) bool {
	text := func(s *statement) (list []string) {
		for _, x := range s.lines {
			line := ""
			for _, k := range slices.Sorted(maps.Keys(x.Text)) {
				line += k + "\x00" + x.Text[k] + "\x00"
			}
			list = append(list, line)
		}
		slices.Sort(list)
		return list
	}
	return slices.Equal(text(s), text(o))
}

// state seals the lines of a command.
func (l *Ledger) state(all map[slot]*statement, in Import, c *Counts) {
	for _, s := range ordered(all) {
		sealed, older := l.stated(s)
		if sealed {
			l.happened("lines sealed already", len(s.lines))
			c.Skipped += int64(len(s.lines))
			continue
		}
		for _, o := range older {
			if in.Supersede {
				o.superseded = true
				l.happened("lines superseded", len(o.lines))
			} else {
				l.happened("lines on top", len(s.lines))
			}
		}
		c.Sealed += int64(len(s.lines))
		l.statements = append(l.statements, s)
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

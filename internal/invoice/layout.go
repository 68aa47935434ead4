package invoice

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// layout is the layout of documents drafted today. Documents of an earlier layout print as before: those of layout 0
// hold less, and those before SwissUID label Swiss VAT ids like those of other countries.
const layout = SwissUID

// SwissUID is the first layout with a label of its own for Swiss VAT ids.
const SwissUID = 3

// printedBy copies the print settings from the terms of the edge.
func (v *Invoice) printedBy(t org.Terms) {
	v.Layout, v.Language, v.CustomerNumber, v.ZeroLines, v.Subtotals = layout, t.Language, t.CustomerNumber, t.ZeroLines, t.Subtotals
}

// inLayout is a document with the fields of an earlier layout, for comparison with one made then.
func (v Invoice) inLayout(before int) Invoice {
	if before >= v.Layout {
		return v
	}
	if v.Layout = before; before > 0 {
		return v // later layouts hold the same
	}
	v.Language, v.CustomerNumber, v.ZeroLines, v.Subtotals, v.Follows = "", "", "", "", nil
	v.Lines = slices.Clone(v.Lines)
	for i := range v.Lines {
		l := &v.Lines[i]
		if l.ChargeType != "" && !slices.Contains(layout0ChargeTypes(), strings.ToLower(l.ChargeType)) {
			l.Description = l.Service + ", " + l.ChargeType
		}
		l.ServicePeriod, l.ChargeType = period.Period{}, ""
	}
	return v
}

// ServiceDates is the service period of a line: of a charge the provider's, of usage the days of use.
func (l *Line) ServiceDates() period.Period {
	if l.ServicePeriod.Start != 0 {
		return l.ServicePeriod
	}
	return l.Span
}

// layout0ChargeTypes are the charge types that layout 0 has words for; it prints others as the provider names them.
func layout0ChargeTypes() []string {
	return []string{"new", "renew", "cyclecharge", "addquantity", "removequantity", "cancelimmediate", "customercredit", "convert"}
}

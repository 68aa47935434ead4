// Package walk prints an explanation as people read it: from the amount on paper down to rows, rule, rate and rounding.
//
// It explains nothing itself. Always true: what the explanation leaves out for a buyer is not printed.
package walk

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

// How much of an explanation is printed unless all is asked for.
const (
	shownGroups = 10
	shownRows   = 5
)

// Print writes an explanation from the printed amount downward; all of it, or the largest groups and first rows.
func Print(w io.Writer, x invoice.Explanation, currency money.Currency, all bool) error {
	out := bufio.NewWriter(w)
	walk{out, currency, all}.explanation(x)
	return out.Flush()
}

type walk struct {
	out      *bufio.Writer
	currency money.Currency
	all      bool
}

func (w walk) say(format string, args ...any) {
	for i := range args {
		if s, ok := args[i].(string); ok {
			args[i] = table.Clean(s)
		}
	}
	fmt.Fprintf(w.out, format+"\n", args...)
}

func (w walk) explanation(x invoice.Explanation) {
	l := x.Line
	w.say("%s line %d: %s", x.Invoice, l.Number, l.Description)
	w.say("%s (%s), %s", l.CustomerName, l.Customer, days(l.Span))
	w.say("")
	amounts := []string{x.Net.Fixed(w.currency.Digits()), x.Exact.String(), x.Residue.String(), x.Billed.Neg().String()}
	width, point := columns(amounts)
	for i, name := range []string{"printed", "exact, before rounding", "added by rounding", "billed before"} {
		if i < 3 || !x.Billed.IsZero() {
			w.say("  %-23s %s %s", name, aligned(amounts[i], width, point), w.currency)
		}
	}
	for i, g := range x.Groups {
		if i == shownGroups && !w.all {
			w.say("\n… and %s; --all shows them", more(len(x.Groups)-i, "group"))
			return
		}
		w.group(i+1, g)
	}
}

// columns is the widest whole part and the longest fraction of numbers.
func columns(numbers []string) (whole, fraction int) {
	for _, n := range numbers {
		a, b, _ := strings.Cut(n, ".")
		whole, fraction = max(whole, len(a)), max(fraction, len(b))
	}
	return whole, fraction
}

// aligned pads a number so that the points of all stand under each other.
func aligned(n string, whole, fraction int) string {
	a, b, point := strings.Cut(n, ".")
	gap := fraction - len(b)
	if !point {
		gap++
	}
	dot := ""
	if point {
		dot = "."
	}
	return strings.Repeat(" ", whole-len(a)) + a + dot + b + strings.Repeat(" ", gap)
}

func (w walk) group(n int, g invoice.Explained) {
	w.say("\n%d. %s  %s %s", n, g.Meter, g.Amount.String(), w.currency)
	if g.Resource != "" {
		w.say("   of        %s", g.Resource)
	}
	w.say("   used      %s × %s, %s", g.Quantity, cmp.Or(g.Unit, "units"), days(g.Span))
	if g.Rate != nil {
		w.say("   price     %s, by %s", g.Rate.Price.String(), ruleOf(g.Rate))
	}
	if g.Base != nil {
		w.say("   applied   to %s", g.Base)
	}
	for _, x := range g.Exchange {
		w.exchange(x)
	}
	if g.Bought != nil {
		w.say("   bought    for %s", g.Bought)
	}
	if g.Provider != nil {
		w.provider(*g.Provider)
	}
	w.rows(g.Rows)
}

// days is a period as people say it, by its first and last day.
func days(p period.Period) string {
	if p.End.IsZero() {
		return "from " + p.Start.String()
	}
	return p.Start.String() + " to " + p.End.AddDays(-1).String()
}

func ruleOf(r *pricing.Rate) string {
	if r.Rule == "" {
		return "no rule: a reservation or savings plan paid for it"
	}
	return fmt.Sprintf("rule %s of %s version %d", r.Rule, r.BookKey, r.Version)
}

func (w walk) exchange(x rating.Exchange) {
	source := x.Source
	if x.Rule != "" {
		source += ", " + x.Rule
	}
	w.say("   exchange  1 %s = %s %s, %s (%s)", x.From, x.Rate, x.To, x.Date, source)
}

func (w walk) provider(p invoice.Provider) {
	text := "charged " + p.Cost.String()
	if p.UnitPrice != "" {
		text += fmt.Sprintf("; unit price %s %s", p.UnitPrice, p.Currency)
	}
	if p.ExchangeRate != "" && p.ExchangeRate != "1" {
		text += fmt.Sprintf("; rate %s of %s", p.ExchangeRate, p.RateDate)
	}
	if p.EarnedCredit != "" && p.EarnedCredit != "0" {
		text += fmt.Sprintf("; earned credit %s %%", p.EarnedCredit)
	}
	switch {
	case p.Covered && p.Reservation != "":
		text += "; covered by reservation " + p.Reservation
	case p.Covered:
		text += "; covered by a reservation or savings plan"
	}
	w.say("   provider  %s", text)
}

func (w walk) rows(rows []invoice.ExplainedRow) {
	for i, r := range rows {
		if i == shownRows && !w.all {
			w.say("   … and %s", more(len(rows)-i, "row"))
			return
		}
		text := fmt.Sprintf("%s:%d  %s  quantity %s", r.File, r.Line, r.Day, r.Quantity)
		if r.Cost != nil {
			text += "  cost " + r.Cost.String()
		}
		w.say("   row       %s", text)
		if w.all && r.Printed != "" {
			w.say("             %s", r.Printed)
		}
	}
}

// more is a number of further things in words: "1 row more", "3 rows more".
func more(n int, one string) string {
	if n != 1 {
		one += "s"
	}
	return fmt.Sprint(n, " ", one, " more")
}

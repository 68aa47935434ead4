package cli

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
)

type explainCommand struct {
	Ref     string `arg:"" name:"invoice" help:"The document's number, or its id."`
	Line    int    `arg:"" help:"The number of the line."`
	AsBuyer bool   `help:"Only what the buyer may see: no purchase prices, no rules, no printed rows."`
	All     bool   `help:"Every group and row; otherwise the largest."`
	shown
}

// Help is the long help.
func (explainCommand) Help() string {
	return `From the amount as printed down to the provider's rows: file and line, rule and version of the price book, exchange
rate with its date and source, and what rounding added.

  purveyor explain INV-2026-00007 3`
}

// Run explains a line. The exit code is 0 only when the parts add up to what is printed.
func (c *explainCommand) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		as := ""
		if c.AsBuyer {
			as = "buyer"
		}
		var doc struct {
			Currency money.Currency `json:"currency"`
		}
		if _, err := api.get(ctx, path("invoices", c.Ref), nil, &doc); err != nil {
			return err
		}
		var x invoice.Explanation
		raw, err := api.get(ctx, path("invoices", c.Ref, "lines", strconv.Itoa(c.Line), "explanation"), query("as", as), &x)
		if err != nil {
			return err
		}
		if c.Output == "table" {
			out := bufio.NewWriter(e.Out)
			walk{out, doc.Currency, c.All}.explanation(x)
			err = out.Flush()
		} else {
			err = e.show(c.shown, raw, rowTable(x))
		}
		if err == nil && !x.Holds {
			err = fault.New(fault.Internal, "explanation_does_not_hold", "the parts do not add up to the printed amount; run \"purveyor check\"")
		}
		return err
	})
}

// rowTable is an explanation as one record a row of usage.
func rowTable(x invoice.Explanation) *table {
	t := newTable("meter", "resource", ">group amount", "file", ">line", "day", ">quantity", ">cost", "rule", "printed")
	for _, g := range x.Groups {
		rule := ""
		if g.Rate != nil && g.Rate.Rule != "" {
			rule = g.Rate.BookKey + " version " + strconv.Itoa(g.Rate.Version) + ": " + g.Rate.Rule
		}
		for _, r := range g.Rows {
			cost := ""
			if r.Cost != nil {
				cost = r.Cost.String()
			}
			t.add(g.Meter, g.Resource, g.Amount, r.File, r.Line, r.Day, r.Quantity, cost, rule, r.Printed)
		}
	}
	return t
}

// How much of an explanation is printed unless all is asked for.
const (
	walkGroups = 10
	walkRows   = 5
)

// walk prints an explanation from the printed amount downward.
type walk struct {
	out      *bufio.Writer
	currency money.Currency
	all      bool
}

func (w walk) say(format string, args ...any) {
	for i := range args {
		if s, ok := args[i].(string); ok {
			args[i] = clean(s)
		}
	}
	fmt.Fprintf(w.out, format+"\n", args...)
}

func (w walk) explanation(x invoice.Explanation) {
	l := x.Line
	w.say("%s line %d: %s", x.Invoice, l.Number, l.Description)
	w.say("%s (%s), %s", l.CustomerName, l.Customer, days(l.Span))
	w.say("")
	amounts := []string{fixed(x.Net, w.currency), x.Exact.String(), x.Residue.String(), x.Billed.Neg().String()}
	width, point := columns(amounts)
	for i, name := range []string{"printed", "exact, of all below", "added by rounding", "billed before"} {
		if i < 3 || !x.Billed.IsZero() {
			w.say("  %-20s %s %s", name, aligned(amounts[i], width, point), w.currency)
		}
	}
	for i, g := range x.Groups {
		if i == walkGroups && !w.all {
			w.say("\n… and %s more; --all shows them", count(len(x.Groups)-i, "group"))
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
	if p.Covered {
		text += "; covered by a reservation or savings plan"
	}
	w.say("   provider  %s", text)
}

func (w walk) rows(rows []invoice.ExplainedRow) {
	for i, r := range rows {
		if i == walkRows && !w.all {
			w.say("   … and %s more", count(len(rows)-i, "row"))
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

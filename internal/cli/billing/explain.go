package billing

import (
	"context"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/cli/walk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// Explain leads an amount back to where it comes from.
type Explain struct {
	Ref     string `arg:"" name:"invoice" help:"The document's number, or its id."`
	Line    int    `arg:"" help:"The number of the line."`
	AsBuyer bool   `help:"Show only what the buyer may see: no purchase prices, no rules, no amounts of the provider."`
	All     bool   `help:"Show every group and row; otherwise only the largest."`
	command.Shown
}

// Help is the long help.
func (Explain) Help() string {
	return `From the amount as printed down to the provider's rows: file and line, rule and version of the price book, exchange
rate with its date and source, and what rounding added.

  purveyor explain INV-2026-00007 3`
}

// Run explains a line. The exit code is 0 only when the parts add up to what is printed.
func (c *Explain) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		as := ""
		if c.AsBuyer {
			as = "buyer"
		}
		var doc struct {
			Currency money.Currency `json:"currency"`
		}
		if _, err := api.Get(ctx, call.Path("invoices", c.Ref), nil, &doc); err != nil {
			return err
		}
		var x invoice.Explanation
		raw, err := api.Get(ctx, call.Path("invoices", c.Ref, "lines", strconv.Itoa(c.Line), "explanation"), call.Query("as", as), &x)
		if err != nil {
			return err
		}
		if c.Output == "table" {
			err = walk.Print(e.Out, x, doc.Currency, c.All)
		} else {
			err = e.Show(c.Shown, raw, rowTable(x))
		}
		if err == nil && !x.Holds {
			err = fault.New(fault.Internal, "explanation_does_not_hold", "the parts do not add up to the printed amount; run \"purveyor check\"")
		}
		return err
	})
}

// rowTable is an explanation as one record a row of usage.
func rowTable(x invoice.Explanation) *table.Table {
	t := table.New("meter", "resource", ">group amount", "file", ">line", "day", ">quantity", ">cost", "rule", "printed")
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
			t.Add(g.Meter, g.Resource, g.Amount, r.File, r.Line, r.Day, r.Quantity, cost, rule, r.Printed)
		}
	}
	return t
}

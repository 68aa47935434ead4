package recon

import (
	"context"
	"io"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Statement reads a reconciliation file: its lines, and the problems of lines that cannot be read.
type Statement = func(name string, r io.Reader) ([]usage.StatementLine, []usage.Problem, error)

type handlers struct {
	recons *recon.Service
	read   Statement
}

type reconcileInput struct {
	kernel.PeriodQuery
	Name  string   `query:"name" default:"statement" doc:"Name of the file, for what is said about it."`
	Total []string `query:"invoice_total,explode" doc:"The provider's invoice total, such as EUR:123.45; the sum of the lines if not given."`
}

func (v handlers) compare(ctx context.Context, in *reconcileInput, file io.Reader) (recon.Result, error) {
	total, err := parseTotals(in.Total)
	if err != nil {
		return recon.Result{}, err
	}
	var problems []usage.Problem
	out, err := v.recons.CompareRead(ctx, in.Period.Month, func() (lines []usage.StatementLine, err error) {
		lines, problems, err = v.read(in.Name, file)
		return lines, err
	}, total)
	out.Problems = problems
	return out, err
}

// tooLong refuses a statement whose lines would not fit into memory. Those of the largest partners are a tenth of that.
func tooLong(longest kernel.Size) error {
	return fault.New(fault.TooLarge, "statement_too_large", "the statement has more than %s; nothing was compared: compare its invoices one by one", longest)
}

// parseTotals parses totals such as "EUR:123.45", one for each currency; without any it is nil.
func parseTotals(list []string) (money.Totals, error) {
	var out money.Totals
	for _, one := range list {
		code, amount, _ := strings.Cut(one, ":")
		c, err := money.ParseCurrency(code)
		if err == nil {
			var d money.Decimal
			if d, err = money.Parse(amount); err == nil {
				if out == nil {
					out = money.Totals{}
				}
				out.Add(money.Of(d, c))
				continue
			}
		}
		return nil, fault.New(fault.Invalid, "bad_total", "%q is not an amount such as EUR:123.45", one).With("invoice_total", "unreadable").Because(err)
	}
	return out, nil
}

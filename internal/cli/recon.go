package cli

import (
	"bufio"
	"context"
	"net/http"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/cli/sheet"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/recon"
)

type reconCommand struct {
	Period       period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	Statement    string       `required:"" placeholder:"FILE" help:"The provider's reconciliation file; \"-\" is standard input."`
	InvoiceTotal []string     `placeholder:"EUR:123.45" help:"The total of the provider's invoice in a currency; the sum of its lines if not given."`
	shown
}

// Help is the long help.
func (reconCommand) Help() string {
	return `Nothing is kept: the file is only read. What no reason accounts for comes first, then the way from the imported rows
to the statement's total, then each difference.

  purveyor recon --period 2026-09 --statement recon-2026-09.csv`
}

// Run reconciles. The exit code is 0 only when the statement agrees to the cent.
func (c *reconCommand) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		r, raw, err := e.reconcile(ctx, api, c.Period, c.Statement, c.InvoiceTotal)
		if err != nil {
			return err
		}
		if c.Output == "table" {
			out := bufio.NewWriter(e.Out)
			sheet.PrintRecon(out, r)
			err = out.Flush()
		} else {
			err = e.show(c.shown, raw, sheet.Recon(r))
		}
		if err != nil {
			return err
		}
		return disagreement(r)
	})
}

// reconcile holds a statement file against a month.
func (e *env) reconcile(ctx context.Context, api *client, p period.Month, file string, totals []string) (r recon.Result, raw []byte, err error) {
	found, err := e.sourcesOf([]string{file})
	if err != nil {
		return r, nil, err
	}
	if len(found) != 1 {
		return r, nil, fault.New(fault.Invalid, "one_statement", "%s holds %d files; name one statement. Nothing was compared", file, len(found))
	}
	in, err := found[0].open()
	if err != nil {
		return r, nil, unreadable(file, err)
	}
	defer in.Close()
	q := url.Values{"period": {p.String()}, "name": {file}, "invoice_total": totals}
	raw, err = api.call(ctx, request{http.MethodPost, "/reconciliations", q, in, "application/octet-stream", asJSON}, &r)
	return r, raw, err
}

func disagreement(r recon.Result) error {
	switch {
	case !r.Unexplained.IsZero():
		return fault.New(fault.Conflict, "unexplained", "the statement differs by %s for no reason we know, and by %s with a reason",
			sums(r.Unexplained), count(len(r.Differences), "difference"))
	case len(r.Differences) > 0:
		return fault.New(fault.Conflict, "statement_differs", "the statement is wrong in %s, all explained; claim them from the provider",
			count(len(r.Differences), "place"))
	}
	return nil
}

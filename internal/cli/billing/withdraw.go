package billing

import (
	"context"
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
)

type withdrawCommand struct {
	Invoice string `required:"" placeholder:"NUMBER" help:"The provider's invoice number."`
	Account string `placeholder:"ID" help:"Your account at the provider, where two of them have such an invoice."`
	Reason  string `help:"Why; it goes into the event log."`
	DryRun  bool   `help:"Say what would be taken out and what that does to issued months; change nothing."`
	command.Shown
}

// Help is the long help.
func (withdrawCommand) Help() string {
	return `For an invoice that the provider has voided or billed again under another number. Its usage and its reconciliation lines no
longer count; the next documents take back what was invoiced for them. Importing its files again brings them back.

  purveyor usage withdraw --invoice G0123456 --dry-run
  purveyor usage withdraw --invoice G0123456 --reason "voided by the provider, replaced by G0123999"`
}

// Run withdraws.
func (c *withdrawCommand) Run(ctx context.Context, e *command.Env) error {
	w := intake.Withdrawal{Invoice: c.Invoice, Account: c.Account, Reason: c.Reason, DryRun: c.DryRun}
	return e.With(ctx, func(api *call.Client) error {
		var did intake.Withdrawn
		raw, err := api.Send(ctx, http.MethodPost, "/withdrawals", w, &did)
		if err != nil {
			return err
		}
		return e.Show(c.Shown, raw, withdrawnTable(did), effectsTable(did.DryRun, did.Effects))
	})
}

func withdrawnTable(w intake.Withdrawn) *table.Table {
	t := table.New("batch", "dataset", "period", ">rows", ">cost", "currency").Titled("taken out of what counts:")
	switch {
	case len(w.Batches) == 0:
		t.Title = "nothing of invoice " + w.Invoice + " counts; nothing was changed"
	case w.DryRun:
		t.Title = "would be taken out of what counts; nothing was changed:"
	}
	for _, b := range w.Batches {
		t.Add(b.ID, b.Dataset, b.Period, b.Rows, money.Of(b.Cost, b.Currency), b.Currency)
	}
	return t
}

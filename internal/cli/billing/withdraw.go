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
	Account string `placeholder:"ID" help:"Your account at the provider, if two accounts have an invoice of this number."`
	Reason  string `help:"Why; it goes into the event log."`
	DryRun  bool   `help:"Only show what would no longer count, and what that changes in issued months."`
	command.Shown
}

// Help is the long help.
func (withdrawCommand) Help() string {
	return `For an invoice that the provider has voided or billed again under another number. Its usage and its reconciliation lines no
longer count; the next documents credit what was invoiced for them. Importing its files again makes them count again.

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
	t := table.New("batch", "dataset", "period", ">rows", ">cost", "currency").Titled("no longer counted:")
	switch {
	case len(w.Batches) == 0:
		t.Title = "nothing of invoice " + w.Invoice + " is counted; nothing was changed"
	case w.DryRun:
		t.Title = "would no longer be counted; nothing was changed:"
	}
	for _, b := range w.Batches {
		t.Add(b.ID, b.Dataset, b.Period, b.Rows, money.Of(b.Cost, b.Currency), b.Currency)
	}
	return t
}

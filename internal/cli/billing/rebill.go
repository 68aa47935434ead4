package billing

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/api/native/invoice"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/period"
)

type rebillCommand struct {
	Period period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	Buyer  string       `required:"" placeholder:"KEY" help:"The buyer whose month is billed again."`
	DryRun bool         `help:"Only show the documents that would be drafted, and by how much the month's total would change."`
	Cancel bool         `help:"Discard these drafts; issued documents stay as they are."`
	command.Shown
}

// Help is the long help.
func (rebillCommand) Help() string {
	return `A month keeps the book, grouping, currency, exchange rates and taxes of its first issued document. This
command bills it with those of today: each issued document gets a credit note, and its amounts go on a new document. All
of them are drafts, and are approved and issued together.

  purveyor invoice rebill --period 2026-09 --buyer c0007 --dry-run
  purveyor invoice rebill --period 2026-09 --buyer c0007
  purveyor invoice approve --period 2026-09
  purveyor invoice issue --period 2026-09`
}

// rebilling is the body of the call.
type rebilling struct {
	Buyer  string `json:"buyer"`
	DryRun bool   `json:"dry_run,omitempty"`
	Cancel bool   `json:"cancel,omitempty"`
}

// Run bills a month again.
func (c *rebillCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		var did invoice.Rebilled
		raw, err := api.Post(ctx, call.Path("periods", c.Period.String(), "rebill"), rebilling{c.Buyer, c.DryRun, c.Cancel}, &did)
		if err != nil {
			return err
		}
		t := invoiceTable(did.Drafts...)
		switch {
		case c.Cancel:
			t.Titled("%s discarded", table.Count(did.Discarded, "draft"))
		case c.DryRun:
			return e.Show(c.Shown, raw, t.Titled("would be drafted:"), selling.ImpactTable(did.Months))
		}
		return e.Show(c.Shown, raw, t)
	})
}

package billing

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Margins is what each seller bought and sold for.
type Margins struct {
	Period period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	command.Shown
}

// Run says what each seller earned.
func (c *Margins) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		found, raw, err := MarginsOf(ctx, api, c.Period)
		if err != nil {
			return err
		}
		return e.Show(c.Shown, raw, MarginTable(found))
	})
}

// MarginColumns are the columns of a MarginTable.
func MarginColumns() []string {
	return []string{"seller", ">documents", ">sold", ">cost", ">margin", "currency"}
}

// MarginTable lists what each seller earned.
func MarginTable(found []invoice.Margin) *table.Table {
	t := table.New(MarginColumns()...)
	for _, m := range found {
		earned := any(money.Of(m.Margin, m.Currency))
		if len(m.Unconverted) > 0 {
			earned = "no rate"
		}
		t.Add(m.Seller, m.Documents, money.Of(m.Sold, m.Currency), money.Of(m.Cost, m.Currency), earned, m.Currency)
	}
	return t
}

// MarginsOf is what each seller bought and sold for in a month.
func MarginsOf(ctx context.Context, api *call.Client, p period.Month) ([]invoice.Margin, []byte, error) {
	return call.List[invoice.Margin](ctx, api, "/margins", call.Query("period", p.String()))
}

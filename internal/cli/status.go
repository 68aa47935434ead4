package cli

import (
	"context"
	"fmt"

	"github.com/alecthomas/kong"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

type statusCommand struct{ shown }

// Run says what there is.
func (c *statusCommand) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		var s native.Status
		raw, err := api.get(ctx, "/status", nil, &s)
		if err != nil {
			return err
		}
		t := table.New("what", "value")
		t.Add("version", s.Version)
		t.Add("business clock", s.Now.UTC().Format("2006-01-02 15:04:05 UTC"))
		t.Add("demo data", word(s.Demo))
		for _, kind := range []org.Kind{org.Partner, org.Reseller, org.Customer} {
			t.Add(string(kind)+"s", s.Organisations[kind])
		}
		t.Add("edges", s.Edges)
		t.Add("import commands", s.Loads)
		t.Add("rows", s.Rows)
		return e.show(c.shown, raw, t)
	})
}

type marginsCommand struct {
	Period period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	shown
}

// Run says what each seller earned.
func (c *marginsCommand) Run(ctx context.Context, e *env) error {
	return e.with(ctx, OpenOptions{}, func(api *client) error {
		found, raw, err := api.margins(ctx, c.Period)
		if err != nil {
			return err
		}
		return e.show(c.shown, raw, marginTable(found))
	})
}

func marginColumns() []string {
	return []string{"seller", ">documents", ">sold", ">cost", ">margin", "currency"}
}

func marginTable(found []invoice.Margin) *table.Table {
	t := table.New(marginColumns()...)
	for _, m := range found {
		earned := any(money.Of(m.Margin, m.Currency))
		if len(m.Unconverted) > 0 {
			earned = "no rate"
		}
		t.Add(m.Seller, m.Documents, money.Of(m.Sold, m.Currency), money.Of(m.Cost, m.Currency), earned, m.Currency)
	}
	return t
}

func (c *client) margins(ctx context.Context, p period.Month) ([]invoice.Margin, []byte, error) {
	return list[invoice.Margin](ctx, c, "/margins", query("period", p.String()))
}

type versionCommand struct{}

// Run prints the version.
func (versionCommand) Run(e *env) error {
	_, err := fmt.Fprintln(e.Out, "purveyor "+e.Version)
	return err
}

type serveCommand struct {
	kong.Plugins // the settings of whoever builds the program
}

// Help is the long help.
func (serveCommand) Help() string {
	return `On plain HTTP the server answers to this machine only, and whoever shows nothing is the local operator. Over TLS people sign
in, and it may listen anywhere; it prints the link of the first person once there is a partner. While it runs, every other command goes through it.

  purveyor serve
  purveyor serve --tls-host localhost    TLS; clients trust vault/ca.pem of the data directory`
}

// Run serves until it is interrupted.
func (c *serveCommand) Run(ctx context.Context, e *env) error { return e.Serve(ctx, e.dir()) }

package demo

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/cli/billing"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/cli/upkeep"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/sample/statement"
)

// Demo is what there is for demo data.
type Demo struct {
	Make  makeDemo  `cmd:"" default:"withargs" help:"Make the demo world and bill its months; the same as \"demo\" alone."`
	Users listUsers `cmd:"" help:"List people to sign in as, one for each role, with their passwords."`
}

// makeDemo makes a world and closes three months of it.
type makeDemo struct {
	Customers int `default:"30" help:"How many customers to make up."`
	Rows      int `default:"20000" help:"How many rows of usage a month."`
}

// Help is the long help.
func (Demo) Help() string { return makeDemo{}.Help() }

// Help is the long help.
func (makeDemo) Help() string {
	return `Makes a distributor, two resellers, a sub-reseller and their customers, in ./demo-data unless --data names another folder;
imports usage files in the provider's format, issues the invoices of every edge, and reconciles the provider's statement.
Running it again on the same folder changes nothing.

  purveyor demo
  purveyor invoice list --data demo-data
  purveyor demo users                    people to sign in as, one for each role`
}

// demoData is where demo data is when nobody says otherwise, whatever the environment names: real data is elsewhere.
const demoData = "demo-data"

// demoMonths is the months of the demo: those that world.Init has prices and exchange rates for.
func demoMonths() []period.Month {
	first := period.NewDate(2026, 7, 1).Month()
	return []period.Month{first, first + 1, first + 2}
}

// Run makes whatever is not there yet, and says what there is.
func (c *makeDemo) Run(ctx context.Context, e *command.Env) error {
	if e.Data == "" {
		e.Data = demoData
	}
	return e.At(ctx, e.Dir(), command.OpenOptions{Create: true}, func(api *call.Client) error {
		d := demo{makeDemo: *c, Env: e, api: api, dir: e.Data}
		if err := d.begin(ctx); err != nil {
			return err
		}
		for _, m := range demoMonths() {
			if err := d.month(ctx, m); err != nil {
				return err
			}
		}
		if err := d.credit(ctx, demoMonths()[0]); err != nil {
			return err
		}
		if err := d.users(ctx); err != nil {
			return err
		}
		return d.print(ctx)
	})
}

// demo is one run of the demo.
type demo struct {
	makeDemo
	*command.Env
	api *call.Client
	dir string
}

func (d *demo) in(parts ...string) string { return filepath.Join(append([]string{d.dir}, parts...)...) }

// begin makes the clock, the organisations and the price books, where they are not there.
func (d *demo) begin(ctx context.Context) error {
	now, _, err := upkeep.ReadClock(ctx, d.api)
	if err != nil {
		return err
	}
	if !now.Movable {
		if _, _, err := upkeep.MoveClock(ctx, d.api, upkeep.Move{To: demoMonths()[0].Start(), Demo: true}); err != nil {
			return err
		}
	}
	if _, err := os.Stat(d.in("world.yaml")); err != nil {
		d.Note("making %s, in %s", table.Count(d.Customers, "customer"), d.dir)
		if err := selling.WriteFiles(d.dir, d.Customers, 0); err != nil {
			return err
		}
	}
	have, _, err := selling.Organisations(ctx, d.api)
	if err != nil {
		return err
	}
	if len(have.Organisations) == 0 {
		if err := d.file("world.yaml", func(name string, text []byte) error {
			_, _, err := selling.ApplyWorld(ctx, d.api, name, text, false)
			return err
		}); err != nil {
			return err
		}
		if have, _, err = selling.Organisations(ctx, d.api); err != nil {
			return err
		}
	}
	d.Customers = 0 // a demo made before may have others
	for _, o := range have.Organisations {
		if o.Kind == org.Customer {
			d.Customers++
		}
	}
	books, _, err := call.List[pricing.Book](ctx, d.api, "/price-books", nil)
	if err != nil || len(books) > 0 {
		return err
	}
	return d.file("book.yaml", func(name string, text []byte) error {
		_, _, err := selling.PublishBooks(ctx, d.api, name, text, false)
		return err
	})
}

func (d *demo) file(name string, f func(string, []byte) error) error {
	text, err := d.Read(d.in(name))
	if err != nil {
		return err
	}
	return f(d.in(name), text)
}

// month closes a month, unless it is closed.
func (d *demo) month(ctx context.Context, m period.Month) error {
	closed, err := d.closed(ctx, m)
	if err != nil || closed {
		return err
	}
	d.Note("%s: making usage and statement, importing, billing", m)
	usage, lines, err := d.generate(m)
	if err != nil {
		return err
	}
	if err := d.wait(ctx, m.End()); err != nil {
		return err
	}
	if err := d.imports(ctx, m, usage, lines); err != nil {
		return err
	}
	if err := billing.Close(ctx, d.api, m, m.End(), billing.Unbilled); err != nil {
		return err
	}
	r, _, err := billing.Reconcile(ctx, d.Env, d.api, m, lines, nil)
	if err != nil {
		return err
	}
	d.Note("%s: the provider's statement of %s: unexplained %s, %s", m, table.Sums(r.Statement), table.Sums(r.Unexplained), table.Count(len(r.Differences), "difference"))
	return billing.Disagreement(r)
}

// closed says whether a month has documents, all of them issued.
func (d *demo) closed(ctx context.Context, m period.Month) (bool, error) {
	found, _, err := billing.Documents(ctx, d.api, m.String(), "", "")
	for _, v := range found {
		if v.Number == "" {
			return false, err
		}
	}
	return len(found) > 0, err
}

// wait moves the business clock to a day, unless it is past it.
func (d *demo) wait(ctx context.Context, until period.Date) error {
	now, _, err := upkeep.ReadClock(ctx, d.api)
	if err != nil || !now.Now.Before(until.Time()) {
		return err
	}
	_, _, err = upkeep.MoveClock(ctx, d.api, upkeep.Move{To: until})
	return err
}

// generate writes the provider's files of a month, where they are not there.
func (d *demo) generate(m period.Month) (usage, lines string, err error) {
	if err := os.MkdirAll(d.in("provider"), 0o755); err != nil {
		return "", "", err
	}
	usage, lines = d.in("provider", "usage-"+m.String()+".csv.gz"), d.in("provider", "statement-"+m.String()+".csv")
	s := sample.Spec{Rows: d.Rows, Customers: d.Customers, Seed: uint64(m), Month: m.String(), Format: "csv.gz", Shape: sample.Typical}
	for name, fill := range map[string]func(io.Writer) error{
		usage: func(w io.Writer) error { _, err := sample.Generate(w, s); return err },
		lines: func(w io.Writer) error {
			_, err := statement.Write(w, s, statement.Options{Seed: uint64(m)})
			return err
		},
	} {
		if _, err := os.Stat(name); err == nil {
			continue
		}
		if err := command.Write(name+".part", fill); err != nil {
			return "", "", err
		}
		if err := os.Rename(name+".part", name); err != nil {
			return "", "", err
		}
	}
	return usage, lines, nil
}

func (d *demo) imports(ctx context.Context, m period.Month, usage, lines string) error {
	for _, one := range []struct{ name, dataset, complete string }{{usage, "usage", "true"}, {lines, "reconciliation", ""}} {
		files, err := d.Files([]string{one.name})
		if err != nil {
			return err
		}
		q := call.Query("dataset", one.dataset, "period", m.String(), "complete", one.complete)
		load, _, err := d.Import(ctx, d.api, q, files)
		if err != nil {
			return err
		}
		if err := billing.Verdict(load); err != nil {
			return err
		}
	}
	return nil
}

// print exports the documents that are not there, and says what there is.
func (d *demo) print(ctx context.Context) error {
	documents := table.New("month", "seller", ">documents", ">net", ">tax", ">total", "currency").Titled("Invoices")
	margins := table.New(append([]string{"month"}, billing.MarginColumns()...)...).Titled("Margins")
	exported := 0
	for _, m := range demoMonths() {
		found, _, err := billing.Documents(ctx, d.api, m.String(), "", "")
		if err != nil {
			return err
		}
		if err := billing.Export(ctx, d.api, found, billing.Exporting{Dir: d.in("invoices")}); err != nil {
			return err
		}
		exported += len(found)
		addUp(documents, m, found)
		earned, _, err := billing.MarginsOf(ctx, d.api, m)
		if err != nil {
			return err
		}
		margins.Under(m.String(), billing.MarginTable(earned))
	}
	if err := d.Show(command.Shown{}, nil, documents, margins); err != nil {
		return err
	}
	_, err := fmt.Fprintf(d.Out, "\n%s in %s, the provider's files in %s\n", table.Count(exported, "document"), d.in("invoices"), d.in("provider"))
	return err
}

// addUp adds a row for each seller and currency: documents come ordered by seller.
func addUp(t *table.Table, m period.Month, found []invoice.Summary) {
	type key struct {
		seller string
		money.Currency
	}
	type sum struct {
		n               int
		net, tax, total money.Decimal
	}
	sums, order := map[key]*sum{}, []key{}
	for _, v := range found {
		k := key{v.Seller, v.Currency}
		if sums[k] == nil {
			sums[k] = &sum{}
			order = append(order, k)
		}
		s := sums[k]
		s.n, s.net, s.tax, s.total = s.n+1, s.net.Add(v.Net), s.tax.Add(v.Tax), s.total.Add(v.Total)
	}
	for _, k := range order {
		s := sums[k]
		t.Add(m, k.seller, s.n, s.net.Fixed(k.Digits()), s.tax.Fixed(k.Digits()), s.total.Fixed(k.Digits()), k.Currency)
	}
}

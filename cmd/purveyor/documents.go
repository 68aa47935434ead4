package main

import (
	"context"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// documents writes every issued document of a period as PDF, JSON and CSV: OUT/invoices/SELLER/NUMBER.*.
func (c *billCommand) documents(ctx context.Context, n *installation, p period.Month, out *summary) error {
	list, err := n.api.Invoices.List(ctx, invoice.Filter{Period: p, State: invoice.Issued})
	if err != nil {
		return err
	}
	w, err := n.api.Orgs.World(ctx)
	if err != nil {
		return err
	}
	partner := ""
	if o := w.Index().Partner(); o != nil {
		partner = o.Key
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, s := range list {
		d, err := n.api.Invoices.Find(ctx, string(s.ID))
		if err != nil {
			return err
		}
		digits := s.Currency.Digits()
		out.Invoices = append(out.Invoices, billed{s.Number, s.Seller, s.Buyer, s.Currency, s.Net.Fixed(digits), s.Tax.Fixed(digits), s.Total.Fixed(digits)})
		if s.Seller == partner {
			out.Totals.Sell.Add(money.Of(s.Net, s.Currency))
		}
		g.Go(func() error { return render(n, filepath.Join(c.Out, "invoices", s.Seller), d) })
	}
	return g.Wait()
}

func render(n *installation, dir string, d invoice.Invoice) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	base := filepath.Join(dir, d.Number)
	pdf, err := os.Create(base + ".pdf")
	if err != nil {
		return err
	}
	defer pdf.Close()
	if err := document.PDF(pdf, d); err != nil {
		return err
	}
	js, err := os.Create(base + ".json")
	if err != nil {
		return err
	}
	defer js.Close()
	if err := document.JSON(js, d); err != nil {
		return err
	}
	csv, err := os.Create(base + ".csv")
	if err != nil {
		return err
	}
	defer csv.Close()
	return document.Detail(csv, d, func(yield func(invoice.Group) error) error {
		return invoice.Groups(n.files, d.Worksheet, yield)
	})
}

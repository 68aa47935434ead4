package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/usage/microsoft"
)

// reconcile holds the statement against what was billed, and writes reconciliation.json.
func (c *billCommand) reconcile(ctx context.Context, n *installation, p period.Month) (*recon.Result, error) {
	f, err := os.Open(c.Statement)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines, err := microsoft.Statement(c.Statement, f)
	if err != nil {
		return nil, err
	}
	r, err := n.api.Recon.Compare(ctx, p, lines, nil)
	if err != nil {
		return nil, err
	}
	return &r, writeJSON(filepath.Join(c.Out, "reconciliation.json"), r)
}

// shownDifferences is how many differences are printed; all are in the file.
const shownDifferences = 20

// printRecon prints what is unexplained first, then the bridge, then the differences, largest first.
func printRecon(w io.Writer, r recon.Result) {
	for _, c := range r.Unexplained.Currencies() {
		fmt.Fprintf(w, "unexplained %12s %s\n", r.Unexplained[c].Fixed(c.Digits()), c)
	}
	for _, p := range r.Parts {
		fmt.Fprintf(w, "  %-15s %18s %s\n", p.Code, p.Amount.Round(p.Currency.Digits()).Fixed(p.Currency.Digits()), p.Currency)
	}
	for _, c := range r.Statement.Currencies() {
		fmt.Fprintf(w, "  %-15s %18s %s\n", "statement", r.Statement[c].Fixed(c.Digits()), c)
	}
	for i, d := range r.Differences {
		if i == shownDifferences {
			fmt.Fprintf(w, "… and %d more differences, in reconciliation.json\n", len(r.Differences)-i)
			break
		}
		fmt.Fprintf(w, "difference %-14s %12s %s  %s  %s: %s\n", d.Code, d.Amount.Fixed(2), d.Currency, d.Customer, d.Meter, d.Explanation)
	}
}

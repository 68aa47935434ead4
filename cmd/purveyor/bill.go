package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// billCommand takes files to issued invoices; a data directory exists only while it runs.
type billCommand struct {
	Usage     []string `required:"" type:"path" help:"Usage files or folders of them (CSV or JSON lines, plain or .gz)."`
	Statement string   `type:"existingfile" help:"The provider's invoice reconciliation file."`
	World     string   `required:"" type:"existingfile" help:"Organisations and edges (world.yaml)."`
	Book      string   `required:"" type:"existingfile" help:"Price books (book.yaml)."`
	Period    string   `required:"" placeholder:"YYYY-MM" help:"The month to bill."`
	Out       string   `required:"" type:"path" help:"Folder for invoices, reconciliation and summary.json."`
	IssueDate string   `placeholder:"YYYY-MM-DD" help:"Issue date of the documents; the first day after the month if not given."`
}

// summary is what a billing run came to.
type summary struct {
	Period   period.Month         `json:"period"`
	Rows     usage.Counts         `json:"rows"`
	Lines    usage.Counts         `json:"statement_lines"`
	Totals   totals               `json:"totals"`
	Missing  int64                `json:"list_missing"`
	Open     int64                `json:"unresolved"`
	Excluded int64                `json:"excluded"`
	Invoices []billed             `json:"invoices"`
	Why      []invoice.Unresolved `json:"unresolved_by_reason,omitempty"`
	Problems []usage.Problem      `json:"problems,omitempty"`
	recon    *recon.Result
}

type totals struct {
	Cost money.Totals `json:"cost"`
	List money.Totals `json:"list"`
	Sell money.Totals `json:"sell"`
}

type billed struct {
	Number   string         `json:"number"`
	Seller   string         `json:"seller"`
	Buyer    string         `json:"buyer"`
	Currency money.Currency `json:"currency"`
	Net      string         `json:"net"`
	Tax      string         `json:"tax"`
	Total    string         `json:"total"`
}

// Run bills. The exit code is 0 only when every row of the files was read and every row of the month has a price.
func (c *billCommand) Run(ctx context.Context) (err error) {
	p, err := period.ParseMonth(c.Period)
	if err != nil {
		return err
	}
	on := p.End()
	if c.IssueDate != "" {
		if on, err = period.ParseDate(c.IssueDate); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(c.Out, 0o755); err != nil {
		return err
	}
	dir, err := os.MkdirTemp(c.Out, ".working-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	n, err := open(ctx, dir, opening{Settings: config.Settings{Memory: "1GB"}, log: discardLog(), temporary: true, now: func() time.Time { return on.Time() }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	return c.bill(ctx, n, p, on)
}

func (c *billCommand) bill(ctx context.Context, n *installation, p period.Month, on period.Date) error {
	if err := n.apply(ctx, c.World, c.Book); err != nil {
		return err
	}
	out := summary{Period: p, Totals: totals{Sell: money.Totals{}}, Invoices: []billed{}}
	sources, err := sourcesOf(c.Usage)
	if err != nil {
		return err
	}
	bar := newBar("import")
	load, err := n.api.Usage.Import(ctx, usage.Request{Sources: sources, Dataset: usage.DailyUsage, Complete: true, Progress: bar.show})
	bar.done()
	if err != nil {
		return err
	}
	out.take(load, &out.Rows)
	if c.Statement != "" {
		sources, err := sourcesOf([]string{c.Statement})
		if err != nil {
			return err
		}
		load, err := n.api.Usage.Import(ctx, usage.Request{Sources: sources, Dataset: usage.Reconciliation, Period: p})
		if err != nil {
			return err
		}
		out.take(load, &out.Lines)
	}
	run, err := n.close(ctx, p, on)
	if err != nil {
		return err
	}
	out.Totals.Cost, out.Totals.List = run.Tally.Cost, run.Tally.List
	out.Missing, out.Open, out.Why, out.Excluded = run.Tally.ListMissing, run.Tally.Unresolved, run.Unresolved, run.Excluded.Rows
	if err := c.documents(ctx, n, p, &out); err != nil {
		return err
	}
	if c.Statement != "" {
		if out.recon, err = c.reconcile(ctx, n, p); err != nil {
			return err
		}
	}
	if err := writeJSON(filepath.Join(c.Out, "summary.json"), out); err != nil {
		return err
	}
	out.print(os.Stdout, c.Out)
	return out.verdict(c.Out)
}

func (s *summary) take(l usage.Load, into *usage.Counts) {
	*into = l.Rows
	s.Problems = append(s.Problems, l.Problems...)
}

// apply makes the world and publishes the books of two files.
func (n *installation) apply(ctx context.Context, worldFile, bookFile string) error {
	text, err := os.ReadFile(worldFile)
	if err != nil {
		return err
	}
	w, err := world.Parse(text)
	if err != nil {
		return inFile(worldFile, err)
	}
	if _, err := n.api.Orgs.Apply(ctx, w, false); err != nil {
		return inFile(worldFile, err)
	}
	if text, err = os.ReadFile(bookFile); err != nil {
		return err
	}
	books, err := world.ParseBooks(text)
	if err != nil {
		return inFile(bookFile, err)
	}
	for _, b := range books {
		if _, err := n.api.Books.Publish(ctx, b); err != nil {
			return inFile(bookFile, err)
		}
	}
	return nil
}

// inFile says which file a fault is about.
func inFile(name string, err error) error {
	if f, ok := errors.AsType[*fault.Fault](err); ok {
		f.Text = name + ": " + f.Text
	}
	return err
}

// close drafts, approves and issues a period.
func (n *installation) close(ctx context.Context, p period.Month, on period.Date) (invoice.Run, error) {
	run, err := n.api.Invoices.Draft(ctx, p)
	if err != nil {
		return run, err
	}
	if _, err := n.api.Invoices.Approve(ctx, p, nil); err != nil {
		return run, err
	}
	_, err = n.api.Invoices.Issue(ctx, invoice.Issuing{Period: p, On: on})
	return run, err
}

// sourcesOf lists the files named, those of folders in order of their names; "-" is standard input.
func sourcesOf(names []string) ([]usage.Source, error) {
	var out []usage.Source
	for _, name := range names {
		if name == "-" || filepath.Base(name) == "-" {
			out = append(out, usage.Source{Name: "standard input", Open: func() (io.ReadCloser, error) { return io.NopCloser(os.Stdin), nil }})
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, fault.New(fault.Invalid, "no_such_file", "%s cannot be read; nothing was imported", name).Because(err)
		}
		if !info.IsDir() {
			out = append(out, source(name, info.Size()))
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, err
		}
		for _, e := range entries {
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && !strings.HasPrefix(e.Name(), ".") {
				out = append(out, source(filepath.Join(name, e.Name()), info.Size()))
			}
		}
	}
	return out, nil
}

func source(name string, size int64) usage.Source {
	return usage.Source{Name: name, Size: size, Open: func() (io.ReadCloser, error) { return os.Open(name) }}
}

func writeJSON(path string, v any) error {
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o644)
}

// verdict is an error unless all is well: nothing refused, nothing set aside, nothing without a price.
func (s *summary) verdict(out string) error {
	bad := s.Rows.Refused + s.Rows.Quarantined + s.Lines.Refused + s.Open
	if bad == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "not_everything_billed",
		"the invoices are issued, but %d rows were refused, %d kept aside and %d found no price or customer; see %s",
		s.Rows.Refused+s.Lines.Refused, s.Rows.Quarantined+s.Lines.Quarantined, s.Open, filepath.Join(out, "summary.json"))
}

func (s *summary) print(w io.Writer, out string) {
	fmt.Fprintf(w, "%s  rows %d: sealed %d, skipped %d, kept aside %d, refused %d\n", s.Period, s.Rows.In, s.Rows.Sealed, s.Rows.Skipped, s.Rows.Quarantined, s.Rows.Refused)
	for _, t := range []struct {
		name string
		sums money.Totals
	}{{"cost", s.Totals.Cost}, {"list", s.Totals.List}, {"sell", s.Totals.Sell}} {
		for _, c := range t.sums.Currencies() {
			fmt.Fprintf(w, "%-5s %18s %s\n", t.name, t.sums[c].Round(c.Digits()).Fixed(c.Digits()), c)
		}
	}
	for _, u := range s.Why {
		fmt.Fprintf(w, "unresolved: %s, %d rows\n", u.Reason, u.Rows)
	}
	if s.recon != nil {
		printRecon(w, *s.recon)
	}
	for i, p := range s.Problems {
		if i == 10 {
			fmt.Fprintf(w, "… and %d more, in summary.json\n", len(s.Problems)-i)
			break
		}
		fmt.Fprintf(w, "%s: %s: %s\n", p.Verdict, p.Where(), p.Reason)
	}
	fmt.Fprintf(w, "%d documents in %s\n", len(s.Invoices), filepath.Join(out, "invoices"))
}

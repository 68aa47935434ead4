package billing

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/period"
)

type exportCommand struct {
	Period period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	Out    string       `required:"" placeholder:"DIR" help:"The folder; documents lie in a folder for each seller."`
}

// Help is the long help.
func (exportCommand) Help() string {
	return `Every issued document of the month, also those voided since: OUT/SELLER/NUMBER.pdf, .json and .csv (the usage behind
each line). What is exported again has the same bytes.

  purveyor invoice export --period 2026-09 --out invoices`
}

// Run exports.
func (c *exportCommand) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		all, _, err := Documents(ctx, api, c.Period.String(), "", "")
		if err != nil {
			return err
		}
		var issued []invoice.Summary
		for _, v := range all {
			if v.Number != "" {
				issued = append(issued, v)
			}
		}
		if len(issued) == 0 {
			return fault.New(fault.NotFound, "nothing_issued", "no document of %s is issued; nothing was written", c.Period)
		}
		if err := Export(ctx, api, issued, c.Out, true); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.Out, "%s in %s\n", table.Count(len(issued), "document"), c.Out)
		return err
	})
}

// formats is every form in which a document is handed out.
func formats() []string { return []string{"pdf", "json", "csv"} }

// Export writes documents as dir/SELLER/NUMBER.*, several at a time. Files that are there are kept unless they are to
// be written anew.
func Export(ctx context.Context, api *call.Client, documents []invoice.Summary, dir string, anew bool) error {
	for _, v := range documents {
		if err := os.MkdirAll(filepath.Join(dir, v.Seller), 0o755); err != nil {
			return fault.New(fault.Invalid, "cannot_write", "%s cannot be made", filepath.Join(dir, v.Seller)).Because(err)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, v := range documents {
		for _, format := range formats() {
			to := filepath.Join(dir, v.Seller, v.Number+"."+format)
			if _, err := os.Stat(to); err == nil && !anew {
				continue
			}
			g.Go(func() error { return writeDocument(ctx, api, v, format, to) })
		}
	}
	return g.Wait()
}

// writeDocument writes one document in one format, whole or not at all.
func writeDocument(ctx context.Context, api *call.Client, v invoice.Summary, format, to string) error {
	answer, err := api.Stream(ctx, call.Request{Method: http.MethodGet, Path: call.Path("invoices", string(v.ID), "documents", format), Accept: "*/*"})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	part := to + ".part"
	err = command.Write(part, func(w io.Writer) error {
		if _, err := io.Copy(w, answer.Body); err != nil {
			return fault.New(fault.Unavailable, "answer_cut", "%s broke off; export again", to).Because(err)
		}
		return nil
	})
	if err != nil {
		_ = os.Remove(part)
		return err
	}
	return os.Rename(part, to)
}

package billing

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sync/errgroup"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/period"
)

type exportCommand struct {
	Period period.Month `required:"" placeholder:"YYYY-MM" help:"The month."`
	Out    string       `required:"" placeholder:"DIR" help:"The output folder; each seller gets a folder in it."`
	Spreadsheet
}

// Spreadsheet says how the usage detail is written for a spreadsheet.
type Spreadsheet struct {
	CSVLanguage string `placeholder:"CODE" help:"Separators of the CSV: those of a language such as de (semicolons, decimal commas), or document for those of each document's language; commas and points if not given."`
	CSVBOM      bool   `name:"csv-bom" help:"Begin the CSV with a byte order mark, so that Excel shows accented letters correctly."`
}

// Help is the long help.
func (exportCommand) Help() string {
	return `Writes every issued document of the month, including voided ones: OUT/SELLER/NUMBER.pdf, .json and .csv (the usage behind
each line). Exporting again writes the same bytes.

  purveyor invoice export --period 2026-09 --out invoices
  purveyor invoice export --period 2026-09 --out invoices --csv-language document --csv-bom     for Excel`
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
			return fault.New(fault.NotFound, "nothing_issued", "no document of %s has been issued; nothing was written", c.Period)
		}
		if err := Export(ctx, api, issued, Exporting{Dir: c.Out, Anew: true, Spreadsheet: c.Spreadsheet}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.Out, "%s in %s\n", table.Count(len(issued), "document"), c.Out)
		return err
	})
}

// formats is every form in which a document is handed out.
func formats() []string { return []string{"pdf", "json", "csv"} }

// Exporting says where documents are written, and how.
type Exporting struct {
	Dir  string
	Anew bool // also what is there
	Spreadsheet
	Drafts map[id.Invoice]int // documents marked as drafts → their numbers among those
}

// Export writes documents as DIR/SELLER/NUMBER.*, several at a time.
func Export(ctx context.Context, api *call.Client, documents []invoice.Summary, how Exporting) error {
	if how.CSVLanguage != "" && len(documents) > 0 { // an unknown language is found out before anything is written
		answer, err := api.Stream(ctx, call.Request{Method: http.MethodGet, Path: call.Path("invoices", string(documents[0].ID), "documents", "csv"),
			Query: how.query(documents[0], "csv"), Accept: "*/*"})
		if err != nil {
			return err
		}
		_ = answer.Body.Close()
	}
	for _, v := range documents {
		if err := os.MkdirAll(filepath.Join(how.Dir, v.Seller), 0o755); err != nil {
			return fault.New(fault.Invalid, "cannot_write", "%s cannot be created", filepath.Join(how.Dir, v.Seller)).Because(err)
		}
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, v := range documents {
		for _, format := range formats() {
			to := filepath.Join(how.Dir, v.Seller, v.Number+"."+format)
			if _, err := os.Stat(to); err == nil && !how.Anew {
				continue
			}
			g.Go(func() error { return writeDocument(ctx, api, v, format, to, how.query(v, format)) })
		}
	}
	return g.Wait()
}

// query is in which other way than it is archived a document is asked for.
func (how Exporting) query(v invoice.Summary, format string) url.Values {
	draft, separators, bom := "", "", ""
	if n := how.Drafts[v.ID]; n > 0 {
		draft = strconv.Itoa(n)
	}
	if format == "csv" {
		separators = how.CSVLanguage
		if how.CSVBOM {
			bom = "true"
		}
	}
	return call.Query("draft", draft, "separators", separators, "bom", bom)
}

// writeDocument writes one document in one format, whole or not at all.
func writeDocument(ctx context.Context, api *call.Client, v invoice.Summary, format, to string, q url.Values) error {
	answer, err := api.Stream(ctx, call.Request{Method: http.MethodGet, Path: call.Path("invoices", string(v.ID), "documents", format), Query: q, Accept: "*/*"})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	part := to + ".part"
	err = command.Write(part, func(w io.Writer) error {
		if _, err := io.Copy(w, answer.Body); err != nil {
			return fault.New(fault.Unavailable, "answer_cut", "%s could not be read completely; export again", to).Because(err)
		}
		return nil
	})
	if err != nil {
		_ = os.Remove(part)
		return err
	}
	return os.Rename(part, to)
}

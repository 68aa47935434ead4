package document

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Format is a file format of documents.
type Format string

// The formats: PDF for people, JSON for programs, and CSV with the usage behind each line.
const (
	FormatPDF  Format = "pdf"
	FormatJSON Format = "json"
	FormatCSV  Format = "csv"
)

// Formats lists every format that a document is archived in.
func Formats() []Format { return []Format{FormatPDF, FormatJSON, FormatCSV} }

// MediaType is the format's media type.
func (f Format) MediaType() string {
	return map[Format]string{FormatPDF: "application/pdf", FormatJSON: "application/json", FormatCSV: "text/csv; charset=utf-8"}[f]
}

// Archive returns issued documents, and keeps the files it created, so that the bytes of a document never change.
type Archive struct {
	DB       tx.DB
	Invoices *invoice.Service
	Files    invoice.Files
	Access   access.Guard
}

// Open is an issued document in a format: as archived, or created from its snapshot if it is not archived yet.
// NotFound for an unknown format; Conflict for a document that is not issued.
func (a *Archive) Open(ctx context.Context, ref string, f Format) (invoice.Invoice, io.ReadCloser, error) {
	d, err := a.find(ctx, ref, f)
	if err != nil {
		return d, nil, err
	}
	if err := issued(d, ref); err != nil {
		return d, nil, err
	}
	digest, err := a.archived(ctx, d.ID, f)
	if err != nil {
		return d, nil, err
	}
	if digest != "" {
		file, err := a.Files.Get(digest)
		return d, file, err
	}
	file, err := a.draw(d, f, Separators{})
	return d, file, err
}

// How says in which other way a document is handed out than it is archived.
type How struct {
	Separators     // of the detail
	Draft      int // above 0: marked as a draft and numbered DRAFT-1, DRAFT-2 …, whatever it is
}

// Draw is a document in a format, drawn from its snapshot the way it is asked for. NotFound for an unknown format;
// Conflict for a document that is not issued, unless How asks for a draft.
func (a *Archive) Draw(ctx context.Context, ref string, f Format, how How) (invoice.Invoice, io.ReadCloser, error) {
	d, err := a.find(ctx, ref, f)
	if err != nil {
		return d, nil, err
	}
	if how.Draft > 0 {
		d.State, d.Number = invoice.Draft, "DRAFT-"+strconv.Itoa(how.Draft)
	} else if err := issued(d, ref); err != nil {
		return d, nil, err
	}
	file, err := a.draw(d, f, how.Separators)
	return d, file, err
}

func (a *Archive) find(ctx context.Context, ref string, f Format) (invoice.Invoice, error) {
	d, err := a.Invoices.Find(ctx, ref)
	if err == nil && !slices.Contains(Formats(), f) {
		err = fault.New(fault.NotFound, "no_such_format", "documents come as pdf, json and csv, and not as %q", f)
	}
	return d, err
}

func issued(d invoice.Invoice, ref string) error {
	if d.State == invoice.Issued || d.State == invoice.Void {
		return nil
	}
	return fault.New(fault.Conflict, "invoice_not_issued", "%s is %s: only an issued document can be handed out", ref, d.State)
}

func (a *Archive) archived(ctx context.Context, invoice id.Invoice, f Format) (digest string, err error) {
	err = a.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err := a.Invoices.Store.Archived(ctx, r, scope.All(), invoice) // Find has checked the caller's permission
		digest = list[string(f)]
		return err
	})
	return digest, err
}

// draw makes a document from its snapshot, as it was issued: the credit note says that it was voided later.
func (a *Archive) draw(d invoice.Invoice, f Format, how Separators) (io.ReadCloser, error) {
	if d.State == invoice.Void {
		d.State = invoice.Issued
	}
	var b bytes.Buffer
	var err error
	switch f {
	case FormatPDF:
		err = PDF(&b, d)
	case FormatJSON:
		err = JSON(&b, d)
	default:
		err = Detail(&b, d, how, func(yield func(invoice.Group) error) error { return invoice.Groups(a.Files, d.Worksheet, yield) })
	}
	return io.NopCloser(&b), err
}

// Render is the job that archives an issued document in every format. Its key is the document's id.
func (a *Archive) Render(ctx context.Context, j job.Job) (job.Effect, error) {
	grant, err := a.Access.Require(ctx, access.InvoiceRead)
	if err != nil {
		return nil, err
	}
	d, err := a.Invoices.Find(ctx, j.Key)
	if err != nil {
		return nil, err
	}
	made := map[Format]string{}
	for _, f := range Formats() {
		file, err := a.draw(d, f, Separators{})
		if err != nil {
			return nil, err
		}
		if made[f], _, err = a.Files.Put(ctx, file); err != nil {
			return nil, err
		}
	}
	return func(ctx context.Context, t tx.Tx) error {
		for _, f := range Formats() {
			if err := a.Invoices.Store.Archive(ctx, t, grant.Scope, d.ID, string(f), made[f]); err != nil {
				return err
			}
		}
		return nil
	}, nil
}

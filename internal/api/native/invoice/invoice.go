package invoice

import (
	"context"
	"io"
	"mime"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

type handlers struct {
	invoices *invoice.Service
	archive  *document.Archive
}

func (v handlers) draft(ctx context.Context, in *kernel.PeriodPath) (invoice.Run, error) {
	return v.invoices.Draft(ctx, in.Period.Month)
}

type rebillInput struct {
	kernel.PeriodPath
	Body struct {
		Buyer  string `json:"buyer" minLength:"1" doc:"Key of the buyer whose month is billed anew."`
		DryRun bool   `json:"dry_run,omitempty" doc:"Only say what it would come to."`
		Cancel bool   `json:"cancel,omitempty" doc:"Discard the drafts of billing anew; what was issued stands."`
	}
}

// Rebilled is the result of billing a buyer's month again, or what it would be.
type Rebilled struct {
	Drafts    []invoice.Summary `json:"drafts"`
	Months    []invoice.Impact  `json:"issued_months,omitempty"`
	Discarded int               `json:"discarded,omitempty"`
}

func (v handlers) rebill(ctx context.Context, in *rebillInput) (out Rebilled, err error) {
	out.Drafts = []invoice.Summary{}
	switch p, buyer := in.Period.Month, in.Body.Buyer; {
	case in.Body.Cancel:
		out.Discarded, err = v.invoices.CancelRebill(ctx, p, buyer)
	case in.Body.DryRun:
		out.Drafts, out.Months, err = v.invoices.PlanRebill(ctx, p, buyer)
	default:
		out.Drafts, err = v.invoices.Rebill(ctx, p, buyer)
	}
	return out, err
}

type approveInput struct {
	kernel.PeriodPath
	Body struct {
		Invoices []id.Invoice `json:"invoices,omitempty" doc:"None: every draft of the month."`
	}
}

func (v handlers) approve(ctx context.Context, in *approveInput) (kernel.List[invoice.Summary], error) {
	list, err := v.invoices.Approve(ctx, in.Period.Month, in.Body.Invoices)
	return kernel.List[invoice.Summary]{Items: list}, err
}

type issueInput struct {
	kernel.PeriodPath
	Body struct {
		Invoices   []id.Invoice `json:"invoices,omitempty" doc:"None: every approved document of the month."`
		On         period.Date  `json:"on,omitempty" doc:"Issue date; today if not given."`
		Incomplete bool         `json:"incomplete,omitempty" doc:"Also when the provider's usage is not known to be complete, or rows or files of the month do not count."`
		DryRun     bool         `json:"dry_run,omitempty" doc:"Only say what would be issued."`
	}
}

// Issued are the documents that were issued, or would be, and what of the month is on none of them because incomplete was set.
type Issued struct {
	Items  []invoice.Summary `json:"items"`
	DryRun bool              `json:"dry_run,omitempty"`
	aside.Waiting
}

func (v handlers) issue(ctx context.Context, in *issueInput) (out Issued, err error) {
	out.DryRun = in.Body.DryRun
	if out.Waiting, err = v.invoices.Overridden(ctx, in.Period.Month); err != nil {
		return out, err
	}
	out.Items, err = v.invoices.Issue(ctx, invoice.Issuing{
		Period: in.Period.Month, Invoices: in.Body.Invoices, On: in.Body.On, Incomplete: in.Body.Incomplete, DryRun: in.Body.DryRun,
	})
	return out, err
}

type seriesInput struct {
	Owner  string `path:"owner" doc:"Key of the seller."`
	Series string `path:"series" doc:"What its numbers begin with."`
	Body   struct {
		Kind  invoice.Kind `json:"kind,omitempty" enum:"invoice,credit_note" doc:"invoice if not given; credit notes count by themselves."`
		Year  int          `json:"year,omitempty" doc:"The year; that of the business clock if not given."`
		First int64        `json:"first" doc:"The next number."`
	}
}

func (v handlers) startSeries(ctx context.Context, in *seriesInput) error {
	k := invoice.SeriesKey{Seller: org.OrganisationID(in.Owner), Series: in.Series, Kind: in.Body.Kind, Year: in.Body.Year}
	_, err := v.invoices.StartSeries(ctx, k, in.Body.First)
	return err
}

type listInput struct {
	kernel.Paging
	Period kernel.Month  `query:"period"`
	State  invoice.State `query:"state" enum:"draft,approved,issued,void"`
	Seller string        `query:"seller" doc:"Key of the seller."`
}

func (v handlers) list(ctx context.Context, in *listInput) (kernel.List[invoice.Summary], error) {
	f := invoice.Filter{Period: in.Period.Month, State: in.State, After: in.Cursor, Limit: in.Limit + 1}
	if in.Seller != "" {
		f.Seller = org.OrganisationID(in.Seller)
	}
	list, err := v.invoices.List(ctx, f)
	return kernel.More(list, in.Paging, func(last invoice.Summary) string { return last.Cursor }), err
}

// InvoicePath names a document in a path. It is exported because the framework ignores embedded types that are not.
type InvoicePath struct {
	Ref string `path:"ref" doc:"Id or number."`
}

func (v handlers) show(ctx context.Context, in *InvoicePath) (invoice.Invoice, error) {
	return v.invoices.Find(ctx, in.Ref)
}

type voidInput struct {
	InvoicePath
	IfMatch kernel.Tags `header:"If-Match"`
	Body    struct {
		On     period.Date `json:"on,omitempty" doc:"Date of the credit note; today if not given."`
		Reason string      `json:"reason" minLength:"1" doc:"Printed on the credit note."`
	}
}

func (v handlers) void(ctx context.Context, in *voidInput) (invoice.Summary, error) {
	d, err := v.invoices.Find(ctx, in.Ref)
	if err != nil {
		return invoice.Summary{}, err
	}
	return v.invoices.Void(ctx, d.ID, in.Body.On, in.Body.Reason, kernel.Matching[invoice.Invoice](in.IfMatch)...)
}

type explainInput struct {
	InvoicePath
	Line int    `path:"line" minimum:"1"`
	As   string `query:"as" enum:"seller,buyer" default:"seller" doc:"buyer leaves out what only the seller may see."`
}

func (v handlers) explain(ctx context.Context, in *explainInput) (invoice.Explanation, error) {
	if _, err := v.invoices.Find(ctx, in.Ref); err != nil { // who may not see the document gets the same answer as for one that does not exist
		return invoice.Explanation{}, err
	}
	return v.invoices.Explain(ctx, in.Ref, in.Line, in.As == "buyer")
}

func (v handlers) margins(ctx context.Context, in *kernel.PeriodQuery) (kernel.List[invoice.Margin], error) {
	list, err := v.invoices.Margins(ctx, in.Period.Month)
	return kernel.List[invoice.Margin]{Items: list}, err
}

type documentInput struct {
	InvoicePath
	Format     string `path:"format" doc:"pdf, json or csv."`
	Draft      int    `query:"draft" minimum:"0" maximum:"1000000" doc:"Mark it as a draft and number it DRAFT-n with this n; also what is not issued."`
	Separators string `query:"separators" doc:"Separators of the csv: those of a language such as de, or document for the document's; commas and points if not given."`
	BOM        bool   `query:"bom" doc:"Begin the csv with a byte order mark, for Excel."`
}

func (v handlers) document(ctx context.Context, in *documentInput) (kernel.Download[invoice.Invoice], error) {
	open, how := v.archive.Open, document.How{Draft: in.Draft, Separators: document.Separators{Language: in.Separators, BOM: in.BOM}}
	if how != (document.How{}) {
		open = func(ctx context.Context, ref string, f document.Format) (invoice.Invoice, io.ReadCloser, error) {
			return v.archive.Draw(ctx, ref, f, how)
		}
	}
	d, file, err := open(ctx, in.Ref, document.Format(in.Format))
	if err != nil {
		return kernel.Download[invoice.Invoice]{}, err
	}
	return kernel.Download[invoice.Invoice]{
		Of: d, Type: document.Format(in.Format).MediaType(),
		Disposition: mime.FormatMediaType("inline", map[string]string{"filename": d.Number + "." + in.Format}),
		Write: func(w io.Writer) error {
			_, _ = io.Copy(w, file) // the client went away
			return nil
		},
		Close: func() { _ = file.Close() },
	}, nil
}

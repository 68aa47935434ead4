package native

import (
	"context"
	"io"
	"mime"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// PeriodPath names a month in a path. What inputs share is exported, or the framework would pass it over.
type PeriodPath struct {
	Period month `path:"period" doc:"The month, such as 2026-09."`
}

func (s *Server) draft(ctx context.Context, in *PeriodPath) (*body[invoice.Run], error) {
	run, err := s.Invoices.Draft(ctx, in.Period.Month)
	return &body[invoice.Run]{run}, err
}

type rebillInput struct {
	PeriodPath
	Body struct {
		Buyer  string `json:"buyer" minLength:"1" doc:"Key of the buyer whose month is billed anew."`
		DryRun bool   `json:"dry_run,omitempty" doc:"Only say what it would come to."`
		Cancel bool   `json:"cancel,omitempty" doc:"Discard the drafts of billing anew; what was issued stands."`
	}
}

// Rebilled is what billing a buyer's month anew came to, or would come to.
type Rebilled struct {
	Drafts    []invoice.Summary `json:"drafts"`
	Months    []invoice.Impact  `json:"issued_months,omitempty"`
	Discarded int               `json:"discarded,omitempty"`
}

func (s *Server) rebill(ctx context.Context, in *rebillInput) (out *body[Rebilled], err error) {
	out = &body[Rebilled]{Rebilled{Drafts: []invoice.Summary{}}}
	switch p, buyer := in.Period.Month, in.Body.Buyer; {
	case in.Body.Cancel:
		out.Body.Discarded, err = s.Invoices.CancelRebill(ctx, p, buyer)
	case in.Body.DryRun:
		out.Body.Drafts, out.Body.Months, err = s.Invoices.PlanRebill(ctx, p, buyer)
	default:
		out.Body.Drafts, err = s.Invoices.Rebill(ctx, p, buyer)
	}
	return out, err
}

type approveInput struct {
	PeriodPath
	Body struct {
		Invoices []id.Invoice `json:"invoices,omitempty" doc:"None: every draft of the month."`
	}
}

func (s *Server) approve(ctx context.Context, in *approveInput) (*body[List[invoice.Summary]], error) {
	list, err := s.Invoices.Approve(ctx, in.Period.Month, in.Body.Invoices)
	return &body[List[invoice.Summary]]{List[invoice.Summary]{Items: list}}, err
}

type issueInput struct {
	PeriodPath
	Body struct {
		Invoices   []id.Invoice `json:"invoices,omitempty" doc:"None: every approved document of the month."`
		On         period.Date  `json:"on,omitempty" doc:"Issue date; today if not given."`
		Incomplete bool         `json:"incomplete,omitempty" doc:"Also when the provider's usage is not known to be complete, or rows or files of the month do not count."`
		DryRun     bool         `json:"dry_run,omitempty" doc:"Only say what would be issued."`
	}
}

// Issued is what was issued, or would be, and what of the month is on none of it: with incomplete that was overridden.
type Issued struct {
	Items  []invoice.Summary `json:"items"`
	DryRun bool              `json:"dry_run,omitempty"`
	aside.Waiting
}

func (s *Server) issue(ctx context.Context, in *issueInput) (*body[Issued], error) {
	out := Issued{DryRun: in.Body.DryRun}
	var err error
	if out.Waiting, err = s.Invoices.Overridden(ctx, in.Period.Month); err != nil {
		return nil, err
	}
	out.Items, err = s.Invoices.Issue(ctx, invoice.Issuing{
		Period: in.Period.Month, Invoices: in.Body.Invoices, On: in.Body.On, Incomplete: in.Body.Incomplete, DryRun: in.Body.DryRun,
	})
	return &body[Issued]{out}, err
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

func (s *Server) startSeries(ctx context.Context, in *seriesInput) (*struct{}, error) {
	k := invoice.SeriesKey{Seller: org.OrganisationID(in.Owner), Series: in.Series, Kind: in.Body.Kind, Year: in.Body.Year}
	_, err := s.Invoices.StartSeries(ctx, k, in.Body.First)
	return nil, err
}

type listInvoicesInput struct {
	Paging
	Period month         `query:"period"`
	State  invoice.State `query:"state" enum:"draft,approved,issued,void"`
	Seller string        `query:"seller" doc:"Key of the seller."`
}

func (s *Server) listInvoices(ctx context.Context, in *listInvoicesInput) (*body[List[invoice.Summary]], error) {
	f := invoice.Filter{Period: in.Period.Month, State: in.State, After: in.Cursor, Limit: in.Limit + 1}
	if in.Seller != "" {
		f.Seller = org.OrganisationID(in.Seller)
	}
	list, err := s.Invoices.List(ctx, f)
	if err != nil {
		return nil, err
	}
	out := List[invoice.Summary]{Items: []invoice.Summary{}}
	if len(list) > in.Limit {
		list = list[:in.Limit]
		out.Next = list[in.Limit-1].Cursor
	}
	out.Items = append(out.Items, list...)
	return &body[List[invoice.Summary]]{out}, s.readsEach(ctx, out.Items)
}

// InvoicePath names a document in a path.
type InvoicePath struct {
	Ref string `path:"ref" doc:"Id or number."`
}

func (s *Server) showInvoice(ctx context.Context, in *InvoicePath) (*tagged[invoice.Invoice], error) {
	d, err := s.Invoices.Find(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	return tag(d), s.reads(ctx, d.Seller, d.Buyer)
}

type voidInput struct {
	InvoicePath
	IfMatch string `header:"If-Match"`
	Body    struct {
		On     period.Date `json:"on,omitempty" doc:"Date of the credit note; today if not given."`
		Reason string      `json:"reason" minLength:"1" doc:"Printed on the credit note."`
	}
}

func (s *Server) void(ctx context.Context, in *voidInput) (*body[invoice.Summary], error) {
	d, err := s.Invoices.Find(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	if in.IfMatch != "" {
		if err := matches(in.IfMatch, etag(d)); err != nil {
			return nil, err
		}
	}
	note, err := s.Invoices.Void(ctx, d.ID, in.Body.On, in.Body.Reason)
	return &body[invoice.Summary]{note}, err
}

type explainInput struct {
	InvoicePath
	Line int    `path:"line" minimum:"1"`
	As   string `query:"as" enum:"seller,buyer" default:"seller" doc:"buyer leaves out what only the seller may see."`
}

func (s *Server) explain(ctx context.Context, in *explainInput) (*body[invoice.Explanation], error) {
	d, err := s.Invoices.Find(ctx, in.Ref)
	if err != nil {
		return nil, err
	}
	e, err := s.Invoices.Explain(ctx, in.Ref, in.Line, in.As == "buyer")
	if err != nil {
		return nil, err
	}
	return &body[invoice.Explanation]{e}, s.reads(ctx, d.Seller, d.Buyer)
}

// PeriodQuery names a month in a query.
type PeriodQuery struct {
	Period month `query:"period" required:"true" doc:"The month, such as 2026-09."`
}

func (s *Server) listMargins(ctx context.Context, in *PeriodQuery) (*body[List[invoice.Margin]], error) {
	list, err := s.Invoices.Margins(ctx, in.Period.Month)
	if err != nil {
		return nil, err
	}
	return &body[List[invoice.Margin]]{List[invoice.Margin]{Items: list}}, readsKeys(ctx, s, list, func(m invoice.Margin) string { return m.Seller })
}

type documentInput struct {
	InvoicePath
	Format     string `path:"format" doc:"pdf, json or csv."`
	Draft      int    `query:"draft" minimum:"0" maximum:"1000000" doc:"Mark it as a draft and number it DRAFT-n with this n; also what is not issued."`
	Separators string `query:"separators" doc:"Separators of the csv: those of a language such as de, or document for the document's; commas and points if not given."`
	BOM        bool   `query:"bom" doc:"Begin the csv with a byte order mark, for Excel."`
}

func (s *Server) document() stream[documentInput] {
	answers := map[string]*huma.MediaType{}
	for _, f := range document.Formats() {
		answers[f.MediaType()] = files(f.MediaType(), "The document as it was archived.")[f.MediaType()]
	}
	return stream[documentInput]{answers: answers, serve: func(h huma.Context, in *documentInput) {
		open, how := s.Archive.Open, document.How{Draft: in.Draft, Separators: document.Separators{Language: in.Separators, BOM: in.BOM}}
		if how != (document.How{}) {
			open = func(ctx context.Context, ref string, f document.Format) (invoice.Invoice, io.ReadCloser, error) {
				return s.Archive.Draw(ctx, ref, f, how)
			}
		}
		d, file, err := open(h.Context(), in.Ref, document.Format(in.Format))
		if err != nil {
			fail(h, err)
			return
		}
		defer file.Close()
		if err := s.reads(h.Context(), d.Seller, d.Buyer); err != nil {
			fail(h, err)
			return
		}
		h.SetHeader("Content-Type", document.Format(in.Format).MediaType())
		h.SetHeader("Content-Disposition", mime.FormatMediaType("inline", map[string]string{"filename": d.Number + "." + in.Format}))
		h.SetStatus(200)
		_, _ = io.Copy(h.BodyWriter(), file) // the client went away
	}}
}

package invoice

import (
	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// Routes are the calls about invoices and credit notes.
func Routes(invoices *invoice.Service, archive *document.Archive) []kernel.Route {
	v := handlers{invoices, archive}
	return kernel.Under("invoices",
		kernel.Post("invoice-draft", "/periods/{period}/draft", access.InvoiceDraft, "Rate a month and draft its documents", kernel.NoBody, kernel.JSON(v.draft)),
		kernel.Post("invoice-rebill", "/periods/{period}/rebill", access.InvoiceVoid, "Bill a buyer's month again at today's terms: draft credit notes and new documents together", kernel.Form,
			kernel.JSON(v.rebill)),
		kernel.Post("invoice-approve", "/periods/{period}/approve", access.InvoiceApprove, "Approve drafts", 4*kernel.MiB, kernel.JSON(v.approve)),
		kernel.Post("invoice-issue", "/periods/{period}/issue", access.InvoiceIssue, "Issue approved documents: numbers, journal, files", 4*kernel.MiB, kernel.JSON(v.issue)),
		kernel.Put("series-start", "/number-series/{owner}/{series}", access.InvoiceIssue, "Set the next number of a seller's number series", kernel.Form, kernel.Nothing(v.startSeries)),
		kernel.Get("invoice-list", "/invoices", access.InvoiceRead, "Documents without their lines", kernel.Page(v.list).ReadsEach(partiesOf)),
		kernel.Get("invoice-show", "/invoices/{ref}", access.InvoiceRead, "One document, by id or number",
			kernel.Tagged(v.show).Reads(func(_ *InvoicePath, d invoice.Invoice) kernel.Parties { return sides(d) })),
		kernel.Get("invoice-document", "/invoices/{ref}/documents/{format}", access.InvoiceRead, "An issued document as pdf, json or csv",
			kernel.File(formats(), v.document).Reads(func(_ *documentInput, d invoice.Invoice) kernel.Parties { return sides(d) })),
		kernel.Post("invoice-void", "/invoices/{ref}/void", access.InvoiceVoid, "Void an issued document with a credit note for all of it", kernel.Form, kernel.JSON(v.void)),
		kernel.Get("invoice-explain", "/invoices/{ref}/lines/{line}/explanation", access.Explain, "Explain a printed amount: the provider's rows, price rule, exchange rate and rounding",
			kernel.JSON(v.explain).Reads(func(_ *explainInput, e invoice.Explanation) kernel.Parties { return kernel.Parties{e.Seller, e.Buyer} })),
		kernel.Get("margin-list", "/margins", access.MarginRead, "Each seller's sales, cost and margin in a month",
			kernel.JSON(v.margins).ReadsMany(sellers)),
	)
}

// sides are the seller and the buyer of a document.
func sides(d invoice.Invoice) kernel.Parties { return kernel.Parties{d.Seller, d.Buyer} }

// partiesOf are the seller and the buyer of a document in a list.
func partiesOf(d invoice.Summary) kernel.Parties {
	return kernel.Parties{org.OrganisationID(d.Seller), org.OrganisationID(d.Buyer)}
}

func sellers(_ *kernel.PeriodQuery, list kernel.List[invoice.Margin]) []kernel.Parties {
	var each []kernel.Parties
	for _, m := range list.Items {
		each = append(each, kernel.Keyed(m.Seller))
	}
	return each
}

// formats describes the files that documents are given as.
func formats() []kernel.Media {
	var list []kernel.Media
	for _, f := range document.Formats() {
		list = append(list, kernel.Media{Type: f.MediaType(), Text: "The document as it was archived."})
	}
	return list
}

package billing

import (
	"context"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

var (
	_ rating.IssuedTerms = Invoices{}
	_ invoice.TermsStore = Invoices{}
)

type termsRow struct {
	bun.BaseModel `bun:"table:invoice_terms"`
	Invoice       string
	Edge          string
	Period        string
	Ordinal       int64
	Body          string
}

// Fixed lists what the documents, not void, of a month fix, of the edges named or of all, by edge and ordinal.
func (x Invoices) Fixed(ctx context.Context, r tx.Read, s scope.Scope, p period.Month, edges ...id.Edge) ([]rating.Fixed, error) {
	var rows []termsRow
	of := sqlstore.SQL("TRUE")
	if len(edges) > 0 {
		of = sqlstore.SQL("t.edge IN (?)", sqlstore.List(edges))
	}
	err := x.DB.Reader(r).Query(`SELECT t.* FROM invoice_terms AS t JOIN invoice ON invoice.id = t.invoice
		WHERE t.period = ? AND NOT `+isVoid+` AND ? AND ? ORDER BY t.edge, t.ordinal`, p.String(), of, documentWithin(s)).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	return sqlstore.Each(rows, func(row termsRow) (f rating.Fixed, err error) { return f, json.Unmarshal([]byte(row.Body), &f) })
}

// Fix records what an issued document fixes; a document that fixes something already is left as it is.
func (x Invoices) Fix(ctx context.Context, t tx.Tx, s scope.Scope, v invoice.Invoice) error {
	if !s.SeesDocument(v.Seller, v.Buyer) {
		return notFoundInvoice(v.ID)
	}
	if v.Fixed == nil || v.Preceding != nil {
		return nil
	}
	text, err := sqlstore.Body(*v.Fixed)
	if err != nil {
		return err
	}
	row := termsRow{Invoice: string(v.ID), Edge: string(v.Edge), Period: v.Period.String(), Ordinal: int64(v.Ordinal), Body: text}
	_, err = sqlstore.InsertNew(ctx, x.DB.Writer(t), row)
	return err
}

// Unfixed lists issued documents that are not void and fix nothing: earlier builds did not keep it.
func (x Invoices) Unfixed(ctx context.Context, r tx.Read, s scope.Scope) (list []id.Invoice, err error) {
	err = x.DB.Reader(r).Query(`SELECT id FROM invoice WHERE state = ? AND answers = '' AND NOT `+isVoid+`
		AND NOT EXISTS (SELECT 1 FROM invoice_terms AS t WHERE t.invoice = invoice.id) AND ? ORDER BY period, edge, ordinal`,
		string(invoice.Issued), documentWithin(s)).All(ctx, &list)
	return list, err
}

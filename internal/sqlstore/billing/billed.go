package billing

import (
	"context"
	"maps"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

type invoiceLineRow struct {
	bun.BaseModel `bun:"table:invoice_line"`
	Invoice       string
	Number        int64
	Key           string
	Net           int64
}

func insertInvoiceLines(ctx context.Context, q sqlstore.Writer, v invoice.Invoice) error {
	rows := make([]invoiceLineRow, len(v.Lines))
	for i, l := range v.Lines {
		units, err := sqlstore.Minor(v.Currency, l.Net)
		if err != nil {
			return err
		}
		rows[i] = invoiceLineRow{Invoice: string(v.ID), Number: int64(l.Number), Key: l.Key, Net: units[0]}
	}
	return sqlstore.Insert(ctx, q, rows...)
}

// voided is the id of the document that v takes back as a whole: the issued one it answers, when every line key and
// the tax cancel out. A credit note for less takes nothing back: both count.
func voided(ctx context.Context, q sqlstore.Writer, v invoice.Invoice) (string, error) {
	if v.Preceding == nil {
		return "", nil
	}
	var before invoiceRow
	found, err := q.Query("SELECT * FROM invoice WHERE id = ? AND state = ?",
		string(v.Preceding.ID), string(invoice.Issued)).One(ctx, &before)
	if err != nil || !found || before.Currency != string(v.Currency) || before.Edge != string(v.Edge) {
		return "", err
	}
	if !sqlstore.Major(v.Currency, before.Tax).Add(v.Tax).IsZero() || !sqlstore.Major(v.Currency, before.Total).Add(v.Total).IsZero() {
		return "", nil
	}
	var lines []invoiceLineRow
	if err := q.Query("SELECT * FROM invoice_line WHERE invoice = ?", before.ID).All(ctx, &lines); err != nil {
		return "", err
	}
	left := map[string]money.Decimal{}
	for _, l := range lines {
		left[l.Key] = left[l.Key].Add(sqlstore.Major(v.Currency, l.Net))
	}
	for _, l := range v.Lines {
		left[l.Key] = left[l.Key].Add(l.Net)
	}
	maps.DeleteFunc(left, func(_ string, d money.Decimal) bool { return d.IsZero() })
	if len(left) > 0 {
		return "", nil
	}
	return before.ID, nil
}

// Billed is Σ net per line key over the issued documents of an edge and period, without those taken back and without
// the credit notes that took them back. The sums are made here: a database adds up no money.
func (x Invoices) Billed(ctx context.Context, r tx.Read, s scope.Scope, e id.Edge, p period.Month) (map[string]money.Decimal, error) {
	var rows []struct {
		Key      string
		Net      int64
		Currency string
	}
	err := x.DB.Reader(r).Query(`SELECT l.key, l.net, invoice.currency FROM invoice
		JOIN invoice_line AS l ON l.invoice = invoice.id
		WHERE invoice.edge = ? AND invoice.period = ? AND invoice.state = ? AND invoice.voids = '' AND NOT `+isVoid+" AND ?",
		string(e), p.String(), string(invoice.Issued), documentWithin(s)).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	billed := map[string]money.Decimal{}
	for _, row := range rows {
		billed[row.Key] = billed[row.Key].Add(sqlstore.Major(money.Currency(row.Currency), row.Net))
	}
	return billed, nil
}

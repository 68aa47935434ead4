package billing

import (
	"cmp"
	"context"
	"fmt"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

type (
	postingRow struct {
		bun.BaseModel `bun:"table:posting"`
		ID            string
		Organisation  string
		Path          string
		Document      string
		Account       string
		Debit         int64
		Credit        int64
		Currency      string
		PostedOn      string
	}
	archiveRow struct {
		bun.BaseModel `bun:"table:invoice_archive"`
		Invoice       string
		Format        string
		Digest        string
	}
)

// NextNumber is 1 more than the last one given in a series. It is given back when the transaction is undone, so a
// series has no gaps. NotFound when the seller is not the scope's own.
func (x Invoices) NextNumber(ctx context.Context, t tx.Tx, s scope.Scope, k invoice.SeriesKey) (n int64, err error) {
	if !s.Owns(k.Seller) {
		return 0, sqlstore.OrganisationNotFound(string(k.Seller))
	}
	err = x.DB.Writer(t).Query(`INSERT INTO number_series (seller, series, kind, year, last) VALUES (?, ?, ?, ?, 1)
		ON CONFLICT (seller, series, kind, year) DO UPDATE SET last = number_series.last + 1 RETURNING last`,
		string(k.Seller), k.Series, string(k.Kind), k.Year).Get(ctx, &n)
	return n, err
}

// StartSeries makes a number the next one of a series. Conflict once a document of it has a number, unless that number
// is the next one anyway; NotFound when the seller is not the scope's own.
func (x Invoices) StartSeries(ctx context.Context, t tx.Tx, s scope.Scope, k invoice.SeriesKey, first int64) error {
	if !s.Owns(k.Seller) {
		return sqlstore.OrganisationNotFound(string(k.Seller))
	}
	q := x.DB.Writer(t)
	var last int64
	if _, err := q.Query("SELECT last FROM number_series WHERE seller = ? AND series = ? AND kind = ? AND year = ?",
		string(k.Seller), k.Series, string(k.Kind), k.Year).One(ctx, &last); err != nil || last == first-1 {
		return err
	}
	var number string
	year := fmt.Sprintf("%04d-", k.Year)
	given, err := q.Query(`SELECT number FROM invoice WHERE seller = ? AND series = ? AND kind = ? AND number <> ''
		AND issue_date >= ? AND issue_date < ? ORDER BY issue_date DESC, number DESC LIMIT 1`,
		string(k.Seller), k.Series, string(k.Kind), year, year+"99").One(ctx, &number)
	if err != nil {
		return err
	}
	if given {
		return fault.New(fault.Conflict, "series_in_use", "the series continues with %d, because %s is issued; nothing was changed: numbers have no gaps", last+1, number)
	}
	_, err = q.Exec(ctx, `INSERT INTO number_series (seller, series, kind, year, last) VALUES (?, ?, ?, ?, ?)
		ON CONFLICT (seller, series, kind, year) DO UPDATE SET last = excluded.last`,
		string(k.Seller), k.Series, string(k.Kind), k.Year, first-1)
	return err
}

// Post writes the postings of both sides of a document. One whose id is written already is a Conflict; those of a
// document outside the scope are NotFound.
func (x Invoices) Post(ctx context.Context, t tx.Tx, s scope.Scope, ps []invoice.Posting) error {
	q := x.DB.Writer(t)
	rows := make([]postingRow, len(ps))
	for i, p := range ps {
		if !s.IsAll() {
			if _, sees, err := stored(ctx, q, s, p.Document); err != nil || !sees {
				return cmp.Or(err, notFoundInvoice(p.Document))
			}
		}
		units, err := sqlstore.Minor(p.Currency, p.Debit, p.Credit)
		if err != nil {
			return err
		}
		rows[i] = postingRow{
			ID: string(p.ID), Organisation: string(p.Organisation), Path: p.Path, Document: string(p.Document),
			Account: string(p.Account), Debit: units[0], Credit: units[1], Currency: string(p.Currency), PostedOn: p.On.String(),
		}
	}
	return sqlstore.Insert(ctx, q, rows...)
}

// Postings lists the postings of a document by id: of its two organisations, those whose view the scope has.
func (x Invoices) Postings(ctx context.Context, r tx.Read, s scope.Scope, document id.Invoice) ([]invoice.Posting, error) {
	var rows []postingRow
	err := x.DB.Reader(r).Query(`SELECT posting.* FROM posting JOIN invoice ON invoice.id = posting.document
		WHERE posting.document = ? AND ? AND ? ORDER BY posting.id`, string(document), documentWithin(s), ownedBy(s, "posting.organisation")).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	list := make([]invoice.Posting, len(rows))
	for i, row := range rows {
		c := money.Currency(row.Currency)
		list[i] = invoice.Posting{
			ID: id.Posting(row.ID), Organisation: id.Organisation(row.Organisation), Path: row.Path,
			Document: id.Invoice(row.Document), Account: invoice.Account(row.Account),
			Debit: sqlstore.Major(c, row.Debit), Credit: sqlstore.Major(c, row.Credit), Currency: c,
		}
		if err := list[i].On.UnmarshalText([]byte(row.PostedOn)); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// Archive records the digest of a rendered document. The same digest again changes nothing; another one for the same
// format is a Conflict; a document outside the scope is NotFound.
func (x Invoices) Archive(ctx context.Context, t tx.Tx, s scope.Scope, v id.Invoice, format, digest string) error {
	q := x.DB.Writer(t)
	if state, sees, err := stored(ctx, q, s, v); err != nil {
		return err
	} else if state == "" || !sees {
		return notFoundInvoice(v)
	}
	row := archiveRow{Invoice: string(v), Format: format, Digest: digest}
	added, err := sqlstore.InsertNew(ctx, q, row)
	if err != nil || added == 1 {
		return err
	}
	var have string
	if _, err := q.Query("SELECT digest FROM invoice_archive WHERE invoice = ? AND format = ?", string(v), format).One(ctx, &have); err != nil {
		return err
	}
	if have != digest {
		return fault.New(fault.Conflict, "archived_differently",
			"document %s is archived as %s with other bytes: those were kept", v, format)
	}
	return nil
}

// Archived lists the digests of a document's rendered forms: format → digest.
func (x Invoices) Archived(ctx context.Context, r tx.Read, s scope.Scope, v id.Invoice) (map[string]string, error) {
	var rows []archiveRow
	err := x.DB.Reader(r).Query(`SELECT a.invoice, a.format, a.digest FROM invoice_archive AS a
		JOIN invoice ON invoice.id = a.invoice WHERE a.invoice = ? AND ?`, string(v), documentWithin(s)).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	list := make(map[string]string, len(rows))
	for _, row := range rows {
		list[row.Format] = row.Digest
	}
	return list, nil
}

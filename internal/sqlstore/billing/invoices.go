package billing

import (
	"context"
	"encoding/base64"
	"encoding/json"

	"github.com/uptrace/bun"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Invoices keeps documents, number series, the journal and the digests of rendered documents. A document is seen by its
// stored seller and its stored buyer, wherever they stand today; a posting by its organisation.
type Invoices struct{ DB *sqlstore.DB }

var _ invoice.Store = Invoices{}

type invoiceRow struct {
	bun.BaseModel `bun:"table:invoice"`
	ID            string
	Kind          string
	State         string
	Edge          string
	Seller        string
	Buyer         string
	SellerKey     string
	BuyerKey      string
	SellerPath    string
	BuyerPath     string
	Period        string
	Ordinal       int64
	Series        string
	Number        string
	IssueDate     string
	DueDate       string
	Currency      string
	Net           int64
	Tax           int64
	Total         int64
	Answers       string
	Voids         string
	Body          string
}

// documentWithin is the condition that a scope sees a document of the table invoice: one of its sides is the scope's,
// and the other is not taken out.
func documentWithin(s scope.Scope) sqlstore.Fragment {
	if s.IsAll() {
		return sqlstore.SQL("TRUE")
	}
	return sqlstore.SQL("(? OR ?)", documentOf(s, "invoice.seller", "invoice.buyer", true), documentOf(s, "invoice.buyer", "invoice.seller", false))
}

// documentOf is the condition that the scope has the organisation in one column as its own and that in another opposite.
func documentOf(s scope.Scope, own, other string, sold bool) sqlstore.Fragment {
	sides, without := s.Documents()
	one, another := sqlstore.Column(own), sqlstore.Column(other)
	var any []sqlstore.Fragment
	for _, x := range sides {
		switch {
		case x.Sold && !sold:
		case x.Other == "":
			any = append(any, sqlstore.SQL("? = ?", one, string(x.Own)))
		default:
			any = append(any, sqlstore.SQL("? = ? AND ? = ?", one, string(x.Own), another, string(x.Other)))
		}
	}
	if len(any) == 0 || len(without) == 0 {
		return sqlstore.Or(any...)
	}
	return sqlstore.And(sqlstore.Or(any...), sqlstore.SQL("? NOT IN (?)", another, sqlstore.List(without)))
}

// ownedBy is the condition that the organisation in a column is one whose view the scope has.
func ownedBy(s scope.Scope, column string) sqlstore.Fragment {
	if s.IsAll() {
		return sqlstore.SQL("TRUE")
	}
	sides, _ := s.Documents()
	own := make([]string, len(sides))
	for i, x := range sides {
		own[i] = string(x.Own)
	}
	if len(own) == 0 {
		return sqlstore.SQL("FALSE")
	}
	return sqlstore.SQL("? IN (?)", sqlstore.Column(column), sqlstore.List(own))
}

// isVoid is the condition that an issued document was taken back as a whole.
const isVoid = "EXISTS (SELECT 1 FROM invoice AS n WHERE n.voids = invoice.id)"

func notFoundInvoice(v id.Invoice) error {
	return fault.New(fault.NotFound, "invoice_not_found", "no document %s is known", v)
}

// Save adds a document or replaces one that is not issued yet. Conflict once it is issued, or when its number, or its
// place (edge, period, ordinal), belongs to another; NotFound outside the scope.
func (x Invoices) Save(ctx context.Context, t tx.Tx, s scope.Scope, v invoice.Invoice) error {
	q := x.DB.Writer(t)
	if v.State == invoice.Void {
		return fault.New(fault.Internal, "void_is_derived", "a document becomes void by its credit note; it cannot be saved as void")
	}
	if !s.SeesDocument(v.Seller, v.Buyer) {
		return notFoundInvoice(v.ID)
	}
	state, sees, err := stored(ctx, q, s, v.ID)
	switch {
	case err != nil:
		return err
	case state != "" && !sees:
		return notFoundInvoice(v.ID)
	case state == invoice.Issued:
		return issuedAlready(v.ID)
	}
	row, err := newInvoiceRow(v)
	if err != nil {
		return err
	}
	if v.State == invoice.Issued {
		if row.Voids, err = voided(ctx, q, v); err != nil {
			return err
		}
		if err := insertInvoiceLines(ctx, q, v); err != nil {
			return err
		}
		if err := x.Fix(ctx, t, s, v); err != nil {
			return err
		}
	}
	if state == "" {
		return sqlstore.Insert(ctx, q, row)
	}
	return sqlstore.Update(ctx, q, row, "id")
}

func issuedAlready(v id.Invoice) error {
	return fault.New(fault.Conflict, "invoice_issued", "document %s is issued and cannot be changed: answer it with a credit note", v)
}

// stored is the state of a document ("" when there is none) and whether the scope sees it.
func stored(ctx context.Context, q sqlstore.Writer, s scope.Scope, v id.Invoice) (state invoice.State, sees bool, err error) {
	var seller, buyer string
	_, err = q.Query("SELECT state, seller, buyer FROM invoice WHERE id = ?", string(v)).One(ctx, &state, &seller, &buyer)
	return state, s.SeesDocument(id.Organisation(seller), id.Organisation(buyer)), err
}

func newInvoiceRow(v invoice.Invoice) (invoiceRow, error) {
	v.DraftedAt, v.IssuedAt = v.DraftedAt.UTC(), v.IssuedAt.UTC()
	units, err := sqlstore.Minor(v.Currency, v.Net, v.Tax, v.Total)
	if err != nil {
		return invoiceRow{}, err
	}
	text, err := sqlstore.Body(v)
	row := invoiceRow{
		ID: string(v.ID), Kind: string(v.Kind), State: string(v.State), Edge: string(v.Edge), Seller: string(v.Seller), Buyer: string(v.Buyer),
		SellerKey: v.SellerKey, BuyerKey: v.BuyerKey, SellerPath: v.SellerPath, BuyerPath: v.BuyerPath,
		Period: v.Period.String(), Ordinal: int64(v.Ordinal), Series: v.Series, Number: v.Number,
		IssueDate: v.IssueDate.String(), DueDate: v.DueDate.String(), Currency: string(v.Currency),
		Net: units[0], Tax: units[1], Total: units[2], Body: text,
	}
	if v.Preceding != nil {
		row.Answers = string(v.Preceding.ID)
	}
	return row, err
}

// Discard removes a document that is not issued. NotFound when there is none in the scope, Conflict once issued.
func (x Invoices) Discard(ctx context.Context, t tx.Tx, s scope.Scope, v id.Invoice) error {
	q := x.DB.Writer(t)
	state, sees, err := stored(ctx, q, s, v)
	switch {
	case err != nil:
		return err
	case state == "" || !sees:
		return notFoundInvoice(v)
	case state == invoice.Issued:
		return issuedAlready(v)
	}
	_, err = q.Exec(ctx, "DELETE FROM invoice WHERE id = ?", string(v))
	return err
}

// Get is the stored snapshot, its state Void when it was taken back; NotFound otherwise.
func (x Invoices) Get(ctx context.Context, r tx.Read, s scope.Scope, v id.Invoice) (doc invoice.Invoice, err error) {
	var text string
	var void bool
	found, err := x.DB.Reader(r).Query("SELECT body, "+isVoid+" AS void FROM invoice WHERE id = ? AND ?",
		string(v), documentWithin(s)).One(ctx, &text, &void)
	if err != nil {
		return doc, err
	}
	if !found {
		return doc, notFoundInvoice(v)
	}
	if err := json.Unmarshal([]byte(text), &doc); err != nil {
		return doc, err
	}
	if void {
		doc.State = invoice.Void
	}
	return doc, nil
}

// List yields documents by period, seller key, series, number and id. Invalid for a cursor that is none.
func (x Invoices) List(ctx context.Context, r tx.Read, s scope.Scope, f invoice.Filter) ([]invoice.Summary, error) {
	type listed struct {
		invoiceRow
		Void bool
	}
	var rows []listed
	month := ""
	if f.Period != 0 {
		month = f.Period.String()
	}
	where := []sqlstore.Fragment{documentWithin(s), sqlstore.Equals("period", month, "edge", string(f.Edge), "seller", string(f.Seller), "number", f.Number)}
	if f.Any != nil {
		where = append(where, documentOfAny(f.Any))
	}
	switch f.State {
	case "":
	case invoice.Void:
		where = append(where, sqlstore.SQL(isVoid))
	default:
		where = append(where, sqlstore.SQL("state = ? AND NOT "+isVoid, string(f.State)))
	}
	if f.After != "" {
		at, err := parseCursor(f.After)
		if err != nil {
			return nil, err
		}
		where = append(where, sqlstore.SQL("(period, seller_key, series, number, id) > (?)", sqlstore.List(at)))
	}
	err := x.DB.Reader(r).Query(`SELECT id, kind, state, edge, seller_key, buyer_key, period, ordinal, series, number, issue_date, due_date,
		currency, net, tax, total, answers, `+isVoid+` AS void FROM invoice WHERE ? ORDER BY period, seller_key, series, number, id LIMIT ?`,
		sqlstore.And(where...), sqlstore.Limit(f.Limit)).All(ctx, &rows)
	if err != nil {
		return nil, err
	}
	return sqlstore.Each(rows, func(row listed) (invoice.Summary, error) {
		v, err := row.summary()
		if row.Void {
			v.State = invoice.Void
		}
		return v, err
	})
}

// documentOfAny is the condition that a document is of one of the edges or sellers, or of the months.
func documentOfAny(a *invoice.Any) sqlstore.Fragment {
	var any []sqlstore.Fragment
	if len(a.Edges) > 0 {
		any = append(any, sqlstore.SQL("edge IN (?)", sqlstore.List(a.Edges)))
	}
	if a.From != 0 {
		any = append(any, sqlstore.SQL("period >= ?", a.From.String()))
	}
	for _, s := range a.Sellers {
		any = append(any, sqlstore.SQL("seller = ? AND period >= ?", string(s.Seller), s.From.String()))
	}
	return sqlstore.Or(any...)
}

// IssuedMonths lists the months with invoices that are not void.
func (x Invoices) IssuedMonths(ctx context.Context, r tx.Read, s scope.Scope, from period.Month) (months []period.Month, err error) {
	var texts []string
	err = x.DB.Reader(r).Query("SELECT DISTINCT period FROM invoice WHERE state = ? AND answers = '' AND NOT "+isVoid+" AND period >= ? AND ? ORDER BY period",
		string(invoice.Issued), from.String(), documentWithin(s)).All(ctx, &texts)
	if err != nil {
		return nil, err
	}
	return sqlstore.Each(texts, period.ParseMonth)
}

func (r invoiceRow) summary() (v invoice.Summary, err error) {
	c := money.Currency(r.Currency)
	v = invoice.Summary{
		ID: id.Invoice(r.ID), Kind: invoice.Kind(r.Kind), State: invoice.State(r.State), Number: r.Number,
		Edge: id.Edge(r.Edge), Seller: r.SellerKey, Buyer: r.BuyerKey, Ordinal: int(r.Ordinal), Currency: c,
		Net: sqlstore.Major(c, r.Net), Tax: sqlstore.Major(c, r.Tax), Total: sqlstore.Major(c, r.Total), Answers: id.Invoice(r.Answers),
		Cursor: cursor(r.Period, r.SellerKey, r.Series, r.Number, r.ID),
	}
	if v.Period, err = period.ParseMonth(r.Period); err != nil {
		return v, err
	}
	if err = v.Issued.UnmarshalText([]byte(r.IssueDate)); err != nil {
		return v, err
	}
	return v, v.Due.UnmarshalText([]byte(r.DueDate))
}

// cursor is the sort key of a row in a form that fits an address.
func cursor(key ...string) string {
	b, _ := json.Marshal(key) // a list of texts always encodes
	return base64.RawURLEncoding.EncodeToString(b)
}

func parseCursor(s string) (key []string, err error) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(b, &key)
	}
	if err != nil || len(key) != 5 {
		return nil, fault.New(fault.Invalid, "bad_cursor", "the cursor is not of this list: start from the beginning").Because(err)
	}
	return key, nil
}

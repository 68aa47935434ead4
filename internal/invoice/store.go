package invoice

import (
	"context"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Store keeps documents and the journal. A scope sees the documents of its sides (scope.Side).
// Issued rows cannot be changed or deleted: the database itself refuses.
type Store interface {
	// Save adds a draft, or replaces the draft or approved document of the same id; Conflict once it is issued.
	Save(ctx context.Context, t tx.Tx, s scope.Scope, v Invoice) error
	// Discard removes drafts that have become empty; Conflict once issued.
	Discard(ctx context.Context, t tx.Tx, s scope.Scope, invoice id.Invoice) error
	// Get is the document with this id, State Void derived; NotFound otherwise.
	Get(ctx context.Context, r tx.Read, s scope.Scope, invoice id.Invoice) (Invoice, error)
	// List yields documents ordered by period, seller key, series, number, id.
	List(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Summary, error)
	// IssuedMonths lists the months, from one on, with invoices, not credit notes, that are not void.
	IssuedMonths(ctx context.Context, r tx.Read, s scope.Scope, from period.Month) ([]period.Month, error)
	// NextNumber is 1 more than the last given of (seller, series name, kind, year); gap-free because it rolls back
	// with its transaction.
	NextNumber(ctx context.Context, t tx.Tx, s scope.Scope, k SeriesKey) (int64, error)
	// StartSeries makes a number the next one of a series; Conflict once a document of it has a number.
	StartSeries(ctx context.Context, t tx.Tx, s scope.Scope, k SeriesKey, first int64) error
	// Billed is Σ net per line key over issued, not voided documents of an edge and period, credit notes included.
	Billed(ctx context.Context, r tx.Read, s scope.Scope, e id.Edge, p period.Month) (map[string]money.Decimal, error)
	// Post writes journal postings; Postings lists them by id.
	Post(ctx context.Context, t tx.Tx, s scope.Scope, ps []Posting) error
	Postings(ctx context.Context, r tx.Read, s scope.Scope, document id.Invoice) ([]Posting, error)
	// Archive records the digest of a rendered document; Archived lists them: format → digest.
	Archive(ctx context.Context, t tx.Tx, s scope.Scope, invoice id.Invoice, format, digest string) error
	Archived(ctx context.Context, r tx.Read, s scope.Scope, invoice id.Invoice) (map[string]string, error)
}

// TermsStore keeps what issued documents fix.
type TermsStore interface {
	// Fix records what an issued document fixes for its edge and month, once; Save does it for a document it issues.
	// Unfixed lists the issued documents that are not void and fix nothing, because earlier builds did not store it.
	Fix(ctx context.Context, t tx.Tx, s scope.Scope, v Invoice) error
	Unfixed(ctx context.Context, r tx.Read, s scope.Scope) ([]id.Invoice, error)
}

// SeriesKey identifies a number series: it belongs to the seller.
type SeriesKey struct {
	Seller id.Organisation
	Series string
	Kind   Kind
	Year   int
}

// Filter narrows a list; zero fields narrow nothing. After continues after a summary's Cursor.
type Filter struct {
	Period period.Month
	State  State
	Edge   id.Edge
	Seller id.Organisation
	Number string
	After  string
	Limit  int
	Any    *Any
}

// Any narrows a list to documents of one of these edges, of one of these sellers, or of a month and later ones.
type Any struct {
	Edges   []id.Edge
	Sellers []SellerFrom
	From    period.Month // 0 for none
}

// SellerFrom is a seller's documents of a month and later ones.
type SellerFrom struct {
	Seller id.Organisation
	From   period.Month
}

// Summary is a document without its lines.
type Summary struct {
	ID       id.Invoice     `json:"id"`
	Kind     Kind           `json:"kind"`
	State    State          `json:"state"`
	Number   string         `json:"number,omitempty"`
	Edge     id.Edge        `json:"edge"`
	Seller   string         `json:"seller"` // key
	Buyer    string         `json:"buyer"`
	Period   period.Month   `json:"period"`
	Ordinal  int            `json:"ordinal"`
	Currency money.Currency `json:"currency"`
	Net      money.Decimal  `json:"net"`
	Tax      money.Decimal  `json:"tax"`
	Total    money.Decimal  `json:"total"`
	Issued   period.Date    `json:"issue_date,omitzero"`
	Due      period.Date    `json:"due_date,omitzero"`
	Answers  id.Invoice     `json:"answers,omitempty"` // the invoice a credit note answers
	Cursor   string         `json:"-"`
}

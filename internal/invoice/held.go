package invoice

import "github.com/purveyor-csp/purveyor/internal/org"

// held reports whether a document is held and not drafted: its total is 0.00, and its edge does not issue such
// documents. It gets no number, and its lines stay open for the next draft of the month.
func held(v *Invoice, terms org.Terms) bool {
	return terms.ZeroDocuments == org.HoldZero && v.Net.IsZero() && v.Tax.IsZero()
}

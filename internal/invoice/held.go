package invoice

import "github.com/purveyor-csp/purveyor/internal/org"

// held says whether a document that would be drafted is held instead: one over 0.00, on an edge that does not issue
// such documents. It takes no number, and its lines stay open for the next draft of the month.
func held(v *Invoice, terms org.Terms) bool {
	return terms.ZeroDocuments == org.HoldZero && v.Net.IsZero() && v.Tax.IsZero()
}

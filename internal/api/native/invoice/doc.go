// Package invoice owns the calls of the native API about documents: drafts, approval, issue, numbers, voiding, explanations,
// margins, and the documents themselves.
package invoice

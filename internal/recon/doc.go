// Package recon owns the comparison of the provider's statement with our books: what the statement says, what was
// imported, what was sold, and a reason for every cent between them.
//
// It changes nothing. Always true: tolerance is zero; statement = Σ parts + unexplained per currency; the provider's
// own truncation is a part and never a difference; a planted error is one difference, found once.
package recon

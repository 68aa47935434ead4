// Package invoice owns documents: usage and charges become lines, each rounded once; tax per category; gap-free
// numbers per seller; the journal; the worksheet behind each document; voiding by a full credit note.
//
// It does not price (rating does) and does not draw pages (document does). Always true: an issued document never
// changes; totals add what is printed; Σ lines of an edge = Σ rated usage + charges of that edge, each line's
// rounding residue known; numbers have no gaps; debits = credits.
package invoice

// Package pricing owns price books: versions of rules that say what a seller charges, which rule applies to a key on
// a day, and what a book must keep to before it is published.
//
// It does not know chains, exchange rates or customers' data, and it does not round: Apply is the exact arithmetic of
// one price on one base, which rating and worked examples share. Always true: a published version never changes; for
// any key and day at most one rule applies, and publishing refuses a book where two could.
package pricing

// Package document draws documents from their stored snapshots: PDF for people, JSON and the usage detail as CSV for
// the buyer's programs. Their words are in texts, one file for each language.
//
// It decides nothing and reads no store. Always true: the same snapshot gives the same bytes for one Version of this
// package; what goes to a buyer is a whitelist, and no cost of the seller is on it; each line's detail sums to its net;
// a snapshot that names no layout is drawn by package first, as it always was.
package document

// Version names the renderer: byte equality is promised within one.
const Version = "4"

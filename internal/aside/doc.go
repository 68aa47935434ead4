// Package aside owns what of the provider's files was asked for and does not count: rows kept aside, files refused, with
// what they print, and what became of them.
//
// It does not own files or rows, nor where they are kept, which are intake's and usage's. Always true: what does not count
// is open, with its money, until a later import brings it or a person answers it; each is answered once.
package aside

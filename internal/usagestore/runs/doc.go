// Package runs keeps sealed batches in memory, so that views of a month are answered without asking the usage store
// again: runs of rows that have entry, tag set and variant in common, and the texts of a load's dictionaries by number.
//
// It owns adding up and nothing else: which batches count, what is hidden of them and what anything costs is told by the
// caller. What it keeps is what a sealed batch holds, which never changes, under the numbers of load and batch, which are
// never given out again, until something of the load is dropped; so nothing kept can be out of date. Always true: sums are exact; what is kept stays within a
// number of bytes, and what does not fit is not answered here; it can all be thrown away and read again.
package runs

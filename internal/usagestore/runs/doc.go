// Package runs keeps sealed batches in memory, so that views of a month are answered without asking the usage store
// again: runs of rows that have entry, tag set and variant in common, and the texts of a load's dictionaries by number.
//
// It only adds up: the caller says which batches count, which of their rows are hidden and what
// anything costs. Kept batches cannot be out of date: a sealed batch never changes, the numbers of loads and batches
// are never used again, and a load is no longer kept once some of its rows were dropped. Always true: sums are exact;
// what is kept never exceeds a number of bytes, and queries about more are answered by the usage store; everything
// kept can be dropped and read again.
package runs

// Package star owns what makes rows of usage the same rows, whatever file, format and order they came in: the hashes of
// what rows share, the fingerprint of a row, the cells in which rows of an entitlement and day add up, and the digests
// of batches.
//
// It does not own which rows count. Always true: equal rows have equal fingerprints, and equal multisets of rows equal
// cells; nothing that a store or a load numbers is part of either.
package star

// Package check owns the verification of a live installation: every invariant, on the ledger, the usage store and the
// files.
//
// It changes nothing and repairs nothing. Always true: it reads what is stored, not what is cached; the count of a
// check shows when there was nothing to check.
package check

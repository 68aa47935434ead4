// Package intake takes the provider's files in: it reads them, settles their rows with those that are sealed already,
// writes what is new into the usage store and seals it in the ledger.
//
// It does not own what is sealed, which is usage, nor how a provider's files are spelt, which decoders know.
//
// Always true: rows in = sealed + skipped + quarantined + refused; the same rows again change nothing, whatever their
// order, file or format; no digit of an amount is ever lost; what is interrupted leaves nothing that counts.
package intake

// Package usage owns the provider's records as the provider wrote them: daily rated usage in batches, and the lines
// of reconciliation files. It reads files, keeps what was read in batches of one slot each, and seals them.
//
// It does not own prices, nor what a customer is charged. It knows customers, entitlements and products only as the
// provider's references, and keeps the worklist of those nobody has claimed.
//
// Always true: a row counts once its batch is sealed in the ledger, and never before; sealed rows are not edited,
// they are superseded; rows in = sealed + skipped + quarantined + refused; no digit of an amount is ever lost.
package usage

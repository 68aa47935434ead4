// Package usage owns the provider's records as the provider wrote them: daily rated usage in batches of one slot each,
// and the lines of reconciliation files. It says what a row and a line consist of, which of them count, which lines are
// control totals and which are charges.
//
// It does not own how records come in, which is intake, nor prices, nor what a customer is charged. It knows customers,
// entitlements and products only as the provider's references, and keeps the worklist of those that are unresolved.
//
// Always true: a row counts once its batch is sealed in the ledger, and never before; sealed rows are not edited,
// they are superseded; no digit of an amount is ever lost.
package usage

// Package usage owns the calls of the native API about the provider's usage: imports, withdrawals, loads and batches, and the
// worklist of usage that cannot be billed yet.
package usage

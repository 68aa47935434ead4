// Package usage owns the calls of the native API about what the provider sent: imports, withdrawals, loads and batches, and
// the worklist of what does not count yet.
package usage

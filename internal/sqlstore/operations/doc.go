// Package operations keeps in the ledger what the installation runs by: the event log with its checkpoints, the answers to
// idempotency keys, jobs, and the business clock.
//
// It does not decide anything: what may be saved is the areas' business. Always true: events and checkpoints are added and
// refused any change by the database itself; a lane of jobs has one head.
package operations

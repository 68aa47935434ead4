// Package upkeep has the commands for an installation itself: status, check, jobs, the business clock, the event log and
// its audit trail, keys.
//
// It repairs nothing. Always true: check and verify are an error when something does not hold.
package upkeep

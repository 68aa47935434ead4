// Package event owns the event log with its hash chain, the audit records of commands, refusals and readings of other
// organisations' data, and the answers stored under idempotency keys.
//
// It does not deliver events. Always true: an event is written in the transaction of the change it describes; each
// record's hash covers the one before it, so no record can be changed or removed unnoticed; people are named by id only.
package event

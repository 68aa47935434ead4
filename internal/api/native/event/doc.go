// Package event owns the calls of the native API about the event log and the audit records in it.
package event

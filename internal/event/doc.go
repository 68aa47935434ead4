// Package event owns what happened: the event log with its hash chain, the audit record of every command, and the
// records that make a command done twice a command done once.
//
// It does not deliver events. Always true: an event is written in the transaction of the change it describes; each
// record's hash covers the one before it, so nothing can be changed or taken out unseen; people are named by id only.
package event

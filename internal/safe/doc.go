// Package safe owns values that the ledger keeps encrypted: a key for each person, which encrypts everything personal;
// re-encrypting with a new key; the export of everything about a person; and the erasure of a person, which destroys their key.
//
// It does not keep the installation's keys (vault does) and does not know what is sealed. Always true: a person's key
// is stored sealed and gone once they are erased, and an id gets a key once; a value that is sealed again opens as
// before; nothing sealed or opened is in an error, a log or an event.
package safe

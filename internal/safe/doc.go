// Package safe owns what is kept in the ledger only sealed: a key for each person, with which everything personal is
// sealed; moving what is sealed to a new key; telling a person all there is about them; and erasing them, which is
// destroying their key.
//
// It does not keep the installation's keys (vault does) and does not know what is sealed. Always true: a person's key
// is stored sealed and gone once they are erased, and an id gets a key once; a value that is sealed again opens as
// before; nothing sealed or opened is in an error, a log or an event.
package safe

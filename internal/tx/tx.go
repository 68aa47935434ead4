// Package tx owns the words for an open transaction on the ledger database, without saying which database.
//
// It does not open one: a DB does, and hands it to a function. Always true: what opens a transaction does not take
// one, and what takes one does not open one.
package tx

import "context"

// Read is an open transaction that sees one state of the ledger.
type Read interface{ CanRead() }

// Tx is an open transaction that may also write. It is a Read too.
type Tx interface {
	Read
	CanWrite()
	// After runs f once the transaction is committed, before Do returns, and not at all when it is not. What is held in
	// memory follows the ledger so. f must be short, and may not ask the database.
	After(f func())
}

// DB opens transactions. Do commits when f returns nil and undoes everything otherwise.
type DB interface {
	View(ctx context.Context, f func(context.Context, Read) error) error
	Do(ctx context.Context, f func(context.Context, Tx) error) error
}

// Package sqlstore owns the ledger database: its schema, its two dialects (SQLite and PostgreSQL), its transactions, and
// the calls by which the packages below it keep the rows of areas: billing, parties, operations.
//
// It does not know what areas keep. Always true: the text of a statement is a constant, and values are bound to it apart;
// there is one writer at a time and every write is all or nothing; a reader sees one state; decimals are text, rounded
// money is whole minor units; text is ordered and compared by bytes; instants are UTC; issued invoices, postings, events
// and published books are refused any change by the database itself.
package sqlstore

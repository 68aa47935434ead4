// Package sqlstore owns the ledger database: its schema, its two dialects (SQLite and PostgreSQL), its transactions,
// and one small type per area that keeps the area's rows: Usage, Orgs, Books, Events, Jobs, Invoices,
// Delegation, Identity.
//
// It does not decide anything: what may be saved is the areas' business. It adds up no money in SQL.
//
// Always true: there is one writer at a time and every write is all or nothing; a reader sees one state; decimals are
// text, rounded money is whole minor units; text is ordered and compared by bytes; instants are UTC; issued invoices,
// postings, events and published books are refused any change by the database itself; what lies outside a scope is
// answered like what does not exist.
package sqlstore

// Package billing keeps in the ledger what months are billed from and with: sealed batches of usage, statement lines, what
// was kept aside, price books, documents, number series and the journal.
//
// It does not decide anything: what may be saved is the areas' business. Always true: it adds up no money in SQL, and
// rounded money is kept in whole minor units; what lies outside a scope is answered like what does not exist.
package billing

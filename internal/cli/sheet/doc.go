// Package sheet lays answers of the API out as tables: costs, what an import did, a reconciliation.
//
// It asks nothing and decides nothing. Always true: what an answer leaves out has no column.
package sheet

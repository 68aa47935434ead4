// Package pgtest owns the throw-away PostgreSQL cluster of a test binary: made by the first test that asks, in a
// folder of its own, and gone when the binary ends.
//
// It does not know any schema. Always true: the cluster listens on a socket in that folder and on nothing else; it
// orders text by language and tells time far from UTC, so that a test which leaves either to the server fails.
package pgtest

// Package callers finds out who calls the API over HTTP, before a call reaches it.
//
// It owns which requests need a proof of who sent them, and how long such a request may take to arrive. It does not own
// proofs themselves (internal/api/login checks them) or what a caller may do (internal/access). Always true: over TLS
// nobody becomes the local operator.
package callers

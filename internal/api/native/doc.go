// Package native owns the native API: its routes, what goes in and what comes out, and how faults look on the wire.
//
// It decides nothing: each route decodes, makes one call and encodes. Always true: routes.go is the whole list and the
// OpenAPI document says the same; every command leaves an audit record; a command sent again under the same
// Idempotency-Key gets the answer it got.
package native

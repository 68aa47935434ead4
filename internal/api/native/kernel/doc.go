// Package kernel owns what every call of the native API has in common: how a route is declared, bound and described, how
// faults look on the wire, paging, tags, idempotency keys, limits of bodies, metrics, and which facts of a request the
// audit log is told.
//
// It owns no route and knows no area; it alone knows the web framework. Always true: a route that leaves out a part of its
// declaration does not start; every command leaves an audit record; a command sent again under the same Idempotency-Key
// gets the answer it got; nothing longer than a route declares is read.
package kernel

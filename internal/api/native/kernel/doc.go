// Package kernel owns what every call of the native API has in common: how a route is declared, bound and described, how
// faults are answered, paging, tags, idempotency keys, limits of bodies, metrics, and which facts of a request go to the audit
// log.
//
// It owns no route and imports no area; it alone imports the web framework. Always true: a server does not start with a route
// whose declaration is incomplete; every command leaves an audit record; a command sent again under the same Idempotency-Key
// gets the answer it got; nothing longer than a route declares is read.
package kernel

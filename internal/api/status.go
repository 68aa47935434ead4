// Package api owns what the wire surfaces have in common: which status a kind of fault has.
//
// It does not own any surface; each renders errors in its own form.
package api

import (
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Status is the HTTP status of a fault of this kind. This is the one table.
func Status(k fault.Kind) int {
	switch k {
	case fault.Invalid:
		return http.StatusUnprocessableEntity
	case fault.NotFound:
		return http.StatusNotFound
	case fault.Conflict:
		return http.StatusConflict
	case fault.Denied:
		return http.StatusForbidden
	case fault.Precondition:
		return http.StatusPreconditionFailed
	case fault.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Kind is the kind of fault a status stands for: what a client makes of an answer.
func Kind(status int) fault.Kind {
	for _, k := range []fault.Kind{fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.Precondition, fault.Unavailable} {
		if Status(k) == status {
			return k
		}
	}
	if status == http.StatusUnauthorized {
		return fault.Denied
	}
	if status >= 400 && status < 500 {
		return fault.Invalid
	}
	return fault.Internal
}

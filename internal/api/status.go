// Package api owns what all APIs have in common: the HTTP status of each kind of fault.
//
// It does not own any API; each renders errors in its own form.
package api

import (
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Status is the HTTP status of a kind of fault. This is the only such table.
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
	case fault.TooLarge:
		return http.StatusRequestEntityTooLarge
	case fault.TooMany:
		return http.StatusTooManyRequests
	}
	return http.StatusInternalServerError
}

// Kind is the kind of fault that a client returns for a status.
func Kind(status int) fault.Kind {
	for _, k := range []fault.Kind{fault.Invalid, fault.NotFound, fault.Conflict, fault.Denied, fault.Precondition, fault.Unavailable, fault.TooLarge, fault.TooMany} {
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

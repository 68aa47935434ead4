package login

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// refusal is an OAuth error. Number is the provider's own number for it, which its clients act on.
type refusal struct {
	code   string
	number int
	text   string
}

func (e *refusal) Error() string { return e.text }

func invalid(code string, number int, format string, args ...any) *refusal {
	return &refusal{code, number, fmt.Sprintf(format, args...)}
}

// refusals are the OAuth errors for faults of identity.
var refusals = map[string]refusal{
	"ticket_spent":          {"invalid_grant", 70008, ""},
	"session_ended":         {"invalid_grant", 50173, ""},
	"sign_in_refused":       {"invalid_grant", 50126, ""},
	"wrong_secret":          {"invalid_client", 7000215, ""},
	"assertion_replayed":    {"invalid_client", 700027, ""},
	"program_not_found":     {"unauthorized_client", 700016, ""},
	"tenant_not_found":      {"invalid_request", 90002, ""},
	"wrong_tenant":          {"invalid_grant", 50020, ""},
	"unknown_resource":      {"invalid_resource", 500011, ""},
	"two_resources":         {"invalid_request", 28000, ""},
	"authorization_pending": {"authorization_pending", 70016, ""},
	"slow_down":             {"slow_down", 70016, ""},
	"access_denied":         {"access_denied", 65004, ""},
	"invalid_token":         {"invalid_grant", 50013, ""},
}

// asRefusal is an error as an OAuth error; ok is false for internal errors.
func asRefusal(err error) (e refusal, ok bool) {
	if r, is := errors.AsType[*refusal](err); is {
		return *r, true
	}
	if e, ok = refusals[fault.CodeOf(err)]; ok {
		e.text = err.Error()
		return e, true
	}
	switch fault.KindOf(err) {
	case fault.Internal, fault.Unavailable:
		return refusal{"temporarily_unavailable", 90033, "the service cannot answer now: try again"}, false
	}
	return refusal{"invalid_request", 90014, err.Error()}, true
}

// Refuse answers a request that is not worked on: with a page where a person asks, else in the form the provider's clients read.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, err error) {
	api.LeaveUnread(w, r)
	if fault.KindOf(err) != fault.TooMany && strings.HasPrefix(r.URL.Path, "/login") {
		s.showProblem(w, r, err)
		return
	}
	if fault.KindOf(err) == fault.TooMany && strings.HasPrefix(r.URL.Path, "/login") {
		s.showTooManyFailures(w, r)
		return
	}
	if fault.KindOf(err) == fault.TooMany {
		err = retryAfter()
	}
	s.refuse(w, r, err)
}

// badText is the refusal of a text that cannot be stored.
func badText() *refusal {
	return invalid("invalid_request", 90014, "a text holds the character U+0000, or bytes that are not UTF-8: nothing was done")
}

// refuse answers a client with an error in the form the provider's clients read.
func (s *Server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	e, ok := asRefusal(err)
	status := http.StatusBadRequest
	if !ok {
		status = http.StatusServiceUnavailable
		s.Log.ErrorContext(r.Context(), "a sign-in could not be answered", "path", r.Pattern, "error", err)
	}
	switch e.code {
	case "invalid_client", "unauthorized_client", "invalid_token":
		status = http.StatusUnauthorized
		w.Header().Set("WWW-Authenticate", `Bearer error="`+e.code+`"`)
	case "too_many_tries":
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", "2")
	}
	var b [16]byte
	_, _ = io.ReadFull(s.Random, b[:])
	trace := hex.EncodeToString(b[:])
	trace = trace[:8] + "-" + trace[8:12] + "-" + trace[12:16] + "-" + trace[16:20] + "-" + trace[20:]
	now := s.Now().UTC()
	s.writeJSON(w, status, map[string]any{
		"error": e.code, "error_codes": []int{e.number}, "timestamp": now.Format("2006-01-02 15:04:05Z"), "trace_id": trace, "correlation_id": trace,
		"error_description": fmt.Sprintf("AADSTS%d: %s Trace ID: %s Correlation ID: %s Timestamp: %s",
			e.number, sentence(e.text), trace, trace, now.Format("2006-01-02 15:04:05Z")),
	})
}

// sentence ends a text with a full stop.
func sentence(text string) string { return strings.TrimRight(text, ".") + "." }

// retryAfter is the text for a person with too many failures.
func retryAfter() *refusal {
	return invalid("too_many_tries", 90055, "too many tries came from your address: wait a minute and try again")
}

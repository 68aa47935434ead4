package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/limits"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// commands serves commands: bodies longer than the route declares are refused, the answer under an idempotency key is stored,
// and every command leaves an audit record, whatever its result. Reading routes are served with If-None-Match.
func (k *Kernel) commands(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		if !strings.HasPrefix(r.URL.Path, Prefix) {
			mux.ServeHTTP(w, r)
			return
		}
		route := k.routeOf(mux, r)
		if route == nil {
			k.unserved(mux, w, r)
			return
		}
		if err := route.check(r); err != nil {
			Refuse(w, r, err)
			return
		}
		if isRead(r) {
			mux.ServeHTTP(&conditionalWriter{ResponseWriter: w, known: r.Header.Get("If-None-Match")}, r)
			k.audited(r, rec, "", nil)
			return
		}
		rec.command, rec.action, rec.kernel = route.ID, route.Action, k
		if err := k.Access.Allowed(r.Context(), route.Action); err != nil { // before anything is read of what the caller sends
			Refuse(w, r, err)
			k.audited(r, rec, "", nil)
			return
		}
		digest, length, err := k.digestOf(r, route)
		if err != nil {
			Refuse(w, r, err)
			return
		}
		key := ""
		if !route.Streams() { // files are recognised by their content; answers about them are not stored
			key = idempotencyKeyOf(r)
		}
		if key != "" {
			if _, busy := k.Busy.LoadOrStore(key, true); busy { // otherwise both would run, and one answer and one record would be lost
				writeProblem(w, ProblemOf(fault.New(fault.Conflict, "key_busy", "a command with this idempotency key is still running: nothing was done twice; send it again when that has finished")))
				return
			}
			defer k.Busy.Delete(key)
			if done := k.replay(w, r, key, digest); done {
				return
			}
			w = &copyingWriter{ResponseWriter: w}
		}
		if length > largeBody {
			if k.large.Acquire(r.Context(), 1) != nil {
				return // the client went away
			}
			defer k.large.Release(1)
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		mux.ServeHTTP(seen, r)
		if rec.err == nil && seen.status >= http.StatusBadRequest {
			rec.err = fault.New(fault.Invalid, "bad_request", "the framework refused it before any service was asked")
		}
		k.audited(r, rec, digest, k.answerOf(w, rec, route, key, digest))
		k.Wake()
	})
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

// routeOf is the route by which a mux serves a request; nil for none.
func (k *Kernel) routeOf(mux *http.ServeMux, r *http.Request) *Route {
	_, pattern := mux.Handler(r)
	return k.byPath[pattern]
}

// idempotencyKeyOf is the idempotency key of a request. It includes the caller: the same text from another caller is another key.
func idempotencyKeyOf(r *http.Request) string {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return ""
	}
	return access.Actor(r.Context()) + " " + key
}

// digestOf is the digest of a request with its body, which is read into memory up to the longest, and how long that is. Streamed
// bodies are left out.
func (k *Kernel) digestOf(r *http.Request, route *Route) (digest string, length Size, err error) {
	var text []byte
	if !route.Streams() && r.Body != nil {
		if text, err = readHeld(r, route.Longest); err != nil {
			return "", 0, err
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
	}
	digest, err = event.Digest(k.DigestKey, []string{r.Method, r.URL.Path, r.URL.RawQuery, string(text)})
	return digest, Size(len(text)), err
}

// largeBody is the length from which bodies that are held in memory are worked on one after the other: what is made of them
// takes many times their length.
const largeBody = MiB

// readHeld reads a body into memory. A body whose length says that it is too long is not read at all.
func readHeld(r *http.Request, longest Size) ([]byte, error) {
	if r.ContentLength > int64(longest) {
		return nil, badBody(longest)
	}
	var text bytes.Buffer
	text.Grow(int(max(r.ContentLength, 0)) + bytes.MinRead)
	_, err := text.ReadFrom(limits.From(r.Context()).Held(io.LimitReader(r.Body, int64(longest)+1)))
	if _, known := errors.AsType[*fault.Fault](err); known {
		return nil, err
	}
	if err != nil || text.Len() > int(longest) {
		return nil, badBody(longest).Because(err)
	}
	if escapesNull(text.Bytes()) {
		return nil, badText()
	}
	return text.Bytes(), nil
}

func badBody(longest Size) *fault.Fault {
	return fault.New(fault.TooLarge, "bad_body", "the body is larger than %s, or ends too early; nothing was done", longest)
}

// storedAnswer is an answer under an idempotency key.
type storedAnswer struct {
	Command string    `json:"command"`
	Status  int       `json:"status"`
	Type    string    `json:"type"`
	Body    []byte    `json:"body"`
	At      time.Time `json:"at"` // by the machine's clock
}

// answerLifetime is how long answers are stored. A command sent again within it gets the same answer; later it runs again.
const answerLifetime = 30 * 24 * time.Hour

// ForgetAnswers deletes the stored answers that are older than that.
func ForgetAnswers(ctx context.Context, audit event.Auditor, now time.Time) error {
	end := now.Add(-answerLifetime)
	return audit.Forget(ctx, func(answer []byte) bool {
		var k storedAnswer
		return json.Unmarshal(answer, &k) == nil && k.At.Before(end)
	})
}

// AnswerNames says whether an answer stored under an idempotency key contains the id of a thing.
func AnswerNames(answer []byte, id string) bool {
	var k storedAnswer
	return json.Unmarshal(answer, &k) == nil && bytes.Contains(k.Body, []byte(id))
}

// answerOf is the answer to store under a key; nil if it is not stored.
func (k *Kernel) answerOf(w http.ResponseWriter, rec *record, route *Route, key, digest string) *event.Answer {
	copied, keep := w.(*copyingWriter)
	if !keep || rec.err != nil || route.answer.secret() {
		return nil
	}
	text, err := json.Marshal(storedAnswer{rec.command, copied.status, copied.Header().Get("Content-Type"), copied.body.Bytes(), k.Machine().UTC()})
	if err != nil {
		return nil
	}
	return &event.Answer{Key: key, Digest: digest, Text: text}
}

// replay sends the stored answer of a key again, if the caller still has the permission that the command needs.
func (k *Kernel) replay(w http.ResponseWriter, r *http.Request, key, digest string) bool {
	answer, ok, err := k.Audit.Recall(r.Context(), key, digest)
	if err != nil {
		writeProblem(w, ProblemOf(err))
		return true
	}
	var was storedAnswer
	if !ok || json.Unmarshal(answer, &was) != nil {
		return false
	}
	var action access.Action // empty, and so never granted, for a command that no longer exists
	if route := k.byID[was.Command]; route != nil {
		action = route.Action
	}
	if _, err := k.Access.Require(r.Context(), action); err != nil {
		rec := recordOf(r.Context())
		rec.command, rec.err = was.Command, err
		k.audited(r, rec, digest, nil)
		writeProblem(w, ProblemOf(err))
		return true
	}
	w.Header().Set("Content-Type", was.Type)
	w.Header().Set("Idempotent-Replay", "true")
	w.WriteHeader(was.Status)
	_, _ = w.Write(was.Body)
	return true
}

func writeProblem(w http.ResponseWriter, p *Problem) {
	if p.wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(p.wait.Seconds()))))
	}
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

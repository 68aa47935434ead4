package kernel

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// commands wraps what changes things: bodies longer than their route declares are refused, the answer under an idempotency
// key is kept, and every command leaves an audit record, whatever came of it. What only reads passes, with its tag compared.
func (k *Kernel) commands(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		if !strings.HasPrefix(r.URL.Path, Prefix) {
			mux.ServeHTTP(w, r)
			return
		}
		if isRead(r) {
			mux.ServeHTTP(&unlessKnown{ResponseWriter: w, known: r.Header.Get("If-None-Match")}, r)
			k.audited(r, rec, "", nil)
			return
		}
		route := k.routeOf(mux, r)
		if route == nil {
			mux.ServeHTTP(w, r)
			return
		}
		digest, err := k.digestOf(r, route)
		if err != nil {
			write(w, ProblemOf(err))
			return
		}
		key := ""
		if !route.Streams() { // files are recognised by their content, and what is answered about them is not kept
			key = callersKey(r)
		}
		if key != "" {
			if _, busy := k.Busy.LoadOrStore(key, true); busy { // or both would be done, and one answer and one record lost
				write(w, ProblemOf(fault.New(fault.Conflict, "key_busy", "a command under this key is being done: nothing was done twice; ask again when it is")))
				return
			}
			defer k.Busy.Delete(key)
			if done := k.replay(w, r, key, digest); done {
				return
			}
			w = &recorder{ResponseWriter: w}
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

// routeOf is the route that a mux would serve a request by; nil for none.
func (k *Kernel) routeOf(mux *http.ServeMux, r *http.Request) *Route {
	_, pattern := mux.Handler(r)
	return k.byPath[pattern]
}

// callersKey is the idempotency key of a request: the same word of somebody else is another key.
func callersKey(r *http.Request) string {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return ""
	}
	return access.Actor(r.Context()) + " " + key
}

// digestOf names a request by what it asks for. Bodies that are streamed are left out; others are held, up to the longest.
func (k *Kernel) digestOf(r *http.Request, route *Route) (string, error) {
	var text []byte
	if !route.Streams() && r.Body != nil {
		var err error
		if text, err = io.ReadAll(io.LimitReader(r.Body, int64(route.Longest)+1)); err != nil || len(text) > int(route.Longest) {
			return "", badBody(route.Longest).Because(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
	}
	return event.Digest(k.DigestKey, []string{r.Method, r.URL.Path, r.URL.RawQuery, string(text)})
}

func badBody(longest Size) *fault.Fault {
	return fault.New(fault.Invalid, "bad_body", "the body could not be read, or is larger than %s; nothing was done", longest)
}

// kept is an answer under an idempotency key.
type kept struct {
	Command string    `json:"command"`
	Status  int       `json:"status"`
	Type    string    `json:"type"`
	Body    []byte    `json:"body"`
	At      time.Time `json:"at"` // by the machine's clock
}

// answersLast is how long answers are kept: who tries again within it is given the answer, and later the command is done.
const answersLast = 30 * 24 * time.Hour

// ForgetAnswers drops the answers that were kept for long enough.
func ForgetAnswers(ctx context.Context, audit event.Auditor, now time.Time) error {
	end := now.Add(-answersLast)
	return audit.Forget(ctx, func(answer []byte) bool {
		var k kept
		return json.Unmarshal(answer, &k) == nil && k.At.Before(end)
	})
}

// Names says whether an answer kept under an idempotency key names a thing by its id.
func Names(answer []byte, id string) bool {
	var k kept
	return json.Unmarshal(answer, &k) == nil && bytes.Contains(k.Body, []byte(id))
}

// answerOf is what is kept of a good answer under its key; nil for nothing.
func (k *Kernel) answerOf(w http.ResponseWriter, rec *record, route *Route, key, digest string) *event.Answer {
	copied, keep := w.(*recorder)
	if !keep || rec.err != nil || route.answer.secret() {
		return nil
	}
	text, err := json.Marshal(kept{rec.command, copied.status, copied.Header().Get("Content-Type"), copied.body.Bytes(), k.Machine().UTC()})
	if err != nil {
		return nil
	}
	return &event.Answer{Key: key, Digest: digest, Text: text}
}

// replay gives the answer again that was given under a key, to who may still have it.
func (k *Kernel) replay(w http.ResponseWriter, r *http.Request, key, digest string) bool {
	answer, ok, err := k.Audit.Recall(r.Context(), key, digest)
	if err != nil {
		write(w, ProblemOf(err))
		return true
	}
	var was kept
	if !ok || json.Unmarshal(answer, &was) != nil {
		return false
	}
	var action access.Action // none of a command that is gone: that is never granted
	if route := k.byID[was.Command]; route != nil {
		action = route.Action
	}
	if _, err := k.Access.Require(r.Context(), action); err != nil {
		rec := recordOf(r.Context())
		rec.command, rec.err = was.Command, err
		k.audited(r, rec, digest, nil)
		write(w, ProblemOf(err))
		return true
	}
	w.Header().Set("Content-Type", was.Type)
	w.Header().Set("Idempotent-Replay", "true")
	w.WriteHeader(was.Status)
	_, _ = w.Write(was.Body)
	return true
}

func write(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

package native

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// record is what the layers around a handler learn from it.
type record struct {
	command string // operation id
	secret  bool   // the answer holds what must not be kept
	err     error
}

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	if r, ok := ctx.Value(recordKey{}).(*record); ok {
		return r
	}
	return &record{}
}

// fail answers with a problem, from a handler that writes its answer itself.
func fail(h huma.Context, err error) {
	recordOf(h.Context()).err = err
	p := problem(err)
	h.SetHeader("Content-Type", p.ContentType(""))
	h.SetStatus(p.Status)
	_ = json.NewEncoder(h.BodyWriter()).Encode(p)
}

// commands wraps what changes things: the answer under an idempotency key is kept, and every command leaves an audit
// record, whatever came of it. What only reads passes, with its tag compared; a record is left when it was denied.
func (s *Server) commands(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := recordOf(r.Context())
		if !strings.HasPrefix(r.URL.Path, Prefix) {
			next.ServeHTTP(w, r)
			return
		}
		if r.Method == http.MethodGet || r.Method == http.MethodHead {
			next.ServeHTTP(&unlessKnown{ResponseWriter: w, known: r.Header.Get("If-None-Match")}, r)
			if fault.KindOf(rec.err) == fault.Denied {
				s.record(r, rec, "", nil)
			}
			return
		}
		digest, err := s.digestOf(r)
		if err != nil {
			write(w, problem(err))
			return
		}
		key := callersKey(r)
		if key != "" && !isUpload(r) {
			if _, busy := s.busy.LoadOrStore(key, true); busy { // or both would be done, and one answer and one record lost
				write(w, problem(fault.New(fault.Conflict, "key_busy", "a command under this key is being done: nothing was done twice; ask again when it is")))
				return
			}
			defer s.busy.Delete(key)
			if done := s.replay(w, r, key, digest); done {
				return
			}
			w = &recorder{ResponseWriter: w}
		}
		seen := &statusWriter{ResponseWriter: w, status: http.StatusOK}
		next.ServeHTTP(seen, r)
		if rec.err == nil && seen.status >= http.StatusBadRequest {
			rec.err = fault.New(fault.Invalid, "bad_request", "the framework refused it before any service was asked")
		}
		s.settle(r, w, rec, key, digest)
	})
}

// callersKey is the idempotency key of a request: the same word of somebody else is another key.
func callersKey(r *http.Request) string {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		return ""
	}
	return access.Actor(r.Context()) + " " + key
}

// isUpload says whether the body is files: they are streamed, recognised by their content, and not kept as answers.
func isUpload(r *http.Request) bool {
	t := r.Header.Get("Content-Type")
	return strings.HasPrefix(t, "multipart/") || t == "application/octet-stream"
}

// digestOf names a request by what it asks for. Bodies of files are left out.
func (s *Server) digestOf(r *http.Request) (string, error) {
	var text []byte
	if !isUpload(r) && r.Body != nil {
		var err error
		if text, err = io.ReadAll(io.LimitReader(r.Body, maxBody+1)); err != nil || len(text) > maxBody {
			return "", fault.New(fault.Invalid, "bad_body", "the body could not be read, or is larger than %d MiB; nothing was done", maxBody>>20).Because(err)
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
	}
	return event.Digest(s.DigestKey, []string{r.Method, r.URL.Path, r.URL.RawQuery, string(text)})
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
func (s *Server) ForgetAnswers(ctx context.Context) error {
	end := s.Machine().Add(-answersLast)
	return s.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		_, err := s.Events.Store.Forget(ctx, t, func(answer []byte) bool {
			var k kept
			return json.Unmarshal(answer, &k) == nil && k.At.Before(end)
		})
		return err
	})
}

// replay gives the answer again that was given under a key, to who may still have it.
func (s *Server) replay(w http.ResponseWriter, r *http.Request, key, digest string) bool {
	var answer []byte
	var ok bool
	err := s.DB.View(r.Context(), func(ctx context.Context, t tx.Read) (err error) {
		answer, ok, err = s.Events.Recall(ctx, t, key, digest)
		return err
	})
	if err != nil {
		write(w, problem(err))
		return true
	}
	var k kept
	if !ok || json.Unmarshal(answer, &k) != nil {
		return false
	}
	if _, err := s.Access.Require(r.Context(), s.actionOf(k.Command)); err != nil {
		rec := recordOf(r.Context())
		rec.command, rec.err = k.Command, err
		s.record(r, rec, digest, nil)
		write(w, problem(err))
		return true
	}
	w.Header().Set("Content-Type", k.Type)
	w.Header().Set("Idempotent-Replay", "true")
	w.WriteHeader(k.Status)
	_, _ = w.Write(k.Body)
	return true
}

// actionOf is what a command asks access for; no command, nothing that is ever granted.
func (s *Server) actionOf(command string) access.Action {
	for _, r := range s.routes() {
		if r.id == command {
			return r.action
		}
	}
	return ""
}

// settle writes the audit record of a command, and keeps a good answer under its key.
func (s *Server) settle(r *http.Request, w http.ResponseWriter, rec *record, key, digest string) {
	answer, keep := w.(*recorder)
	s.record(r, rec, digest, func(ctx context.Context, t tx.Tx) error {
		if !keep || rec.err != nil || rec.secret {
			return nil
		}
		b, err := json.Marshal(kept{rec.command, answer.status, answer.Header().Get("Content-Type"), answer.body.Bytes(), s.Machine().UTC()})
		if err != nil {
			return err
		}
		return s.Events.Store.Remember(ctx, t, key, digest, b)
	})
	if s.Wake != nil {
		s.Wake()
	}
}

// record writes what was asked, by whom, and what came of it, together with what else is to be kept of it.
func (s *Server) record(r *http.Request, rec *record, digest string, also func(context.Context, tx.Tx) error) {
	if rec.command == "" {
		return // no route: nothing was asked of anybody
	}
	ctx := context.WithoutCancel(r.Context())
	args := map[string]string{"path": r.URL.Path}
	if r.URL.RawQuery != "" {
		args["query"] = r.URL.RawQuery
	}
	s.audit(ctx, event.Command{Name: rec.command, Args: args, Input: digest}, rec.err, also)
}

// Audited records what was asked on a page that does what a call of ours does, and what came of it. The caller is that
// of the context.
func (s *Server) Audited(ctx context.Context, call string, result error) {
	s.audit(context.WithoutCancel(ctx), event.Command{Name: call}, result, nil)
}

func (s *Server) audit(ctx context.Context, c event.Command, result error, also func(context.Context, tx.Tx) error) {
	err := s.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		err := s.Events.Audit(ctx, t, access.Actor(ctx), c, result)
		if err != nil || also == nil {
			return err
		}
		return also(ctx, t)
	})
	if err != nil {
		s.Log.ErrorContext(ctx, "an audit record could not be written", "command", c.Name, "error", err)
	}
}

func write(w http.ResponseWriter, p *Problem) {
	w.Header().Set("Content-Type", p.ContentType(""))
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// recorder keeps a copy of an answer.
type recorder struct {
	http.ResponseWriter
	status int
	body   bytes.Buffer
}

func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *recorder) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	w.body.Write(b)
	return w.ResponseWriter.Write(b)
}

// unlessKnown answers 304 without a body when the caller has what it asks for.
type unlessKnown struct {
	http.ResponseWriter
	known string
	same  bool
}

func (w *unlessKnown) Unwrap() http.ResponseWriter { return w.ResponseWriter }

func (w *unlessKnown) WriteHeader(status int) {
	tag := w.Header().Get("ETag")
	if status == http.StatusOK && tag != "" && w.known != "" && matches(w.known, tag) == nil {
		w.same, status = true, http.StatusNotModified
		w.Header().Del("Content-Type")
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *unlessKnown) Write(b []byte) (int, error) {
	if w.same {
		return len(b), nil
	}
	return w.ResponseWriter.Write(b)
}

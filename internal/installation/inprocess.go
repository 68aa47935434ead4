package installation

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"sync"
)

// InProcess carries requests to a handler in this process: the same API without a connection. Request and answer are
// streamed at the same time, without copying.
type InProcess struct {
	handler http.Handler
	caller  func(context.Context) context.Context // says who is calling
	running sync.WaitGroup                        // handlers that have not returned yet, even if their caller gave up
	log     *slog.Logger
}

// InProcess returns a transport to the API of an installation in this process, as the caller that a function puts into the
// context of each request.
func (n *Installation) InProcess(caller func(context.Context) context.Context) *InProcess {
	return &InProcess{handler: n.API.Handler(), caller: caller, log: n.API.Log}
}

// Wait waits until every handler has returned.
func (t *InProcess) Wait() { t.running.Wait() }

// RoundTrip runs the handler concurrently and returns as soon as it has sent the answer's header.
func (t *InProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(t.caller(r.Context()))
	in.RequestURI = in.URL.RequestURI()
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	w := &pipeWriter{header: http.Header{}, ready: make(chan struct{}), out: writer}
	t.running.Go(func() {
		defer writer.Close()
		defer in.Body.Close()
		defer func() {
			status := http.StatusOK
			if p := recover(); p != nil { // as a server does: the caller gets an error, others go on
				t.log.Error("a handler panicked", "panic", p, "stack", string(debug.Stack()))
				status = http.StatusInternalServerError
			}
			w.WriteHeader(status)
		}()
		t.handler.ServeHTTP(w, in)
	})
	select {
	case <-w.ready:
	case <-r.Context().Done():
		_ = reader.CloseWithError(r.Context().Err())
		return nil, r.Context().Err()
	}
	return &http.Response{
		Status: http.StatusText(w.status), StatusCode: w.status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: w.sent, Body: reader, ContentLength: -1, Request: r,
	}, nil
}

type pipeWriter struct {
	header, sent http.Header
	status       int
	once         sync.Once
	ready        chan struct{}
	out          *io.PipeWriter
}

func (w *pipeWriter) Header() http.Header { return w.header }

func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() {
		w.status, w.sent = status, w.header.Clone()
		close(w.ready)
	})
}

func (w *pipeWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(b)
}

func (w *pipeWriter) Flush()                  {}
func (w *pipeWriter) EnableFullDuplex() error { return nil }

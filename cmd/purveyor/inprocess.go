package main

import (
	"context"
	"io"
	"net/http"
	"sync"
)

// inProcess carries requests to a handler in this process: the same API without a connection. Bodies flow both ways
// at once, and nothing is copied but what the handler copies.
type inProcess struct {
	handler http.Handler
	ctx     func(context.Context) context.Context // says who is calling
}

// RoundTrip runs the handler beside the caller and returns as soon as the answer's header is there.
func (t inProcess) RoundTrip(r *http.Request) (*http.Response, error) {
	in := r.Clone(t.ctx(r.Context()))
	in.RequestURI = in.URL.RequestURI()
	if in.Host == "" {
		in.Host = in.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	w := &pipeWriter{header: http.Header{}, ready: make(chan struct{}), out: writer}
	go func() {
		defer writer.Close()
		defer in.Body.Close()
		defer w.WriteHeader(http.StatusOK)
		t.handler.ServeHTTP(w, in)
	}()
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

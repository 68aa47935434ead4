package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/matrix"
)

// matrixRun is one run of the whole matrix against the API, with every answer in the order of the requests.
type matrixRun struct {
	result  matrix.Result
	got     matrix.Table
	answers []answered
	err     error
}

// answered is a request, who made it, and its answer. Of answers that say the same one text is kept.
type answered struct {
	method, url string
	caller      id.Principal
	asked       string
	status      int
	header      http.Header
	body        string
}

var (
	onceMatrix  sync.Once
	wholeMatrix matrixRun
)

// recordedMatrix runs the matrix once for all tests of this package: one installation, every call by everybody.
func recordedMatrix(t *testing.T) *matrixRun {
	t.Helper()
	onceMatrix.Do(func() {
		wholeMatrix.err = errors.New("the test that made the matrix ended early")
		table, err := matrix.Expected()
		if err != nil {
			wholeMatrix.err = err
			return
		}
		to := &recorder{to: newMatrixTransport(t), texts: map[string]string{}}
		wholeMatrix.result, wholeMatrix.got, wholeMatrix.err = matrix.Run(context.Background(), to, table)
		wholeMatrix.answers = to.answers
	})
	if wholeMatrix.err != nil {
		t.Fatal(wholeMatrix.err)
	}
	return &wholeMatrix
}

// recorder keeps what a way into the API answers.
type recorder struct {
	to      http.RoundTripper
	answers []answered
	texts   map[string]string
}

func (r *recorder) RoundTrip(in *http.Request) (*http.Response, error) {
	one, err := requested(in)
	if err != nil {
		return nil, err
	}
	out, err := r.to.RoundTrip(in)
	if err != nil {
		return nil, err
	}
	b, err := io.ReadAll(out.Body)
	_ = out.Body.Close()
	text := string(b)
	if known, ok := r.texts[text]; ok {
		text = known
	}
	r.texts[text] = text
	one.status, one.header, one.body = out.StatusCode, out.Header, text
	r.answers = append(r.answers, one)
	out.Body = io.NopCloser(bytes.NewReader(b))
	return out, err
}

// requested is a request without its answer; the request can be sent on.
func requested(in *http.Request) (answered, error) {
	who, _ := identity.Caller(in.Context())
	b, err := io.ReadAll(in.Body)
	in.Body = io.NopCloser(bytes.NewReader(b))
	return answered{method: in.Method, url: in.URL.String(), caller: who.ID, asked: string(b)}, err
}

// replayed answers the same requests in the same order as they were answered before, and any other with an error.
type replayed struct {
	answers []answered
	next    int
}

func (r *replayed) RoundTrip(in *http.Request) (*http.Response, error) {
	one, err := requested(in)
	if err != nil {
		return nil, err
	}
	if r.next == len(r.answers) {
		return nil, fmt.Errorf("after all %d requests: %s %s", r.next, one.method, one.url)
	}
	had := &r.answers[r.next]
	if one.method != had.method || one.url != had.url || one.caller != had.caller || one.asked != had.asked {
		return nil, fmt.Errorf("request %d is %s %s by %s, and was %s %s by %s", r.next, one.method, one.url, one.caller, had.method, had.url, had.caller)
	}
	r.next++
	return &http.Response{StatusCode: had.status, Header: had.header, Body: io.NopCloser(bytes.NewReader([]byte(had.body))), Request: in}, nil
}

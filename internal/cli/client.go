package cli

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// base is where the API is. The transport knows the way; the server answers to no other name.
const base = "http://localhost" + native.Prefix

const (
	asJSON = "application/json"
	asYAML = "application/yaml"
	asLine = "application/x-ndjson"
)

// client calls the native API.
type client struct{ http http.Client }

func newClient(t http.RoundTripper) *client { return &client{http.Client{Transport: t}} }

// request is one call. Body is sent as Type; Accept is JSON unless said otherwise.
type request struct {
	method, path string
	query        url.Values
	body         io.Reader
	kind, accept string
}

// query builds a query from names and values in turn, leaving out what is empty.
func query(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out.Add(pairs[i], pairs[i+1])
		}
	}
	return out
}

func yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// path joins escaped segments.
func path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// send sends a request and hands back an answer that is not an error. The caller closes its body.
func (c *client) send(ctx context.Context, r request) (*http.Response, error) {
	at := base + r.path
	if len(r.query) > 0 {
		at += "?" + r.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.method, at, r.body)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		req.Header.Set("Content-Type", cmp.Or(r.kind, asJSON))
	}
	req.Header.Set("Accept", cmp.Or(r.accept, asJSON))
	answer, err := c.http.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		if ctx.Err() != nil {
			return nil, interrupted(ctx)
		}
		return nil, fault.New(fault.Unavailable, "no_answer", "the API did not answer; what it was doing is done whole or not at all. Try again").Because(err)
	}
	if answer.StatusCode >= 400 {
		defer answer.Body.Close()
		return nil, problemOf(answer)
	}
	return answer, nil
}

func interrupted(ctx context.Context) error {
	return fault.New(fault.Unavailable, "interrupted", "interrupted; what was done before is kept, and doing it again does nothing twice").Because(context.Cause(ctx))
}

// call sends a request and reads the whole answer, also into the value given (nil for none).
func (c *client) call(ctx context.Context, r request, into any) (raw []byte, err error) {
	answer, err := c.send(ctx, r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if raw, err = io.ReadAll(answer.Body); err != nil {
		return nil, fault.New(fault.Unavailable, "answer_cut", "the answer of the API broke off; ask again").Because(err)
	}
	if into == nil {
		return raw, nil
	}
	return raw, decode(raw, into)
}

func decode(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.New(fault.Internal, "answer_not_understood", "the API answered something this version does not understand: is the server another version?").Because(err)
	}
	return nil
}

func (c *client) get(ctx context.Context, path string, q url.Values, into any) ([]byte, error) {
	return c.call(ctx, request{method: http.MethodGet, path: path, query: q}, into)
}

// post sends a value as JSON; nil sends nothing.
func (c *client) post(ctx context.Context, path string, q url.Values, body, into any) ([]byte, error) {
	return c.json(ctx, request{method: http.MethodPost, path: path, query: q}, body, into)
}

func (c *client) json(ctx context.Context, r request, body, into any) ([]byte, error) {
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r.body = bytes.NewReader(b)
	}
	return c.call(ctx, r, into)
}

// list reads every page of a list. The raw answer is that of the only page, or one list of all items.
func list[T any](ctx context.Context, c *client, path string, q url.Values) (items []T, raw []byte, err error) {
	var all []json.RawMessage
	for {
		var page native.List[json.RawMessage]
		raw, err := c.get(ctx, path, q, &page)
		if err != nil {
			return nil, nil, err
		}
		all = append(all, page.Items...)
		for _, one := range page.Items {
			var v T
			if err := decode(one, &v); err != nil {
				return nil, nil, err
			}
			items = append(items, v)
		}
		switch {
		case page.Next == "" && len(all) == len(page.Items):
			return items, raw, nil
		case page.Next == "":
			raw, err := json.Marshal(map[string]any{"items": all})
			return items, raw, err
		}
		q = withCursor(q, page.Next)
	}
}

func withCursor(q url.Values, cursor string) url.Values {
	out := url.Values{"cursor": {cursor}}
	for name, values := range q {
		if name != "cursor" {
			out[name] = values
		}
	}
	return out
}

// problemOf makes a fault of a problem+json answer: the same text, code and fields its maker gave it.
func problemOf(answer *http.Response) error {
	raw, _ := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	var p native.Problem
	if json.Unmarshal(raw, &p) != nil || p.Detail == "" {
		p = native.Problem{Detail: fmt.Sprintf("the API answered %s", answer.Status), Code: "internal"}
	}
	p.Status = answer.StatusCode
	return p.Fault()
}

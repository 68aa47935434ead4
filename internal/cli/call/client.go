package call

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

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// base is where the API is. The transport knows the way; the server answers to no other name.
const base = "http://localhost" + kernel.Prefix

// What is sent and what is asked for.
const (
	JSON  = "application/json"
	YAML  = "application/yaml"
	Lines = "application/x-ndjson"
)

// Client calls the native API.
type Client struct{ http http.Client }

// New is a client whose requests a transport carries, wherever the API is.
func New(t http.RoundTripper) *Client { return &Client{http.Client{Transport: t}} }

// Request is one call. Body is sent as Kind; Kind and Accept are JSON unless said otherwise.
type Request struct {
	Method, Path string
	Query        url.Values
	Body         io.Reader
	Kind, Accept string
}

// Query builds a query from names and values in turn, leaving out what is empty.
func Query(pairs ...string) url.Values {
	out := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			out.Add(pairs[i], pairs[i+1])
		}
	}
	return out
}

// Yes is a flag in a query, left out when it is not set.
func Yes(b bool) string {
	if b {
		return "true"
	}
	return ""
}

// Path joins escaped segments.
func Path(segments ...string) string {
	var b strings.Builder
	for _, s := range segments {
		b.WriteString("/" + url.PathEscape(s))
	}
	return b.String()
}

// Stream sends a request and returns an answer that is not an error. The caller closes its body.
func (c *Client) Stream(ctx context.Context, r Request) (*http.Response, error) {
	at := base + r.Path
	if len(r.Query) > 0 {
		at += "?" + r.Query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, r.Method, at, r.Body)
	if err != nil {
		return nil, err
	}
	if r.Body != nil {
		req.Header.Set("Content-Type", cmp.Or(r.Kind, JSON))
	}
	req.Header.Set("Accept", cmp.Or(r.Accept, JSON))
	answer, err := c.http.Do(req)
	if err != nil {
		if wrapped, ok := errors.AsType[*url.Error](err); ok {
			err = wrapped.Err
		}
		if ctx.Err() != nil {
			return nil, Interrupted(ctx)
		}
		if r.Method == http.MethodGet {
			return nil, fault.New(fault.Unavailable, "no_answer", "the API did not answer; nothing was changed. Check that the server runs, and try again").Because(err)
		}
		return nil, fault.New(fault.Unavailable, "no_answer", "the API did not answer, so the command was carried out completely or not at all. "+
			"Check that the server runs, and look at \"purveyor events list\" (the newest are last) before you repeat the command").Because(err)
	}
	if answer.StatusCode >= 400 {
		defer answer.Body.Close()
		return nil, problemOf(answer)
	}
	return answer, nil
}

// Interrupted is what a call ends with once its context has.
func Interrupted(ctx context.Context) error {
	return fault.New(fault.Unavailable, "interrupted", "interrupted; what was done so far is kept, and nothing is done twice if you run the command again").Because(context.Cause(ctx))
}

// Call sends a request and reads the whole answer, also into the value given (nil for none).
func (c *Client) Call(ctx context.Context, r Request, into any) (raw []byte, err error) {
	answer, err := c.Stream(ctx, r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if raw, err = io.ReadAll(answer.Body); err != nil {
		return nil, fault.New(fault.Unavailable, "answer_cut", "the answer of the API ended too early; try again").Because(err)
	}
	if into == nil {
		return raw, nil
	}
	return raw, decode(raw, into)
}

func decode(raw []byte, into any) error {
	if err := json.Unmarshal(raw, into); err != nil {
		return fault.New(fault.Internal, "answer_not_understood", "this version does not understand the answer of the API: is the server another version?").Because(err)
	}
	return nil
}

// Get asks for what is at a path.
func (c *Client) Get(ctx context.Context, path string, q url.Values, into any) (raw []byte, err error) {
	return c.Call(ctx, Request{Method: http.MethodGet, Path: path, Query: q}, into)
}

// Post sends a value as JSON; nil sends nothing.
func (c *Client) Post(ctx context.Context, path string, body, into any) (raw []byte, err error) {
	return c.Send(ctx, http.MethodPost, path, body, into)
}

// Send sends a value as JSON by any method; nil sends nothing.
func (c *Client) Send(ctx context.Context, method, path string, body, into any) (raw []byte, err error) {
	r := Request{Method: method, Path: path}
	if body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			return nil, err
		}
		r.Body = bytes.NewReader(b)
	}
	return c.Call(ctx, r, into)
}

// List reads every page of a list. The raw answer is that of the only page, or one list of all items.
func List[T any](ctx context.Context, c *Client, path string, q url.Values) (items []T, raw []byte, err error) {
	var all []json.RawMessage
	for {
		var page kernel.List[json.RawMessage]
		raw, err := c.Get(ctx, path, q, &page)
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
	var p kernel.Problem
	if json.Unmarshal(raw, &p) != nil || p.Detail == "" {
		p = kernel.Problem{Detail: fmt.Sprintf("the API answered %s", answer.Status), Code: "internal"}
	}
	p.Status = answer.StatusCode
	return p.Fault()
}

package kernel

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
)

// Download is a file that is written while it is made. Of is what it is made of.
type Download[O any] struct {
	Of          O
	Type        string // its media type
	Disposition string // the Content-Disposition header
	Write       func(io.Writer) error
	Close       func() // called at the end; nil for nothing to close
}

// File answers with a file. The handler prepares it; an error while it is written cuts it off, and is in the server's log.
func File[I, O any](media []Media, prepare func(context.Context, *I) (Download[O], error)) Answer[I, O] {
	return Answer[I, O]{bind: func(b binding, before func(context.Context, *I, O) error) {
		stream(b, nil, media, func(h huma.Context, in *I) {
			file, err := prepare(h.Context(), in)
			if err == nil && file.Close != nil {
				defer file.Close()
			}
			if err == nil {
				err = before(h.Context(), in, file.Of)
			}
			if err != nil {
				failStream(h, err)
				return
			}
			h.SetHeader("Content-Type", file.Type)
			h.SetHeader("Content-Disposition", file.Disposition)
			h.SetStatus(http.StatusOK)
			if err := file.Write(h.BodyWriter()); err != nil {
				recordOf(h.Context()).err = err
			}
		})
	}}
}

// Upload answers in JSON what came of a body that the handler reads piece by piece. Behind the longest body the route
// declares, reading fails with tooLong.
func Upload[I, O any](body, answer Media, tooLong func(longest Size) error, handle func(context.Context, *I, io.Reader) (O, error)) Answer[I, O] {
	return Answer[I, O]{streams: true, bind: func(b binding, _ func(context.Context, *I, O) error) {
		stream(b, body.request(), []Media{answer}, func(h huma.Context, in *I) {
			turn := recordOf(h.Context()).kernel.uploads
			if turn.Acquire(h.Context(), 1) != nil {
				return // the client went away
			}
			defer turn.Release(1)
			out, err := handle(h.Context(), in, b.limited(h.BodyReader(), tooLong))
			if err != nil {
				failStream(h, err)
				return
			}
			h.SetHeader("Content-Type", "application/json")
			h.SetStatus(http.StatusOK)
			_ = huma.DefaultJSONFormat.Marshal(h.BodyWriter(), out) // the client went away
		})
	}}
}

// limited is a body up to the longest that the route declares.
func (b binding) limited(body io.Reader, tooLong func(longest Size) error) io.Reader {
	if b.longest == Unlimited {
		return body
	}
	return &limitedReader{from: body, left: int64(b.longest), tooLong: func() error { return tooLong(b.longest) }}
}

// limitedReader reads up to a limit, and fails behind it.
type limitedReader struct {
	from    io.Reader
	left    int64
	tooLong func() error
}

func (r *limitedReader) Read(p []byte) (int, error) {
	if r.left <= 0 {
		return 0, r.tooLong()
	}
	n, err := r.from.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// Exchange reads the request as it likes and answers with lines of JSON meanwhile. An error before the first line is
// answered with a problem; a later one only goes into the record, and the handler says it in a line of its own.
func Exchange[I any](body, answer Media, handle func(*Lines, *http.Request, *I) error) Answer[I, struct{}] {
	return Answer[I, struct{}]{streams: true, bind: func(b binding, _ func(context.Context, *I, struct{}) error) {
		stream(b, body.request(), []Media{answer}, func(h huma.Context, in *I) {
			r, w := humago.Unwrap(h)
			_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 and in-process connections are so anyway
			if r.ProtoMajor == 1 {
				// A handler may answer before the body ends. The library reads the rest then, and would take its end for
				// the beginning of the next request's.
				w.Header().Set("Connection", "close")
			}
			r.Body = io.NopCloser(b.limited(r.Body, func(longest Size) error { return badBody(longest) }))
			out := &Lines{w: w, enc: json.NewEncoder(w), media: answer.Type}
			switch err := Ended(r.Context(), handle(out, r, in)); {
			case err != nil && !out.Begun():
				failStream(h, err)
			case err != nil:
				recordOf(r.Context()).err = err
			}
		})
	}}
}

// Lines is an answer in lines of JSON, each sent as soon as it is written. Several goroutines may write.
type Lines struct {
	w     http.ResponseWriter
	enc   *json.Encoder
	media string
	begun bool
	mu    sync.Mutex
}

// Begin sends the header of the answer: from then on a failure can only be told in a line.
func (l *Lines) Begin() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.begun {
		l.begun = true
		l.w.Header().Set("Content-Type", l.media)
		l.w.WriteHeader(http.StatusOK)
	}
}

// Begun says whether the header of the answer was sent.
func (l *Lines) Begun() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.begun
}

// Write sends a line. That a client went away is noticed through the context of its request.
func (l *Lines) Write(line any) {
	l.Begin()
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = l.enc.Encode(line)
	_ = http.NewResponseController(l.w).Flush()
}

// stream registers a handler that reads its body and writes its answer itself.
func stream[I any](b binding, body *huma.RequestBody, answers []Media, serve func(huma.Context, *I)) {
	content := map[string]*huma.MediaType{}
	for _, m := range answers {
		content[m.Type] = m.described()
	}
	b.op.Responses = map[string]*huma.Response{"200": {Description: "OK", Content: content}}
	huma.Register(b.api, b.op, func(_ context.Context, in *I) (*huma.StreamResponse, error) {
		held := *in // the framework reuses in before the answer is written
		return &huma.StreamResponse{Body: func(h huma.Context) { serve(h, &held) }}, nil
	})
	if body != nil { // set afterwards: the framework reads a body that it knows of into memory
		b.api.OpenAPI().Paths[b.op.Path].Post.RequestBody = body
	}
}

// failStream answers with a problem, from a handler that writes its answer itself.
func failStream(h huma.Context, err error) {
	err = Ended(h.Context(), err)
	recordOf(h.Context()).err = err
	p := ProblemOf(err)
	h.SetHeader("Content-Type", p.ContentType(""))
	h.SetStatus(p.Status)
	_ = json.NewEncoder(h.BodyWriter()).Encode(p)
}

// Media describes a body or an answer that the framework does not read or write.
type Media struct {
	Type   string
	Text   string
	Object bool    // JSON; else bytes
	Open   bool    // any field may be in the object
	Fields []Field // of a form
}

// Field is a part of a form, which must be there: an object in JSON, or a file.
type Field struct {
	Name, Text string
	File       bool
}

func (m Media) described() *huma.MediaType {
	s := &huma.Schema{Type: huma.TypeString, Format: "binary", Description: m.Text}
	if m.Object {
		s = &huma.Schema{Type: huma.TypeObject, Description: m.Text}
	}
	if m.Open {
		s.AdditionalProperties = true
	}
	if len(m.Fields) > 0 {
		s = &huma.Schema{Type: huma.TypeObject, Description: m.Text, Properties: map[string]*huma.Schema{}}
		for _, f := range m.Fields {
			s.Required = append(s.Required, f.Name)
			s.Properties[f.Name] = &huma.Schema{Type: huma.TypeObject, Description: f.Text}
			if f.File {
				s.Properties[f.Name] = &huma.Schema{Type: huma.TypeString, Format: "binary", Description: f.Text}
			}
		}
	}
	return &huma.MediaType{Schema: s}
}

func (m Media) request() *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{m.Type: m.described()}}
}

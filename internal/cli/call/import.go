package call

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"mime/multipart"
	"net/http"
	"net/url"

	usageapi "github.com/purveyor-csp/purveyor/internal/api/native/usage"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Source is one thing to send: a file, or standard input.
type Source struct {
	Name    string
	Size    int64 // bytes, 0 when unknown
	Open    func() (io.ReadCloser, error)
	Refused error // why it cannot be opened: then it is named, and not sent
}

// Import sends files as one import command and follows it until its load is known: all of it counts, or nothing.
func (c *Client) Import(ctx context.Context, q url.Values, files []Source, follow func(intake.Progress)) (usage.Load, []byte, error) {
	body, writing := io.Pipe()
	form := multipart.NewWriter(writing)
	sent := make(chan error, 1)
	go func() {
		err := sendFiles(form, files)
		sent <- err
		writing.CloseWithError(err)
	}()
	load, err := c.follow(ctx, Request{http.MethodPost, "/imports", q, body, form.FormDataContentType(), Lines}, follow)
	body.Close()
	if gone, ok := errors.AsType[*sourceGone](<-sent); ok { // what went wrong on our side, before what came of it
		return usage.Load{}, nil, fault.New(fault.Invalid, "no_such_file", "%s cannot be read; nothing was imported", gone.name).Because(gone.error)
	}
	if err != nil {
		return usage.Load{}, nil, err
	}
	raw, err := json.Marshal(load)
	return *load, raw, err
}

// follow reads the lines of the answer: how far it is, and at last what became of it.
func (c *Client) follow(ctx context.Context, r Request, progress func(intake.Progress)) (*usage.Load, error) {
	answer, err := c.Stream(ctx, r)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	lines := bufio.NewReaderSize(answer.Body, 1<<16)
	for {
		text, err := lines.ReadBytes('\n')
		if err != nil && len(text) == 0 {
			if ctx.Err() != nil {
				return nil, Interrupted(ctx)
			}
			return nil, fault.New(fault.Unavailable, "answer_cut",
				"the connection ended before the result of the import arrived; import the same files again: nothing is counted twice").Because(err)
		}
		var line usageapi.ImportLine
		if err := decode(text, &line); err != nil {
			return nil, err
		}
		switch {
		case line.Problem != nil:
			return nil, line.Problem.Fault()
		case line.Load != nil:
			return line.Load, nil
		case line.Progress != nil:
			progress(*line.Progress)
		}
	}
}

// sourceGone is a file that could not be read while it was being sent.
type sourceGone struct {
	name string
	error
}

func (g *sourceGone) Unwrap() error { return g.error }

// sendFiles writes the manifest and then every file, in that order, holding none of them in memory.
func sendFiles(form *multipart.Writer, files []Source) error {
	var m usageapi.Manifest
	for _, f := range files {
		one := usageapi.ManifestFile{Name: f.Name, Size: f.Size}
		if f.Refused != nil {
			one.Refused = reason(f.Refused)
		}
		m.Files = append(m.Files, one)
	}
	w, err := form.CreateFormField("manifest")
	if err != nil {
		return err
	}
	if err := json.NewEncoder(w).Encode(m); err != nil {
		return err
	}
	for _, f := range files {
		if f.Refused != nil {
			continue
		}
		w, err := form.CreateFormFile("file", f.Name)
		if err != nil {
			return err
		}
		if err := sendFile(w, f); err != nil {
			return err
		}
	}
	return form.Close()
}

// reason is why a file cannot be opened, without its name.
func reason(err error) string {
	if at, ok := errors.AsType[*fs.PathError](err); ok {
		err = at.Err
	}
	return err.Error()
}

func sendFile(w io.Writer, f Source) error {
	in, err := f.Open()
	if err != nil {
		return &sourceGone{f.Name, err}
	}
	defer in.Close()
	from := &reading{in, nil}
	_, err = io.CopyBuffer(struct{ io.Writer }{w}, from, make([]byte, 1<<18))
	if from.failed != nil {
		return &sourceGone{f.Name, from.failed}
	}
	return err
}

// reading remembers that it was reading that failed, not writing.
type reading struct {
	io.Reader
	failed error
}

func (r *reading) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	if err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}

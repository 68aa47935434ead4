package native

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"sync"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Manifest is the first part of an import: the files that follow, in order.
type Manifest struct {
	Files []ManifestFile `json:"files"`
}

// ManifestFile is one file of an import. Size is in bytes, 0 when unknown. Refused is why the sender cannot open it: then
// no part follows for it, and it is counted as refused.
type ManifestFile struct {
	Name    string `json:"name"`
	Size    int64  `json:"size,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// ImportLine is one line of what an import answers: how far it is, then the load or the problem.
type ImportLine struct {
	Progress *intake.Progress `json:"progress,omitempty"`
	Load     *usage.Load      `json:"load,omitempty"`
	Problem  *Problem         `json:"problem,omitempty"`
}

type importInput struct {
	Dataset   usage.Dataset `query:"dataset" doc:"What the files are; each file's header decides if not given."`
	Period    month         `query:"period" doc:"Period of reconciliation lines whose invoice no imported rows name."`
	Complete  bool          `query:"complete" doc:"The billed rows are all of their period."`
	Add       bool          `query:"add" doc:"Rows that differ from sealed ones come on top."`
	Supersede bool          `query:"supersede" doc:"Rows that differ from sealed ones replace them."`
	DryRun    bool          `query:"dry_run" doc:"Say what would come of it, and what that does to issued months; nothing is sealed."`
}

func (s *Server) importFiles() stream[importInput] {
	return stream[importInput]{
		body: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"multipart/form-data": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"manifest", "file"}, Properties: map[string]*huma.Schema{
				"manifest": {Type: huma.TypeObject, Description: "JSON: {\"files\": [{\"name\", \"size\", \"refused\"}]}, before any file."},
				"file":     {Type: huma.TypeString, Format: "binary", Description: "One part for each file that is not refused, in the manifest's order."},
			},
		}}}},
		answers: files("application/x-ndjson", "{progress} lines, then {load} or {problem}."),
		serve:   s.serveImport,
	}
}

// serveImport reads parts as the import asks for them, and reports meanwhile: nothing is held but a block at a time.
func (s *Server) serveImport(h huma.Context, in *importInput) {
	r, w := humago.Unwrap(h)
	_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/2 and in-process connections are so anyway
	parts, manifest, err := openManifest(r)
	if err != nil {
		fail(h, err)
		return
	}
	out := &importAnswer{w: w, enc: json.NewEncoder(w)}
	h.SetHeader("Content-Type", "application/x-ndjson")
	h.SetStatus(http.StatusOK)
	load, err := s.Intake.Import(r.Context(), intake.Request{
		Sources: parts.sources(manifest), Dataset: in.Dataset, Period: in.Period.Month, Complete: in.Complete, Add: in.Add, Supersede: in.Supersede, DryRun: in.DryRun,
		Progress: out.progress,
	})
	if err != nil {
		recordOf(r.Context()).err = err
		out.line(ImportLine{Problem: problem(err)})
		return
	}
	out.line(ImportLine{Load: &load})
}

// uploads hands out the parts of a request one after the other.
type uploads struct {
	parts *multipart.Reader
	next  int
}

// maxManifest bounds what is read of an import before it is known who sends it.
const maxManifest = 4 << 20

func openManifest(r *http.Request) (*uploads, Manifest, error) {
	var m Manifest
	parts, err := r.MultipartReader()
	if err != nil {
		return nil, m, fault.New(fault.Invalid, "not_multipart", "an import is multipart/form-data: a manifest, then the files; nothing was imported").Because(err)
	}
	first, err := parts.NextPart()
	if err != nil || first.FormName() != "manifest" {
		return nil, m, fault.New(fault.Invalid, "no_manifest", "the first part of an import is its manifest; nothing was imported").Because(err)
	}
	if err := json.NewDecoder(io.LimitReader(first, maxManifest)).Decode(&m); err != nil {
		return nil, m, fault.New(fault.Invalid, "bad_manifest", "the manifest of the import is not the JSON it should be; nothing was imported").Because(err)
	}
	return &uploads{parts: parts}, m, nil
}

func (u *uploads) sources(m Manifest) []intake.Source {
	out := make([]intake.Source, len(m.Files))
	part := 0
	for i, f := range m.Files {
		if f.Refused != "" {
			out[i] = intake.Source{Name: f.Name, Open: func() (io.ReadCloser, error) { return nil, errors.New(f.Refused) }}
			continue
		}
		at := part
		part++
		out[i] = intake.Source{Name: f.Name, Size: f.Size, Open: func() (io.ReadCloser, error) { return u.open(at) }}
	}
	return out
}

// open is the part of the file with this index. Files that were given up before their end are passed over.
func (u *uploads) open(i int) (io.ReadCloser, error) {
	for {
		p, err := u.parts.NextPart()
		if err != nil {
			return nil, fault.New(fault.Invalid, "file_missing", "the upload ends before file %d of its manifest", i+1).Because(err)
		}
		u.next++
		if u.next == i+1 {
			return p, nil
		}
	}
}

// importAnswer writes lines, progress at most five times a second.
type importAnswer struct {
	w    http.ResponseWriter
	enc  *json.Encoder
	mu   sync.Mutex
	last time.Time
}

const progressEvery = 200 * time.Millisecond

func (a *importAnswer) progress(p intake.Progress) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if now := time.Now(); now.Sub(a.last) >= progressEvery {
		a.last = now
		a.write(ImportLine{Progress: &p})
	}
}

func (a *importAnswer) line(l ImportLine) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.write(l)
}

// write sends a line. A client that went away is noticed by the import, through its context.
func (a *importAnswer) write(l ImportLine) {
	_ = a.enc.Encode(l)
	_ = http.NewResponseController(a.w).Flush()
}

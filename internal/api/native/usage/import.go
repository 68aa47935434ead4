package usage

import (
	"encoding/json"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Manifest is the first part of an import: the files that follow, in order.
type Manifest struct {
	Files []ManifestFile `json:"files"`
}

// ManifestFile is one file of an import. Size is in bytes, 0 when unknown. Refused is why the sender cannot open it:
// then no part follows for it, and it is counted as refused.
type ManifestFile struct {
	Name    string `json:"name"`
	Size    int64  `json:"size,omitempty"`
	Refused string `json:"refused,omitempty"`
}

// ImportLine is one line of the answer to an import: its progress, or in the last line the load or the problem.
type ImportLine struct {
	Progress *intake.Progress `json:"progress,omitempty"`
	Load     *usage.Load      `json:"load,omitempty"`
	Problem  *kernel.Problem  `json:"problem,omitempty"`
}

type importInput struct {
	Dataset   usage.Dataset `query:"dataset" doc:"What the files are; each file's header decides if not given."`
	Period    kernel.Month  `query:"period" doc:"Period of reconciliation lines whose invoice no imported rows name."`
	Complete  bool          `query:"complete" doc:"The billed rows are all of their period."`
	Add       bool          `query:"add" doc:"Rows that differ from sealed ones come on top."`
	Supersede bool          `query:"supersede" doc:"Rows that differ from sealed ones replace them."`
	DryRun    bool          `query:"dry_run" doc:"Say what would come of it, and what that does to issued months; nothing is sealed."`
}

// importForm describes the request of an import, importLines its answer.
var (
	importForm = kernel.Media{Type: "multipart/form-data", Fields: []kernel.Field{
		{Name: "manifest", Text: "JSON: {\"files\": [{\"name\", \"size\", \"refused\"}]}, before any file."},
		{Name: "file", Text: "One part for each file that is not refused, in the manifest's order.", File: true},
	}}
	importLines = kernel.Media{Type: "application/x-ndjson", Text: "{progress} lines, then {load} or {problem}."}
)

// importFiles reads each part when the import needs it, a block at a time, and reports the progress meanwhile. A refusal before
// the first line of progress is the whole answer, with its status.
func (v handlers) importFiles(out *kernel.Lines, r *http.Request, in *importInput) error {
	parts, manifest, err := openManifest(r)
	if err != nil {
		return err
	}
	report := progress{out: out}
	load, err := v.imports.Import(r.Context(), intake.Request{
		Sources: parts.sources(manifest), Dataset: in.Dataset, Period: in.Period.Month, Complete: in.Complete, Add: in.Add, Supersede: in.Supersede, DryRun: in.DryRun,
		Progress: report.write,
	})
	if err = kernel.Ended(r.Context(), err); err != nil {
		if out.Begun() {
			out.Write(ImportLine{Problem: kernel.ProblemOf(err)})
		}
		return err
	}
	out.Write(ImportLine{Load: &load})
	return nil
}

// uploads opens the parts of a request one after the other.
type uploads struct {
	parts *multipart.Reader
	next  int
}

// maxManifest is the largest manifest: it is read before the caller's permission is checked.
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
		return nil, m, fault.New(fault.Invalid, "bad_manifest", "the manifest of the import is not valid; nothing was imported").Because(err)
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

// open is the part of the file with this index. The rest of files that were not read to their end is skipped.
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

// progress writes the progress of an import, at most five times a second.
type progress struct {
	out  *kernel.Lines
	mu   sync.Mutex
	last time.Time
}

const progressEvery = 200 * time.Millisecond

func (p *progress) write(now intake.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if at := time.Now(); at.Sub(p.last) >= progressEvery {
		p.last = at
		p.out.Write(ImportLine{Progress: &now})
	}
}

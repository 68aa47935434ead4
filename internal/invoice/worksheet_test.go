package invoice

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// oneFile returns the same file for every digest.
type oneFile []byte

func (f oneFile) Put(context.Context, io.Reader) (string, int64, error) { return "", 0, io.EOF }
func (f oneFile) Get(string) (io.ReadCloser, error)                     { return io.NopCloser(bytes.NewReader(f)), nil }

// TestWorksheetVersions: a worksheet without a version is of version 1, and one of an unknown version is refused.
func TestWorksheetVersions(t *testing.T) {
	for text, want := range map[string]string{
		`{"line":"l-1","hash":"h"}` + "\n" + `{"line":"l-2","hash":"h"}`:    "",
		`{"worksheet_version":1,"line":"l-1"}`:                              "",
		`{"line":"l-1"}` + "\n" + `{"worksheet_version":99,"line":"l-1"}`:   "worksheet_too_new",
		`{"worksheet_version":2,"line":"l-1","sold":{"in":"another form"}}`: "worksheet_too_new",
	} {
		var w sheet
		w.text.WriteString(text)
		w.flush(newPacker())
		n := 0
		err := Groups(oneFile(w.packed.Bytes()), "w", func(g Group) error {
			if n++; g.Line == "" {
				t.Errorf("%s: a group without a line", text)
			}
			return nil
		})
		if err != nil && fault.CodeOf(err) != want || (err == nil) != (want == "") || err == nil && n == 0 {
			t.Errorf("%s: %d groups, %v", text, n, err)
		}
	}
	var w sheet
	if err := w.add(newPacker(), Group{Line: "l-1"}); err != nil {
		t.Fatal(err)
	}
	var r versionedGroup
	if err := json.Unmarshal(w.text.Bytes(), &r); err != nil || max(r.Version, 1) != worksheetVersion {
		t.Errorf("written as version %d, %v: %s", r.Version, err, w.text.Bytes())
	}
}

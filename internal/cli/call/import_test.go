package call

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
)

// A file that breaks while it is sent is named, whatever the server makes of the rest.
func TestImportOfABrokenFile(t *testing.T) {
	api := New(carried(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"problem":{"status":422,"detail":"the upload ended"}}` + "\n"))}, nil
	}))
	broken := Source{Name: "broken.csv", Size: 10, Open: func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("head"), fails{})), nil
	}}
	_, _, err := api.Import(t.Context(), nil, []Source{broken}, func(intake.Progress) {})
	if fault.CodeOf(err) != "no_such_file" || !strings.Contains(err.Error(), "broken.csv") {
		t.Errorf("%v", err)
	}
}

type fails struct{}

func (fails) Read([]byte) (int, error) { return 0, fmt.Errorf("the disk is gone") }

// An import whose answer ends without a load is an error: nobody knows what became of it.
func TestImportCutOff(t *testing.T) {
	seen := 0
	api := New(carried(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"progress":{"file":"a","bytes":5,"total_bytes":9,"rows":2}}` + "\n"))}, nil
	}))
	whole := Source{Name: "a", Size: 9, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("123456789")), nil }}
	_, _, err := api.Import(t.Context(), nil, []Source{whole}, func(p intake.Progress) { seen += int(p.Rows) })
	if fault.CodeOf(err) != "answer_cut" || seen != 2 {
		t.Errorf("%v after %d rows", err, seen)
	}
}

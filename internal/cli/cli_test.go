package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestScripts runs the whole command line against an API whose answers are in files: api/METHOD/path.json (.yaml,
// .ndjson, or .problem with its status). The requests are written to the file "asked".
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"purveyor": func() {
		p := Program{Version: "test", In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Open: openFiles,
			Serve: func(_ context.Context, dir string) error { fmt.Println("serving", dir, served.Listen); return nil }, Settings: &served}
		os.Exit(p.Main(context.Background(), os.Args[1:]))
	}})
}

var served struct {
	Listen string `default:"127.0.0.1:8080" help:"Where to listen."`
}

var update = flag.Bool("update", false, "renew the expected output in testdata; read the diff afterwards")

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, UpdateScripts: *update})
}

func openFiles(_ context.Context, dir string, o command.OpenOptions) (http.RoundTripper, func() error, error) {
	if _, err := os.Stat("api"); err != nil {
		return nil, nil, fault.New(fault.NotFound, "no_data_directory", "%s is not there (%+v)", dir, o)
	}
	return answers{}, func() error { return nil }, nil
}

// answers is a transport that answers with files.
type answers struct{}

func (answers) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := asked(r); err != nil {
		return nil, err
	}
	at, ok := strings.CutPrefix(r.URL.Path, "/api/v1/")
	if !ok || r.URL.Host != "localhost" {
		return nil, fmt.Errorf("asked %s", r.URL)
	}
	accept := map[string]string{call.YAML: ".yaml", call.Lines: ".ndjson"}[r.Header.Get("Accept")]
	for _, name := range []string{at + "?" + r.URL.RawQuery, at} {
		for _, ext := range []string{accept, ".json", ".problem"} {
			text, err := os.ReadFile(filepath.Join("api", r.Method, filepath.FromSlash(name)+ext))
			if err != nil {
				continue
			}
			status := http.StatusOK
			if ext == ".problem" {
				var p kernel.Problem
				if err := json.Unmarshal(text, &p); err != nil {
					return nil, err
				}
				status = p.Status
			}
			return &http.Response{StatusCode: status, Status: http.StatusText(status), Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(text)), Request: r}, nil
		}
	}
	return nil, fmt.Errorf("nobody answers %s %s", r.Method, r.URL)
}

// asked notes a request, the parts of an upload one by one.
func asked(r *http.Request) error {
	f, err := os.OpenFile("asked", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer f.Close()
	fmt.Fprintf(f, "%s %s", r.Method, strings.TrimPrefix(r.URL.RequestURI(), "/api/v1"))
	if r.Body == nil {
		fmt.Fprintln(f)
		return nil
	}
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return err
	}
	fmt.Fprintln(f, " ", kind)
	if kind != "multipart/form-data" {
		text, err := io.ReadAll(r.Body)
		fmt.Fprintln(f, strings.TrimSpace(string(text)))
		return err
	}
	parts := multipart.NewReader(r.Body, params["boundary"])
	for {
		p, err := parts.NextPart()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		text, err := io.ReadAll(p)
		if err != nil {
			return err
		}
		fmt.Fprintf(f, "%s: %s\n", p.FormName(), strings.TrimSpace(string(text)))
	}
}

// TestHoist: an invalid command line is reported with exit code 2; flags of the output may come before the command.
func TestHoist(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"-o json invoice list", "invoice list -o json"},
		{"--output=csv --data d invoice list", "invoice list --output=csv --data d"},
		{"-ojson check", "check -ojson"},
		{"invoice list -o json", "invoice list -o json"},
		{"--help", "--help"},
		{"-o", "-o"},
		{"-o json --help", "--help -o json"},
	} {
		if got := strings.Join(hoist(strings.Fields(c.in)), " "); got != c.want {
			t.Errorf("%q became %q, want %q", c.in, got, c.want)
		}
	}
}

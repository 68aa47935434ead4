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

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// The scripts run the whole command line against an API whose answers lie in files: api/METHOD/path.json (.yaml,
// .ndjson, or .problem with its status). What was asked is in the file "asked".
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

func openFiles(_ context.Context, dir string, o OpenOptions) (http.RoundTripper, func() error, error) {
	if _, err := os.Stat("api"); err != nil {
		return nil, nil, fault.New(fault.NotFound, "no_data_directory", "%s is not there (%+v)", dir, o)
	}
	return carried(answerFiles), func() error { return nil }, nil
}

// carried is a transport that calls a function.
type carried func(*http.Request) (*http.Response, error)

func (c carried) RoundTrip(r *http.Request) (*http.Response, error) { return c(r) }

func answerFiles(r *http.Request) (*http.Response, error) {
	if err := asked(r); err != nil {
		return nil, err
	}
	at, ok := strings.CutPrefix(r.URL.Path, "/api/v1/")
	if !ok || r.URL.Host != "localhost" {
		return nil, fmt.Errorf("asked %s", r.URL)
	}
	accept := map[string]string{asYAML: ".yaml", asLine: ".ndjson"}[r.Header.Get("Accept")]
	for _, name := range []string{at + "?" + r.URL.RawQuery, at} {
		for _, ext := range []string{accept, ".json", ".problem"} {
			text, err := os.ReadFile(filepath.Join("api", r.Method, filepath.FromSlash(name)+ext))
			if err != nil {
				continue
			}
			status := http.StatusOK
			if ext == ".problem" {
				var p native.Problem
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

// A command line that is wrong is said to be wrong, with exit code 2; flags of an answer may stand before the command.
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

// Every page is asked for; the answer then is one list.
func TestListPages(t *testing.T) {
	var asked []string
	api := newClient(carried(func(r *http.Request) (*http.Response, error) {
		asked = append(asked, r.URL.RawQuery)
		text := map[string]string{"": `{"items":[1,2],"next":"b/2"}`, "b/2": `{"items":[3],"next":"c"}`, "c": `{"items":[]}`}[r.URL.Query().Get("cursor")]
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(text))}, nil
	}))
	items, raw, err := list[int](t.Context(), api, "/things", query("state", "new", "empty", ""))
	if err != nil || fmt.Sprint(items) != "[1 2 3]" || string(raw) != `{"items":[1,2,3]}` {
		t.Errorf("%v %s %v", items, raw, err)
	}
	if got := strings.Join(asked, " "); got != "state=new cursor=b%2F2&state=new cursor=c&state=new" {
		t.Errorf("asked %s", got)
	}
}

// A problem keeps its text, code and fields; what is no problem is still an error.
func TestProblems(t *testing.T) {
	for _, c := range []struct {
		status     int
		body, text string
		kind       fault.Kind
		code       string
	}{
		{409, `{"title":"Conflict","status":409,"detail":"it is issued; nothing was changed","code":"invoice_issued"}`, "it is issued; nothing was changed", fault.Conflict, "invoice_issued"},
		{422, `{"detail":"no","code":"bad","errors":[{"location":"rules[0]","message":"dead"}]}`, "no", fault.Invalid, "bad"},
		{502, `<html>`, "the API answered 502 Bad Gateway", fault.Internal, "internal"},
		{500, ``, "the API answered 500 Internal Server Error", fault.Internal, "internal"},
	} {
		api := newClient(carried(func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: c.status, Status: fmt.Sprint(c.status, " ", http.StatusText(c.status)), Body: io.NopCloser(strings.NewReader(c.body))}, nil
		}))
		_, err := api.get(t.Context(), "/x", nil, nil)
		if err == nil || err.Error() != c.text || fault.KindOf(err) != c.kind || fault.CodeOf(err) != c.code {
			t.Errorf("%d: %v, %s %s", c.status, err, fault.KindOf(err), fault.CodeOf(err))
		}
		if f, ok := err.(*fault.Fault); !ok || c.status == 422 && f.Fields["rules[0]"] != "dead" {
			t.Errorf("%d: %#v", c.status, err)
		}
	}
}

// A file that breaks while it is sent is named, whatever the server makes of the rest.
func TestImportOfABrokenFile(t *testing.T) {
	api := newClient(carried(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"problem":{"status":422,"detail":"the upload ended"}}` + "\n"))}, nil
	}))
	broken := source{"broken.csv", 10, func() (io.ReadCloser, error) {
		return io.NopCloser(io.MultiReader(strings.NewReader("head"), fails{})), nil
	}}
	_, _, err := api.imported(t.Context(), nil, []source{broken}, func(usage.Progress) {})
	if fault.CodeOf(err) != "no_such_file" || !strings.Contains(err.Error(), "broken.csv") {
		t.Errorf("%v", err)
	}
}

type fails struct{}

func (fails) Read([]byte) (int, error) { return 0, fmt.Errorf("the disk is gone") }

// An import whose answer ends without a load is an error: nobody knows what became of it.
func TestImportCutOff(t *testing.T) {
	seen := 0
	api := newClient(carried(func(r *http.Request) (*http.Response, error) {
		_, _ = io.Copy(io.Discard, r.Body)
		return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(`{"progress":{"file":"a","bytes":5,"total_bytes":9,"rows":2}}` + "\n"))}, nil
	}))
	whole := source{"a", 9, func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("123456789")), nil }}
	_, _, err := api.imported(t.Context(), nil, []source{whole}, func(p usage.Progress) { seen += int(p.Rows) })
	if fault.CodeOf(err) != "answer_cut" || seen != 2 {
		t.Errorf("%v after %d rows", err, seen)
	}
}

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	pricingapi "github.com/purveyor-csp/purveyor/internal/api/native/pricing"
	usageapi "github.com/purveyor-csp/purveyor/internal/api/native/usage"
	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/clock"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// caller calls the API of a data directory that the test creates.
type caller struct {
	*testing.T
	dir    string
	ledger string // empty: the SQLite file of the directory
	client http.Client
	close  func() error
}

func newCaller(t *testing.T, ledger string) *caller {
	t.Helper()
	c := &caller{T: t, dir: t.TempDir(), ledger: ledger}
	c.open()
	t.Cleanup(func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func (c *caller) open() {
	c.Helper()
	now := time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC)
	trip, closing, err := installation.Connect(c.Context(), c.dir, installation.Options{Settings: config.Settings{Memory: "512MB", Ledger: c.ledger}, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		c.Fatal(err)
	}
	c.client, c.close = http.Client{Transport: trip}, closing
}

// send makes one call and returns the answer and its body.
func (c *caller) send(method, path, media string, body io.Reader, header ...string) (*http.Response, []byte) {
	c.Helper()
	r, err := http.NewRequestWithContext(context.WithoutCancel(c.Context()), method, "http://localhost"+kernel.Prefix+path, body)
	if err != nil {
		c.Fatal(err)
	}
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	answer, err := c.client.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.Fatal(err)
	}
	return answer, text
}

// want makes one call, expects a status, and decodes the answer into v.
func (c *caller) want(status int, v any, method, path, media string, body string, header ...string) *http.Response {
	c.Helper()
	answer, text := c.send(method, path, media, strings.NewReader(body), header...)
	if answer.StatusCode != status {
		c.Fatalf("%s %s: %d, want %d: %s", method, path, answer.StatusCode, status, text)
	}
	if v != nil {
		if err := json.Unmarshal(text, v); err != nil {
			c.Fatalf("%s %s: %v in %s", method, path, err, text)
		}
	}
	return answer
}

const asJSON, asYAML, asFile = "application/json", "application/yaml", "application/octet-stream"

// upload imports a file through the API.
func (c *caller) upload(query, file string) usage.Load {
	c.Helper()
	return c.uploadAs(filepath.Base(file), query, file)
}

// uploadAs imports a file under another name.
func (c *caller) uploadAs(name, query, file string) usage.Load {
	c.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	text, err := os.ReadFile(file)
	if err == nil {
		var part io.Writer
		if part, err = beginUpload(form, name); err == nil {
			_, err = part.Write(text)
		}
	}
	if err != nil {
		c.Fatal(err)
	}
	_ = form.Close()
	answer, text := c.send(http.MethodPost, "/imports?"+query, form.FormDataContentType(), &b)
	if answer.StatusCode != http.StatusOK {
		c.Fatalf("import: %d: %s", answer.StatusCode, text)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	var last usageapi.ImportLine
	if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil || last.Load == nil {
		c.Fatalf("import ended with %s (%v)", lines[len(lines)-1], err)
	}
	return *last.Load
}

// beginUpload writes the part of an upload before the content of the file.
func beginUpload(form *multipart.Writer, name string) (content io.Writer, err error) {
	part, err := form.CreateFormField("manifest")
	if err == nil {
		err = json.NewEncoder(part).Encode(usageapi.Manifest{Files: []usageapi.ManifestFile{{Name: name}}})
	}
	if err != nil {
		return nil, err
	}
	return form.CreateFormFile("file", name)
}

// monthOfFiles generates a month of sample files, with the world and books that fit them.
func monthOfFiles(t *testing.T) (usageFile, statementFile string, worldYAML, bookYAML []byte) {
	t.Helper()
	dir := t.TempDir()
	usageFile, statementFile = filepath.Join(dir, "usage.csv"), filepath.Join(dir, "statement.csv")
	purveyor(t, "init", dir, "--customers", "5", "--files-only")
	purveyor(t, "usage", "generate", "--rows", "3000", "--customers", "5", "--seed", "7", "-o", usageFile, "--statement", statementFile)
	read := func(name string) []byte {
		text, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	return usageFile, statementFile, read("world.yaml"), read("book.yaml")
}

// TestMainJobOverTheAPI takes a month from files to archived documents, call by call, on both ledger databases.
func TestMainJobOverTheAPI(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { mainJob(t, newCaller(t, "")) })
	t.Run("PostgreSQL", func(t *testing.T) {
		pgtest.Need(t)
		mainJob(t, newCaller(t, pgtest.Database(t)))
	})
}

func mainJob(t *testing.T, c *caller) {
	usageFile, statementFile, w, b := monthOfFiles(t)

	var applied org.Result
	c.want(200, &applied, http.MethodPut, "/world?dry_run=true", asYAML, string(w))
	if applied.Applied || len(applied.Diff) == 0 {
		t.Fatalf("a dry run of a new world: applied %t, %d differences", applied.Applied, len(applied.Diff))
	}
	c.want(200, &applied, http.MethodPut, "/world", asYAML, string(w), "Idempotency-Key", "apply-1")
	if !applied.Applied {
		t.Fatal("the world was not applied")
	}
	again := c.want(200, &applied, http.MethodPut, "/world", asYAML, string(w), "Idempotency-Key", "apply-1")
	if again.Header.Get("Idempotent-Replay") == "" || !applied.Applied {
		t.Error("the same command under its key was not answered from memory")
	}
	c.want(409, nil, http.MethodPut, "/world", asYAML, string(w)+"# other\n", "Idempotency-Key", "apply-1")

	tagOf := c.want(200, nil, http.MethodGet, "/world", "", "").Header.Get("ETag")
	c.want(304, nil, http.MethodGet, "/world", "", "", "If-None-Match", tagOf)
	c.want(412, nil, http.MethodPut, "/world", asYAML, string(w), "If-Match", `"stale"`)
	if _, text := c.send(http.MethodGet, "/world", "", nil, "Accept", asYAML); !bytes.Contains(text, []byte("key: contoso")) || text[0] == '{' {
		t.Errorf("the world as YAML begins %.60s", text)
	}

	var books pricingapi.Published
	c.want(200, &books, http.MethodPost, "/price-books", asYAML, string(b))
	if load := c.upload("complete=true", usageFile); load.Rows.Sealed != 3000 {
		t.Fatalf("imported %+v", load.Rows)
	}
	if load := c.upload("complete=true", usageFile); load.Rows.Sealed != 0 || load.Rows.Skipped != 3000 {
		t.Fatalf("the same file again: %+v", load.Rows)
	}
	if load := c.upload("dataset=reconciliation", statementFile); load.Rows.Sealed == 0 {
		t.Fatalf("statement: %+v", load.Rows)
	}

	var run invoice.Run
	c.want(200, &run, http.MethodPost, "/periods/2026-09/draft", "", "")
	var list kernel.List[invoice.Summary]
	c.want(200, &list, http.MethodPost, "/periods/2026-09/approve", asJSON, "{}")
	if len(run.Drafts) == 0 || len(list.Items) != len(run.Drafts) {
		t.Fatalf("%d drafts, %d approved", len(run.Drafts), len(list.Items))
	}
	c.want(200, &list, http.MethodPost, "/periods/2026-09/issue", asJSON, `{"on":"2026-10-01"}`, "Idempotency-Key", "issue-1")
	issued := len(list.Items)

	seen := map[string]bool{}
	cursor := ""
	for range issued {
		list = kernel.List[invoice.Summary]{}
		c.want(200, &list, http.MethodGet, "/invoices?period=2026-09&state=issued&limit=2&cursor="+url.QueryEscape(cursor), "", "")
		for _, one := range list.Items {
			seen[string(one.ID)] = true
		}
		if cursor = list.Next; cursor == "" {
			break
		}
	}
	if len(seen) != issued {
		t.Errorf("paging by two found %d of %d documents", len(seen), issued)
	}
	c.documents(list.Items[0])

	var margins kernel.List[invoice.Margin]
	c.want(200, &margins, http.MethodGet, "/margins?period=2026-09", "", "")
	if len(margins.Items) == 0 || margins.Items[0].Margin.Sign() <= 0 {
		t.Errorf("margins %+v", margins.Items)
	}
	text, err := os.ReadFile(statementFile)
	if err != nil {
		t.Fatal(err)
	}
	var r recon.Result
	c.want(200, &r, http.MethodPost, "/reconciliations?period=2026-09", asFile, string(text))
	if !r.Unexplained.IsZero() || len(r.Differences) != 0 {
		t.Errorf("reconciled with %d differences, unexplained %v", len(r.Differences), r.Unexplained)
	}
	var report check.Report
	c.want(200, &report, http.MethodPost, "/checks", "", "")
	if len(report.Violations) != 0 || report.Checked[check.Documents] == 0 {
		t.Errorf("check: %+v", report)
	}
	c.audited()
}

// documents reads an issued document in every format, explains a line of it, and voids it.
func (c *caller) documents(one invoice.Summary) {
	c.Helper()
	base := "/invoices/" + string(one.ID)
	for format, begins := range map[string]string{"pdf": "%PDF", "json": "{", "csv": "line,record"} {
		answer, text := c.send(http.MethodGet, base+"/documents/"+format, "", nil)
		if answer.StatusCode != 200 || !bytes.HasPrefix(text, []byte(begins)) {
			c.Errorf("%s: %d, begins %.20q", format, answer.StatusCode, text)
		}
	}
	c.want(404, nil, http.MethodGet, base+"/documents/docx", "", "")
	var why invoice.Explanation
	c.want(200, &why, http.MethodGet, base+"/lines/1/explanation", "", "")
	if !why.Holds || len(why.Groups) == 0 {
		c.Errorf("explanation of line 1: %+v", why)
	}
	var p kernel.Problem
	c.want(404, &p, http.MethodGet, base+"/lines/99999/explanation", "", "")
	if p.Code != "no_such_line" {
		c.Errorf("problem %+v", p)
	}
	c.want(422, &p, http.MethodPost, base+"/void", asJSON, `{}`)
	if len(p.Errors) == 0 {
		c.Errorf("a void without a reason: %+v", p)
	}
	var note invoice.Summary
	c.want(200, &note, http.MethodPost, base+"/void", asJSON, `{"reason":"wrong buyer"}`)
	if note.Answers != one.ID {
		c.Errorf("credit note %+v", note)
	}
	c.want(409, nil, http.MethodPost, base+"/void", asJSON, `{"reason":"again"}`)
}

// audited checks that every command was recorded, refused ones too.
func (c *caller) audited() {
	c.Helper()
	outcomes := map[string]int{}
	var list kernel.List[event.Event]
	for cursor := ""; ; cursor = list.Next {
		list = kernel.List[event.Event]{}
		c.want(200, &list, http.MethodGet, "/events?limit=5&cursor="+cursor, "", "")
		for _, e := range list.Items {
			if e.Type == event.CommandRun {
				var a struct{ Command, Outcome string }
				if err := json.Unmarshal(e.Data, &a); err != nil {
					c.Fatal(err)
				}
				outcomes[a.Command+" "+a.Outcome]++
			}
		}
		if list.Next == "" {
			break
		}
	}
	for command, n := range map[string]int{
		"world-apply done": 2, "world-apply refused": 1, "book-publish done": 1, "usage-import done": 3, "invoice-draft done": 1, "invoice-approve done": 1,
		"invoice-issue done": 1, "invoice-void done": 1, "invoice-void refused": 2, "recon-run done": 1, "check-run done": 1,
	} {
		if outcomes[command] != n {
			c.Errorf("%d audit records of %s, want %d", outcomes[command], command, n)
		}
	}
}

// TestDemoClock moves the clock of demo data; other data refuses it.
func TestDemoClock(t *testing.T) {
	c := newCaller(t, "")
	var p kernel.Problem
	c.want(403, &p, http.MethodPost, "/clock", asJSON, `{"by":"P1M"}`)
	c2 := newCaller(t, "")
	var s clock.State
	c2.want(200, &s, http.MethodPost, "/clock", asJSON, `{"to":"2026-07-31","demo":true}`)
	c2.want(200, &s, http.MethodPost, "/clock", asJSON, `{"by":"P1M"}`)
	if got := s.Now.Format(time.DateOnly); got != "2026-08-31" {
		t.Errorf("31 July and a month is %s", got)
	}
	c2.want(422, &p, http.MethodPost, "/clock", asJSON, `{"to":"2026-08-01"}`)
	c2.want(409, &p, http.MethodPost, "/clock", asJSON, `{"to":"2026-09-01","demo":true}`)
}

// TestIssuedDocumentsAreArchived closes the directory and finds every document archived, with the same bytes as
// before.
func TestIssuedDocumentsAreArchived(t *testing.T) {
	sequential(t)
	c := newCaller(t, "")
	usageFile, _, w, b := monthOfFiles(t)
	c.want(200, nil, http.MethodPut, "/world", asYAML, string(w))
	c.want(200, nil, http.MethodPost, "/price-books", asYAML, string(b))
	c.upload("complete=true", usageFile)
	c.want(200, nil, http.MethodPost, "/periods/2026-09/draft", "", "")
	c.want(200, nil, http.MethodPost, "/periods/2026-09/approve", asJSON, "{}")
	var list kernel.List[invoice.Summary]
	c.want(200, &list, http.MethodPost, "/periods/2026-09/issue", asJSON, `{"on":"2026-10-01"}`)
	path := fmt.Sprintf("/invoices/%s/documents/pdf", list.Items[0].ID)
	_, before := c.send(http.MethodGet, path, "", nil)
	var jobs kernel.List[job.Job]
	c.want(200, &jobs, http.MethodGet, "/jobs?state=queued&kind=document.render", "", "")
	if len(jobs.Items) != len(list.Items) {
		t.Fatalf("%d documents to archive, want %d", len(jobs.Items), len(list.Items))
	}
	if err := c.close(); err != nil { // runs the remaining jobs
		t.Fatal(err)
	}
	c.open()
	c.want(200, &jobs, http.MethodGet, "/jobs?state=done&kind=document.render", "", "")
	if len(jobs.Items) != len(list.Items) {
		t.Errorf("%d documents archived, want %d", len(jobs.Items), len(list.Items))
	}
	if _, after := c.send(http.MethodGet, path, "", nil); !bytes.Equal(before, after) || len(after) == 0 {
		t.Errorf("the archived PDF has %d bytes and is not the one handed out before, of %d", len(after), len(before))
	}
}

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"mime/multipart"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	peopleapi "github.com/purveyor-csp/purveyor/internal/api/native/people"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func october() time.Time { return time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC) }

// namedCaller makes calls as the principal in a request's context, and as the local operator if there is none. A
// world is applied.
func namedCaller(t *testing.T) (c *caller, worldYAML []byte) {
	t.Helper()
	c = &caller{T: t, dir: t.TempDir()}
	trip, closing, err := installation.Connect(t.Context(), c.dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: october, Named: true})
	if err != nil {
		t.Fatal(err)
	}
	c.client.Transport = trip
	t.Cleanup(func() { _ = closing() })
	_, _, worldYAML, _ = monthOfFiles(t)
	c.want(200, nil, http.MethodPut, "/world", asYAML, string(worldYAML))
	return c, worldYAML
}

// TestRefusalsAreRecorded: calls without permission and calls of a wrong form are recorded with caller and call, but
// without the content that was sent.
func TestRefusalsAreRecorded(t *testing.T) {
	c, _ := namedCaller(t)
	c.want(422, nil, http.MethodPost, "/role-assignments", asJSON, `{"realm":7,"canary":"hunter2"}`)
	who := identity.Principal{ID: "prn_stranger", Realm: org.OrganisationID("c0001"), MFA: true}
	for _, path := range []string{kernel.Prefix + "/margins?period=2026-09", kernel.Prefix + "/people", "/metrics"} {
		if got := c.asked(who, path); got != http.StatusForbidden {
			t.Fatalf("%s answers without credentials %d", path, got)
		}
	}
	if got := c.asked(identity.Principal{ID: identity.LocalOperator}, "/metrics"); got != http.StatusOK {
		t.Errorf("/metrics answers the operator %d", got)
	}
	seen := map[string]id.Principal{}
	for _, e := range c.records("") {
		if bytes.Contains(e.Data, []byte("hunter2")) {
			t.Errorf("record %d holds what was sent: %s", e.Number, e.Data)
		}
		var a struct {
			Command, Outcome string
			Code             string `json:"error_code"`
		}
		if err := json.Unmarshal(e.Data, &a); err == nil && e.Type == event.CommandRun && a.Outcome == "refused" {
			seen[a.Command+" "+a.Code] = id.Principal(e.Actor)
		}
	}
	for what, actor := range map[string]id.Principal{
		"assignment-give bad_request": identity.LocalOperator, "margin-list denied": who.ID, "person-list denied": who.ID,
	} {
		if seen[what] != actor {
			t.Errorf("%s by %q is not in the log: %v", what, actor, seen)
		}
	}
}

// TestIdempotencyKeysBelongToTheirCaller sends one command under one idempotency key as several people: nobody gets
// the stored answer of somebody else, and whoever lost the permission no longer gets their own.
func TestIdempotencyKeysBelongToTheirCaller(t *testing.T) {
	c, w := namedCaller(t)
	var given [2]access.Assignment
	var invited peopleapi.Invited
	for i, mail := range []string{"other@contoso.example", "admin@contoso.example"} {
		c.want(200, &invited, http.MethodPost, "/people", asJSON, `{"realm":"contoso","name":"Ada Nowak","mail":"`+mail+`"}`)
		c.want(200, &given[i], http.MethodPost, "/role-assignments", asJSON,
			`{"principal":"`+string(invited.Person.ID)+`","realm":"contoso","role":"rol_partner-global-admin","scope":"contoso"}`)
	}
	admin := identity.Principal{ID: invited.Person.ID, Realm: org.OrganisationID("contoso"), MFA: true}
	try := func(who identity.Principal) (int, bool) {
		r, err := http.NewRequestWithContext(identity.As(t.Context(), who), http.MethodPut, "http://localhost"+kernel.Prefix+"/world", bytes.NewReader(w))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", asYAML)
		r.Header.Set("Idempotency-Key", "k1")
		answer, err := c.client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		_, _ = io.Copy(io.Discard, answer.Body)
		return answer.StatusCode, answer.Header.Get("Idempotent-Replay") != ""
	}
	expect := func(what string, who identity.Principal, status int, replayed bool) {
		t.Helper()
		if got, again := try(who); got != status || again != replayed {
			t.Errorf("%s: %d, replayed %v", what, got, again)
		}
	}
	expect("the first time", admin, 200, false)
	expect("again", admin, 200, true)
	expect("somebody else", identity.Principal{ID: "prn_other", Realm: admin.Realm, MFA: true}, 403, false)
	expect("the operator", identity.Principal{ID: identity.LocalOperator}, 200, false)
	c.want(200, nil, http.MethodDelete, "/role-assignments/"+string(given[1].ID), "", "")
	expect("after the role was taken", admin, 403, false)
}

// asked returns the status of a call made as a principal.
func (c *caller) asked(who identity.Principal, path string) int {
	c.Helper()
	r, err := http.NewRequestWithContext(identity.As(c.Context(), who), http.MethodGet, "http://localhost"+path, nil)
	if err != nil {
		c.Fatal(err)
	}
	answer, err := c.client.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	_, _ = io.Copy(io.Discard, answer.Body) // its end is the handler's
	return answer.StatusCode
}

// TestUnknownMethodsAreRefused sends every method to every path: a pair that is not a call of the API does nothing.
func TestUnknownMethodsAreRefused(t *testing.T) {
	c := newCaller(t, "")
	methods := []string{http.MethodGet, http.MethodPut, http.MethodPost, http.MethodDelete, http.MethodPatch, http.MethodOptions, http.MethodTrace}
	offered := map[string]map[string]bool{}
	for _, r := range native.Routes() {
		if offered[r.Path] == nil {
			offered[r.Path] = map[string]bool{}
		}
		offered[r.Path][r.Method] = true
	}
	tried := 0
	for path, is := range offered {
		for _, method := range methods {
			if is[method] {
				continue
			}
			tried++
			answer, text := c.send(method, regexp.MustCompile(`{\w+}`).ReplaceAllString(path, "x"), asJSON, strings.NewReader(`{}`))
			if answer.StatusCode != http.StatusMethodNotAllowed {
				t.Errorf("%s %s: %d %.80s", method, path, answer.StatusCode, text)
			}
		}
	}
	if tried < 300 {
		t.Errorf("%d were tried", tried)
	}
}

// TestUploadNamesAreNotPaths imports a file under names that are paths to other places: they are stored as text, and
// no file is written there.
func TestUploadNamesAreNotPaths(t *testing.T) {
	c := newCaller(t, "")
	usageFile, _, w, _ := monthOfFiles(t)
	c.want(200, nil, http.MethodPut, "/world", asYAML, string(w))
	if load := c.uploadAs("../../planted.csv", "", usageFile); load.Rows.Sealed == 0 {
		t.Fatalf("imported %+v", load)
	}
	sources := 0
	err := filepath.WalkDir(filepath.Dir(c.dir), func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.Contains(path, "planted") {
			t.Errorf("a file was written as %s", path)
		}
		if err == nil && !d.IsDir() && strings.Contains(path, "files") {
			sources++
		}
		return nil // other programs create and remove folders meanwhile
	})
	if err != nil || sources == 0 {
		t.Errorf("nothing was kept of the import: %v", err)
	}
}

// TestUploadsAreStreamed sends an endless file: it is read as it arrives, in bounded memory, and refused as a whole
// when the sender stops.
func TestUploadsAreStreamed(t *testing.T) {
	if testing.Short() {
		t.Skip("400 MB take a while under the race detector")
	}
	c := newCaller(t, "")
	usageFile, _, w, _ := monthOfFiles(t)
	c.want(200, nil, http.MethodPut, "/world", asYAML, string(w))
	text, err := os.ReadFile(usageFile)
	if err != nil {
		t.Fatal(err)
	}
	head, rows, _ := bytes.Cut(text, []byte("\n"))
	body, out := io.Pipe()
	form := multipart.NewWriter(out)
	const size, most = 400 << 20, 200 << 20
	var peak uint64
	sent := make(chan error, 1)
	go func() {
		part, err := beginUpload(form, "usage.csv")
		if err == nil {
			_, err = part.Write(append(head, '\n'))
		}
		var m runtime.MemStats
		for n := 0; err == nil && n < size; n += len(rows) {
			_, err = part.Write(rows) // returns once the server has read it
			runtime.ReadMemStats(&m)
			peak = max(peak, m.HeapInuse)
		}
		sent <- err
		_ = out.CloseWithError(errors.New("the sender gave up"))
	}()
	answer, output := c.send(http.MethodPost, "/imports", form.FormDataContentType(), body)
	if err := <-sent; err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != http.StatusOK {
		t.Errorf("%d %.300s", answer.StatusCode, output)
	}
	if peak > most {
		t.Errorf("%d MB were held of %d MB", peak>>20, size>>20)
	}
	var list kernel.List[usage.Load]
	c.want(200, &list, http.MethodGet, "/loads", "", "")
	if len(list.Items) != 1 || list.Items[0].Rows.Sealed != 0 || list.Items[0].Rows.Refused == 0 || list.Items[0].Rows.Refused != list.Items[0].Rows.In {
		t.Errorf("of a file that did not end: %+v", list.Items)
	}
	t.Logf("%d MB held of %d MB sent", peak>>20, size>>20)
}

// TestInternalErrorsRevealNothing breaks a store of a running server: the answer does not say the cause, and the
// server's log does. Line ends in a request do not begin new lines in that log.
func TestInternalErrorsRevealNothing(t *testing.T) {
	var log bytes.Buffer
	dir := t.TempDir()
	n, err := installation.Open(t.Context(), dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: october})
	if err != nil {
		t.Fatal(err)
	}
	local := n.InProcess(access.AsLocalOperator)
	c := &caller{T: t, dir: dir}
	c.client.Transport = local
	c.want(200, nil, http.MethodGet, "/world", "", "")
	log.Reset()
	c.want(404, nil, http.MethodGet, "/invoices/x%0Alevel=ERROR%20msg=forged", "", "")
	if lines := strings.Count(strings.TrimSpace(log.String()), "\n") + 1; lines != 1 || !strings.Contains(log.String(), "forged") {
		t.Errorf("one request wrote %d lines: %s", lines, log.String())
	}
	if err := n.DB.Close(); err != nil {
		t.Fatal(err)
	}
	answer, text := c.send(http.MethodGet, "/world", "", nil)
	if answer.StatusCode < 500 || bytes.Contains(text, []byte("sql")) || bytes.Contains(text, []byte("closed")) || bytes.Contains(text, []byte(".go")) {
		t.Errorf("%d %s", answer.StatusCode, text)
	}
	if !strings.Contains(log.String(), "closed") {
		t.Errorf("the log does not say why: %s", log.String())
	}
	local.Wait()
	_ = n.Close()
}

// TestStartPageEscapes shows an organisation whose name contains markup.
func TestStartPageEscapes(t *testing.T) {
	c := newCaller(t, "")
	_, _, w, _ := monthOfFiles(t)
	const name = `<script>alert("x")</script>`
	named := regexp.MustCompile(`(?m)^(\s+name: ).*$`).ReplaceAll(w, []byte("${1}'"+name+"'"))
	c.want(200, nil, http.MethodPut, "/world", asYAML, string(named))
	answer, err := c.client.Get("http://localhost/")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if answer.StatusCode != 200 || bytes.Contains(text, []byte("<script")) || !bytes.Contains(text, []byte("&lt;script&gt;")) {
		t.Errorf("%d %.1200s", answer.StatusCode, text)
	}
}

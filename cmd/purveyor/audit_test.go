package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	eventapi "github.com/purveyor-csp/purveyor/internal/api/native/event"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/scope"
)

// records reads all records of a query, page by page.
func (c *caller) records(query string) (out []event.Event) {
	c.Helper()
	for cursor := ""; ; {
		var list kernel.List[event.Event]
		c.want(200, &list, http.MethodGet, "/audit/records?limit=3&cursor="+cursor+query, "", "")
		out = append(out, list.Items...)
		if cursor = list.Next; cursor == "" {
			return out
		}
	}
}

// TestAuditTrail lists, exports, verifies and prunes the event log over the API.
func TestAuditTrail(t *testing.T) {
	sequential(t)
	now := time.Date(2026, 10, 2, 9, 0, 0, 0, time.UTC)
	c := &caller{T: t, dir: t.TempDir()}
	s := config.Settings{Memory: "512MB", AuditDays: 30}
	trip, closing, err := installation.Connect(t.Context(), c.dir, installation.Options{Settings: s, Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	c.client, c.close = http.Client{Transport: trip}, closing
	defer func() {
		if err := c.close(); err != nil {
			t.Error(err)
		}
	}()
	_, _, w, b := monthOfFiles(t)
	c.want(200, nil, http.MethodPut, "/world", asYAML, string(w))
	c.want(200, nil, http.MethodPost, "/price-books", asYAML, string(b))
	now = now.AddDate(0, 0, 40)
	c.want(200, nil, http.MethodPost, "/checks", "", "")
	for query, want := range map[string]int{
		"": 10, "&action=world-apply": 1, "&action=org.world_applied": 1, "&actor=local-operator": 10, "&actor=prn_x": 0, "&to=2026-10-02": 0,
		"&from=2026-10-02&to=2026-10-03": 9, "&from=2026-11-01": 1,
	} {
		if got := c.records(query); len(got) != want {
			t.Errorf("%q picks %d records, want %d", query, len(got), want)
		}
	}
	answer, text := c.send(http.MethodGet, "/audit/export?to=2026-10-03", "", nil)
	if answer.Header.Get("Content-Type") != "application/x-ndjson" || bytes.Count(text, []byte("\n")) != 9 {
		t.Fatalf("exported %s", text)
	}
	sum := sha256.Sum256(text)
	body := func(until int) string {
		return fmt.Sprintf(`{"until":%d,"export":%q}`, until, hex.EncodeToString(sum[:]))
	}
	c.want(422, nil, http.MethodPost, "/audit/prunings", asJSON, body(8))
	var p eventapi.Pruned
	c.want(200, &p, http.MethodPost, "/audit/prunings", asJSON, body(9))
	var v event.Verification
	c.want(200, &v, http.MethodPost, "/audit/verification", "", "")
	if !v.Holds || v.Pruned != 9 || p.Checkpoint.Count != 9 {
		t.Errorf("after pruning to %+v: %+v", p, v)
	}
	if list := c.records(""); list[0].Number != 10 {
		t.Errorf("the log begins with %d", list[0].Number)
	}
}

// allowAll grants everything to everybody: permissions are not what is tested here.
type allowAll struct{ access.Local }

func (allowAll) Require(ctx context.Context, _ access.Action) (access.Grant, error) {
	return access.Grant{Scope: scope.All(), View: scope.Everything, Actor: access.Actor(ctx)}, nil
}

// TestForeignReadsAreRecorded reads documents as people of several organisations. Reading a document of another
// organisation leaves a record; reading one of one's own, or reading as the local operator, leaves none.
func TestForeignReadsAreRecorded(t *testing.T) {
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
	doc := list.Items[0]
	one := "/invoices/" + string(doc.ID)
	reads := []string{one, one + "/documents/pdf", one + "/lines/1/explanation", "/invoices"}
	for _, path := range reads {
		c.want(200, nil, http.MethodGet, path, "", "")
	}
	if got := c.records("&action=audit.read"); len(got) != 0 {
		t.Fatalf("the local operator's reads were recorded: %+v", got)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	n, err := installation.Open(access.AsLocalOperator(t.Context()), c.dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	c.close = n.Close
	n.API.Access, n.Invoices.Access, n.Archive.Access = allowAll{}, allowAll{}, allowAll{}
	as := func(who id.Principal, realm id.Organisation) {
		c.client.Transport = n.InProcess(func(ctx context.Context) context.Context {
			return identity.As(ctx, identity.Principal{ID: who, Realm: realm})
		})
	}
	as("prn_seller", org.OrganisationID(doc.Seller))
	for _, path := range reads[:3] {
		c.want(200, nil, http.MethodGet, path, "", "")
	}
	as("prn_stranger", "org_stranger")
	for _, path := range reads {
		c.want(200, nil, http.MethodGet, path, "", "")
	}
	got := c.records("&action=audit.read")
	if len(got) != len(reads) {
		t.Fatalf("%d records of reading, want %d: %+v", len(got), len(reads), got)
	}
	for i, command := range []string{"invoice-show", "invoice-document", "invoice-explain", "invoice-list"} {
		var r event.Reading
		if err := json.Unmarshal(got[i].Data, &r); err != nil {
			t.Fatal(err)
		}
		if r.Command != command || r.Realm != "org_stranger" || got[i].Actor != "prn_stranger" || len(r.Organisations) < 2 {
			t.Errorf("record %d: %s %+v", i, got[i].Actor, r)
		}
	}
}

// TestDataDirectoryIsPrivate opens a directory that everybody can read, and expects that only its owner can
// afterwards.
func TestDataDirectoryIsPrivate(t *testing.T) {
	c := &caller{T: t, dir: t.TempDir()}
	if err := os.Chmod(c.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	c.open()
	defer func() { _ = c.close() }()
	info, err := os.Stat(c.dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the data directory is %v, %v", info.Mode(), err)
	}
}

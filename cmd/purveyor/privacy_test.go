package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/safe"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/parties"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// erasureScenario is an installation with people. Their personal values are encrypted in the event log, and in clear
// text in answers under idempotency keys.
type erasureScenario struct {
	*caller
	n    *installation.Installation
	ctx  context.Context
	log  bytes.Buffer
	ids  []id.Principal
	wrap map[id.Principal][][]byte // their encrypted keys, current and former
	text map[id.Principal][]byte   // what was encrypted with them
}

func newErasureScenario(t *testing.T, ledger string, count int) *erasureScenario {
	t.Helper()
	p := &erasureScenario{caller: &caller{T: t, dir: t.TempDir()}, wrap: map[id.Principal][][]byte{}, text: map[id.Principal][]byte{}}
	p.ctx = access.AsLocalOperator(context.WithoutCancel(t.Context()))
	n, err := installation.Open(p.ctx, p.dir, installation.Options{Settings: config.Settings{Memory: "512MB", Ledger: ledger}, Log: slog.New(slog.NewTextHandler(&p.log, nil)), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	p.n, p.close = n, n.Close
	t.Cleanup(func() {
		if err := p.close(); err != nil {
			t.Error(err)
		}
	})
	p.client.Transport = n.InProcess(access.AsLocalOperator)
	for i := range count {
		p.add(id.Principal(fmt.Sprintf("prn_%04d", i*131%count))) // not in order, so that database pages are split and filled
	}
	p.wrapped()
	return p
}

// personalValue is a personal value that nobody else has.
func personalValue(who id.Principal) []byte {
	return []byte("canary of " + string(who) + " <mail@example>")
}

func (p *erasureScenario) add(who id.Principal) {
	p.Helper()
	sealed, err := p.n.Safe.Seal(p.ctx, who, personalValue(who))
	if err != nil {
		p.Fatal(err)
	}
	answer, err := json.Marshal(map[string]any{"status": 200, "body": []byte(`{"id":"` + string(who) + `","name":"` + string(personalValue(who)) + `"}`)})
	if err != nil {
		p.Fatal(err)
	}
	p.ids, p.text[who] = append(p.ids, who), sealed
	err = p.n.DB.Do(p.ctx, func(ctx context.Context, t tx.Tx) error {
		if err := p.n.Events.Append(ctx, t, event.WorldApplied, string(who), "s", map[string]any{"name": string(sealed), "raw": sealed}); err != nil {
			return err
		}
		return p.n.Events.Store.Remember(ctx, t, "key-"+string(who), "d", answer)
	})
	if err != nil {
		p.Fatal(err)
	}
}

// wrapped remembers every person's encrypted key as it is now.
func (p *erasureScenario) wrapped() {
	p.Helper()
	err := p.n.DB.View(p.ctx, func(ctx context.Context, r tx.Read) error {
		for _, who := range p.ids {
			k, _, err := parties.Safe{DB: p.n.DB}.PersonKey(ctx, r, who)
			if err != nil {
				return err
			}
			p.wrap[who] = append(p.wrap[who], k)
		}
		return nil
	})
	if err != nil {
		p.Fatal(err)
	}
}

// found counts how often any of the values occurs in the files of the data directory, except the vault.
func (p *erasureScenario) found(values ...[]byte) (n int) {
	p.Helper()
	files := 0
	err := filepath.WalkDir(p.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.Contains(path, "vault") {
			return err
		}
		text, err := os.ReadFile(path)
		files++
		for _, v := range values {
			n += bytes.Count(text, v)
		}
		return err
	})
	if err != nil || files < 3 {
		p.Fatalf("scanned %d files: %v", files, err)
	}
	return n
}

// work runs all jobs and expects them to be done.
func (p *erasureScenario) work(kind job.Kind, want int) {
	p.Helper()
	if err := p.n.Drain(p.ctx); err != nil {
		p.Fatal(err)
	}
	var done []job.Job
	if err := p.n.DB.View(p.ctx, func(ctx context.Context, r tx.Read) (err error) {
		done, err = p.n.Jobs.Jobs(ctx, r, scope.All(), job.Filter{Kind: kind, State: job.Done})
		return err
	}); err != nil || len(done) != want {
		p.Fatalf("%d jobs of %s are done, want %d (%v)", len(done), kind, want, err)
	}
}

// TestErasure erases some of many people after a key rotation. Nothing of them can be decrypted or found any more,
// everything of the others can, and the event log verifies.
func TestErasure(t *testing.T) {
	sequential(t)
	p := newErasureScenario(t, "", 300)
	if n := p.found(p.wrap[p.ids[7]][0], []byte("key-prn_0007")); n < 2 {
		t.Fatalf("the scan finds %d of the stored values", n)
	}
	p.want(200, nil, http.MethodPost, "/keys/rotations", "", "")
	p.work(job.ResealValues, 1)
	p.wrapped()
	var erased []id.Principal
	for i := 3; i < len(p.ids); i += 7 {
		p.want(200, nil, http.MethodPost, "/privacy/"+string(p.ids[i])+"/erasure", "", "", "Idempotency-Key", fmt.Sprint("erase-", i))
		erased = append(erased, p.ids[i])
	}
	p.work(job.ScrubErased, len(erased))
	gone := map[id.Principal]bool{}
	for _, who := range erased {
		gone[who] = true
		if n := p.found(p.wrap[who]...); n > 0 {
			t.Errorf("%s: the encrypted key is still in a file, %d times", who, n)
		}
		if n := p.found(personalValue(who)); n > 0 {
			t.Errorf("%s: a personal value is still in a file, %d times", who, n)
		}
		if _, err := p.n.Safe.Open(p.ctx, who, p.text[who]); fault.CodeOf(err) != "person_erased" {
			t.Errorf("%s: opened after erasure: %v", who, err)
		}
		if _, err := p.n.Safe.Seal(p.ctx, who, nil); fault.CodeOf(err) != "person_erased" {
			t.Errorf("%s: given a new key: %v", who, err)
		}
	}
	for _, who := range p.ids {
		if got, err := p.n.Safe.Open(p.ctx, who, p.text[who]); !gone[who] && (err != nil || !bytes.Equal(got, personalValue(who))) {
			t.Errorf("%s: %q, %v", who, got, err)
		}
	}
	if _, err := p.n.Safe.Open(p.ctx, p.ids[0], p.text[p.ids[1]]); err == nil {
		t.Error("one person's key decrypts a value of another")
	}
	var v event.Verification
	p.want(200, &v, http.MethodPost, "/audit/verification", "", "")
	if !v.Holds {
		t.Errorf("the event log does not verify: %+v", v)
	}
	p.want(404, nil, http.MethodPost, "/privacy/prn_nobody/erasure", "", "")
	p.want(200, nil, http.MethodPost, "/privacy/"+string(erased[0])+"/erasure", "", "")
	var out map[string]json.RawMessage
	p.want(200, &out, http.MethodGet, "/privacy/"+string(p.ids[0]), "", "")
	if len(out["event_log"]) == 0 {
		t.Errorf("exported %v", out)
	}
	p.want(404, nil, http.MethodGet, "/privacy/prn_nobody", "", "")
	p.clean()
	t.Logf("%d of %d people erased; their keys and values are in no file", len(erased), len(p.ids))
}

// clean checks that the log holds no personal value, and that the ledger holds none in clear text.
func (p *erasureScenario) clean() {
	p.Helper()
	if p.log.Len() == 0 {
		p.Fatal("nothing was logged")
	}
	for _, who := range p.ids {
		if bytes.Contains(p.log.Bytes(), personalValue(who)) {
			p.Errorf("%s: what is theirs was logged", who)
		}
	}
}

// TestErasureOnPostgreSQL does the same on PostgreSQL, without looking at the server's files.
func TestErasureOnPostgreSQL(t *testing.T) {
	sequential(t)
	pgtest.Need(t)
	p := newErasureScenario(t, pgtest.Database(t), 20)
	p.want(200, nil, http.MethodPost, "/keys/rotations", "", "")
	p.work(job.ResealValues, 1)
	p.want(200, nil, http.MethodPost, "/privacy/prn_0003/erasure", "", "")
	p.work(job.ScrubErased, 1)
	if _, err := p.n.Safe.Open(p.ctx, "prn_0003", p.text["prn_0003"]); fault.CodeOf(err) != "person_erased" {
		t.Errorf("opened after erasure: %v", err)
	}
	if got, err := p.n.Safe.Open(p.ctx, "prn_0004", p.text["prn_0004"]); err != nil || !bytes.Equal(got, personalValue("prn_0004")) {
		t.Errorf("%q, %v", got, err)
	}
}

// TestRotationEncryptsEverythingAgain rotates the key of more values than one batch has. No value is left under the
// old key, each decrypts as before, and no file holds a value encrypted with the old key.
func TestRotationEncryptsEverythingAgain(t *testing.T) {
	p := newErasureScenario(t, "", 1201)
	var r safe.Rotation
	p.want(200, &r, http.MethodPost, "/keys/rotations", "", "")
	if r.Key != 2 {
		t.Fatalf("rotated to %+v", r)
	}
	p.work(job.ResealValues, 1)
	column := parties.SealedColumn{DB: p.n.DB, Table: safe.PersonKeys, Key: "person", Column: "sealed"}
	if err := p.n.DB.View(p.ctx, func(ctx context.Context, t tx.Read) error {
		old, err := column.Older(ctx, t, r.Key, 10)
		if len(old) != 0 {
			p.Errorf("%d values are still sealed with an older key", len(old))
		}
		all, err2 := column.Older(ctx, t, r.Key+1, 5000)
		if len(all) != len(p.ids) {
			p.Errorf("%d values, want %d", len(all), len(p.ids))
		}
		if err == nil {
			err = err2
		}
		return err
	}); err != nil {
		t.Fatal(err)
	}
	for _, who := range p.ids {
		if got, err := p.n.Safe.Open(p.ctx, who, p.text[who]); err != nil || !bytes.Equal(got, personalValue(who)) {
			t.Fatalf("%s: %q, %v", who, got, err)
		}
	}
	if list := p.records("&action=keys.resealed"); len(list) != 1 || string(list[0].Data) != `{"key":2,"values":1201}` {
		t.Errorf("recorded %+v", list)
	}
	if err := p.n.DB.Scrub(p.ctx); err != nil {
		t.Fatal(err)
	}
	old := 0
	for _, who := range p.ids {
		old += p.found(p.wrap[who][0])
	}
	t.Logf("%d values encrypted again; %d encrypted with the old key are still in a file", len(p.ids), old)
	if old > 0 {
		t.Errorf("%d values encrypted with the old key are still in a file", old)
	}
}

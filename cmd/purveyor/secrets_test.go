package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
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
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// errorChain is the text of an error and of all its causes.
func errorChain(err error) string {
	var b strings.Builder
	for ; err != nil; err = errors.Unwrap(err) {
		b.WriteString(err.Error() + "\n")
	}
	return b.String()
}

// TestSecretsAreStoredEncrypted encrypts known secrets, decrypts them correctly and in every wrong way, sends one in
// a request, and searches for them in every file except the vault's, in the log and in every error.
func TestSecretsAreStoredEncrypted(t *testing.T) {
	sequential(t)
	p := newErasureScenario(t, "", 1)
	var plantedLeaks [][]byte
	var output strings.Builder
	for _, name := range []string{"totp", "webhook", "client", "signing"} {
		s := []byte("planted-secret-of-" + name)
		plantedLeaks = append(plantedLeaks, s)
		sealed, err := p.n.Safe.Seal(p.ctx, id.Principal("installation"), s)
		if err != nil {
			t.Fatal(err)
		}
		if err := p.n.DB.Do(p.ctx, func(ctx context.Context, w tx.Tx) error {
			return p.n.Events.Append(ctx, w, event.WorldApplied, "local-operator", name, map[string]any{"sealed": sealed})
		}); err != nil {
			t.Fatal(err)
		}
		if got, err := p.n.Safe.Open(p.ctx, "installation", sealed); err != nil || !bytes.Equal(got, s) {
			t.Fatalf("%q, %v", got, err)
		}
		broken := bytes.Clone(sealed)
		broken[len(broken)-1] ^= 1
		for who, text := range map[id.Principal][]byte{"installation": broken, p.ids[0]: sealed, "prn_nobody": sealed} {
			_, err := p.n.Safe.Open(p.ctx, who, text)
			if err == nil {
				t.Errorf("%s opens it", who)
			}
			output.WriteString(errorChain(err))
		}
		answer, text := p.send(http.MethodPost, "/periods/2026-09/approve", asJSON, strings.NewReader(`{"invoices":["`+string(s)+`"]}`), "Idempotency-Key", name)
		if answer.StatusCode < 400 {
			t.Errorf("approved: %s", text)
		}
	}
	if n := p.found(plantedLeaks...); n > 0 {
		t.Errorf("the secrets are in files, %d times", n)
	}
	for _, s := range plantedLeaks {
		if strings.Contains(output.String(), string(s)) || bytes.Contains(p.log.Bytes(), s) {
			t.Errorf("%s was printed or logged", s)
		}
	}
	if output.Len() == 0 || p.log.Len() == 0 {
		t.Error("nothing was printed or logged")
	}
	p.wantNotGuessable(`{"invoices":["planted-secret-of-totp"]}`)
}

// guessed wants that a request cannot be told from its digest in the log by whoever guesses what it was.
func (p *erasureScenario) wantNotGuessable(body string) {
	p.Helper()
	asked, err := json.Marshal([]string{http.MethodPost, "/api/v1/periods/2026-09/approve", "", body})
	if err != nil {
		p.Fatal(err)
	}
	plain := sha256.Sum256(asked)
	list := p.records("&action=invoice-approve")
	if len(list) == 0 {
		p.Error("the command left no record")
	}
	for _, e := range list {
		if strings.Contains(string(e.Data), hex.EncodeToString(plain[:])) {
			p.Error("the digest of a request is one anybody can make")
		}
	}
}

// TestLedgerPasswordIsNotRevealed names an unreachable ledger in DIR/ledger.dsn: no error shows its password.
func TestLedgerPasswordIsNotRevealed(t *testing.T) {
	const plantedLeaks = "Hunter2-canary"
	for _, dsn := range []string{"postgres://u:" + plantedLeaks + "@127.0.0.1:1/d", "host=127.0.0.1 port=1 user=u password=" + plantedLeaks, "postgres://u:" + plantedLeaks + "@127.0.0.1:x/d"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "ledger.dsn"), []byte(dsn+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		_, err := installation.Open(access.AsLocalOperator(t.Context()), dir, installation.Options{Settings: config.Settings{}, Log: slog.New(slog.NewTextHandler(&log, nil)), Now: time.Now})
		if err == nil {
			t.Fatal("opened a ledger that does not exist")
		}
		if text := errorChain(err) + log.String(); strings.Contains(text, plantedLeaks) || len(text) < 20 {
			t.Errorf("the password is in %q", text)
		}
	}
}

package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// inUse is an installation that people and imports use while it is backed up.
type inUse struct {
	*caller
	n      *installation.Installation
	ctx    context.Context
	cookie string // of a person who is signed in
	token  string // a refresh token of theirs
	files  [][]byte
	worlds [][]byte
}

func newInUse(t *testing.T, ledger string) *inUse {
	t.Helper()
	u := &inUse{caller: &caller{T: t, dir: filepath.Join(t.TempDir(), "d"), ledger: ledger}, ctx: access.AtDirectory(context.WithoutCancel(t.Context()))}
	var err error
	if u.n, err = installation.Open(u.ctx, u.dir, u.options()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := u.n.Close(); err != nil {
			t.Error(err)
		}
	})
	u.client = http.Client{Transport: u.n.InProcess(access.AtDirectory)}
	usageFile, statementFile, w, b := monthOfFiles(t)
	u.want(200, nil, http.MethodPost, "/clock", asJSON, `{"to":"2026-10-05","demo":true}`) // in demo data people get a password at once
	u.want(200, nil, http.MethodPut, "/world", asYAML, string(w))
	u.want(200, nil, http.MethodPost, "/price-books", asYAML, string(b))
	u.upload("complete=true", usageFile)
	u.upload("dataset=reconciliation", statementFile)
	for _, step := range []string{"draft", "approve", "issue"} {
		u.want(200, nil, http.MethodPost, "/periods/2026-09/"+step, asJSON, `{}`)
	}
	if err := errors.Join(u.n.Drain(u.ctx), u.n.Anchor(u.ctx)); err != nil {
		t.Fatal(err)
	}
	u.signIn()
	for i := range 4 {
		file := filepath.Join(t.TempDir(), "more.csv")
		purveyor(t, "usage", "generate", "--rows", "800", "--customers", "5", "--seed", fmt.Sprint(20+i), "--month", "2026-10", "--unbilled", "-o", file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		u.files = append(u.files, text)
	}
	u.worlds = [][]byte{w, bytes.Replace(w, []byte("payment_days: 14"), []byte("payment_days: 15"), 1)}
	return u
}

func (u *inUse) options() installation.Options {
	return installation.Options{Settings: config.Settings{Memory: "512MB", Ledger: u.ledger}, Version: "1.2.3", Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

// signIn signs a person in: in a browser, and a program that acts for them.
func (u *inUse) signIn() {
	u.Helper()
	p, err := u.n.People.AddWithPassword(u.ctx, "contoso", people.Personal{Name: "Maria", Mail: "maria@contoso.example"}, "brown kettle morning")
	if err != nil {
		u.Fatal(err)
	}
	s, cookie, err := u.n.People.OpenSession(u.ctx, sessions.Session{Person: p.ID, Agent: "a test"})
	if err != nil {
		u.Fatal(err)
	}
	u.cookie = cookie
	u.token, err = u.n.Sessions.Issue(u.ctx, sessions.Ticket{Kind: sessions.RefreshToken, Person: p.ID, Session: s.ID, Client: "client"})
	if err != nil {
		u.Fatal(err)
	}
	generate := func() (string, []byte, error) { return "key-1", []byte("private"), nil }
	if _, _, err := u.n.Sessions.SigningKeys(u.ctx, generate); err != nil {
		u.Fatal(err)
	}
}

// work imports and changes things until the context ends, and says after each command that it was done.
func (u *inUse) work(ctx context.Context, done func()) {
	var running sync.WaitGroup
	send := func(method, path, media string, body []byte) {
		r, err := http.NewRequestWithContext(u.ctx, method, "http://localhost"+kernel.Prefix+path, bytes.NewReader(body))
		if err != nil {
			u.Error(err)
			return
		}
		r.Header.Set("Content-Type", media)
		answer, err := u.client.Do(r)
		if err != nil {
			u.Error(err)
			return
		}
		text, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"problem"`)) {
			u.Errorf("%s %s: %s %s", method, path, answer.Status, text)
		}
		done()
	}
	running.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			form := "--z\r\nContent-Disposition: form-data; name=\"manifest\"\r\n\r\n{\"files\":[{\"name\":\"more.csv\"}]}\r\n" +
				"--z\r\nContent-Disposition: form-data; name=\"file\"; filename=\"more.csv\"\r\n\r\n" + string(u.files[i%len(u.files)]) + "\r\n--z--\r\n"
			send(http.MethodPost, "/imports", "multipart/form-data; boundary=z", []byte(form))
		}
	})
	running.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			send(http.MethodPut, "/world", asYAML, u.worlds[i%len(u.worlds)])
			send(http.MethodPost, "/periods/2026-10/draft", asJSON, nil)
			if err := u.n.Anchor(u.ctx); err != nil {
				u.Error(err)
			}
		}
	})
	running.Wait()
}

// TestBackupUnderLoad backs an installation up while imports and changes go on, and restores each backup: totals are equal,
// audit log and check are clean, and whoever was signed in is not any more. On either ledger database.
func TestBackupUnderLoad(t *testing.T) {
	t.Run("SQLite", func(t *testing.T) { backupUnderLoad(t, newInUse(t, ""), func() string { return "" }) })
	t.Run("PostgreSQL", func(t *testing.T) {
		pgtest.Need(t)
		backupUnderLoad(t, newInUse(t, pgtest.Database(t)), func() string { return pgtest.Database(t) })
	})
}

func backupUnderLoad(t *testing.T, u *inUse, database func() string) {
	at := t.TempDir()
	in := func(name string) string { return filepath.Join(at, name) }
	ctx, stop := context.WithCancel(u.ctx)
	var commands atomic.Int64
	begun := make(chan struct{})
	var once sync.Once
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		u.work(ctx, func() {
			if commands.Add(1) >= 3 {
				once.Do(func() { close(begun) })
			}
		})
	}()
	<-begun
	orders := []backup.Request{{Folder: in("one")}, {Folder: in("two"), Vault: in("keys"), UsageStore: true}, {Folder: in("three")}}
	made := make([]backup.Summary, len(orders))
	before := commands.Load()
	for i, order := range orders {
		var err error
		order.Progress = func(backup.Progress) {}
		if made[i], err = u.n.Backups.Make(u.ctx, order); err != nil {
			stop()
			<-ended
			t.Fatal(err)
		}
	}
	during := commands.Load() - before
	stop()
	<-ended
	t.Logf("%d commands were done while 3 backups were made", during)
	if during == 0 || made[0].Totals.Events >= made[2].Totals.Events {
		t.Errorf("nothing went on meanwhile: %d and %d events", made[0].Totals.Events, made[2].Totals.Events)
	}
	for i, order := range orders {
		o := u.options()
		o.Ledger = "somewhere else" // the setting names another ledger, and must not be taken
		r := installation.RestoreRequest{Backup: order.Folder, Vault: order.Vault, Into: order.Folder + "-restored", Ledger: database(), Progress: func(backup.Progress) {}}
		back, err := installation.Restore(u.ctx, r, o)
		if err != nil {
			t.Fatal(err)
		}
		if back.Restored.Events != made[i].Totals.Events || back.Restored.Head != made[i].Totals.Head || !back.Audit.Holds || len(back.Check.Violations) > 0 || back.Restored.Sessions == 0 || back.Restored.Tickets == 0 || back.Restored.SigningKeys != 1 {
			t.Errorf("restored %+v", back.Restored)
		}
		u.nobodyIsSignedIn(r.Into)
	}
}

// nobodyIsSignedIn opens a restored directory: what proved who somebody was before proves nothing, and the event log says why.
func (u *inUse) nobodyIsSignedIn(dir string) {
	u.Helper()
	o := u.options()
	o.Ledger = ""
	n, err := installation.Open(u.ctx, dir, o)
	if err != nil {
		u.Fatal(err)
	}
	defer func() {
		if err := n.Close(); err != nil {
			u.Error(err)
		}
	}()
	if _, _, err := n.Sessions.ByCookie(u.ctx, u.cookie); fault.CodeOf(err) != "session_ended" {
		u.Errorf("the cookie of before: %v", err)
	}
	any := func(sessions.Ticket) error { return nil }
	_, err = n.Sessions.Exchange(u.ctx, sessions.TokenRequest{Kind: sessions.RefreshToken, Secret: u.token, Client: "client", Check: any, Refreshable: func(sessions.Ticket) bool { return true }})
	if fault.CodeOf(err) != "ticket_spent" {
		u.Errorf("the refresh token of before: %v", err)
	}
	all, _, err := n.Sessions.SigningKeys(u.ctx, func() (string, []byte, error) { return "key-2", []byte("private"), nil })
	if err != nil || len(all) != 1 || all[0].ID != "key-2" {
		u.Errorf("tokens are signed with %+v, %v", all, err)
	}
	if _, err := n.People.SignIn(u.ctx, factor.Origin{}, "maria@contoso.example", "brown kettle morning"); err != nil {
		u.Errorf("she signs in again: %v", err)
	}
	err = n.DB.View(u.ctx, func(ctx context.Context, r tx.Read) error {
		list, err := n.Events.Store.Events(ctx, r, scope.All(), event.Filter{Type: event.BackupRestored})
		if len(list) != 1 || list[0].Actor != string(identity.LocalOperator) {
			u.Errorf("the event log says %+v", list)
		}
		return err
	})
	if err != nil {
		u.Error(err)
	}
}

// everyFile lists the files of a folder.
func everyFile(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			list = append(list, path)
		}
		return err
	})
	if err != nil || len(list) == 0 {
		t.Fatal(list, err)
	}
	return list
}

// TestBackupVerify: one bit turned over in any file of a backup is found, and so is a file that is missing or was added. A
// backup that is damaged is not restored.
func TestBackupVerify(t *testing.T) {
	at := t.TempDir()
	in := func(name string) string { return filepath.Join(at, name) }
	dir := billedMonth(t, "300")
	purveyor(t, "backup", in("b"), "--vault", in("keys"), "--usage", "--data", dir)
	verify := []string{"backup", "verify", in("b"), "--vault", in("keys")}
	purveyor(t, verify...)
	purveyor(t, "backup", "verify", in("b"))
	found := func(what string) {
		t.Helper()
		_, err := installation.VerifyBackup(t.Context(), in("b"), in("keys"), func(backup.Progress) {})
		if err == nil {
			t.Errorf("%s is not found", what)
		}
	}
	list := append(everyFile(t, in("b")), everyFile(t, in("keys"))...)
	for i, file := range list {
		whole, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		damaged := bytes.Clone(whole)
		damaged[len(damaged)*i/len(list)] ^= 1 << (i % 8)
		if err := os.WriteFile(file, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		found("a bit of " + file)
		if i == 0 {
			if got, code := output(t, "restore", in("b"), "--vault", in("keys"), "--into", in("r")); code != 1 || !strings.Contains(got, filepath.Base(file)) {
				t.Errorf("a damaged backup is restored: %d %s", code, got)
			}
		}
		if err := os.Remove(file); err != nil {
			t.Fatal(err)
		}
		found(file + " that is missing")
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"b/more", "b/files/aa/more", "keys/more"} {
		if err := errors.Join(os.MkdirAll(filepath.Dir(in(name)), 0o700), os.WriteFile(in(name), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
		found(name + " that was added")
		if err := os.Remove(in(name)); err != nil {
			t.Fatal(err)
		}
	}
	purveyor(t, verify...)
	t.Logf("a bit was turned over in each of %d files, and each was removed", len(list))
	for _, c := range []struct {
		code string
		args []string
	}{
		{"--vault", []string{"restore", in("b"), "--into", in("r")}},
		{"leave --ledger out", []string{"restore", in("b"), "--vault", in("keys"), "--into", in("r"), "--ledger", "host=nowhere dbname=x"}},
		{"exists already", []string{"restore", in("b"), "--vault", in("keys"), "--into", in("b")}},
		{"exists already", []string{"backup", in("b"), "--data", dir}},
		{"lie in one another", []string{"backup", in("c"), "--vault", in("c/keys"), "--data", dir}},
		{"not the folder", []string{"backup", "verify", dir}},
	} {
		got, code := output(t, c.args...)
		if code == 0 || !strings.Contains(got, c.code) && !strings.Contains(got, "not a backup") {
			t.Errorf("%q: %d %s", c.args, code, got)
		}
	}
	left, err := os.ReadDir(at)
	if err != nil || len(left) != 2 {
		t.Errorf("left: %v %v", left, err)
	}
	purveyor(t, "restore", in("b"), "--vault", in("keys"), "--into", in("r"))
	purveyor(t, "check", "--data", in("r"))
}

// TestBackupBrokenOff: a backup or a restore that is cancelled at any step leaves nothing, and one that is killed nothing that
// has the name.
func TestBackupBrokenOff(t *testing.T) {
	at := t.TempDir()
	in := func(name string) string { return filepath.Join(at, name) }
	dir := billedMonth(t, "300")
	n, err := installation.Open(access.AtDirectory(t.Context()), dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("broken off")
	for _, step := range []string{backup.StepLedger, backup.StepFiles, backup.StepRows} {
		ctx, cancel := context.WithCancelCause(access.AtDirectory(t.Context()))
		_, err := n.Backups.Make(ctx, backup.Request{Folder: in("b"), Vault: in("keys"), UsageStore: true, Progress: func(p backup.Progress) {
			if p.Step == step {
				cancel(broken)
			}
		}})
		if left, e := os.ReadDir(at); err == nil || e != nil || len(left) > 0 {
			t.Errorf("cancelled at the %s: %v; left %v", step, err, left)
		}
	}
	_, err = n.Backups.Make(access.AtDirectory(t.Context()), backup.Request{Folder: in("b"), Progress: func(backup.Progress) {
		if _, err := n.Backups.Make(access.AtDirectory(t.Context()), backup.Request{Folder: in("c"), Progress: func(backup.Progress) {}}); err == nil {
			t.Error("two backups are made at once")
		}
		n.Backups.Stop()
	}})
	if left, e := os.ReadDir(at); fault.CodeOf(err) != "stopping" || e != nil || len(left) > 0 {
		t.Errorf("the server stops: %v; left %v", err, left)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	purveyor(t, "backup", in("b"), "--data", dir)
	for _, step := range []string{backup.StepVerify, "copy", backup.StepRows, "check"} {
		ctx, cancel := context.WithCancelCause(t.Context())
		_, err := installation.Restore(ctx, installation.RestoreRequest{Backup: in("b"), Into: in("r"), Progress: func(p backup.Progress) {
			if p.Step == step {
				cancel(broken)
			}
		}}, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
		if left, e := os.ReadDir(at); err == nil || e != nil || len(left) != 1 {
			t.Errorf("restoring is cancelled at %s: %v; left %v", step, err, left)
		}
	}
	for _, step := range []string{backup.StepLedger, backup.StepFiles, backup.StepRows} {
		child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestBackupKilled$")
		child.Env = append(os.Environ(), "BACKUP_DATA="+dir, "BACKUP_FOLDER="+in("killed"), "BACKUP_STEP="+step)
		text, err := child.CombinedOutput()
		if status, ok := errors.AsType[*exec.ExitError](err); !ok || status.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Errorf("it was not killed at the %s: %v %s", step, err, text)
		}
		if _, err := os.Lstat(in("killed")); err == nil {
			t.Errorf("killed at the %s, the folder has its name", step)
		}
	}
	purveyor(t, "backup", in("killed"), "--data", dir)
	purveyor(t, "backup", "verify", in("killed"))
}

// TestBackupKilled is the process that TestBackupBrokenOff starts: it kills itself at a step.
func TestBackupKilled(t *testing.T) {
	dir := os.Getenv("BACKUP_DATA")
	if dir == "" {
		t.Skip("another test starts it")
	}
	ctx := access.AtDirectory(t.Context())
	n, err := installation.Open(ctx, dir, installation.Options{Settings: config.Settings{Memory: "512MB"}, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	_, err = n.Backups.Make(ctx, backup.Request{Folder: os.Getenv("BACKUP_FOLDER"), UsageStore: true, Progress: func(p backup.Progress) {
		if p.Step == os.Getenv("BACKUP_STEP") {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}
	}})
	t.Fatal("it was not killed", err)
}

package oracle_test

import (
	"bytes"
	"context"
	"io"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/storetest"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// installation is every part that rating stands on, over a real ledger, a real usage store and real files.
type installation struct {
	ctx    context.Context
	db     *sqlstore.DB
	orgs   *org.Service
	books  *pricing.Service
	intake *intake.Service
	reader rating.Reader
	rater  rating.Rater
}

// archives hands the file store to intake, which knows archives by what they do.
type archives struct{ *filestore.Store }

func (a archives) NewArchive() (intake.Archiver, error) { return a.Store.NewArchive() }

func install(t *testing.T) *installation {
	t.Helper()
	n := &installation{ctx: access.AsLocalOperator(t.Context()), db: storetest.SQLite(t)}
	rows, err := duckdb.Open(filepath.Join(t.TempDir(), "usage.duckdb"), duckdb.Options{MemoryLimit: "500MB"})
	must(t, err)
	t.Cleanup(func() { must(t, rows.Close()) })
	files, err := filestore.Open(t.TempDir())
	must(t, err)
	now := func() time.Time { return time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC) }
	events := event.Log{Store: operations.Events{DB: n.db}, Now: now}
	orgs, books, usages := organisations.Orgs{DB: n.db}, billing.Books{DB: n.db}, billing.Usage{DB: n.db}
	n.orgs = &org.Service{DB: n.db, Store: orgs, Access: access.Local{}, Events: events, Now: now}
	n.books = &pricing.Service{DB: n.db, Store: books, Access: access.Local{}, Events: events, Now: now}
	n.intake = &intake.Service{
		DB: n.db, Store: usages, Rows: rows, Files: archives{files}, Access: access.Local{}, Events: events, Now: now,
		Format: microsoft.Open, ParseDay: microsoft.ParseDay, ColumnName: microsoft.ColumnName,
	}
	n.reader, n.rater = rating.Reader{Usage: usages, Orgs: orgs, Books: books, Issued: billing.Invoices{DB: n.db}}, rating.Rater{Rows: rows, Sums: rows}
	return n
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (n *installation) answers() *usage.Service {
	return &usage.Service{DB: n.db, Store: billing.Usage{DB: n.db}, Rows: n.rater.Rows, Access: access.Local{}, Events: n.intake.Events}
}

// answer answers references one after the other; what nothing imported names cannot be answered, and no answer is left.
func (n *installation) answer(t *testing.T, w *oracle.World) {
	t.Helper()
	known := func(_ context.Context, _ tx.Read, key string) (bool, error) {
		return slices.ContainsFunc(w.Organisations, func(o org.Organisation) bool { return o.Key == key && o.Kind == org.Customer }), nil
	}
	w.Answers = slices.DeleteFunc(w.Answers, func(a usage.Resolution) bool {
		err := n.answers().Resolve(n.ctx, a, known)
		if fault.KindOf(err) != fault.NotFound {
			must(t, err)
		}
		return err != nil
	})
}

// run runs one import command and says what became of it; the oracle's ledger must say the same.
func (n *installation) run(t *testing.T, c command, ledger *oracle.Ledger) {
	t.Helper()
	req := intake.Request{Period: c.Period, Complete: c.Complete, Add: c.Add, Supersede: c.Supersede}
	for _, f := range c.files {
		req.Sources = append(req.Sources, intake.Source{Name: f.name, Size: int64(len(f.bytes)), Open: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(f.bytes)), nil
		}})
	}
	want, ok := ledger.Import(c.Import)
	load, err := n.intake.Import(n.ctx, req)
	switch {
	case !ok && fault.KindOf(err) != fault.Conflict && fault.KindOf(err) != fault.Invalid:
		t.Fatalf("%s: imported (%+v, %v), and should have been refused", c.what, load.Rows, err)
	case !ok:
		return
	case err != nil:
		t.Fatalf("%s: %v", c.what, err)
	}
	for _, l := range c.Lines {
		l.File = load.Files[0].Digest
	}
	if load.Aside != nil { // written off, so that a month can be complete later
		_, err := n.answers().AnswerAside(n.ctx, aside.Answering{Ref: string(load.ID), WriteOff: true, Reason: "spoiled on purpose"}, time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC))
		must(t, err)
	}
	got := oracle.Counts{Sealed: load.Rows.Sealed, Skipped: load.Rows.Skipped, Aside: load.Rows.Quarantined}
	for _, p := range load.Problems {
		if p.Code == "written_off" { // of a command before; the ledger does not know that somebody answered
			got.Skipped, got.Aside = got.Skipped-p.Rows, got.Aside+p.Rows
		}
	}
	if got != want || load.Rows.Refused != 0 {
		t.Errorf("%s: rows %+v, and the oracle says %+v; %v", c.what, load.Rows, want, load.Problems)
	}
}

// rate yields every group of a month.
func (n *installation) rate(t *testing.T, m period.Month, yield func(*rating.Group) error) {
	t.Helper()
	must(t, n.rater.Rate(n.ctx, scope.All(), n.state(t, m), yield))
}

// state is what rating a month stands on.
func (n *installation) state(t *testing.T, m period.Month) (st *rating.State) {
	t.Helper()
	must(t, n.db.View(n.ctx, func(ctx context.Context, r tx.Read) (err error) {
		st, err = n.reader.Read(ctx, r, scope.All(), m)
		return err
	}))
	return st
}

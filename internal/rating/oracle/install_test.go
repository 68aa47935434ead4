package oracle_test

import (
	"bytes"
	"context"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// installation is an installation, with the parts that rating stands on.
type installation struct {
	*installtest.Installation
	ctx    context.Context
	db     *sqlstore.DB
	books  *pricing.Service
	intake *intake.Service
	reader rating.Reader
	rater  rating.Rater
}

func install(t *testing.T) *installation {
	t.Helper()
	ctx := installtest.Operator(t.Context())
	n, err := installtest.Open(ctx, t.TempDir(), installtest.Wrap{})
	must(t, err)
	t.Cleanup(func() { must(t, n.Close()) })
	return &installation{Installation: n, ctx: ctx, db: n.DB, books: n.Books, intake: n.Intake, reader: n.Invoices.Reader, rater: n.Invoices.Rater}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// answer answers references one after the other; what nothing imported names cannot be answered, and no answer is left.
func (n *installation) answer(t *testing.T, w *oracle.World) {
	t.Helper()
	known := func(_ context.Context, _ tx.Read, key string) (bool, error) {
		return slices.ContainsFunc(w.Organisations, func(o org.Organisation) bool { return o.Key == key && o.Kind == org.Customer }), nil
	}
	w.Answers = slices.DeleteFunc(w.Answers, func(a usage.Resolution) bool {
		err := n.Usage.Resolve(n.ctx, a, known)
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
		_, err := n.Usage.AnswerAside(n.ctx, aside.Answering{Ref: string(load.ID), WriteOff: true, Reason: "spoiled on purpose"}, time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC))
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

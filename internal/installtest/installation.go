package installtest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// September is the month the tests bill, and Day the business day on which they do.
const September = period.Month(2026*12 + 8)

// Today is the business clock of the tests.
func Today() time.Time { return time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC) }

// Installation is an installation in one folder, with functions for the steps of a month.
type Installation struct {
	*installation.Installation
	Dir string
}

// Wrap lets a test observe or replace parts; a nil field replaces nothing.
type Wrap = installation.Wrap

// Open opens an installation in a folder, as the program does, by the clock of the tests.
func Open(ctx context.Context, dir string, w Wrap) (*Installation, error) {
	n, err := installation.Open(ctx, dir, installation.Options{
		Settings: config.Settings{Memory: "500MB", Workers: 2}, Log: slog.New(slog.DiscardHandler), Now: Today, Wrap: w,
		Threads: 1, // for a few rows a second thread costs more than it saves
	})
	if err != nil {
		return nil, err
	}
	return &Installation{Installation: n, Dir: dir}, nil
}

// Ledger is the path of the ledger database.
func (n *Installation) Ledger() string { return filepath.Join(n.Dir, installation.LedgerName) }

// New is an installation of the test's own, with the small world.
func New(t testing.TB) *Installation {
	t.Helper()
	n, err := Open(Operator(t.Context()), t.TempDir(), Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.Close(); err != nil {
			t.Error(err)
		}
	})
	n.Settle(t, Small(), SmallBooks()...)
	return n
}

// Operator is a context of the local operator.
func Operator(ctx context.Context) context.Context { return access.AsLocalOperator(ctx) }

// Settle applies a world and publishes books.
func (n *Installation) Settle(t testing.TB, w org.World, books ...pricing.Book) {
	t.Helper()
	if err := n.Apply(Operator(t.Context()), w, books...); err != nil {
		t.Fatal(err)
	}
}

// Apply applies a world and publishes books. Edges may name books that are published later, or never.
func (n *Installation) Apply(ctx context.Context, w org.World, books ...pricing.Book) error {
	keys, announced := map[id.Organisation]string{}, map[string][]string{}
	for _, o := range w.Organisations {
		keys[o.ID] = o.Key
	}
	for _, e := range w.Edges {
		for _, d := range e.Dated() {
			announced[keys[e.Seller]] = append(announced[keys[e.Seller]], d.Of.Book)
		}
	}
	if _, err := n.Orgs.ApplyBefore(ctx, w, announced, false); err != nil {
		return err
	}
	for _, b := range books {
		if _, err := n.Books.Publish(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

// NoJobs ignores orders of jobs, for tests that read no archived document.
type NoJobs struct{}

// Enqueue orders nothing.
func (NoJobs) Enqueue(context.Context, tx.Tx, job.Job) error { return nil }

// Import imports files given as text.
func (n *Installation) Import(t testing.TB, req intake.Request, files ...string) usage.Load {
	t.Helper()
	for i, text := range files {
		req.Sources = append(req.Sources, Source(fmt.Sprintf("file-%d.csv", i+1), []byte(text)))
	}
	load, err := n.Intake.Import(Operator(t.Context()), req)
	if err != nil {
		t.Fatal(err)
	}
	if c := load.Rows; c.In != c.Sealed+c.Skipped+c.Quarantined+c.Refused {
		t.Fatalf("rows do not add up: %+v", c)
	}
	return load
}

// Source is a file in memory.
func Source(name string, b []byte) intake.Source {
	return intake.Source{Name: name, Size: int64(len(b)), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
}

// Draft drafts September.
func (n *Installation) Draft(t testing.TB) invoice.Run {
	t.Helper()
	run, err := n.Invoices.Draft(Operator(t.Context()), September)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

// Bill drafts, approves and issues September, complete or not, and archives its documents. It returns what was issued.
func (n *Installation) Bill(t testing.TB) []invoice.Summary {
	t.Helper()
	ctx := Operator(t.Context())
	n.Draft(t)
	if _, err := n.Invoices.Approve(ctx, September, nil); err != nil {
		t.Fatal(err)
	}
	list, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: September, Incomplete: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Runner.Drain(ctx); err != nil {
		t.Fatal(err)
	}
	return list
}

// OtherRowsCount imports and bills three times, so that which rows of a batch count changes: first an unbilled row of 9
// stands in for the first day of a file that is not complete, then the file is, then its second day is corrected. It
// gives back the first document, which is made from 9 and 20.
func (n *Installation) OtherRowsCount(t testing.TB) invoice.Summary {
	t.Helper()
	row := func(day, cost string) Row { return Row{Tenant: "t-b", Day: day, Cost: cost} }
	unbilled := row("9/1/2026", "9")
	unbilled.Unbilled = true
	n.Import(t, intake.Request{}, UsageFile(unbilled))
	n.Import(t, intake.Request{}, UsageFile(row("9/1/2026", "10"), row("9/2/2026", "20")))
	first := n.Bill(t)[0]
	n.Import(t, intake.Request{Complete: true}, UsageFile(row("9/1/2026", "10"), row("9/2/2026", "20")))
	n.Bill(t)
	n.Import(t, intake.Request{Supersede: true}, UsageFile(row("9/2/2026", "21")))
	n.Import(t, intake.Request{Complete: true}, UsageFile(row("9/2/2026", "21")))
	n.Bill(t)
	return first
}

// Known says whether there is a customer with a key.
func (n *Installation) Known(ctx context.Context, r tx.Read, key string) (bool, error) {
	x, err := organisations.Orgs{DB: n.DB}.Index(ctx, r, scope.All())
	if err != nil {
		return false, err
	}
	o := x.ByKey(key)
	return o != nil && o.Kind == org.Customer, nil
}

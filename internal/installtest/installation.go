package installtest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/filestore"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/intake/microsoft"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/billing"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/organisations"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/usagestore/duckdb"
)

// September is the month the tests bill, and Day the business day on which they do.
const September = period.Month(2026*12 + 8)

// Today is the business clock of the tests.
func Today() time.Time { return time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC) }

// Installation is every part over one folder.
type Installation struct {
	Dir      string
	DB       *sqlstore.DB
	Rows     *duckdb.Store
	Files    *filestore.Store
	Events   event.Log
	Orgs     *org.Service
	Books    *pricing.Service
	Intake   *intake.Service
	Usage    *usage.Service
	Invoices *invoice.Service
	Recon    *recon.Service
	Archive  *document.Archive
	Runner   *job.Runner
}

// Wrap lets a test look on, or interfere, where parts meet; nil fields leave things as they are.
type Wrap struct {
	Rating func(usage.RowStore) usage.RowStore // what rating reads from
	Files  func(invoice.Files) invoice.Files   // where worksheets and documents are put
}

// Open builds the parts over a folder and puts right what an interrupted process left.
func Open(ctx context.Context, dir string, w Wrap) (n *Installation, err error) {
	n = &Installation{Dir: dir}
	if n.DB, err = sqlstore.Open(ctx, n.Ledger()); err != nil {
		return nil, err
	}
	if n.Rows, err = duckdb.Open(filepath.Join(dir, "usage.duckdb"), duckdb.Options{MemoryLimit: "500MB"}); err != nil {
		return nil, errors.Join(err, n.DB.Close())
	}
	if n.Files, err = filestore.Open(filepath.Join(dir, "files")); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	n.build(w)
	if err := n.Intake.Recover(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	if _, err := n.Runner.Recover(ctx); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// Ledger is the path of the ledger database.
func (n *Installation) Ledger() string { return filepath.Join(n.Dir, "ledger.db") }

func (n *Installation) build(w Wrap) {
	guard, now := access.Local{}, Today
	n.Events = event.Log{Store: operations.Events{DB: n.DB}, Now: now}
	usages, orgs, books, invoices, jobs := billing.Usage{DB: n.DB}, organisations.Orgs{DB: n.DB}, billing.Books{DB: n.DB}, billing.Invoices{DB: n.DB}, operations.Jobs{DB: n.DB}
	var rows usage.RowStore = n.Rows
	if w.Rating != nil {
		rows = w.Rating(rows)
	}
	var files invoice.Files = n.Files
	if w.Files != nil {
		files = w.Files(files)
	}
	reader, rater := rating.Reader{Usage: usages, Orgs: orgs, Books: books, Issued: invoices}, rating.Rater{Rows: rows, Sums: n.Rows}
	n.Orgs = &org.Service{DB: n.DB, Store: orgs, Access: guard, Events: n.Events, Now: now}
	n.Books = &pricing.Service{DB: n.DB, Store: books, Access: guard, Events: n.Events, Now: now}
	n.Usage = &usage.Service{DB: n.DB, Store: usages, Rows: n.Rows, Access: guard, Events: n.Events}
	n.Intake = &intake.Service{
		DB: n.DB, Store: usages, Rows: n.Rows, Files: archives{n.Files}, Access: guard, Events: n.Events, Now: now,
		Format: microsoft.Open, ParseDay: microsoft.ParseDay, ColumnName: microsoft.ColumnName,
	}
	n.Invoices = &invoice.Service{
		DB: n.DB, Store: invoices, Access: guard, Events: n.Events, Files: files, Lines: n.Files, Now: now, Reader: reader, Rater: rater,
		Jobs: job.Queue{Store: jobs},
	}
	n.Recon = &recon.Service{DB: n.DB, Access: guard, Reader: reader, Rater: rater, Invoices: n.Invoices}
	n.Archive = &document.Archive{DB: n.DB, Invoices: n.Invoices, Files: files, Access: guard}
	n.Runner = &job.Runner{
		Store: jobs, DB: n.DB, Handlers: map[job.Kind]job.Handler{job.RenderDocument: n.Archive.Render}, Workers: 2,
		Now: now, Machine: time.Now, Owner: "test",
	}
}

type archives struct{ *filestore.Store }

// NewArchive starts keeping a source.
func (a archives) NewArchive() (intake.Archiver, error) { return a.Store.NewArchive() }

// Close closes the stores.
func (n *Installation) Close() error { return errors.Join(n.Rows.Close(), n.DB.Close()) }

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
	if _, err := n.Orgs.Apply(Operator(t.Context()), w, false); err != nil {
		t.Fatal(err)
	}
	for _, b := range books {
		if _, err := n.Books.Publish(Operator(t.Context()), b); err != nil {
			t.Fatal(err)
		}
	}
}

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

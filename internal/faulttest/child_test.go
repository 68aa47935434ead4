package faulttest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// childDir names the folder that a copy of this test binary is to close a month in.
const childDir = "FAULTTEST_CHILD_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		if err := closeMonth(installtest.Operator(context.Background()), dir); err != nil {
			fmt.Fprintln(os.Stderr, err, errors.Unwrap(err))
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// The stages that a child reports.
const (
	stageImport    = "import"
	stageRating    = "rating"
	stageDraft     = "draft"
	stageIssue     = "issue"
	stageDocuments = "documents"
)

func report(format string, args ...any) { fmt.Printf(format+"\n", args...) }

// closeMonth takes a month in a folder from files to archived documents, continuing from whatever was done before. It
// prints the stage it enters, and what is done.
func closeMonth(ctx context.Context, dir string) error {
	files := filepath.Dir(dir)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	n, err := installtest.Open(ctx, dir, installtest.Wrap{Rating: markedRating, Files: markedFiles})
	if err != nil {
		return err
	}
	if err := applyWorld(ctx, n, files); err != nil {
		return err
	}
	report("stage %s", stageImport)
	for _, name := range []string{"usage.csv", "lines.csv"} {
		text, err := os.ReadFile(filepath.Join(files, name))
		if err != nil {
			return err
		}
		load, err := n.Intake.Import(ctx, intake.Request{Sources: []intake.Source{installtest.Source(name, text)}, Period: installtest.September})
		if err != nil {
			return err
		}
		report("loaded %s %s %d %d", name, load.ID, load.Rows.Sealed, load.Rows.Skipped)
	}
	if err := bill(ctx, n); err != nil {
		return err
	}
	report("done")
	return n.Close()
}

// applyWorld applies the world and the books.
func applyWorld(ctx context.Context, n *installtest.Installation, files string) error {
	text, err := os.ReadFile(filepath.Join(files, "world.yaml"))
	if err != nil {
		return err
	}
	w, err := world.Parse(text)
	if err != nil {
		return err
	}
	if text, err = os.ReadFile(filepath.Join(files, "book.yaml")); err != nil {
		return err
	}
	books, err := world.ParseBooks(text)
	if err != nil {
		return err
	}
	return n.Apply(ctx, w, books...)
}

func bill(ctx context.Context, n *installtest.Installation) error {
	if _, err := n.Invoices.Draft(ctx, installtest.September); err != nil {
		return err
	}
	if _, err := n.Invoices.Approve(ctx, installtest.September, nil); err != nil {
		return err
	}
	report("stage %s", stageIssue)
	issued, err := n.Invoices.Issue(ctx, invoice.Issuing{Period: installtest.September})
	if err != nil {
		return err
	}
	for _, s := range issued {
		report("issued %s/%s %s", s.Seller, s.Number, s.Total)
	}
	report("stage %s", stageDocuments)
	done, err := n.Runner.Drain(ctx)
	report("archived %d", done)
	return err
}

// markedRating reports when rating begins.
func markedRating(rows usage.RowStore) usage.RowStore { return markedRows{rows} }

type markedRows struct{ usage.RowStore }

// Sums reports that rating has begun.
func (m markedRows) Sums(ctx context.Context, s scope.Scope, q usage.Query, yield func(usage.Sum) error) error {
	report("stage %s", stageRating)
	return m.RowStore.Sums(ctx, s, q, yield)
}

// markedFiles reports when the first worksheet is stored.
func markedFiles(files invoice.Files) invoice.Files { return &markedPuts{Files: files} }

type markedPuts struct {
	invoice.Files
	once sync.Once
}

// Put reports, the first time, that drafts are being created.
func (m *markedPuts) Put(ctx context.Context, r io.Reader) (string, int64, error) {
	m.once.Do(func() { report("stage %s", stageDraft) })
	return m.Files.Put(ctx, r)
}

// write writes the files of a month for a world.
func write(dir string, rows, customers int) error {
	w, b, err := world.Init(customers, world.Options{People: world.People{
		Partner: sample.Partner(), ResellerMPN: sample.ResellerMPN, Tenant: sample.Tenant, Domain: sample.Domain,
		Country: sample.Country, CustomerName: sample.CustomerName, Entitlements: sample.Entitlements,
	}})
	if err != nil {
		return err
	}
	var u, l strings.Builder
	if err := generate(&u, &l, rows, customers); err != nil {
		return err
	}
	for name, text := range map[string]string{"world.yaml": string(w), "book.yaml": string(b), "usage.csv": u.String(), "lines.csv": l.String()} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	return nil
}

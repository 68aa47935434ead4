package check

import (
	"context"
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Violation is one invariant that does not hold.
type Violation struct {
	Check   string `json:"check"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Report is what was checked, how often, and what does not hold.
type Report struct {
	Checked    map[string]int64 `json:"checked"`
	Violations []Violation      `json:"violations"`
}

func (r *Report) bad(check, subject, format string, args ...any) {
	r.Violations = append(r.Violations, Violation{check, subject, fmt.Sprintf(format, args...)})
}

// The names of the checks.
const (
	Events     = "event_chain"
	Batches    = "sealed_batches"
	Documents  = "document_totals"
	Worksheets = "worksheets"
	Chains     = "buy_is_sell"
	Numbers    = "number_gaps"
	Journal    = "journal_balance"
	Files      = "files"
)

// FileStore verifies content-addressed files.
type FileStore interface {
	invoice.Files
	Verify(digest string) error
}

// Service checks an installation.
type Service struct {
	DB       tx.DB
	Access   access.Guard
	Events   event.Log
	Usage    usage.Store
	Rows     usage.RowStore
	Invoices invoice.Store
	Files    FileStore
}

// Run checks everything. Its error says that checking itself failed; what does not hold is in the report.
func (v *Service) Run(ctx context.Context) (Report, error) {
	grant, err := v.Access.Require(ctx, access.Check)
	if err != nil {
		return Report{}, err
	}
	r := &Report{Checked: map[string]int64{}, Violations: []Violation{}}
	var state stored
	err = v.DB.View(ctx, func(ctx context.Context, t tx.Read) error {
		n, _, err := v.Events.Verify(ctx, t)
		r.Checked[Events] = n
		if err != nil {
			r.bad(Events, "event log", "%v", err)
		}
		return state.read(ctx, t, grant.Scope, v)
	})
	if err != nil {
		return *r, err
	}
	if err := v.batches(ctx, grant.Scope, &state, r); err != nil {
		return *r, err
	}
	if err := v.documents(&state, r); err != nil {
		return *r, err
	}
	numbers(&state, r)
	journal(&state, r)
	v.files(&state, r)
	return *r, nil
}

// stored is what the ledger says, read in one transaction.
type stored struct {
	loads     []usage.Load
	batches   []usage.Batch
	documents []invoice.Invoice
	postings  map[string][]invoice.Posting
	archived  []string
}

func (s *stored) read(ctx context.Context, t tx.Read, sc scope.Scope, v *Service) (err error) {
	if s.loads, err = v.Usage.Loads(ctx, t, sc); err != nil {
		return err
	}
	if s.batches, err = v.Usage.Batches(ctx, t, sc, usage.BatchFilter{Superseded: true}); err != nil {
		return err
	}
	list, err := v.Invoices.List(ctx, t, sc, invoice.Filter{})
	if err != nil {
		return err
	}
	s.postings = map[string][]invoice.Posting{}
	for _, one := range list {
		if one.State != invoice.Issued && one.State != invoice.Void {
			continue
		}
		d, err := v.Invoices.Get(ctx, t, sc, one.ID)
		if err != nil {
			return err
		}
		s.documents = append(s.documents, d)
		if s.postings[string(d.ID)], err = v.Invoices.Postings(ctx, t, sc, d.ID); err != nil {
			return err
		}
		formats, err := v.Invoices.Archived(ctx, t, sc, d.ID)
		if err != nil {
			return err
		}
		for _, digest := range formats {
			s.archived = append(s.archived, digest)
		}
	}
	return nil
}

// files verifies that sources, worksheets and documents are there and whole.
func (v *Service) files(s *stored, r *Report) {
	names := append([]string{}, s.archived...)
	for _, l := range s.loads {
		for _, f := range l.Files {
			if f.Archive != "" {
				names = append(names, f.Archive)
			}
		}
	}
	for _, d := range s.documents {
		if d.Worksheet != "" {
			names = append(names, d.Worksheet)
		}
	}
	for _, n := range names {
		r.Checked[Files]++
		if err := v.Files.Verify(n); err != nil {
			r.bad(Files, n, "%v (%s)", err, fault.CodeOf(err))
		}
	}
}

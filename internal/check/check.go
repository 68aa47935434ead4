package check

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Violation is one broken invariant.
type Violation struct {
	Check   string `json:"check"`
	Subject string `json:"subject"`
	Text    string `json:"text"`
}

// Report is what was checked, how often, and which invariants are broken. Rows counts usage rows and charges by their state:
// open, invoiced, excluded and written off once for each edge of their chain, the others once.
type Report struct {
	Checked    map[string]int64 `json:"checked"`
	Violations []Violation      `json:"violations"`
	Rows       map[string]int64 `json:"rows"`
}

func (r *Report) bad(check, subject, format string, args ...any) {
	r.Violations = append(r.Violations, Violation{check, subject, fmt.Sprintf(format, args...)})
}

// The names of the checks.
const (
	Events     = "event_chain"          // no record was changed, taken out or added
	World      = "world_and_books"      // organisations, edges, rates, taxes and books are as their event says
	Issued     = "issued_unchanged"     // documents are as their event says
	Loads      = "load_counts"          // rows in = sealed + skipped + quarantined + refused
	Batches    = "sealed_batches"       // rows and cost as sealed
	Digests    = "batch_digests"        // rows and lines as sealed, each of them
	Twice      = "sealed_once"          // no rows count in two batches
	Documents  = "document_totals"      // totals add what is printed
	Worksheets = "worksheets"           // Σ groups of a line is the line
	Arithmetic = "worksheet_arithmetic" // each group: what was bought or listed × price × exchange rate
	Sources    = "worksheet_sources"    // each group: as the usage store and the statement lines have it
	Edges      = "edge_totals"          // Σ lines of an edge = Σ rated usage and charges, rounded once a line
	Chains     = "buy_is_sell"          // what an edge buys for is what it was sold for
	Currencies = "currencies"           // they never mix
	Numbers    = "number_gaps"          // series count 1, 2, 3 …
	Journal    = "journal_balance"      // debits = credits
	States     = "row_states"           // every row that counts is rated once, and in one state on each edge
	Recomputed = "made_again"           // drafting again gives the same
	Files      = "files"                // present and undamaged
)

// The states of rows and charges.
const (
	Open        = "open"
	Invoiced    = "invoiced"
	Excluded    = "excluded"
	WrittenOff  = "written_off"
	Unresolved  = "unresolved"
	Quarantined = "quarantined"
	OwnUse      = "own_use"  // by the partner itself: billed to nobody
	Replaced    = "replaced" // by a newer download, by billed rows, or until the billed set is complete
)

// FileStore verifies content-addressed files.
type FileStore interface {
	invoice.Files
	Verify(digest string) error
}

// Service checks an installation.
type Service struct {
	DB        tx.DB
	Access    access.Guard
	Events    event.Log
	Usage     usage.Store
	Rows      usage.RowStore
	Invoices  invoice.Store
	Documents *invoice.Service // makes documents again
	Files     FileStore
	Orgs      org.Store
	Books     pricing.Store
}

// Run checks everything. It returns an error if checking itself failed; broken invariants are in the report.
func (v *Service) Run(ctx context.Context) (Report, error) {
	grant, err := v.Access.Require(ctx, access.Check)
	if err != nil {
		return Report{}, err
	}
	r := &Report{Checked: map[string]int64{}, Violations: []Violation{}, Rows: map[string]int64{}}
	for _, state := range [...]string{Open, Invoiced, Excluded, WrittenOff, Unresolved, Quarantined, OwnUse, Replaced} {
		r.Rows[state] = 0
	}
	var state stored
	readable := false
	err = v.DB.View(ctx, func(ctx context.Context, t tx.Read) error {
		n, _, err := v.Events.Verify(ctx, t)
		r.Checked[Events] = n
		if err != nil {
			r.bad(Events, "event log", "%v", err)
		}
		if err := state.read(ctx, t, grant.Scope, v); err != nil {
			return err
		}
		readable, err = v.world(ctx, t, &state, r)
		return err
	})
	if err != nil {
		return *r, err
	}
	loads(&state, r)
	issued(&state, r)
	numbers(&state, r)
	journal(&state, r)
	lineDigests(&state, r)
	v.files(&state, r)
	if err := v.batches(ctx, grant.Scope, &state, r); err != nil {
		return *r, err
	}
	if err := v.once(ctx, grant.Scope, &state, r); err != nil {
		return *r, err
	}
	months := state.periods()
	if !readable {
		months = nil // nothing can be rated again
	}
	for _, p := range months {
		if err := v.period(ctx, grant.Scope, &state, p, r); err != nil {
			return *r, err
		}
	}
	slices.SortStableFunc(r.Violations, func(a, b Violation) int {
		return cmp.Or(strings.Compare(a.Check, b.Check), strings.Compare(a.Subject, b.Subject), strings.Compare(a.Text, b.Text))
	})
	return *r, nil
}

// period checks what belongs to one month.
func (v *Service) period(ctx context.Context, s scope.Scope, st *stored, p period.Month, r *Report) error {
	m := newMonth(st, p)
	if err := v.worksheets(m, r); err != nil {
		return err
	}
	if err := v.sources(ctx, s, m, r); err != nil {
		return err
	}
	m.edges(r)
	return v.recompute(ctx, s, m, r)
}

// periods lists the months of which anything is stored.
func (s *stored) periods() []period.Month {
	all := map[period.Month]bool{}
	for _, b := range s.batches {
		all[b.Slot.Period] = true
	}
	for i := range s.documents {
		all[s.documents[i].Period] = true
	}
	return slices.Sorted(maps.Keys(all))
}

// files verifies that sources, worksheets and documents are present and undamaged. A violation names the document or
// import that the file belongs to.
func (v *Service) files(s *stored, r *Report) {
	of := map[string][]string{}
	for i := range s.loads {
		l := &s.loads[i]
		for _, f := range l.Files {
			if f.Archive != "" {
				of[f.Archive] = append(of[f.Archive], fmt.Sprintf("the archive of %s, of import %s", f.Name, l.ID))
			}
		}
		if l.RebuildManifest != "" {
			of[l.RebuildManifest] = append(of[l.RebuildManifest], fmt.Sprintf("how the rows of import %s are made again", l.ID))
		}
	}
	for i := range s.documents {
		d := &s.documents[i]
		if d.Worksheet != "" {
			of[d.Worksheet] = append(of[d.Worksheet], "the worksheet of "+d.Number)
		}
		for format, digest := range s.archived[d.ID] {
			of[digest] = append(of[digest], fmt.Sprintf("%s as %s", d.Number, format))
		}
	}
	for _, n := range slices.Sorted(maps.Keys(of)) {
		r.Checked[Files]++
		if err := v.Files.Verify(n); err != nil {
			slices.Sort(of[n])
			r.bad(Files, n, "%v (%s). It is %s", err, fault.CodeOf(err), strings.Join(slices.Compact(of[n]), "; "))
		}
	}
}

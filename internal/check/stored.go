package check

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// stored is the content of the ledger, read in one transaction.
type stored struct {
	loads     []usage.Load
	batches   []usage.Batch
	lines     []usage.SealedLine
	documents []invoice.Invoice // issued and void ones
	summaries map[id.Invoice]invoice.Summary
	postings  map[id.Invoice][]invoice.Posting
	masks     []usage.Mask
	archived  map[id.Invoice]map[string]string // document → format → digest
	issues    map[string]issue                 // by document
	drafted   map[string]int64                 // document → number of the event that drafted it last
	voided    map[string]int64                 // document → number of the event that voided it
	started   map[string]int                   // seller and what numbers begin with → the number the series began with
	since     time.Time                        // of the first event that was not pruned; zero when none was
	drafts    map[period.Month]int
	recorded  map[string]recordedDigest // digests of world and books that events recorded, the newest of each name
}

// issue is the content of the event that made a document final.
type issue struct {
	Number    string `json:"number"`
	Worksheet string `json:"worksheet"`
	Snapshot  string `json:"snapshot"`
}

func (s *stored) read(ctx context.Context, t tx.Read, sc scope.Scope, v *Service) (err error) {
	if s.loads, err = v.Usage.Loads(ctx, t, sc); err != nil {
		return err
	}
	if s.batches, err = v.Usage.Batches(ctx, t, sc, usage.BatchFilter{Superseded: true}); err != nil {
		return err
	}
	if s.masks, err = v.Usage.Masks(ctx, t, sc, usage.Numbers(s.batches)); err != nil {
		return err
	}
	months := map[period.Month]bool{}
	for _, b := range s.batches {
		if b.Slot.Dataset != usage.Reconciliation || months[b.Slot.Period] {
			continue
		}
		months[b.Slot.Period] = true
		lines, err := v.Usage.Statement(ctx, t, sc, b.Slot.Period)
		if err != nil {
			return err
		}
		s.lines = append(s.lines, lines...)
	}
	if err := s.readDocuments(ctx, t, sc, v); err != nil {
		return err
	}
	return s.readIssues(ctx, t, sc, v)
}

func (s *stored) readDocuments(ctx context.Context, t tx.Read, sc scope.Scope, v *Service) error {
	list, err := v.Invoices.List(ctx, t, sc, invoice.Filter{})
	if err != nil {
		return err
	}
	s.archived = map[id.Invoice]map[string]string{}
	s.summaries, s.postings, s.drafts = map[id.Invoice]invoice.Summary{}, map[id.Invoice][]invoice.Posting{}, map[period.Month]int{}
	for _, one := range list {
		if one.State != invoice.Issued && one.State != invoice.Void {
			s.drafts[one.Period]++
			continue
		}
		d, err := v.Invoices.Get(ctx, t, sc, one.ID)
		if err != nil {
			return err
		}
		s.documents, s.summaries[d.ID] = append(s.documents, d), one
		if s.postings[d.ID], err = v.Invoices.Postings(ctx, t, sc, d.ID); err != nil {
			return err
		}
		if s.archived[d.ID], err = v.Invoices.Archived(ctx, t, sc, d.ID); err != nil {
			return err
		}
	}
	return nil
}

// eventsAtOnce is how many events are held while the log is read.
const eventsAtOnce = 1000

func (s *stored) readIssues(ctx context.Context, t tx.Read, sc scope.Scope, v *Service) error {
	s.issues, s.drafted, s.voided = map[string]issue{}, map[string]int64{}, map[string]int64{}
	s.recorded, s.started = map[string]recordedDigest{}, map[string]int{}
	checkpoint, err := v.Events.Store.Checkpoint(ctx, t)
	if err != nil {
		return err
	}
	for after := int64(0); ; {
		list, err := v.Events.Store.Events(ctx, t, sc, event.Filter{After: after, Limit: eventsAtOnce})
		if err != nil {
			return err
		}
		if after == 0 && checkpoint.Count > 0 && len(list) > 0 {
			s.since = list[0].At
		}
		for _, e := range list {
			after = e.Number
			s.note(e)
		}
		if len(list) < eventsAtOnce {
			return nil
		}
	}
}

// note takes from an event what it records about a document.
func (s *stored) note(e event.Event) {
	if slices.Contains(event.WithDigests(), e.Type) {
		for name, digest := range digestsOf(e) {
			s.recorded[name] = recordedDigest{digest, e}
		}
	}
	switch e.Type {
	case event.InvoiceDrafted:
		s.drafted[e.Subject] = e.Number
	case event.SeriesStarted:
		var start struct {
			Numbers     string `json:"numbers"` // what they begin with, before the year
			Year, First int
		}
		if json.Unmarshal(e.Data, &start) == nil {
			s.started[fmt.Sprintf("%s %s-%d-", e.Subject, start.Numbers, start.Year)] = start.First
		}
	case event.InvoiceVoided:
		s.voided[e.Subject] = e.Number
	case event.InvoiceIssued:
		var was issue
		if json.Unmarshal(e.Data, &was) == nil { // a record that is not JSON breaks the hash chain, which another check reports
			s.issues[e.Subject] = was
		}
	}
}

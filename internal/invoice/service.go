package invoice

import (
	"bytes"
	"context"
	"slices"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service drafts, approves, issues and voids documents.
type Service struct {
	DB     tx.DB
	Store  Store
	Access access.Guard
	Events event.Log
	Reader rating.Reader
	Rater  rating.Rater
	Files  Files
	Lines  Lines            // archived sources, for explanations
	Jobs   Jobs             // jobs after issuing
	Now    func() time.Time // business clock
}

// Jobs enqueues work in the transaction that causes it.
type Jobs interface {
	Enqueue(ctx context.Context, t tx.Tx, j job.Job) error
}

// Run is the result of drafting a period. Waiting names other months in which the provider's invoices of the period charge
// something that no document bills yet.
type Run struct {
	Period     period.Month `json:"period"`
	Drafts     []Summary    `json:"drafts"`
	Tally      Tally        `json:"tally"`
	Excluded   Excluded     `json:"excluded"`
	Unresolved []Unresolved `json:"unresolved,omitempty"`
	Held       []Summary    `json:"held,omitempty"` // over 0.00, and not drafted; their lines stay open
	aside.Waiting
}

// Draft rates a period and makes one draft per edge that has something new to bill. Drafts of the period that are not
// approved are replaced; doing it again without new input changes nothing. Edges that are being billed again (Rebill)
// are drafted so.
func (v *Service) Draft(ctx context.Context, p period.Month) (Run, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceDraft)
	if err != nil {
		return Run{}, err
	}
	return v.draft(ctx, grant, p, nil)
}

// draft drafts a period; rebilled edges at the terms of today.
func (v *Service) draft(ctx context.Context, grant access.Grant, p period.Month, rebilled map[id.Edge]bool) (Run, error) {
	run, have, err := v.rated(ctx, grant.Scope, p, adding{rebilled: rebilled})
	if err != nil {
		return Run{}, err
	}
	drafts, err := v.drafts(ctx, run, have)
	if err != nil {
		return Run{}, err
	}
	out, err := v.saveDrafts(ctx, grant, run, drafts, have)
	if err != nil {
		return Run{}, err
	}
	return out, v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		other, err := v.otherMonths(ctx, r, run.state, grant)
		out.Waiting = waitingOf(run.state, other)
		return err
	})
}

// adding are options of rating and adding up a period.
type adding struct {
	rebilled map[id.Edge]bool          // at the terms of today
	issued   bool                      // edges whose billing again is only drafted use the terms they were issued by
	light    bool                      // write no worksheets
	visit    func(*rating.Group) error // called for each rated group; may be nil
}

// rated rates a period and adds it up to the lines of every edge, less what documents have billed.
func (v *Service) rated(ctx context.Context, s scope.Scope, p period.Month, how adding) (*run, []Invoice, error) {
	var st *rating.State
	var have []Invoice
	err := v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if st, err = v.Reader.Read(ctx, r, s, p); err != nil {
			return err
		}
		have, err = v.documents(ctx, r, s, Filter{Period: p})
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	run, err := v.add(ctx, s, st, have, how)
	return run, have, err
}

// add rates a state and adds it up, less what documents have billed.
func (v *Service) add(ctx context.Context, s scope.Scope, st *rating.State, have []Invoice, how adding) (*run, error) {
	rebilled := how.rebilled
	if !how.issued {
		rebilled = beingRebilled(summaries(have), rebilled)
	}
	st.Unfix(rebilled)
	run := newRun(st)
	run.rebilled = rebilled
	run.keeps = slices.ContainsFunc(have, func(d Invoice) bool { return d.State == Issued })
	if how.light {
		run.pack = nil
	}
	err := v.Rater.Rate(ctx, s, st, func(g *rating.Group) error {
		if err := run.add(g); err != nil || how.visit == nil {
			return err
		}
		return how.visit(g)
	})
	if err == nil {
		err = run.keep(v.Files, have)
	}
	return run, err
}

func summaries(list []Invoice) []Summary {
	out := make([]Summary, len(list))
	for i := range list {
		out[i] = Summarise(list[i])
	}
	return out
}

// documents reads whole documents, for the few places that need their lines.
func (v *Service) documents(ctx context.Context, r tx.Read, s scope.Scope, f Filter) ([]Invoice, error) {
	list, err := v.Store.List(ctx, r, s, f)
	if err != nil {
		return nil, err
	}
	out := make([]Invoice, 0, len(list))
	for _, one := range list {
		doc, err := v.Store.Get(ctx, r, s, one.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, doc)
	}
	return out, nil
}

// drafts makes the documents of a run and stores their worksheets, before the ledger refers to them.
func (v *Service) drafts(ctx context.Context, run *run, have []Invoice) ([]Invoice, error) {
	list, err := run.documents(have)
	if err != nil {
		return nil, err
	}
	out := make([]Invoice, 0, len(list))
	for _, x := range list {
		doc := x.Invoice
		doc.DraftedAt = v.Now()
		if x.draft != nil { // a credit note has the worksheet of the document it answers
			x.draft.worksheet.flush(run.pack)
			if doc.Worksheet, _, err = v.Files.Put(ctx, bytes.NewReader(x.draft.worksheet.packed.Bytes())); err != nil {
				return nil, err
			}
		}
		out = append(out, doc)
	}
	return out, nil
}

// made is a document with the draft lines it was made from; credit notes of a month billed again have none.
type made struct {
	Invoice
	draft *edgeDraft
}

// documents makes the new documents of a run; nothing is stored.
func (r *run) documents(have []Invoice) (out []made, err error) {
	for i := range have { // an edge whose rows no longer count: its lines are withdrawn
		if e := r.state.Index.Edge(have[i].Edge); e != nil && have[i].State == Issued {
			r.edge(e)
		}
	}
	for _, d := range r.edgesInOrder() {
		before, anew := history(have, d.edge), r.rebilled[d.edge.ID]
		if anew {
			out = append(out, before.reversed()...)
			before = before.withoutDocuments()
		}
		doc, err := r.document(d, before)
		if err != nil {
			return nil, err
		}
		if len(doc.Lines) == 0 {
			continue
		}
		if held(&doc, d.edge.Terms) {
			r.held = append(r.held, Summarise(doc))
			continue
		}
		doc.Rebills = anew
		out = append(out, made{doc, d})
	}
	return out, nil
}

func (v *Service) saveDrafts(ctx context.Context, grant access.Grant, run *run, drafts, have []Invoice) (Run, error) {
	out := Run{Period: run.state.Period, Drafts: []Summary{}, Tally: run.tally, Excluded: run.excluded}
	out.Unresolved, out.Held = run.worklist(), run.held
	keep := map[id.Invoice]bool{}
	err := v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) (err error) {
		for _, d := range drafts {
			keep[d.ID] = true
			if old := find(have, d.ID); old != nil && sameContent(*old, d) {
				if d, err = v.reuse(ctx, t, grant, *old, d); err != nil {
					return err
				}
			} else if err := v.Store.Save(ctx, t, grant.Scope, d); err != nil {
				return err
			} else if err := v.Events.Append(ctx, t, event.InvoiceDrafted, grant.Actor, string(d.ID), nil); err != nil {
				return err
			}
			out.Drafts = append(out.Drafts, Summarise(d))
		}
		for _, old := range have { // drafts of an earlier run that have become empty
			if (old.State == Draft || old.State == Approved) && !keep[old.ID] {
				if err := v.Store.Discard(ctx, t, grant.Scope, old.ID); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return out, err
}

// reuse keeps a stored draft, perhaps approved, if it would have the same content now, and updates what it was made from.
func (v *Service) reuse(ctx context.Context, t tx.Tx, grant access.Grant, old, now Invoice) (Invoice, error) {
	if bytes.Equal(canonical(Invoice{Pins: old.Pins, Fixed: old.Fixed}), canonical(Invoice{Pins: now.Pins, Fixed: now.Fixed})) {
		return old, nil
	}
	old.Pins, old.Fixed = now.Pins, now.Fixed
	return old, v.Store.Save(ctx, t, grant.Scope, old)
}

func find(have []Invoice, invoice id.Invoice) *Invoice {
	for i := range have {
		if have[i].ID == invoice {
			return &have[i]
		}
	}
	return nil
}

// sameContent reports whether a document made again has the content of the stored one. Its input may have changed
// where it does not affect the document.
func sameContent(a, b Invoice) bool {
	before := min(a.Layout, b.Layout)
	for _, x := range [...]*Invoice{&a, &b} {
		*x = x.inLayout(before)
		x.State, x.Number, x.Pins, x.Fixed = "", "", Pins{}, nil
		x.DraftedAt, x.IssuedAt, x.IssueDate, x.DueDate = time.Time{}, time.Time{}, 0, 0
	}
	return bytes.Equal(canonical(a), canonical(b))
}

// Approve approves drafts after review. An empty list means all drafts of the period.
func (v *Service) Approve(ctx context.Context, p period.Month, invoices []id.Invoice) ([]Summary, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceApprove)
	if err != nil {
		return nil, err
	}
	out := []Summary{}
	err = v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		list, err := v.pick(ctx, t, grant.Scope, p, invoices, Draft)
		if err != nil {
			return err
		}
		for _, d := range list {
			if !grant.Scope.Owns(d.Seller) {
				continue // documents on which one is the buyer are approved by their seller
			}
			d.State = Approved
			if err := v.Store.Save(ctx, t, grant.Scope, d); err != nil {
				return err
			}
			if err := v.Events.Append(ctx, t, event.InvoiceApproved, grant.Actor, string(d.ID), nil); err != nil {
				return err
			}
			out = append(out, Summarise(d))
		}
		return nil
	})
	return out, err
}

// pick reads the named documents, which must be in a state, or all of the period that are.
func (v *Service) pick(ctx context.Context, r tx.Read, s scope.Scope, p period.Month, invoices []id.Invoice, want State) ([]Invoice, error) {
	if len(invoices) == 0 {
		return v.documents(ctx, r, s, Filter{Period: p, State: want})
	}
	var out []Invoice
	for _, one := range invoices {
		d, err := v.Store.Get(ctx, r, s, one)
		if err != nil {
			return nil, err
		}
		if !s.Owns(d.Seller) {
			return nil, requireSeller(d)
		}
		if d.State != want {
			return nil, fault.New(fault.Conflict, "invoice_not_"+string(want),
				"%s is %s, not %s; nothing was changed", one, d.State, want)
		}
		out = append(out, d)
	}
	return out, nil
}

package backup

import (
	"context"
	"fmt"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// contents is what one state of the ledger names and comes to.
type contents struct {
	totals Totals
	files  map[string]bool // digests
	loads  []uint32        // that have rows in the usage store
	bound  []string        // loads whose rows cannot be made again from files
}

// read reads one state of the ledger.
func (v *Service) read(ctx context.Context, r tx.Read, s scope.Scope) (c contents, err error) {
	c.files = map[string]bool{}
	if err := v.readOrganisations(ctx, r, s, &c.totals); err != nil {
		return c, err
	}
	if err := v.readUsage(ctx, r, s, &c); err != nil {
		return c, err
	}
	if err := v.readDocuments(ctx, r, s, &c); err != nil {
		return c, err
	}
	last, err := v.Events.Store.Last(ctx, r)
	if err != nil {
		return c, err
	}
	start, err := v.Events.Store.Checkpoint(ctx, r)
	c.totals.Events, c.totals.Head, c.totals.Pruned = last.Number, last.Hash, start.Count
	return c, err
}

func (v *Service) readOrganisations(ctx context.Context, r tx.Read, s scope.Scope, t *Totals) error {
	x, err := v.Orgs.Index(ctx, r, s)
	if err != nil {
		return err
	}
	w := x.World()
	t.Organisations, t.Edges = map[string]int64{}, int64(len(w.Edges))
	for i := range w.Organisations {
		t.Organisations[string(w.Organisations[i].Kind)]++
	}
	books, err := v.Books.Versions(ctx, r, s, "", "")
	t.Books = int64(len(books))
	return err
}

func (v *Service) readUsage(ctx context.Context, r tx.Read, s scope.Scope, c *contents) error {
	loads, err := v.Usage.Loads(ctx, r, s)
	if err != nil {
		return err
	}
	batches, err := v.Usage.Batches(ctx, r, s, usage.BatchFilter{Superseded: true})
	if err != nil {
		return err
	}
	rows := map[uint32]bool{}
	c.totals.Batches = map[string]BatchTotal{}
	for i := range batches {
		b := &batches[i]
		rows[b.LoadNumber] = rows[b.LoadNumber] || b.Slot.Dataset == usage.DailyUsage
		name := fmt.Sprintf("%s %s", b.State, b.Slot.Currency)
		t := c.totals.Batches[name]
		c.totals.Batches[name] = BatchTotal{t.Batches + 1, t.Rows + b.Rows, t.Cost.Add(b.Cost)}
	}
	c.totals.Loads = int64(len(loads))
	for i := range loads {
		l := &loads[i]
		for _, digest := range l.Kept() {
			c.files[digest] = true
		}
		if rows[l.Number] {
			c.loads = append(c.loads, l.Number)
		}
		if rows[l.Number] && l.RebuildManifest == "" {
			c.bound = append(c.bound, string(l.ID))
		}
	}
	slices.Sort(c.loads)
	return nil
}

func (v *Service) readDocuments(ctx context.Context, r tx.Read, s scope.Scope, c *contents) error {
	list, err := v.Invoices.List(ctx, r, s, invoice.Filter{})
	if err != nil {
		return err
	}
	c.totals.Documents, c.totals.Journal = map[string]DocumentTotal{}, map[money.Currency]Balances{}
	for i := range list {
		one := &list[i]
		name := fmt.Sprintf("%s %s %s", one.Kind, one.State, one.Currency)
		t := c.totals.Documents[name]
		c.totals.Documents[name] = DocumentTotal{t.Documents + 1, t.Net.Add(one.Net), t.Tax.Add(one.Tax), t.Total.Add(one.Total)}
		d, err := v.Invoices.Get(ctx, r, s, one.ID)
		if err != nil {
			return err
		}
		if d.Worksheet != "" {
			c.files[d.Worksheet] = true
		}
		archived, err := v.Invoices.Archived(ctx, r, s, one.ID)
		if err != nil {
			return err
		}
		for _, digest := range archived {
			c.files[digest] = true
		}
		postings, err := v.Invoices.Postings(ctx, r, s, one.ID)
		if err != nil {
			return err
		}
		for _, p := range postings {
			b := c.totals.Journal[p.Currency]
			c.totals.Journal[p.Currency] = Balances{b.Postings + 1, b.Debit.Add(p.Debit), b.Credit.Add(p.Credit)}
		}
	}
	return nil
}

// needRows is an error where a backup without the usage store could not be restored.
func (c *contents) needRows() error {
	if len(c.bound) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "usage_needed",
		"the rows of load %s cannot be made again from files, for it was imported by a version that did not keep how: nothing was backed up; give the command with --usage, which backs up the usage store too", c.bound[0])
}

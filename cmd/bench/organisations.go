package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/cost"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// The sizes at which organisations are changed one at a time, how often, and the rows of usage that are looked at meanwhile.
const (
	fewOrganisations  = 200
	manyOrganisations = 20_000
	changesMeasured   = 300
	rowsLookedAt      = 20_000
)

// changes is how long changes of one organisation took at a number of them, and views of another customer's month: the
// first, warm ones, and those right after a change. All in seconds.
type changes struct {
	organisations          int
	create, change, terms  []float64
	first                  float64
	viewed, viewedAfter    []float64
	computed, computedThen int // prices looked up in books: until views were warm, and after changes
}

// organisationChanges measures changes of one organisation among few and among many.
func (b *bench) organisationChanges(ctx context.Context) error {
	for _, n := range []int{fewOrganisations, manyOrganisations} {
		c, err := b.changesAmong(ctx, n)
		if err != nil {
			return fmt.Errorf("changes among %d organisations: %w", n, err)
		}
		b.changed = append(b.changed, c)
		fmt.Fprintf(os.Stderr, "%-45s create p95 %.1f ms, change p95 %.1f ms, terms p95 %.1f ms\n", fmt.Sprintf("one of %d organisations", n),
			quantile(c.create, 0.95)*1000, quantile(c.change, 0.95)*1000, quantile(c.terms, 0.95)*1000)
	}
	return nil
}

func (b *bench) changesAmong(ctx context.Context, customers int) (c changes, err error) {
	dir := b.file("organisations-" + strconv.Itoa(customers))
	if err := os.RemoveAll(dir); err != nil {
		return c, err
	}
	if err := b.purveyorRun(ctx, "init", dir, "--customers", strconv.Itoa(customers), "--edges", "3"); err != nil {
		return c, err
	}
	file := filepath.Join(dir, "usage.csv")
	err = b.purveyorRun(ctx, "usage", "generate", "--rows", strconv.Itoa(rowsLookedAt), "--customers", strconv.Itoa(fewOrganisations), "--month", month,
		"--format", "csv", "--shape", "typical", "--out", file)
	if err != nil {
		return c, err
	}
	p, err := open(ctx, filepath.Join(dir, "data"), b.memory)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	if err := p.apply(ctx, dir); err != nil {
		return c, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return c, err
	}
	source := intake.Source{Name: file, Size: info.Size(), Open: func() (io.ReadCloser, error) { return os.Open(file) }}
	if _, err := p.Intake.Import(ctx, intake.Request{Sources: []intake.Source{source}}); err != nil {
		return c, err
	}
	c.organisations = customers
	err = p.measureChanges(ctx, &c)
	return c, err
}

// measureChanges creates, changes and looks in turn, so that a noisy second falls on all of them.
func (p *parts) measureChanges(ctx context.Context, c *changes) error {
	look := func(keep *[]float64) error {
		at, err := period.ParseMonth(month)
		start := time.Now()
		if err == nil {
			_, err = p.Costs.List(ctx, cost.Query{Period: at, Customer: "c0001", By: []string{"service", "day"}})
		}
		*keep = append(*keep, since(start))
		return err
	}
	var first []float64
	if err := look(&first); err != nil {
		return err
	}
	c.first = first[0]
	for range 20 {
		if err := look(&c.viewed); err != nil {
			return err
		}
	}
	c.computed, _ = p.Costs.Rater.Memory.Counts()
	pattern, err := p.Orgs.Get(ctx, "c0002")
	if err != nil {
		return err
	}
	edge, err := p.edgeTo(ctx, pattern.Of)
	if err != nil {
		return err
	}
	for i := range changesMeasured {
		if err := p.changeOne(ctx, c, i, pattern.Of, edge); err != nil {
			return err
		}
		if i%10 == 0 {
			if err := errors.Join(look(&c.viewedAfter), look(&c.viewed)); err != nil {
				return err
			}
		}
	}
	c.computedThen, _ = p.Costs.Rater.Memory.Counts()
	return nil
}

// changeOne creates a customer like another one, changes it, and gives its edge other terms.
func (p *parts) changeOne(ctx context.Context, c *changes, n int, like org.Organisation, edge org.Edge) error {
	made := org.Organisation{Key: fmt.Sprintf("new-%d", n), Kind: org.Customer, Legal: like.Legal}
	made.Legal.VATID, made.Tenant = "", fmt.Sprintf("tenant-new-%d", n)
	edge.Later = nil
	took := func(keep *[]float64, f func() error) error {
		start := time.Now()
		err := f()
		*keep = append(*keep, since(start))
		return err
	}
	return errors.Join(
		took(&c.create, func() error { _, err := p.Orgs.Create(ctx, made, edge); return err }),
		took(&c.change, func() error { made.Legal.City = "Newtown"; _, err := p.Orgs.Change(ctx, made, 1); return err }),
		took(&c.terms, func() error {
			terms, buyer := edge.Terms, org.OrganisationID(made.Key)
			terms.PaymentDays++
			from := period.NewDate(2030, 1, 1)
			_, err := p.Orgs.ChangeTerms(ctx, org.EdgeID(edge.Seller, buyer, edge.Start), from, terms, 1)
			return err
		}),
	)
}

// edgeTo is the edge by which a customer buys.
func (p *parts) edgeTo(ctx context.Context, customer org.Organisation) (found org.Edge, err error) {
	w, err := p.Orgs.World(ctx)
	for _, e := range w.Edges {
		if e.Buyer == customer.ID {
			found = e
		}
	}
	return found, err
}

// among is what was measured at a number of organisations.
func (b *bench) among(n int) (c changes, ok bool) {
	for _, c := range b.changed {
		if c.organisations == n {
			return c, true
		}
	}
	return c, false
}

// oneOrganisation is the slowest p95 of changes of one organisation among many, in milliseconds.
func oneOrganisation(b *bench) (float64, bool) {
	c, ok := b.among(manyOrganisations)
	return c.slowest() * 1000, ok
}

func (c changes) slowest() float64 {
	return max(quantile(c.create, 0.95), quantile(c.change, 0.95), quantile(c.terms, 0.95))
}

// oneOfMany is the time to change one of many organisations, divided by that for one of few: medians, which a busy second hardly changes.
func oneOfMany(b *bench) (float64, bool) {
	many, ok := b.among(manyOrganisations)
	few, ok2 := b.among(fewOrganisations)
	if !ok || !ok2 {
		return 0, false
	}
	return quantile(many.create, 0.5) / quantile(few.create, 0.5), true
}

// stillWarm is a view of a customer's month right after another organisation changed, against one before which nothing did.
func stillWarm(b *bench) (float64, bool) {
	c, ok := b.among(manyOrganisations)
	return quantile(c.viewedAfter, 0.5) / quantile(c.viewed, 0.5), ok
}

// organisationTable writes what changes took.
func (b *bench) organisationTable(s *strings.Builder) {
	if len(b.changed) == 0 {
		return
	}
	s.WriteString("\n| changes of one organisation on SQLite | create p50 ms | p95 | change p50 ms | p95 | other terms p50 ms | p95 | first view ms | warm view ms | view after a change ms | prices looked up |\n|---|---|---|---|---|---|---|---|---|---|---|\n")
	for _, c := range b.changed {
		ms := func(list []float64, share float64) string { return fmt.Sprintf("%.1f", quantile(list, share)*1000) }
		fmt.Fprintf(s, "| %d organisations | %s | %s | %s | %s | %s | %s | %.0f | %s | %s | %d, then %d |\n", c.organisations, ms(c.create, 0.5), ms(c.create, 0.95),
			ms(c.change, 0.5), ms(c.change, 0.95), ms(c.terms, 0.5), ms(c.terms, 0.95), c.first*1000, ms(c.viewed, 0.5), ms(c.viewedAfter, 0.5), c.computed, c.computedThen-c.computed)
	}
	fmt.Fprintf(s, "\nEach was done %d times, every tenth time followed by views of another customer's month of %d rows.\n", changesMeasured, rowsLookedAt)
}

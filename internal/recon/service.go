package recon

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Service compares statements with what was imported and sold.
type Service struct {
	DB       tx.DB
	Access   access.Guard
	Reader   rating.Reader
	Rater    rating.Rater
	Invoices invoice.Store
}

// Compare holds a statement of a period against the books. total is the provider's invoice total per currency; nil
// means the sum of the lines' totals.
func (v *Service) Compare(ctx context.Context, p period.Month, statement []usage.StatementLine, total money.Totals) (Result, error) {
	grant, err := v.Access.Require(ctx, access.Reconcile)
	if err != nil {
		return Result{}, err
	}
	var st *rating.State
	var batches []usage.Batch
	var masks []usage.Mask
	sold := money.Totals{}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) (err error) {
		if st, err = v.Reader.Read(ctx, r, grant.Scope, p); err != nil {
			return err
		}
		if batches, masks, err = usage.InvoicedIn(ctx, r, v.Reader.Usage, grant.Scope, p); err != nil {
			return err
		}
		return v.sold(ctx, r, grant.Scope, p, st.Index, sold)
	})
	if err != nil {
		return Result{}, err
	}
	for _, b := range st.Invoiced { // lines may be of an invoice whose rows are of another month
		if !slices.ContainsFunc(batches, func(x usage.Batch) bool { return x.Number == b.Number }) {
			batches = append(batches, b)
		}
	}
	rows, err := usage.ReadControls(ctx, v.Rater.Rows, grant.Scope, batches, slices.Concat(masks, st.InvoicedMasks))
	if err != nil {
		return Result{}, err
	}
	charges, charged := money.Totals{}, map[charge.Source]bool{}
	list, _, _ := st.Charges(rows.Backed())
	for i := range list {
		charges.Add(list[i].Amount)
		charged[list[i].Source] = true
	}
	lines := slices.DeleteFunc(slices.Clone(st.Lines), func(l usage.SealedLine) bool { return !charged[charge.Source{File: l.File, Line: l.Line}] })
	out := compare(rows, charges, lines, sold, statement, total)
	out.Aside, out.OtherMonths = aside.NewOpen(aside.OfMonth(st.Aside, p)), otherMonths(batches, p)
	out.name(st, statement)
	return out, nil
}

// sold adds up the provider's cost of what the partner's own issued documents carry. A voided one and the credit note
// answering it cancel out, so both are left out.
func (v *Service) sold(ctx context.Context, r tx.Read, s scope.Scope, p period.Month, x *org.Index, into money.Totals) error {
	partner := x.Partner()
	if partner == nil {
		return nil
	}
	list, err := v.Invoices.List(ctx, r, s, invoice.Filter{Period: p, Seller: partner.ID})
	if err != nil {
		return err
	}
	for _, one := range list {
		if one.State != invoice.Issued || one.Answers != "" {
			continue
		}
		d, err := v.Invoices.Get(ctx, r, s, one.ID)
		if err != nil {
			return err
		}
		for i := range d.Lines {
			for c, amount := range d.Lines[i].Cost {
				into.Add(money.Of(amount, c))
			}
		}
	}
	return nil
}

// compare is the rule: pure. Charged are the sealed lines that are charges.
func compare(rows *usage.ControlTotals, charges money.Totals, charged []usage.SealedLine, sold money.Totals, statement []usage.StatementLine, total money.Totals) Result {
	c := &comparison{rows: rows.ByIdentity(), open: map[usage.Identity][]*line{}, doubled: map[*line]bool{}, parts: map[string]money.Totals{}}
	is := rows.Backed()
	backed := func(l *usage.StatementLine) bool { return is(l.Control()) }
	known := map[string]int{}
	for i := range charged {
		known[usage.Content(charged[i].StatementLine)]++
	}
	sum := money.Totals{}
	for i := range statement {
		l := &line{StatementLine: &statement[i], id: statement[i].Identity(), correct: statement[i].Subtotal}
		c.lines = append(c.lines, l)
		sum.Add(money.Of(l.Total, l.Currency))
		content := usage.Content(statement[i])
		switch {
		case backed(l.StatementLine):
			c.open[l.id] = append(c.open[l.id], l)
		case usage.IsUsage(l.StatementLine):
			c.surplus = append(c.surplus, l)
		case known[content] > 0:
			known[content]--
		default:
			c.differ(NotImported, l.id, l.Subtotal, "line %d is no control of imported rows, and was not imported as a charge", l.Line)
		}
	}
	for i := range charged { // charges we have and the statement has not
		l := &charged[i].StatementLine
		if content := usage.Content(*l); known[content] > 0 {
			known[content]--
			c.differ(MissingLine, l.Identity(), l.Subtotal.Neg(), "the charge was imported and is not in this statement")
		}
	}
	c.usage()
	c.tax()
	if total == nil {
		total = sum
	}
	for cur, printed := range total {
		if off := printed.Sub(sum[cur]); !off.IsZero() {
			c.differ(InvoiceTotal, usage.Identity{Currency: cur}, off, "the provider's invoice comes to %s and its lines to %s", printed, sum[cur])
		}
	}
	for cur, d := range rows.Rows {
		c.part(PartRows, d, cur)
	}
	for cur, d := range charges {
		c.part(PartCharges, d, cur)
	}
	return c.result(rows, charges, sold, total)
}

func (c *comparison) result(rows *usage.ControlTotals, charges, sold, total money.Totals) Result {
	out := Result{Statement: total, Imported: money.Totals{}, Sold: sold, Unexplained: money.Totals{}, Parts: []Part{}, Differences: []Difference{}}
	for _, sums := range []money.Totals{rows.Rows, charges} {
		for cur, d := range sums {
			out.Imported.Add(money.Of(d, cur))
		}
	}
	for cur, d := range total {
		out.Unexplained.Add(money.Of(d, cur))
	}
	for _, code := range slices.Sorted(maps.Keys(c.parts)) {
		for _, cur := range c.parts[code].Currencies() {
			out.Parts = append(out.Parts, Part{code, cur, c.parts[code][cur]})
			out.Unexplained.Sub(money.Of(c.parts[code][cur], cur))
		}
	}
	out.Differences = append(out.Differences, c.differences...)
	slices.SortFunc(out.Differences, func(a, b Difference) int {
		return cmp.Or(b.Amount.Abs().Cmp(a.Amount.Abs()), strings.Compare(a.Customer, b.Customer), strings.Compare(a.Meter, b.Meter), cmp.Compare(a.Code, b.Code))
	})
	return out
}

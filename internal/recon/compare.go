package recon

import (
	"fmt"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// books is what was imported of a month.
type books struct {
	period   period.Month
	rows     *usage.ControlTotals
	charges  money.Totals
	charged  []usage.StatementLine // sealed lines that are charges
	sold     money.Totals
	invoices map[string]period.Month // of each imported invoice
	partners map[string]bool         // in lower case, how the provider names the partner; none when that is not known
}

// line is a statement line, and the subtotal that it should have.
type line struct {
	*usage.StatementLine
	id      usage.Identity
	correct money.Decimal // the subtotal it should have; its own when nothing is wrong with it
}

// comparison compares a statement with the one that its rows should have made.
type comparison struct {
	books
	lines       []*line
	of          map[*usage.StatementLine]*line
	printed     map[string]bool // invoices that the statement has lines of
	differences []Difference
	notes       []Note
	parts       map[string]money.Totals
}

func (c *comparison) part(code string, amount money.Decimal, cur money.Currency) {
	if c.parts[code] == nil {
		c.parts[code] = money.Totals{}
	}
	c.parts[code].Add(money.Of(amount, cur))
}

func (c *comparison) differ(code Code, id usage.Identity, amount money.Decimal, why string, args ...any) {
	c.differences = append(c.differences, difference(id, code, amount, fmt.Sprintf(why, args...)))
	c.part(string(code), amount, id.Currency)
}

// differWithoutAmount adds a difference that changes no amount.
func (c *comparison) differWithoutAmount(code Code, id usage.Identity, why string, args ...any) {
	c.differences = append(c.differences, difference(id, code, money.Decimal{}, fmt.Sprintf(why, args...)))
}

func (c *comparison) note(code NoteCode, l *usage.StatementLine, why string, args ...any) {
	c.notes = append(c.notes, Note{code, l.InvoiceNumber, l.Line, fmt.Sprintf(why, args...)})
}

// compare is the rule: pure. Every part is computed by itself, so that the unexplained rest is a check of all of them.
func compare(b books, statement []usage.StatementLine, total money.Totals) Result {
	c := &comparison{books: b, of: map[*usage.StatementLine]*line{}, printed: map[string]bool{}, parts: map[string]money.Totals{}}
	if c.rows.Behind == nil {
		c.rows.Behind = &usage.Behind{}
	}
	sum := money.Totals{}
	var mine []*usage.StatementLine
	for i := range statement {
		sum.Add(money.Of(statement[i].Total, statement[i].Currency))
		c.printed[statement[i].InvoiceNumber] = true
	}
	c.otherPartners(statement)
	others := c.otherMonths(statement)
	for i := range statement {
		if l := &statement[i]; others[l.InvoiceNumber] == 0 {
			x := &line{StatementLine: l, id: l.Identity(), correct: l.Subtotal}
			mine, c.lines, c.of[l] = append(mine, l), append(c.lines, x), x
		}
	}
	c.divide(mine)
	c.missingInvoices()
	c.tax()
	if total == nil {
		total = sum
	}
	for cur, printed := range total {
		if off := printed.Sub(sum[cur]); !off.IsZero() {
			c.differ(InvoiceTotal, usage.Identity{Currency: cur}, off, "the provider's invoice comes to %s and its lines to %s", printed, sum[cur])
		}
	}
	for cur, d := range c.rows.Rows {
		c.part(PartRows, d, cur)
	}
	for cur, d := range c.charges {
		c.part(PartCharges, d, cur)
	}
	return c.result(total)
}

// divide accounts for the lines of the month's invoices: control totals are compared with their rows, charges with those that
// were imported.
func (c *comparison) divide(lines []*usage.StatementLine) {
	known, there := map[string]int{}, map[string]bool{}
	for i := range c.charged {
		content := usage.Content(c.charged[i])
		known[content]++
		there[content] = true
	}
	charges, at, orphans := c.rows.Behind.Divide(lines)
	var controls []*usage.StatementLine
	for _, i := range at {
		controls = append(controls, lines[i])
		c.noteLeadingZeros(lines[i])
	}
	for _, i := range orphans {
		l := lines[i]
		c.noteDoubts(l)
		c.differ(NoRows, c.of[l].id, l.Subtotal, "no daily rows stand behind line %d; import them", l.Line)
	}
	for _, i := range charges {
		l := lines[i]
		c.noteDoubts(l)
		switch content := usage.Content(*l); {
		case known[content] > 0:
			known[content]--
		case there[content]:
			c.differ(DoubledLine, c.of[l].id, l.Subtotal, "the same line stands in the statement more often than it was imported; line %d is one too many", l.Line)
		default:
			c.differ(NotImported, c.of[l].id, l.Subtotal, "line %d is no control of imported rows, and was not imported as a charge; import this statement", l.Line)
		}
	}
	for i := range c.charged { // imported charges that the statement lacks
		l := &c.charged[i]
		if content := usage.Content(*l); known[content] > 0 && c.printed[l.InvoiceNumber] {
			known[content]--
			c.differ(MissingLine, l.Identity(), l.Subtotal.Neg(), "the charge was imported and is not in this statement")
		}
	}
	c.usage(controls)
}

// usage compares usage lines with their rows, then pairs missing lines with surplus ones of another customer.
func (c *comparison) usage(controls []*usage.StatementLine) {
	pairs, missing, surplus := c.rows.Pair(controls)
	for i := range pairs {
		c.pair(&pairs[i])
		for _, l := range pairs[i].Repeats {
			c.differ(DoubledLine, c.of[l].id, l.Subtotal, "the same line stands in the statement twice; line %d is one too many", l.Line)
		}
	}
	taken := map[*usage.StatementLine]bool{}
	for _, e := range missing {
		if !c.printed[e.Invoice] {
			continue
		}
		c.truncation(e)
		if e.Subtotal().IsZero() { // a line of 0 may be left out
			continue
		}
		if l := c.moved(e, surplus, taken); l != nil {
			taken[l] = true
			c.differ(WrongCustomer, c.of[l].id, l.Subtotal, "the line belongs to customer %s, whose rows it sums", e.Customer)
			c.part(string(WrongCustomer), e.Subtotal().Neg(), e.Currency)
			continue
		}
		c.differ(MissingLine, e.Identity, e.Subtotal().Neg(), "no line for %d rows, which cost %s at unit price %s", e.Rows, e.Exact, e.Price)
	}
	for _, l := range surplus {
		if !taken[l] {
			c.differ(NoRows, c.of[l].id, l.Subtotal, "no daily rows stand behind line %d; import them", l.Line)
		}
	}
}

// moved finds the surplus line that is the missing one at another customer.
func (c *comparison) moved(e *usage.ControlTotal, surplus []*usage.StatementLine, taken map[*usage.StatementLine]bool) *usage.StatementLine {
	for _, l := range surplus {
		if taken[l] || c.of[l].id.Customer == e.Customer || !l.Subtotal.Equal(e.Subtotal()) || l.Currency != e.Currency {
			continue
		}
		if k, _, found := c.rows.Behind.Match(l); found && e.Of(k) && (l.MeterDescription == "" || e.Named(l)) {
			return l
		}
	}
	return nil
}

// pair compares lines with their rows, and adds a difference if they disagree.
func (c *comparison) pair(p *usage.Pairing) {
	e, l := p.Total, p.Lines[0]
	off := p.Subtotal().Sub(e.Subtotal())
	if len(p.Lines) == 1 {
		if !e.Agrees() && l.Subtotal.Sub(e.Exact).Abs().Cmp(oneCent) <= 0 {
			c.note(RowsDoubtful, l, "the %d rows of line %d cost %s, as it says; in the pricing currency they print %s, which comes to %s",
				e.Rows, l.Line, e.Exact, e.Pricing, e.Subtotal())
			c.part(PartTruncation, l.Subtotal.Sub(e.Exact), e.Currency)
			return
		}
		c.of[l].correct = e.Subtotal()
	}
	c.truncation(e)
	switch id := c.of[l].id; {
	case off.IsZero():
		c.checkPrices(p)
	case p.Right(): // several lines, each truncated by itself
		c.part(PartTruncation, off, e.Currency)
		c.checkPrices(p)
	case !l.ExchangeRate.Equal(e.Rate):
		c.differ(WrongRate, id, off, "exchange rate %s, where the rows say %s", l.ExchangeRate, e.Rate)
	case !l.UnitPrice.Equal(e.Price):
		c.differ(WrongPrice, id, off, "unit price %s, where the rows say %s", l.UnitPrice, e.Price)
	case off.Abs().Equal(oneCent):
		c.differ(Cent, id, off, "one cent off what truncation makes of %s × %s", e.Pricing.Truncate(2), e.Rate)
	case wrongEffectivePrice(e, l):
		c.differ(WrongPrice, id, off, "effective unit price %s, where the rows come to %s", l.EffectiveUnitPrice, e.Effective())
	case len(p.Lines) == 1 && !l.BillableQuantity.IsZero() && !l.BillableQuantity.Equal(e.Quantity):
		c.differ(OffFormula, id, off, "quantity %s, where the %d rows come to %s", l.BillableQuantity, e.Rows, e.Quantity)
	default:
		c.differ(OffFormula, id, off, "%s, where the rows come to %s", p.Subtotal(), e.Subtotal())
	}
}

// checkPrices finds the lines of the right amount whose effective unit price is another one than that of their rows.
func (c *comparison) checkPrices(p *usage.Pairing) {
	for _, l := range p.Lines {
		if !l.EffectiveUnitPrice.IsZero() && p.Total.Agrees() && !p.Total.PricedAt(l.EffectiveUnitPrice) {
			c.differWithoutAmount(WrongPrice, c.of[l].id, "effective unit price %s, where the rows come to %s; the subtotal of line %d is right all the same", l.EffectiveUnitPrice, p.Total.Effective(), l.Line)
		}
	}
}

// wrongEffectivePrice says whether a line is off because of its effective unit price: the printed subtotal follows from that
// price, and the rows come to another one.
func wrongEffectivePrice(e *usage.ControlTotal, l *usage.StatementLine) bool {
	if l.EffectiveUnitPrice.IsZero() || e.Quantity.IsZero() {
		return false
	}
	makes := l.EffectiveUnitPrice.Mul(e.Quantity)
	return makes.Sub(e.Pricing).Abs().Cmp(oneCent) > 0 && makes.Truncate(2).Mul(e.Rate).Truncate(2).Sub(l.Subtotal).Abs().Cmp(oneCent) <= 0
}

var oneCent = money.FromMinor(1, 2)

// truncation books what the provider's truncation took off the rows of a line, and the rounding of the rows themselves;
// more than that is a difference.
func (c *comparison) truncation(e *usage.ControlTotal) {
	c.part(PartTruncation, e.Truncated(), e.Currency)
	if e.Agrees() {
		c.part(PartTruncation, e.Off(), e.Currency)
		return
	}
	c.differ(RowsOff, e.Identity, e.Off(), "%d rows cost %s, and what they print in the pricing currency comes to %s: %s × %s; the imported rows are wrong, or what they were made from",
		e.Rows, e.Exact, e.Pricing.Mul(e.Rate), e.Pricing, e.Rate)
}

// noteLeadingZeros notes that a line matches its rows only when leading zeros are added.
func (c *comparison) noteLeadingZeros(l *usage.StatementLine) {
	if k, byZeros, _ := c.rows.Behind.Match(l); byZeros {
		c.note(LeadingZeros, l, "line %d has SKU %q and availability %q, and its rows %q and %q: leading zeros are gone, as when a spreadsheet takes an id for a number",
			l.Line, l.SkuID, l.AvailabilityID, k.SKU, k.Availability)
	}
}

// noteDoubts notes what is doubtful about a line that no rows control.
func (c *comparison) noteDoubts(l *usage.StatementLine) {
	for _, d := range l.Warnings() {
		c.note(Doubtful, l, "line %d: %s", l.Line, d.Reason)
	}
}

package check_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func (l *lifetime) tenant() string { return []string{"t-a", "t-b"}[l.IntN(2)] }

func (l *lifetime) amount() money.Decimal {
	return money.FromMinor(l.Int64N(2_000_000)-400_000, []int{0, 2, 3, 5, 12}[l.IntN(5)])
}

func (l *lifetime) day(m *books) period.Date { return m.month.Start().AddDays(l.IntN(28)) }

func usDate(d period.Date) string {
	at := d.Time()
	return fmt.Sprintf("%d/%d/%d", at.Month(), at.Day(), at.Year())
}

// sendUsage imports the current file of an invoice.
func (l *lifetime) sendUsage(m *books, invoice string) {
	var rows []installtest.Row
	for _, at := range slices.SortedFunc(maps.Keys(m.usage[invoice]), func(a, b usedOn) int {
		return strings.Compare(a.tenant+a.day.String(), b.tenant+b.day.String())
	}) {
		u := m.usage[invoice][at]
		rows = append(rows, installtest.Row{Tenant: at.tenant, Invoice: invoice, Day: usDate(at.day), Cost: u.cost.String(), Quantity: u.quantity.String()})
	}
	m.withdrawn[invoice] = false
	l.Import(l.t, intake.Request{Supersede: true, Complete: true}, installtest.UsageFile(rows...))
}

// useOn gives a day of a customer another cost.
func (l *lifetime) useOn(m *books, invoice string) {
	if m.usage[invoice] == nil {
		m.usage[invoice] = map[usedOn]used{}
	}
	at := usedOn{l.tenant(), l.day(m)}
	u := used{l.amount(), money.FromInt(1 + l.Int64N(50))}
	if u.cost.Sign() < 0 { // taken back
		u.quantity = u.quantity.Neg()
	}
	m.usage[invoice][at] = u
	l.say("%s: %s on %s costs %s", invoice, at.tenant, at.day, u.cost)
}

func (l *lifetime) usage(m *books) {
	for range 1 + l.IntN(3) {
		l.useOn(m, mainInvoice(m.month))
	}
	l.sendUsage(m, mainInvoice(m.month))
}

func (l *lifetime) late(m *books) {
	l.useOn(m, lateInvoice(m.month))
	l.sendUsage(m, lateInvoice(m.month))
}

// removeDay removes a day from the file of an invoice.
func (l *lifetime) removeDay(m *books) {
	invoice := mainInvoice(m.month)
	l.useOn(m, invoice)
	l.sendUsage(m, invoice)
	if len(m.usage[invoice]) < 2 {
		return
	}
	l.bill(m)
	all := slices.SortedFunc(maps.Keys(m.usage[invoice]), func(a, b usedOn) int { return strings.Compare(a.tenant+a.day.String(), b.tenant+b.day.String()) })
	at := all[l.IntN(len(all))]
	delete(m.usage[invoice], at)
	l.say("%s: %s on %s is gone", invoice, at.tenant, at.day)
	l.gonePlace = usage.Mask{Entitlement: "e-" + strings.TrimPrefix(at.tenant, "t-"), Day: at.day}
	l.sendUsage(m, invoice)
}

// withdraw withdraws an invoice of the provider, until it is imported again.
func (l *lifetime) withdraw(m *books) {
	invoice := mainInvoice(m.month)
	if len(m.usage[invoice]) == 0 && len(m.lines) == 0 {
		return
	}
	l.say("%s is withdrawn", invoice)
	_, err := l.Intake.Withdraw(l.ctx, intake.Withdrawal{Invoice: invoice})
	l.must(err)
	m.withdrawn[invoice], m.linesOut = true, true
	if l.IntN(2) == 0 {
		l.bill(m)
	}
}

// statement gives the month another statement, with a refund of an earlier month now and then.
func (l *lifetime) statement(m *books) {
	m.lines, m.linesOut = nil, false
	for range 1 + l.IntN(3) {
		m.lines = append(m.lines, charged{l.tenant(), m.month.Start(), l.amount().Truncate(2)})
	}
	l.sendStatement(m)
}

func (l *lifetime) refund(m *books) {
	if m.month == firstMonth {
		return
	}
	m.lines, m.linesOut = append(slices.Clone(m.lines), charged{l.tenant(), (m.month - 1).Start().AddDays(l.IntN(28)), money.FromMinor(-1-l.Int64N(100_000), 2)}), false
	l.sendStatement(m)
}

func (l *lifetime) sendStatement(m *books) {
	var lines []installtest.Line
	for i, x := range m.lines {
		lines = append(lines, installtest.Line{Tenant: x.tenant, Invoice: mainInvoice(m.month), Subtotal: x.subtotal.Fixed(2), Product: fmt.Sprint("CFQ", i+1),
			From: usDate(x.from), To: usDate(x.from.AddDays(1))})
	}
	l.say("statement of %s: %v", m.month, m.lines)
	l.Import(l.t, intake.Request{Supersede: true, Period: m.month}, installtest.LineFile(lines...))
}

func (l *lifetime) publishAs(name string, from period.Date, price pricing.Price) {
	owner, key, _ := strings.Cut(name, "/")
	_, err := l.Books.Publish(l.ctx, pricing.Book{Owner: owner, Key: key, From: from, Rules: []pricing.Rule{{Key: "all", Price: price}}})
	l.must(err)
	l.versions[name] = append(l.versions[name], version{from, price})
}

func (l *lifetime) publish(m *books) {
	names := slices.Sorted(maps.Keys(l.versions))
	name := names[l.IntN(len(names))]
	price := pricing.Price{Kind: []pricing.PriceKind{pricing.CostFactor, pricing.CostFactor, pricing.UnitPrice, pricing.Free, pricing.Excluded}[l.IntN(5)]}
	switch price.Kind {
	case pricing.CostFactor:
		price.Factor = money.FromMinor(100+l.Int64N(300), 2)
	case pricing.UnitPrice:
		price.Unit, price.Currency = money.FromMinor(1+l.Int64N(400), 2), "EUR"
		if c, known := currencies()[name[:1]]; known {
			price.Currency = c
		}
	}
	from := l.day(m)
	l.say("%s from %s: %s", name, from, price)
	l.publishAs(name, from, price)
}

func (l *lifetime) rateStep(m *books) {
	c := []money.Currency{"CHF", "JPY"}[l.IntN(2)]
	l.rates[c][m.month] = money.FromMinor(500+l.Int64N(900), 3)
	l.say("%s in %s is %s", c, m.month, l.rates[c][m.month])
	l.Settle(l.t, l.worldNow())
}

// customerEdge is the newest edge of a customer.
func (l *lifetime) customerEdge(tenant string) *org.Edge {
	b := org.OrganisationID(strings.TrimPrefix(tenant, "t-"))
	i := slices.IndexFunc(l.world.Edges, func(e org.Edge) bool { return e.Buyer == b && e.End == 0 })
	return &l.world.Edges[i]
}

// changeTerms gives a customer's edge another book, grouping or currency.
func (l *lifetime) changeTerms(*books) {
	e := l.customerEdge(l.tenant())
	e.Terms.Book = map[string]string{"retail": "special", "special": "retail"}[e.Terms.Book]
	if l.IntN(2) == 0 {
		e.Terms.Grouping = map[org.Grouping]org.Grouping{"": "resource_group", "resource_group": "product", "product": ""}[e.Terms.Grouping]
	}
	if l.key(e.Seller) == "p" && l.IntN(2) == 0 {
		e.Terms.Currency = map[money.Currency]money.Currency{"EUR": "CHF", "CHF": "EUR"}[e.Terms.Currency]
	}
	l.say("%s buys by %s, %s, %s", l.key(e.Buyer), e.Terms.Book, e.Terms.Grouping, e.Terms.Currency)
	l.Settle(l.t, l.worldNow())
}

// taxed moves a customer to France and back.
func (l *lifetime) taxed(*books) {
	o := &l.world.Organisations[2+l.IntN(2)]
	o.Legal.Country, o.Legal.VATID = map[string]string{"DE": "FR", "FR": "DE"}[o.Legal.Country], map[string]string{"DE": "FR40303265045", "FR": "DE136695976"}[o.Legal.Country]
	l.say("%s is in %s", o.Key, o.Legal.Country)
	l.Settle(l.t, l.worldNow())
}

// move lets a customer buy from another from a day of the month on, if it has not moved after that.
func (l *lifetime) move(m *books) {
	e := l.customerEdge(l.tenant())
	seller, day := []string{"p", "r", "s", "u"}[l.IntN(4)], l.day(m).AddDays(1)
	if e.Start >= day || l.key(e.Seller) == seller {
		return
	}
	buyer, c := l.key(e.Buyer), money.Currency("EUR")
	if own, known := currencies()[seller]; known {
		c = own
	}
	e.End = day
	l.world.Edges = append(l.world.Edges, l.edge(seller, buyer, "retail", c, day))
	l.say("%s buys from %s from %s", buyer, seller, day)
	l.Settle(l.t, l.worldNow())
}

// applyTypos bills, applies a world with a wrong tenant or book, checks that nothing is drafted because of it, and applies the right world again.
func (l *lifetime) applyTypos(m *books) {
	l.bill(m)
	w := l.worldNow()
	w.Organisations, w.Edges = slices.Clone(w.Organisations), slices.Clone(w.Edges)
	if l.IntN(2) == 0 {
		w.Organisations[3].Tenant = "t-mistyped"
	} else {
		for i := range w.Edges {
			w.Edges[i].Terms.Book = "retial"
		}
	}
	l.say("mistyped")
	l.Settle(l.t, w)
	run, err := l.Invoices.Draft(l.ctx, m.month)
	l.must(err)
	if len(run.Drafts) > 0 {
		l.t.Errorf("what was mistyped drafts %+v\n%s", run.Drafts, strings.Join(l.past, "\n"))
	}
	l.Settle(l.t, l.worldNow())
}

// standing lists the documents of a month that are not void.
func (l *lifetime) standing(m *books) []invoice.Summary {
	list, err := l.Invoices.List(l.ctx, invoice.Filter{Period: m.month, State: invoice.Issued})
	l.must(err)
	return slices.DeleteFunc(list, func(s invoice.Summary) bool { return s.Answers != "" })
}

func (l *lifetime) void(m *books) {
	list := l.standing(m)
	if len(list) == 0 {
		return
	}
	s := list[l.IntN(len(list))]
	_, err := l.Invoices.Void(l.ctx, s.ID, 0, "again")
	l.must(err)
	l.say("void %s (%s → %s, %s)", s.Number, s.Seller, s.Buyer, m.month)
	l.forget(m)
}

// forget drops what was fixed for edges without a document, or with void ones only.
func (l *lifetime) forget(m *books) {
	list := l.standing(m)
	for e := range m.fixed {
		if !slices.ContainsFunc(list, func(s invoice.Summary) bool { return s.Edge == e }) {
			delete(m.fixed, e)
		}
	}
}

func (l *lifetime) rebill(m *books) {
	list := l.standing(m)
	if len(list) == 0 {
		return
	}
	l.bill(m) // what is new is billed first
	buyer := list[l.IntN(len(list))].Buyer
	drafts, err := l.Invoices.Rebill(l.ctx, m.month, buyer)
	l.must(err)
	for _, s := range drafts {
		delete(m.fixed, s.Edge)
	}
	l.say("%s of %s is billed anew: %d drafts", buyer, m.month, len(drafts))
	l.issue(m)
	l.forget(m)
}

// bill drafts a month, approves it and issues it.
func (l *lifetime) bill(m *books) {
	_, err := l.Invoices.Draft(l.ctx, m.month)
	l.must(err)
	l.issue(m)
}

// issue approves and issues drafts; none means all. What a step before approved is approved.
func (l *lifetime) issue(m *books, which ...invoice.Summary) {
	var drafts, all []id.Invoice
	for _, s := range which {
		all = append(all, s.ID)
		if s.State == invoice.Draft {
			drafts = append(drafts, s.ID)
		}
	}
	if len(all) == 0 || len(drafts) > 0 {
		_, err := l.Invoices.Approve(l.ctx, m.month, drafts)
		l.must(err)
	}
	list, err := l.Invoices.Issue(l.ctx, invoice.Issuing{Period: m.month, Invoices: all, Incomplete: true})
	l.must(err)
	l.noteIssued(m, list)
}

func (l *lifetime) noteIssued(m *books, list []invoice.Summary) {
	var edges []id.Edge
	for _, s := range list {
		m.issued = true
		if s.Answers == "" {
			edges = append(edges, s.Edge)
		}
	}
	l.say("%s: issued %d documents", m.month, len(list))
	l.fix(m, edges)
}

// approved approves drafts, makes another step, and issues those that are still up to date.
func (l *lifetime) approved(m *books) {
	_, err := l.Invoices.Draft(l.ctx, m.month)
	l.must(err)
	_, err = l.Invoices.Approve(l.ctx, m.month, nil)
	l.must(err)
	l.say("%s: approved, and then:", m.month)
	[]func(*books){l.usage, l.late, l.void, l.publish, l.move}[l.IntN(5)](m)
	list, err := l.Invoices.Issue(l.ctx, invoice.Issuing{Period: m.month, Incomplete: true})
	if fault.CodeOf(err) == "drafted_anew" {
		return
	}
	l.must(err)
	l.noteIssued(m, list)
}

// some issues one of the drafts of a month, and leaves the others.
func (l *lifetime) some(m *books) {
	run, err := l.Invoices.Draft(l.ctx, m.month)
	l.must(err)
	if len(run.Drafts) == 0 {
		return
	}
	l.issue(m, run.Drafts[l.IntN(len(run.Drafts))])
}

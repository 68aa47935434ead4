package oracle_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// commands is every import of a world: for each side a scenario of its own, interleaved; then the statements.
func (m *generator) commands() (all []command) {
	var first []oracle.Row
	var scenarios, statements [][]command
	number := 0
	for _, account := range []string{"Account-A", "account-b"} {
		for _, currency := range []string{"EUR", "USD", "JPY"} {
			s := m.side(account, currency)
			d := m.download(s, m.rows)
			scenario, invoices := m.scenario(number%6, s, d, fmt.Sprintf("G%03d", number), &first)
			scenarios = append(scenarios, scenario)
			statements = append(statements, m.statement(s, append(invoices, invoice{number: fmt.Sprintf("H%03d", number)})))
			number++
		}
	}
	m.Shuffle(len(first), func(i, j int) { first[i], first[j] = first[j], first[i] })
	all = append(all, m.rowsCommand("the first download of several sides", oracle.Import{}, first))
	return append(append(all, m.interleave(scenarios)...), m.interleave(statements)...)
}

// interleave mixes sequences and keeps the order of each.
func (m *generator) interleave(scenarios [][]command) (all []command) {
	for {
		scenarios = slices.DeleteFunc(scenarios, func(s []command) bool { return len(s) == 0 })
		if len(scenarios) == 0 {
			return all
		}
		i := m.IntN(len(scenarios))
		all, scenarios[i] = append(all, scenarios[i][0]), scenarios[i][1:]
	}
}

// invoice is a provider invoice with the rows it was made of.
type invoice struct {
	number string
	rows   []oracle.Row
}

// scenario is one way in which downloads of a side follow on each other. What comes first may come in one command with
// the firsts of other sides.
func (m *generator) scenario(kind int, s *side, d cells, number string, first *[]oracle.Row) (scenario []command, invoices []invoice) {
	bring := func(what string, in oracle.Import, c cells) {
		scenario = append(scenario, m.rowsCommand(s.account+" "+s.currency+" "+what, in, m.all(c)))
	}
	bills := func(number string, c cells) cells {
		c = c.billed(number)
		invoices = append(invoices, invoice{number, m.all(c.of(september))}, invoice{number + "A", m.all(c.of(august))})
		return c
	}
	switch kind {
	case 0: // unbilled downloads that grow and change
		*first = append(*first, m.all(d)...)
		d = m.again(s, d, true)
		bring("unbilled again", oracle.Import{}, d)
		bring("unbilled once more", oracle.Import{}, m.again(s, d, true))
	case 1: // closed by a complete invoice; what comes later is late or too late
		*first = append(*first, m.all(d)...)
		d = m.again(s, d, true)
		bring("billed, complete", oracle.Import{Complete: true}, bills(number, d))
		bring("unbilled, too late", oracle.Import{}, m.again(s, d, true))
		bring("late rows on the next invoice", oracle.Import{}, bills(number+"N", m.download(s, len(d)/10)))
	case 2: // billed rows that are not known to be complete wait behind the unbilled ones
		*first = append(*first, m.all(d)...)
		bring("billed, not complete", oracle.Import{}, bills(number, m.again(s, d, false)))
	case 3: // corrections of billed rows
		b := bills(number, d)
		bring("billed", oracle.Import{}, b)
		bring("some of the billed rows again", oracle.Import{}, m.some(b))
		changed := bills(number, m.otherwise(b))
		bring("billed otherwise", oracle.Import{}, changed)
		bring("billed otherwise, on top", oracle.Import{Add: true}, changed)
		bring("the first again", oracle.Import{}, b)
		changed = bills(number, m.again(s, m.otherwise(changed), true))
		bring("billed otherwise, instead", oracle.Import{Supersede: true}, changed)
		bring("unbilled beside billed", oracle.Import{}, m.download(s, len(d)/20))
		bring("the same, complete", oracle.Import{Complete: true}, changed)
		bring("unbilled, too late", oracle.Import{}, m.download(s, len(d)/20))
	case 4: // late rows of the month before, alone in their file
		*first = append(*first, m.all(bills(number, d.of(september)))...)
		s.entries = m.side(s.account, s.currency).entries
		late := m.download(s, m.rows/3).of(august)
		for _, rows := range late {
			for i := range rows {
				rows[i][usage.InvoiceNumber] = number
			}
		}
		invoices = append(invoices, invoice{number, m.all(late)})
		bring("late rows of August alone", oracle.Import{}, late)
	case 5: // billed and unbilled in one command, and the invoice complete
		rows := m.all(bills(number, d))
		rows = append(rows, m.all(m.again(s, d, true))...)
		scenario = append(scenario, m.rowsCommand("billed and unbilled together", oracle.Import{Complete: true}, rows))
	}
	return scenario, invoices
}

// statement is the commands that bring reconciliation lines of a side's invoices.
func (m *generator) statement(s *side, invoices []invoice) (scenario []command) {
	var lines []map[string]string
	for _, i := range invoices {
		lines = append(lines, m.lines(s, i)...)
	}
	what := s.account + " " + s.currency + " "
	in := oracle.Import{Period: september}
	if m.in100(20) {
		scenario = append(scenario, m.linesCommand(what+"statement without its month", oracle.Import{}, lines))
	}
	scenario = append(scenario, m.linesCommand(what+"statement", in, lines))
	if m.in100(50) {
		scenario = append(scenario, m.linesCommand(what+"the same lines in another order", in, m.shuffled(lines)))
	}
	if m.in100(50) {
		other := m.lines(s, invoices[0])
		scenario = append(scenario, m.linesCommand(what+"other lines", in, other))
		add := in
		add.Add = true
		scenario = append(scenario, m.linesCommand(what+"other lines on top", add, other))
		scenario = append(scenario, m.linesCommand(what+"other lines, sealed already", in, other))
	}
	if m.in100(50) {
		instead := in
		instead.Supersede = true
		scenario = append(scenario, m.linesCommand(what+"other lines instead", instead, m.lines(s, invoices[0])))
	}
	return scenario
}

func (m *generator) shuffled(lines []map[string]string) []map[string]string {
	lines = slices.Clone(lines)
	m.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
	return lines
}

// lines makes up lines of an invoice: controls of some of its rows, usage nobody imported, and charges of all kinds.
func (m *generator) lines(s *side, i invoice) (lines []map[string]string) {
	for range min(len(i.rows), 12) {
		r := i.rows[m.IntN(len(i.rows))]
		l := m.line(s, i.number)
		for name, c := range map[string]usage.Column{
			"CustomerId": usage.CustomerID, "ProductId": usage.ProductID, "SkuId": usage.SkuID, "MeterDescription": usage.MeterName,
			"PublisherName": usage.PublisherName, "PublisherId": usage.PublisherID, "SubscriptionDescription": usage.SubscriptionDescription,
			"AvailabilityId": usage.AvailabilityID,
		} {
			l[name] = r[c]
		}
		l["SubscriptionId"], l["TermAndBillingCycle"] = m.cased(r[usage.SubscriptionID]), ""
		switch {
		case m.in100(20):
			l["AvailabilityId"] = ""
		case m.in100(20):
			l["MeterDescription"] = pick(m, "", "Another spelling")
		case m.in100(10):
			l["SkuId"] = strings.TrimLeft(l["SkuId"], "0")
		case m.in100(10):
			l["TermAndBillingCycle"] = "One-Month commitment"
		}
		if m.in100(50) { // the line is right, and there may be a credit beside it, or one that rows have
			l["Subtotal"] = sum(i.rows, &r)
			if credit := maps.Clone(l); m.in100(60) {
				credit["ChargeType"], credit["Subtotal"] = pick(m, "customerCredit", "new", "refund"), "-"+m.number(3, 2)
				lines = append(lines, credit)
			}
		}
		lines = append(lines, l)
	}
	for range 12 {
		l := m.line(s, i.number)
		lines = append(lines, l)
		if m.in100(5) {
			lines = append(lines, l)
		}
	}
	return lines
}

// sum is what rows of a row's key come to.
func sum(rows []oracle.Row, of *oracle.Row) string {
	var n oracle.Number
	for i := range rows {
		r := &rows[i]
		same := true
		for _, c := range []usage.Column{usage.SubscriptionID, usage.ProductID, usage.SkuID, usage.AvailabilityID} {
			same = same && strings.EqualFold(r[c], of[c])
		}
		if x, ok := oracle.Parse(r[usage.BillingPreTaxTotal]); ok && same {
			n = n.Add(x)
		}
	}
	return n.String()
}

func (m *generator) line(s *side, number string) map[string]string {
	l := map[string]string{
		"PartnerId": s.account, "CustomerId": pick(m, m.entitlements...).tenant, "CustomerName": "A customer", "InvoiceNumber": number,
		"ProductId": pick(m, products()...), "SkuId": pick(m, skus()...), "SkuName": "A SKU", "ProductName": "A product",
		"ChargeType": pick(m, chargeTypes()...), "UnitPrice": m.number(3, 2), "Quantity": pick(m, "0", "1", "-2", "7.5", "1.123456789012345678901"),
		"BillableQuantity": pick(m, "", "0", "3", "0.005001"), "Subtotal": pick(m, "0.00", m.number(4, 2), m.number(4, 2), "-"+m.number(3, 2)),
		"TaxTotal": "0.19", "Total": "1.19", "Currency": s.currency, "PublisherName": pick(m, publishers()...), "PublisherId": "", "AvailabilityId": "",
		"SubscriptionDescription": pick(m, plans()...), "SubscriptionId": fmt.Sprint("sub-", m.IntN(1000)),
		"ChargeStartDate": pick(m, "", "8/20/2026", "9/1/2026", "10/5/2026", m.inside().Time().Format("1/2/2006")),
		"ChargeEndDate":   pick(m, "", "9/30/2026"), "MeterDescription": "",
		"TermAndBillingCycle": pick(m, "", "1 Year Reservation", "3 Year Savings Plan", "1 Year Subscription", "One-Year commitment for monthly billing"),
		"OrderId":             "order-1", "UnitType": "Licenses", "PriceAdjustmentDescription": `["15.0% Partner earned credit for services managed"]`,
	}
	switch {
	case m.in100(15):
		l["PublisherId"] = "28503520"
	case m.in100(10):
		l["MeterDescription"], l["TermAndBillingCycle"], l["ChargeEndDate"] = "Nobody's meter", "", "9/30/2026"
	}
	return l
}

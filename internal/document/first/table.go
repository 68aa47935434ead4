package first

import (
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// The columns of the table: where each ends, from the left edge.
const (
	numberW, textW, quantityW, priceW, taxW, netW = 9.0, 80.0, 20.0, 24.0, 14.0, 23.0
)

func (p *page) tableHeader() {
	p.header = true
	p.font("B", 7.5)
	p.SetFillColor(240, 243, 247)
	p.SetX(left)
	for _, c := range []struct {
		name, align string
		w           float64
	}{{"", "L", numberW}, {"Description", "L", textW}, {"Quantity", "R", quantityW}, {"Unit price", "R", priceW}, {"Tax", "R", taxW},
		{"Net " + string(p.v.Currency), "R", netW}} {
		p.CellFormat(c.w, 6.5, c.name, "", 0, c.align, true, 0, "")
	}
	p.Ln(8)
}

// table is the lines, under a heading per customer when there are several.
func (p *page) table() {
	p.SetDrawColor(214, 218, 224)
	p.tableHeader()
	several := false
	for i := range p.v.Lines {
		several = several || p.v.Lines[i].Customer != p.v.Lines[0].Customer
	}
	for i := range p.v.Lines {
		l := &p.v.Lines[i]
		if several && (i == 0 || p.v.Lines[i-1].Customer != l.Customer) {
			p.room(20)
			p.customer(i)
		}
		p.line(l)
	}
	p.header = false
	p.Line(left, p.GetY()+0.5, right, p.GetY()+0.5)
	p.Ln(3)
}

// customer is a heading with the sum of the lines under it.
func (p *page) customer(from int) {
	first := p.v.Lines[from]
	sum, n := first.Net, 1
	for _, l := range p.v.Lines[from+1:] {
		if l.Customer != first.Customer {
			break
		}
		sum = sum.Add(l.Net)
		n++
	}
	p.Ln(1.5)
	p.font("B", 8.5)
	p.SetX(left)
	p.CellFormat(width-netW-24, 5.5, p.fit(first.CustomerName, width-netW-26), "", 0, "L", false, 0, "")
	p.font("", 7)
	p.grey()
	p.CellFormat(24, 5.5, lineCount(n), "", 0, "R", false, 0, "")
	p.black()
	p.font("B", 8)
	p.amount(netW, 5.5, figure(sum, p.places), "B", 8)
}

// amount ends a row with an amount, in smaller print where it is too long for its column.
func (p *page) amount(w, h float64, s, style string, size float64) {
	p.font(style, size)
	if have := p.GetStringWidth(s); have > w-2 {
		p.font(style, size*(w-2)/have)
	}
	p.CellFormat(w, h, s, "", 1, "R", false, 0, "")
	p.font(style, size)
}

// figures are the quantity and the unit price of a line as their columns have them, and in full what is too long for
// its column: that stands below, for nothing is rounded to make room.
func (p *page) figures(l *invoice.Line) (quantity, price, below string) {
	quantity, price = figure(l.Quantity, 0), figure(l.UnitPrice, p.places)
	if p.GetStringWidth(quantity) > quantityW-2 {
		quantity, below = "below", "quantity: "+quantity
	}
	if p.GetStringWidth(price) > priceW-2 {
		if below != "" {
			below += "  ·  "
		}
		price, below = "below", below+"unit price: "+price
	}
	return quantity, price, below
}

func (p *page) line(l *invoice.Line) {
	p.font("", 8)
	text := p.wrap(l.Description, textW-2)
	quantity, price, below := p.figures(l)
	p.room(6 + 4*float64(len(text)) + 3.6*float64(min(len(below), 1)))
	p.font("", 8)
	p.SetX(left)
	p.grey()
	p.CellFormat(numberW, 4.4, strconv.Itoa(l.Number), "", 0, "L", false, 0, "")
	p.black()
	p.CellFormat(textW, 4.4, text[0], "", 0, "L", false, 0, "")
	p.CellFormat(quantityW, 4.4, quantity, "", 0, "R", false, 0, "")
	p.CellFormat(priceW, 4.4, price, "", 0, "R", false, 0, "")
	p.CellFormat(taxW, 4.4, l.Tax.Category+" "+l.Tax.Percent.String()+" %", "", 0, "R", false, 0, "")
	p.amount(netW, 4.4, figure(l.Net, p.places), "", 8)
	for _, more := range text[1:] {
		p.SetX(left + numberW)
		p.CellFormat(textW, 4, more, "", 1, "L", false, 0, "")
	}
	p.font("", 6.8)
	p.grey()
	for _, more := range withoutEmpty([]string{below, under(l)}) {
		p.SetX(left + numberW)
		p.CellFormat(width-numberW, 3.6, p.fit(more, width-numberW-netW), "", 1, "L", false, 0, "")
	}
	p.black()
	p.Ln(0.9)
}

// wrap breaks a text into lines of a width, three at most.
func (p *page) wrap(s string, w float64) []string {
	lines := p.SplitText(oneLine(s), w)
	switch {
	case len(lines) == 0:
		return []string{""}
	case len(lines) > 3:
		lines = append(lines[:2], p.fit(strings.Join(lines[2:], " "), w))
	}
	return lines
}

// under is what stands in small print below a line: the subscription, its period, and what is unusual.
func under(l *invoice.Line) string {
	text := l.SubscriptionOf
	if text == "" {
		text = l.Subscription
	}
	add := func(s string) {
		if s != "" {
			if text != "" {
				text += "  ·  "
			}
			text += s
		}
	}
	add(span(l.Span))
	if !l.Mixed && l.Unit != "" {
		add("unit: " + l.Unit)
	}
	if l.Mixed && l.Kind == invoice.UsageLine {
		add("several unit prices, see the usage detail")
	}
	if !l.Billed.IsZero() {
		add("less " + l.Billed.String() + " billed before")
	}
	return text
}

// totals are the sums of what is printed above.
func (p *page) totals() {
	p.room(34)
	row := func(name, amount string, strong bool) {
		style, size := "", 8.5
		if strong {
			style, size = "B", 10.5
		}
		p.font(style, size)
		p.SetX(120)
		p.CellFormat(40, 5.6, name, "", 0, "L", false, 0, "")
		p.CellFormat(right-160, 5.6, amount, "", 1, "R", false, 0, "")
	}
	v := p.v
	row("Net", figure(v.Net, p.places), false)
	for _, t := range v.Taxes {
		row(taxText(t.LineTax), figure(t.Amount, p.places), false)
	}
	p.Line(120, p.GetY()+0.8, right, p.GetY()+0.8)
	p.Ln(1.6)
	row("Total "+string(v.Currency), figure(v.Total, p.places), true)
	if !v.Prepaid.IsZero() {
		row("Paid already", figure(v.Prepaid.Neg(), p.places), false)
		row("To pay "+string(v.Currency), figure(v.Payable, p.places), true)
	}
	p.Ln(4)
}

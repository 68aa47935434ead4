package document

import (
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// The columns of the table: their widths, from the left edge.
const (
	numberW, textW, quantityW, priceW, taxW, netW = 9.0, 80.0, 21.0, 23.0, 14.0, 23.0
)

// maxDescriptionLines is how many lines a description may have.
const maxDescriptionLines = 8

// section is a group of lines with a subtotal.
type section struct {
	title, about string
	lines        []*invoice.Line
	sum          money.Decimal
}

// sections groups the lines of a document by what its subtotals are for, and counts the lines of 0.00 that are left
// out. A document with no other lines prints them.
func (p *page) sections() (list []*section, left int) {
	v := &p.v
	by, some := v.Subtotals, false
	for i := range v.Lines {
		some = some || !v.Lines[i].Net.IsZero()
		if by == "" && v.Lines[i].Customer != v.BuyerKey {
			by = "customer"
		}
	}
	at := map[string]*section{}
	for i := range v.Lines {
		l := &v.Lines[i]
		if v.ZeroLines != "print" && some && l.Net.IsZero() {
			left++
			continue
		}
		key, title, about := p.sectionOf(l, string(by))
		if at[key] == nil {
			at[key] = &section{title: title, about: about}
			list = append(list, at[key])
		}
		s := at[key]
		s.lines, s.sum = append(s.lines, l), s.sum.Add(l.Net)
	}
	return list, left
}

func (p *page) sectionOf(l *invoice.Line, by string) (key, title, about string) {
	switch {
	case by == "customer":
		return "customer " + l.Customer, orElse(l.CustomerName, l.Customer), l.Customer
	case l.Kind == invoice.ChargeLine:
		return "charges", p.say("other_charges"), ""
	case by == "resource_group":
		return "group " + l.Service, p.describe(l), ""
	case l.Subscription == "":
		return "none", p.say("no_subscription"), ""
	case l.SubscriptionOf == "":
		return "subscription " + strings.ToLower(l.Subscription), l.Subscription, ""
	}
	return "subscription " + strings.ToLower(l.Subscription), l.SubscriptionOf, l.Subscription
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (p *page) tableHeader() {
	p.header = true
	p.font("B", 7.5)
	p.SetFillColor(240, 243, 247)
	p.SetX(left)
	for _, c := range []struct {
		name, align string
		w           float64
	}{
		{"", "L", numberW}, {p.say("description"), "L", textW}, {p.say("quantity"), "R", quantityW}, {p.say("unit_price"), "R", priceW},
		{p.say("tax"), "R", taxW}, {p.say("net") + " " + string(p.v.Currency), "R", netW},
	} {
		p.CellFormat(c.w, 6.5, c.name, "", 0, c.align, true, 0, "")
	}
	p.Ln(7.5)
}

// table is the lines, under a heading for each section and with its subtotal.
func (p *page) table() {
	sections, zero := p.sections()
	p.room(36)
	p.tableHeader()
	for i, s := range sections {
		keep := subtotalH
		if i == len(sections)-1 {
			keep += p.sumsH(zero)
		}
		p.section(s, keep)
	}
	p.header = false
	p.Line(left, p.GetY()+0.5, right, p.GetY()+0.5)
	p.Ln(2)
	if zero > 0 {
		key := "zero_lines"
		if zero == 1 {
			key = "zero_line"
		}
		p.room(5)
		p.font("", 7.5)
		p.grey()
		p.text(left, []string{p.say(key, "count", strconv.Itoa(zero), "zero", p.figure(money.Decimal{}, p.places))}, 4.2, width, "L")
		p.black()
	}
	p.Ln(1.5)
}

// subtotalH is the height of a subtotal, which stays with the last line above it.
const subtotalH = 6.5

// section prints lines under their heading. Keep is the height of what must be on the same page as the last of them.
func (p *page) section(s *section, keep float64) {
	p.font("B", 8.5)
	title := p.wrap(s.title, width-numberW, 3)
	drawn := make([]*printed, len(s.lines))
	for i, l := range s.lines {
		drawn[i] = p.breakLine(l)
	}
	after := func(i int) float64 { // the height that must be on the same page as line i
		if i == len(drawn)-1 {
			return keep
		}
		return 0
	}
	p.room(3 + 5*float64(len(title)) + drawn[0].height + after(0))
	p.Ln(1)
	for i, t := range title {
		p.font("B", 8.5)
		p.SetX(left)
		w := p.GetStringWidth(t) + 3
		p.CellFormat(w, 5, t, "", 0, "L", false, 0, "")
		if i == len(title)-1 && s.about != "" && s.about != s.title {
			p.font("", 6.8)
			p.grey()
			p.CellFormat(width-w, 5, p.fit(s.about, width-w), "", 0, "L", false, 0, "")
			p.black()
		}
		p.Ln(5)
	}
	for i, d := range drawn {
		p.room(d.height + after(i))
		p.line(d)
	}
	p.Line(right-netW-priceW-taxW, p.GetY(), right, p.GetY())
	p.font("", 7.5)
	p.grey()
	p.SetX(left + numberW)
	p.CellFormat(width-numberW-netW, 5, p.say("subtotal"), "", 0, "R", false, 0, "")
	p.black()
	p.smallNotes(netW, 5, p.figure(s.sum, p.places), "B", 8, 1)
	p.Ln(subtotalH - 5)
}

// printed is a line broken into what fits its columns.
type printed struct {
	*invoice.Line
	text            []string
	quantity, price string
	smallPrint      []string
	height          float64
}

// breakLine breaks the texts of a line to fit its columns. A line of several prices has no quantity and price to
// print; a number too long for its column is printed in full below, because nothing is rounded to fit.
func (p *page) breakLine(l *invoice.Line) *printed {
	d := &printed{Line: l}
	p.font("", 8)
	d.text = p.wrap(p.describe(l), textW-2, maxDescriptionLines)
	var below []string
	if !l.Mixed {
		d.quantity, d.price = p.figure(l.Quantity, 0), p.figure(l.UnitPrice, p.places)
		if p.GetStringWidth(d.quantity) > quantityW-2 {
			below = append(below, p.say("full_quantity", "quantity", d.quantity))
			d.quantity = p.say("below")
		}
		if p.GetStringWidth(d.price) > priceW-2 {
			below = append(below, p.say("full_price", "price", d.price))
			d.price = p.say("below")
		}
	}
	p.font("", 6.8)
	for _, text := range withoutEmpty([]string{strings.Join(below, "  ·  "), strings.Join(p.smallPrint(l), "  ·  ")}) {
		d.smallPrint = append(d.smallPrint, p.wrap(text, width-numberW-netW, 4)...)
	}
	d.height = 5.3 + 4*float64(len(d.text)-1) + 3.5*float64(len(d.smallPrint))
	return d
}

// smallPrint is the small print below a line: its period, the subscription if no heading names it, the unit, and
// anything unusual.
func (p *page) smallPrint(l *invoice.Line) []string {
	name := ""
	if p.v.Subtotals != "subscription" && p.v.Subtotals != "" || l.Customer != p.v.BuyerKey || l.Kind == invoice.ChargeLine {
		name = orElse(l.SubscriptionOf, l.Subscription)
	}
	parts := []string{p.span(l.ServiceDates()), name}
	switch {
	case l.Mixed && l.Kind == invoice.UsageLine && l.Billed.IsZero():
		parts = append(parts, p.say("several_prices"))
	case !l.Mixed && l.Unit != "":
		parts = append(parts, p.say("unit", "unit", l.Unit))
	}
	if !l.Billed.IsZero() {
		parts = append(parts, p.say("billed_before", "amount", p.figure(l.Billed, p.places)))
	}
	return withoutEmpty(parts)
}

func (p *page) line(d *printed) {
	p.font("", 8)
	p.SetX(left)
	p.grey()
	p.CellFormat(numberW, 4.4, strconv.Itoa(d.Number), "", 0, "L", false, 0, "")
	p.black()
	p.CellFormat(textW, 4.4, d.text[0], "", 0, "L", false, 0, "")
	p.CellFormat(quantityW, 4.4, d.quantity, "", 0, "R", false, 0, "")
	p.CellFormat(priceW, 4.4, d.price, "", 0, "R", false, 0, "")
	p.CellFormat(taxW, 4.4, p.taxColumn(d.Tax), "", 0, "R", false, 0, "")
	p.smallNotes(netW, 4.4, p.figure(d.Net, p.places), "", 8, 1)
	for _, more := range d.text[1:] {
		p.SetX(left + numberW)
		p.CellFormat(textW, 4, more, "", 1, "L", false, 0, "")
	}
	p.font("", 6.8)
	p.grey()
	for _, more := range d.smallPrint {
		p.SetX(left + numberW)
		p.CellFormat(width-numberW, 3.5, more, "", 1, "L", false, 0, "")
	}
	p.black()
	p.Ln(0.9)
}

package document

import (
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// toPay prints the amount due and the due date. On a credit note nothing is due, so it has no date.
func (p *page) toPay() {
	y := p.GetY()
	p.SetFillColor(240, 243, 247)
	p.Rect(left, y, width, 15, "F")
	label, amount := p.say("to_pay"), p.v.Payable
	if p.credit() {
		label, amount = p.say("credited"), amount.Neg()
	}
	p.fact(left+4, y, 100, label, p.amount(amount, p.v.Currency), "L")
	if !p.credit() && p.v.DueDate != 0 {
		p.fact(right-74, y, 70, p.say("due"), p.day(p.v.DueDate), "R")
	}
	p.SetY(y + 18)
}

// fact is a figure in large print under its name.
func (p *page) fact(x, y, w float64, label, value, align string) {
	p.SetXY(x, y+1.8)
	p.font("", 7.5)
	p.grey()
	p.CellFormat(w, 4, label, "", 2, align, false, 0, "")
	p.black()
	p.largeFigure(w, 6.5, value, align)
}

// largeFigure is a figure in large print, in smaller print if it is too long.
func (p *page) largeFigure(w, h float64, s, align string) {
	size := 14.0
	p.font("B", size)
	if have := p.GetStringWidth(s); have > w-2 {
		p.font("B", size*(w-2)/have)
	}
	p.CellFormat(w, h, s, "", 0, align, false, 0, "")
}

// taxesAndPayment prints the tax summary and, beside it, how to pay.
func (p *page) taxesAndPayment() {
	y := p.GetY()
	p.taxes()
	below := p.GetY()
	p.SetXY(rightColumn, y)
	p.payment()
	p.SetY(max(below, p.GetY()) + 3)
}

// The columns of the tax summary.
const taxNameW, taxOnW, taxOfW = 38.0, 23.0, 23.0

func (p *page) taxes() {
	p.font("B", 8)
	p.SetX(left)
	p.CellFormat(taxNameW, 5, p.say("tax_summary"), "", 0, "L", false, 0, "")
	p.font("", 7.5)
	p.grey()
	p.CellFormat(taxOnW, 5, p.say("net"), "", 0, "R", false, 0, "")
	p.CellFormat(taxOfW, 5, p.say("tax"), "", 1, "R", false, 0, "")
	p.black()
	for _, t := range p.v.Taxes {
		p.font("", 8)
		name := p.wrap(p.tax(t.LineTax), taxNameW-1, 3)
		p.SetX(left)
		p.CellFormat(taxNameW, 4.4, name[0], "", 0, "L", false, 0, "")
		p.smallNotes(taxOnW, 4.4, p.figure(t.Taxable, p.places), "", 8, 0)
		p.smallNotes(taxOfW, 4.4, p.figure(t.Amount, p.places), "", 8, 1)
		p.text(left, name[1:], 4, taxNameW, "L")
	}
	p.Line(left, p.GetY()+0.8, left+taxNameW+taxOnW+taxOfW, p.GetY()+0.8)
	p.Ln(1.6)
	p.font("B", 8)
	p.SetX(left)
	p.CellFormat(taxNameW, 4.6, p.say("total")+" "+string(p.v.Currency), "", 0, "L", false, 0, "")
	p.smallNotes(taxOnW+taxOfW, 4.6, p.figure(p.v.Total, p.places), "B", 8, 1)
	if !p.v.Prepaid.IsZero() {
		p.SetX(left)
		p.CellFormat(taxNameW, 4.6, p.say("paid_already"), "", 0, "L", false, 0, "")
		p.smallNotes(taxOnW+taxOfW, 4.6, p.figure(p.v.Prepaid.Neg(), p.places), "", 8, 1)
	}
}

// payment says when and where to pay; on credit notes, why, and that nothing is owed.
func (p *page) payment() {
	key := "payment"
	if p.credit() {
		key = "reason"
	}
	p.font("B", 8)
	p.CellFormat(right-rightColumn, 5, p.say(key), "", 2, "L", false, 0, "")
	p.font("", 8)
	if p.credit() {
		p.text(rightColumn, append(p.creditReason(), p.say("set_against")), 4.2, right-rightColumn, "L")
		return
	}
	days := strconv.Itoa(p.v.PaymentDays)
	switch {
	case p.v.PaymentDays == 0:
		p.text(rightColumn, []string{p.say("payable_at_once")}, 4.2, right-rightColumn, "L")
	case p.v.DueDate == 0:
		p.text(rightColumn, []string{p.say("payable_within_days", "days", days)}, 4.2, right-rightColumn, "L")
	default:
		p.text(rightColumn, []string{p.say("payable_within", "days", days, "date", p.day(p.v.DueDate))}, 4.2, right-rightColumn, "L")
	}
	f := p.v.From
	if f.IBAN == "" {
		return
	}
	p.Ln(0.8)
	for _, row := range [][2]string{{"IBAN", groupedByFour(f.IBAN)}, {"BIC", f.BIC}, {p.say("bank"), f.Bank}, {p.say("reference"), p.v.Number}} {
		if row[1] == "" {
			continue
		}
		p.SetX(rightColumn)
		p.grey()
		p.CellFormat(30, 4.2, row[0], "", 0, "L", false, 0, "")
		p.black()
		p.text(rightColumn+30, []string{row[1]}, 4.2, right-rightColumn-30, "L")
	}
}

// creditReason is the reason of a credit note: the reason given when the invoice was voided, or the documents that it
// corrects.
func (p *page) creditReason() []string {
	switch {
	case p.v.Preceding != nil && len(p.v.Notes) > 0:
		return p.v.Notes
	case p.v.Preceding != nil:
		return []string{p.say("answers") + " " + p.named(*p.v.Preceding)}
	case len(p.v.Follows) > 0:
		var names []string
		for i, f := range p.v.Follows {
			if i == maxFollowed {
				names = append(names, "…")
				break
			}
			names = append(names, f.Number)
		}
		return []string{p.say("correction", "documents", strings.Join(names, ", "))}
	}
	return []string{p.say("correction_of_month", "period", p.span(p.v.Period.Period()))}
}

// groupedByFour is an account number as it is printed: in groups of four.
func groupedByFour(iban string) string {
	var out strings.Builder
	for i, r := range strings.ReplaceAll(iban, " ", "") {
		if i > 0 && i%4 == 0 {
			out.WriteByte(' ')
		}
		out.WriteRune(r)
	}
	return out.String()
}

// reasons print why no tax is charged, for each category without tax.
func (p *page) reasons() {
	for _, t := range p.v.Taxes {
		text := p.reason(t.LineTax)
		if text == "" {
			continue
		}
		if t.Code != "" {
			text += " (" + t.Code + ")"
		}
		p.font("", 7.5)
		p.text(left, []string{text}, 3.9, width, "L")
	}
	p.Ln(2)
}

// total is a row of the sums that end the lines.
type total struct {
	name, amount string
	strong       bool
}

// sums prints the totals of the table after its last line.
func (p *page) sums() []total {
	v := p.v
	rows := []total{{p.say("net"), p.figure(v.Net, p.places), false}}
	for _, t := range v.Taxes {
		rows = append(rows, total{p.tax(t.LineTax), p.figure(t.Amount, p.places), false})
	}
	rows = append(rows, total{p.say("total") + " " + string(v.Currency), p.figure(v.Total, p.places), true})
	if !v.Prepaid.IsZero() {
		rows = append(rows, total{p.say("paid_already"), p.figure(v.Prepaid.Neg(), p.places), false})
	}
	if !v.Rounding.IsZero() {
		rows = append(rows, total{p.say("rounding"), p.figure(v.Rounding, p.places), false})
	}
	if !v.Payable.Equal(v.Total) {
		rows = append(rows, total{p.say("to_pay") + " " + string(v.Currency), p.figure(v.Payable, p.places), true})
	}
	return rows
}

// sumsH is the height of the sums with the space above them: the last line is kept on the same page.
func (p *page) sumsH(zero int) float64 {
	h := 9 + 5.6*float64(len(p.sums()))
	if zero > 0 {
		h += 5
	}
	return h
}

func (p *page) totals() {
	rows := p.sums()
	p.room(4 + 5.6*float64(len(rows)))
	for _, r := range rows {
		style, size := "", 8.5
		if r.strong {
			style, size = "B", 10
			p.Line(rightColumn, p.GetY()+0.6, right, p.GetY()+0.6)
			p.Ln(1.2)
		}
		p.font(style, size)
		p.SetX(rightColumn)
		p.CellFormat(50, 5.6, p.fit(r.name, 50), "", 0, "L", false, 0, "")
		p.smallNotes(right-rightColumn-50, 5.6, r.amount, style, size, 1)
	}
	p.Ln(4)
}

// exchange prints every exchange rate used for the document.
func (p *page) exchange() {
	if len(p.v.Exchange) == 0 {
		return
	}
	p.heading(p.say("exchange"), 4.4)
	for _, x := range p.v.Exchange {
		source := x.Source
		if source == wordings()[english].Texts["printed_by_provider"] {
			source = p.say("printed_by_provider")
		}
		text := "1 " + string(x.From) + " = " + p.figure(x.Rate, 0) + " " + string(x.To) + ", " + p.printedDay(x.Date) + ", " + source
		if x.Rule != "" {
			text += " (" + x.Rule + ")"
		}
		for _, l := range p.wrap(text, width-2, 3) {
			p.room(5)
			p.font("", 8)
			p.SetX(left)
			p.CellFormat(width, 4.4, l, "", 1, "L", false, 0, "")
		}
	}
	p.Ln(3)
}

// heading prints the heading of a block whose first line has a height; both are kept on one page.
func (p *page) heading(s string, next float64) {
	p.room(6 + next)
	p.font("B", 8.5)
	p.SetX(left)
	p.CellFormat(width, 5.5, s, "", 1, "L", false, 0, "")
	p.font("", 8)
}

// notes are printed line by line: they may be longer than the rest of the page. The notes of a credit note for a void are its
// reason.
func (p *page) notes() {
	if p.credit() && p.v.Preceding != nil && !p.notesOverflow(p.v.Notes) {
		return
	}
	for _, n := range p.v.Notes {
		p.font("", 8)
		for _, l := range p.SplitText(legible(n), width-2) {
			p.room(4.4)
			p.font("", 8)
			p.SetX(left)
			p.CellFormat(width, 4.4, l, "", 1, "L", false, 0, "")
		}
	}
}

// notesOverflow reports whether the notes are too long for the first page: then they are printed in full at the end.
func (p *page) notesOverflow(notes []string) bool {
	p.font("", 8)
	for _, n := range notes {
		if len(p.SplitText(oneLine(n), right-rightColumn-1)) > 4 {
			return true
		}
	}
	return false
}

func (p *page) smallNotes(w, h float64, s, style string, size float64, ln int) {
	p.font(style, size)
	if have := p.GetStringWidth(s); have > w-2 {
		p.font(style, size*(w-2)/have)
	}
	p.CellFormat(w, h, s, "", ln, "R", false, 0, "")
	p.font(style, size)
}

// taxColumn is the tax rate of a line; the tax summary says why there is none.
func (p *page) taxColumn(t invoice.LineTax) string { return p.figure(t.Percent, 0) + " %" }

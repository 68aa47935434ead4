package first

import (
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/invoice"
)

func (p *page) heading(s string) {
	p.room(16)
	p.font("B", 8.5)
	p.SetX(left)
	p.CellFormat(width, 5.5, s, "", 1, "L", false, 0, "")
	p.font("", 8)
}

// taxes is the tax summary, with the reason wherever no tax is charged.
func (p *page) taxes() {
	p.heading("Tax summary")
	for _, t := range p.v.Taxes {
		p.room(9)
		p.font("", 8)
		p.SetX(left)
		p.CellFormat(50, 4.6, taxText(t.LineTax), "", 0, "L", false, 0, "")
		p.CellFormat(60, 4.6, "on "+figure(t.Taxable, p.places), "", 0, "R", false, 0, "")
		p.CellFormat(60, 4.6, figure(t.Amount, p.places)+" "+string(p.v.Currency), "", 1, "R", false, 0, "")
		if t.Reason != "" {
			p.font("", 7)
			p.grey()
			p.SetX(left)
			p.MultiCell(width, 3.8, t.Reason+" ("+t.Code+")", "", "L", false)
			p.black()
		}
	}
	p.Ln(3)
}

// payment says when and where to pay; on credit notes, that nothing is owed.
func (p *page) payment() {
	v := p.v
	p.heading("Payment")
	p.SetX(left)
	if v.Kind == invoice.KindCreditNote {
		p.MultiCell(width, 4.4, "This amount is credited to you; please set it against open invoices.", "", "L", false)
		p.Ln(3)
		return
	}
	text := "Payable within " + strconv.Itoa(v.PaymentDays) + " days"
	if v.DueDate != 0 {
		text += ", by " + v.DueDate.String()
	}
	p.MultiCell(width, 4.4, text+", without deduction.", "", "L", false)
	if v.From.IBAN != "" {
		account := "IBAN " + v.From.IBAN
		if v.From.BIC != "" {
			account += "   BIC " + v.From.BIC
		}
		if v.From.Bank != "" {
			account += "   " + v.From.Bank
		}
		p.SetX(left)
		p.MultiCell(width, 4.4, account+"   Reference "+v.Number, "", "L", false)
	}
	p.Ln(3)
}

// exchange names every exchange rate on the way to the document's currency.
func (p *page) exchange() {
	if len(p.v.Exchange) == 0 {
		return
	}
	p.heading("Exchange rates used")
	for _, x := range p.v.Exchange {
		p.room(5)
		p.SetX(left)
		text := "1 " + string(x.From) + " = " + x.Rate.String() + " " + string(x.To) + ", " + isoDay(x.Date) + ", " + x.Source
		if x.Rule != "" {
			text += " (" + x.Rule + ")"
		}
		p.CellFormat(width, 4.4, p.fit(text, width), "", 1, "L", false, 0, "")
	}
	p.Ln(3)
}

// notes are printed line by line: they may be longer than what is left of the page.
func (p *page) notes() {
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

package document

import (
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// rightColumn is where the right-hand column of the letter begins, in millimetres.
const rightColumn = 110.0

// letterhead is the seller's logo and address, and the buyer's address.
func (p *page) letterhead() {
	p.logo()
	p.SetXY(rightColumn, top)
	p.font("", 8)
	p.grey()
	p.text(rightColumn, append(p.address(p.v.From), p.taxIDs(p.v.From)...), 3.9, right-rightColumn, "R")
	p.SetXY(left, 50)
	p.black()
	p.font("B", 10)
	to := p.address(p.v.To)
	p.text(left, to[:1], 5, 85, "L")
	p.font("", 9.5)
	p.text(left, to[1:], 4.7, 85, "L")
	p.font("", 8)
	p.grey()
	p.text(left, p.taxIDs(p.v.To), 4.4, 85, "L")
	p.black()
}

// address are the lines of a party's address.
func (p *page) address(e org.LegalEntity) []string {
	return withoutEmpty([]string{e.Name, e.Street, strings.TrimSpace(e.PostalCode + " " + e.City), p.country(e.Country)})
}

// taxIDs are a party's VAT id and tax number, with their labels.
func (p *page) taxIDs(e org.LegalEntity) []string {
	return withoutEmpty([]string{p.vatID(e.VATID), p.labelled("tax_id", e.TaxID)})
}

// vatID is a VAT id after its label, which differs in Switzerland.
func (p *page) vatID(vatID string) string {
	if p.v.Layout >= invoice.SwissUID && strings.HasPrefix(strings.ToUpper(strings.TrimSpace(vatID)), "CHE") {
		return p.labelled("vat_id_swiss", vatID)
	}
	return p.labelled("vat_id", vatID)
}

// logo prints the seller's logo, or its name in large print.
func (p *page) logo() {
	if raw, kind, err := picture(p.v.From.Logo); err == nil && len(raw) > 0 {
		if w, h, err := p.place("logo", kind, raw); err == nil {
			scale := min(14/h, 80/w)
			p.ImageOptions("logo", left, top, w*scale, h*scale, false, fpdf.ImageOptions{ImageType: kind}, 0, "")
			return
		}
		p.ClearError() // CheckLogo has accepted it; if it fails now, the invoice is printed without it
	}
	p.SetFillColor(28, 78, 128)
	p.SetTextColor(28, 78, 128)
	p.font("B", 13)
	name := p.wrap(p.v.From.Name, 82, 3)
	p.Rect(left, top, 2.2, 3+6*float64(len(name)), "F")
	for i, l := range name {
		p.SetXY(left+5, top+1.5+6*float64(i))
		p.CellFormat(85, 6, l, "", 0, "L", false, 0, "")
	}
	p.black()
}

// facts are the dates and references beside the buyer's address, under the document's name.
func (p *page) facts() {
	v := p.v
	rows := [][2]string{
		{"number", v.Number}, {"date", p.day(v.IssueDate)}, {"service_period", p.span(v.Period.Period())}, {"tax_point", p.day(v.TaxPoint)},
		{"customer_number", v.CustomerNumber}, {"purchase_order", v.PurchaseOrder}, {"buyer_reference", v.BuyerReference}, {"currency", string(v.Currency)},
	}
	if v.Preceding != nil {
		rows = append(rows, [2]string{"answers", p.named(*v.Preceding)})
	}
	key := "follows"
	for i, f := range v.Follows {
		if i == maxFollowed {
			rows = append(rows, [2]string{key, "…"})
			break
		}
		rows = append(rows, [2]string{key, p.named(f)})
		key = ""
	}
	p.SetXY(rightColumn, 48)
	p.font("B", 14)
	for _, l := range p.wrap(p.title(), right-rightColumn, 2) {
		p.SetX(rightColumn)
		p.CellFormat(right-rightColumn, 7, l, "", 1, "L", false, 0, "")
	}
	p.Ln(1.5)
	for _, r := range rows {
		if r[1] == "" {
			continue
		}
		p.font("", 8)
		p.SetX(rightColumn)
		p.grey()
		p.CellFormat(30, 4.6, p.fit(p.say(r[0]), 30), "", 0, "L", false, 0, "")
		p.black()
		p.text(rightColumn+30, []string{r[1]}, 4.6, right-rightColumn-30, "L")
	}
	p.SetY(max(p.GetY()+6, 92))
}

// maxFollowed is how many of the documents that a correction changes are named on the first page.
const maxFollowed = 6

func (p *page) named(d invoice.Preceding) string {
	return p.say("document_of", "number", d.Number, "date", p.day(d.Date))
}

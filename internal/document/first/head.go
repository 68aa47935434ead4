package first

import (
	"bytes"
	"encoding/base64"
	"strconv"

	"codeberg.org/go-pdf/fpdf"

	"github.com/purveyor-csp/purveyor/internal/period"
)

// letterhead is the seller's mark and address, the buyer's address, and what the document is.
func (p *page) letterhead() {
	p.logo()
	p.SetXY(120, top)
	p.font("", 8)
	p.grey()
	p.text(120, append(address(p.v.From), taxIDs(p.v.From)...), 3.9, right-120, "R")
	p.SetXY(left, 50)
	p.black()
	p.font("B", 10)
	to := address(p.v.To)
	p.text(left, to[:1], 5, 85, "L")
	p.font("", 9.5)
	p.text(left, to[1:], 4.7, 85, "L")
	p.font("", 8)
	p.grey()
	p.text(left, taxIDs(p.v.To), 4.4, 85, "L")
	p.black()
}

// logo is the seller's picture, or its name set as a mark.
func (p *page) logo() {
	if raw, err := base64.StdEncoding.DecodeString(p.v.From.Logo); err == nil && len(raw) > 0 {
		o := fpdf.ImageOptions{ImageType: "PNG"}
		p.RegisterImageOptionsReader("logo", o, bytes.NewReader(raw))
		if p.Err() {
			p.ClearError() // a picture that cannot be read must not stop an invoice
		} else {
			p.ImageOptions("logo", left, top, 0, 14, false, o, 0, "")
			return
		}
	}
	p.SetFillColor(28, 78, 128)
	p.Rect(left, top, 2.2, 9, "F")
	p.SetXY(left+5, top)
	p.font("B", 13)
	p.SetTextColor(28, 78, 128)
	p.CellFormat(90, 9, p.fit(p.v.From.Name, 90), "", 0, "L", false, 0, "")
	p.black()
}

// facts are the dates and references beside the buyer's address, under the document's name.
func (p *page) facts() {
	v := p.v
	rows := [][2]string{{"Number", v.Number}, {"Date", v.IssueDate.String()}, {"Due", v.DueDate.String()},
		{"Service period", span(v.Period.Period())}, {"Tax point", v.TaxPoint.String()}, {"Your order", v.PurchaseOrder},
		{"Your reference", v.BuyerReference}, {"Currency", string(v.Currency)}}
	if v.Preceding != nil {
		rows = append(rows, [2]string{"Answers", v.Preceding.Number + " of " + v.Preceding.Date.String()})
	}
	p.SetXY(120, 48)
	p.font("B", 15)
	p.CellFormat(right-120, 9, titleOf(v), "", 2, "L", false, 0, "")
	for _, r := range rows {
		if r[1] == "" {
			continue
		}
		p.SetX(120)
		p.font("", 8)
		p.grey()
		p.CellFormat(26, 4.6, r[0], "", 0, "L", false, 0, "")
		p.black()
		p.CellFormat(right-146, 4.6, p.fit(r[1], right-146), "", 1, "L", false, 0, "")
	}
	p.SetY(max(p.GetY()+8, 92))
}

// span is a period as people write it: with its last day.
func span(x period.Period) string {
	if x.Start == 0 || x.End == 0 {
		return x.Start.String()
	}
	return x.Start.String() + " – " + x.End.AddDays(-1).String()
}

func lineCount(n int) string {
	if n == 1 {
		return "1 line"
	}
	return strconv.Itoa(n) + " lines"
}

package document

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"

	"github.com/purveyor-csp/purveyor/internal/document/first"
	"github.com/purveyor-csp/purveyor/internal/document/fonts"
	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// Millimetres of the page.
const (
	left, right, top, bottom = 20.0, 190.0, 18.0, 274.0
	width                    = right - left
	face                     = "sans"
)

// page draws one document.
type page struct {
	*fpdf.Fpdf
	*wording
	v      invoice.Invoice
	places int
	header bool // inside a table: its header is repeated on the next page
}

// PDF draws a document on A4: on the first page the amount due, until when and to which account it is paid, and the taxes; then its lines.
func PDF(w io.Writer, v invoice.Invoice) error {
	if v.Layout == 0 {
		return first.PDF(w, v)
	}
	p := &page{Fpdf: newPage(), wording: wordingOf(v.Language), v: v, places: v.Currency.Digits()}
	p.prepare()
	p.AddPage()
	p.letterhead()
	p.facts()
	p.toPay()
	p.taxesAndPayment()
	p.reasons()
	p.table()
	p.totals()
	p.exchange()
	p.notes()
	return p.Output(w)
}

// newPage is an empty document with the fonts.
func newPage() *fpdf.Fpdf {
	f := fpdf.New("P", "mm", "A4", "")
	f.AddUTF8FontFromBytes(face, "", fonts.Regular())
	f.AddUTF8FontFromBytes(face, "B", fonts.Bold())
	return f
}

// prepare sets everything that would make the bytes differ between runs, and what every page has.
func (p *page) prepare() {
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if p.v.IssueDate != 0 {
		at = p.v.IssueDate.Time()
	}
	p.SetCatalogSort(true)
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetProducer("Purveyor "+Version, true)
	p.SetTitle(strings.TrimSpace(p.title()+" "+p.v.Number), true)
	p.SetAuthor(oneLine(p.v.From.Name), true)
	p.SetLang(p.Code)
	p.SetMargins(left, top, 210-right)
	p.SetAutoPageBreak(false, 0)
	p.AliasNbPages("{pages}")
	p.SetFooterFunc(p.footer)
	p.SetHeaderFunc(p.watermark)
	p.SetDrawColor(214, 218, 224)
}

func (p *page) font(style string, size float64) { p.SetFont(face, style, size) }
func (p *page) grey()                           { p.SetTextColor(105, 110, 118) }
func (p *page) black()                          { p.SetTextColor(24, 28, 34) }

func (p *page) draft() bool { return p.v.State == invoice.Draft || p.v.State == invoice.Approved }

func (p *page) credit() bool { return p.v.Kind == invoice.KindCreditNote }

func (p *page) title() string {
	switch {
	case p.draft() && p.credit():
		return p.say("draft_credit_note")
	case p.draft():
		return p.say("draft_invoice")
	case p.credit():
		return p.say("credit_note")
	}
	return p.say("invoice")
}

// footer has the seller's register details, which the law of most countries requires on letters, and the page number.
func (p *page) footer() {
	p.font("", 6.8)
	p.grey()
	f := p.v.From
	register := strings.TrimSpace(strings.Join(withoutEmpty([]string{f.Registration, f.Register}), ", "))
	parts := withoutEmpty([]string{f.Name, register, p.labelled("directors", f.Directors), p.vatID(f.VATID), p.labelled("tax_id", f.TaxID), f.Email})
	p.Line(left, 280, right, 280)
	for i, l := range p.wrap(strings.Join(parts, "  ·  "), width-32, 3) {
		p.SetXY(left, 281+3.4*float64(i))
		p.CellFormat(width-30, 3.4, l, "", 0, "L", false, 0, "")
	}
	number := p.say("page", "page", strconv.Itoa(p.PageNo()))
	p.SetXY(right-p.GetStringWidth(strings.ReplaceAll(number, "{pages}", "00"))-1, 281) // the placeholder is wider than the number that replaces it
	p.CellFormat(30, 3.4, number, "", 0, "L", false, 0, "")
	p.black()
}

// watermark marks every page of a draft, below the printed text.
func (p *page) watermark() {
	if !p.draft() {
		return
	}
	text := p.say("draft")
	p.SetTextColor(228, 231, 236)
	p.font("B", 90)
	p.TransformBegin()
	p.TransformRotate(52, 105, 160)
	p.Text(105-p.GetStringWidth(text)/2, 172, text)
	p.TransformEnd()
	p.black()
}

// labelled is a value after its label, and "" without a value.
func (p *page) labelled(key, value string) string {
	if value == "" {
		return ""
	}
	return p.say(key) + " " + value
}

// fit shortens a text to a width; an ellipsis marks the cut.
func (p *page) fit(s string, w float64) string {
	if p.GetStringWidth(s) <= w {
		return s
	}
	r := []rune(s)
	for len(r) > 1 && p.GetStringWidth(string(r)+"…") > w {
		r = r[:len(r)-1]
	}
	return strings.TrimSpace(string(r)) + "…"
}

// wrap breaks a text into lines of a width, at most so many; an ellipsis marks text that was left out.
func (p *page) wrap(s string, w float64, most int) []string {
	lines := p.SplitText(oneLine(s), w)
	switch {
	case len(lines) == 0:
		return []string{""}
	case len(lines) > most:
		lines = append(lines[:most-1], p.fit(strings.Join(lines[most-1:], " "), w))
	}
	return lines
}

// room begins a new page if less than h is left, and repeats the header of the table.
func (p *page) room(h float64) {
	if p.GetY()+h <= bottom {
		return
	}
	p.AddPage()
	p.SetY(top)
	if p.header {
		p.tableHeader()
	}
}

// text prints lines one below the other from x, each broken where it is too long, and leaves y behind the last.
func (p *page) text(x float64, lines []string, height, w float64, align string) {
	for _, l := range lines {
		for _, part := range p.wrap(l, w-1, 4) {
			p.SetX(x)
			p.CellFormat(w, height, part, "", 2, align, false, 0, "")
		}
	}
}

// legible replaces characters that the fonts cannot print: they cover the Basic Multilingual Plane, and the library fails
// on others (emoji in names and tags). Control characters except line ends become blanks.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r > 0xFFFF:
			return unicode.ReplacementChar
		case r != '\n' && unicode.IsControl(r):
			return ' '
		}
		return r
	}, s)
}

// oneLine is a legible text in which line ends are blanks.
func oneLine(s string) string { return strings.ReplaceAll(legible(s), "\n", " ") }

func withoutEmpty(lines []string) []string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

// CellFormat prints the legible form of a text.
func (p *page) CellFormat(w, h float64, s, border string, ln int, align string, fill bool, link int, to string) {
	p.Fpdf.CellFormat(w, h, oneLine(s), border, ln, align, fill, link, to)
}

// GetStringWidth is the width of a text as CellFormat prints it.
func (p *page) GetStringWidth(s string) float64 { return p.Fpdf.GetStringWidth(oneLine(s)) }

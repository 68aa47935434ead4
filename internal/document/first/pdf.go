package first

import (
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"codeberg.org/go-pdf/fpdf"

	"github.com/purveyor-csp/purveyor/internal/document/fonts"
	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// Millimetres of the page.
const (
	left, right, top, bottom = 20.0, 190.0, 18.0, 275.0
	width                    = right - left
	face                     = "sans"
)

// page draws one document.
type page struct {
	*fpdf.Fpdf
	v      invoice.Invoice
	places int
	header bool // a table is open: its header is repeated on the next page
}

// PDF draws a document on A4.
func PDF(w io.Writer, v invoice.Invoice) error {
	p := &page{Fpdf: fpdf.New("P", "mm", "A4", ""), v: v, places: v.Currency.Digits()}
	p.prepare()
	p.AddPage()
	p.letterhead()
	p.facts()
	p.table()
	p.totals()
	p.taxes()
	p.payment()
	p.exchange()
	p.notes()
	return p.Output(w)
}

// prepare sets what makes the bytes the same every time, and what every page has.
func (p *page) prepare() {
	at := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	if p.v.IssueDate != 0 {
		at = p.v.IssueDate.Time()
	}
	p.SetCatalogSort(true)
	p.SetCreationDate(at)
	p.SetModificationDate(at)
	p.SetProducer("Purveyor "+Version, true)
	p.SetTitle(titleOf(p.v)+" "+p.v.Number, true)
	p.SetAuthor(oneLine(p.v.From.Name), true)
	p.SetLang("en")
	p.AddUTF8FontFromBytes(face, "", fonts.Regular())
	p.AddUTF8FontFromBytes(face, "B", fonts.Bold())
	p.SetMargins(left, top, 210-right)
	p.SetAutoPageBreak(false, 0)
	p.AliasNbPages("{pages}")
	p.SetFooterFunc(p.footer)
}

func (p *page) font(style string, size float64) { p.SetFont(face, style, size) }
func (p *page) grey()                           { p.SetTextColor(105, 110, 118) }
func (p *page) black()                          { p.SetTextColor(24, 28, 34) }

func (p *page) footer() {
	p.font("", 7)
	p.grey()
	parts := append([]string{p.v.From.Name}, taxIDs(p.v.From)...)
	if p.v.From.Email != "" {
		parts = append(parts, p.v.From.Email)
	}
	p.Line(left, 282, right, 282)
	p.SetXY(left, 283.5)
	p.CellFormat(width-30, 4, p.fit(strings.Join(parts, "  ·  "), width-32), "", 0, "L", false, 0, "")
	number := "Page " + strconv.Itoa(p.PageNo()) + " of "
	p.SetX(right - p.GetStringWidth(number+"00") - 1) // the alias is wider than what it stands for
	p.CellFormat(30, 4, number+"{pages}", "", 0, "L", false, 0, "")
	if p.v.State == invoice.Draft || p.v.State == invoice.Approved {
		p.SetTextColor(232, 234, 238)
		p.font("B", 90)
		p.TransformBegin()
		p.TransformRotate(52, 105, 160)
		p.Text(32, 172, "DRAFT")
		p.TransformEnd()
	}
	p.black()
}

// fit shortens a text to a width, and says so with an ellipsis.
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

// room starts a new page when less than h is left, and repeats the header of an open table.
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

// text prints lines one below the other from x, and leaves y behind the last.
func (p *page) text(x float64, lines []string, height, w float64, align string) {
	for _, l := range lines {
		p.SetX(x)
		p.CellFormat(w, height, p.fit(l, w), "", 2, align, false, 0, "")
	}
}

// legible is a text as the faces can print it: they end with the Basic Multilingual Plane, and the library fails on what
// lies beyond (emoji, in names and tags). Control characters, but for line ends, become blanks.
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

// CellFormat prints a text that the faces can print.
func (p *page) CellFormat(w, h float64, s, border string, ln int, align string, fill bool, link int, to string) {
	p.Fpdf.CellFormat(w, h, oneLine(s), border, ln, align, fill, link, to)
}

// MultiCell prints a text over several lines.
func (p *page) MultiCell(w, h float64, s, border, align string, fill bool) {
	p.Fpdf.MultiCell(w, h, legible(s), border, align, fill)
}

// GetStringWidth is the width of a text as CellFormat prints it.
func (p *page) GetStringWidth(s string) float64 { return p.Fpdf.GetStringWidth(oneLine(s)) }

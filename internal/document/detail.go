package document

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/document/first"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Separators are the separators of the detail, for spreadsheets. The zero value has commas between the cells and points
// before decimals, as programs expect.
type Separators struct {
	Language string // the language whose separators are used; "document" for the document's own, "" for neither
	BOM      bool   // begin with a byte order mark, so that Excel reads the text as UTF-8
}

// byDocument selects the separators of the document's language.
const byDocument = "document"

// byteOrderMark is the byte order mark of UTF-8.
const byteOrderMark = "\uFEFF"

// detailColumns are the columns that a buyer gets of the usage behind a document. Both days are inclusive. Amount has the decimals
// of the document's currency, exact_amount all digits; both add up to the net of the line.
func detailColumns() []string {
	return []string{
		"line", "record", "customer", "customer_name", "subscription", "subscription_name", "resource_group", "resource", "location", "category",
		"sub_category", "meter", "product", "sku", "publisher", "charge_type", "first_day", "last_day", "quantity", "unit", "currency", "amount",
		"exact_amount", "tags",
	}
}

// detail is a CSV being written: the records of each line together, in the order of the lines.
type detail struct {
	v       *invoice.Invoice
	decimal string
	comma   rune
	lines   map[string]*detailLine
}

type detailLine struct {
	*invoice.Line
	text    bytes.Buffer
	records *csv.Writer
	amount  money.Decimal // Σ of the amounts as rounded
}

// Detail writes the usage detail of a document as CSV, line by line: one record per group, and per line one
// `rounding` record and, where earlier documents billed the same, one `already_billed` record. The records of a line
// add up to its net, exactly. Text that a spreadsheet would take for a formula is written with an apostrophe before
// it. Invalid for an unknown language.
func Detail(w io.Writer, v invoice.Invoice, how Separators, groups func(yield func(invoice.Group) error) error) error {
	if v.Layout == 0 && how == (Separators{}) {
		return first.Detail(w, v, groups)
	}
	d, err := newDetail(&v, how)
	if err != nil {
		return err
	}
	sign := v.Preceding != nil // a credit note shows the groups of the document it answers with the reverse sign
	err = groups(func(g invoice.Group) error {
		if sign {
			g.Sold, g.Quantity = g.Sold.Neg(), g.Quantity.Neg()
		}
		return d.group(&g)
	})
	if err != nil {
		return err
	}
	buf := bufio.NewWriterSize(w, 1<<16)
	if how.BOM {
		_, _ = buf.WriteString(byteOrderMark) // Flush reports errors
	}
	out := d.csv(buf)
	if err := out.Write(detailColumns()); err != nil {
		return err
	}
	out.Flush()
	for i := range v.Lines {
		if err := d.finish(buf, d.lines[v.Lines[i].Key]); err != nil {
			return err
		}
	}
	return buf.Flush()
}

func newDetail(v *invoice.Invoice, how Separators) (*detail, error) {
	d := &detail{v: v, decimal: ".", comma: ',', lines: map[string]*detailLine{}}
	if code := how.Language; code != "" {
		if code == byDocument {
			code = orElse(v.Language, english)
		}
		words := wordings()[code]
		if words == nil {
			return nil, noLanguage(code)
		}
		d.decimal, d.comma = words.Decimal, []rune(words.CSVSeparator)[0]
	}
	for i := range v.Lines {
		l := &detailLine{Line: &v.Lines[i]}
		l.records = d.csv(&l.text)
		d.lines[l.Key] = l
	}
	return d, nil
}

// checkLanguage is an Invalid fault with code no_such_language for a language that documents do not come in; "" is
// English.
func checkLanguage(code string) error {
	if code == "" || wordings()[code] != nil {
		return nil
	}
	return noLanguage(code)
}

func noLanguage(code string) error {
	return fault.New(fault.Invalid, "no_such_language", "documents do not come in %q, and nothing was written; there are %s", code, strings.Join(Languages(), ", "))
}

func (d *detail) csv(w io.Writer) *csv.Writer {
	out := csv.NewWriter(w)
	out.Comma = d.comma
	return out
}

// group adds a record to its line. A group without a line is not on the document: earlier documents billed all of it.
func (d *detail) group(g *invoice.Group) error {
	l := d.lines[g.Line]
	if l == nil {
		return nil
	}
	span := g.Span
	if l.Kind == invoice.ChargeLine {
		span = l.ServiceDates()
	}
	r := d.record(l, string(l.Kind), span, g.Sold)
	r[4], r[6], r[7], r[8], r[9] = text(orElse(g.Entitlement, l.Subscription)), text(g.ResourceGroup), text(g.Resource), text(g.Location), text(g.Category)
	r[10], r[11], r[12], r[13], r[14] = text(g.SubCategory), text(g.Meter), text(g.Product), text(g.SKU), text(g.Publisher)
	r[15], r[18], r[19], r[23] = text(g.ChargeType), d.figure(g.Quantity.String()), text(g.Unit), text(g.Tags)
	return l.records.Write(r)
}

// record is the columns that every record of a line has.
func (d *detail) record(l *detailLine, kind string, span period.Period, exact money.Decimal) []string {
	places := d.v.Currency.Digits()
	rounded := exact.Round(places)
	if kind == "rounding" {
		rounded = l.Net.Sub(l.amount) // so that rounded amounts add up to the net too
	}
	l.amount = l.amount.Add(rounded)
	r := make([]string, len(detailColumns()))
	r[0], r[1], r[2], r[3], r[4], r[5] = strconv.Itoa(l.Number), kind, text(l.Customer), text(l.CustomerName), text(l.Subscription), text(l.SubscriptionOf)
	if r[16] = span.Start.String(); span.End != 0 {
		r[17] = max(span.Start, span.End.AddDays(-1)).String()
	}
	r[20], r[21], r[22] = string(d.v.Currency), d.figure(rounded.Fixed(places)), d.figure(exact.String())
	return r
}

// finish writes a line's records, and the records that make their sum the line's net.
func (d *detail) finish(w io.Writer, l *detailLine) error {
	if !l.Billed.IsZero() {
		if err := l.records.Write(d.record(l, "already_billed", l.ServiceDates(), l.Billed.Neg())); err != nil {
			return err
		}
	}
	if err := l.records.Write(d.record(l, "rounding", l.ServiceDates(), l.Residue)); err != nil {
		return err
	}
	l.records.Flush()
	if err := l.records.Error(); err != nil {
		return err
	}
	_, err := l.text.WriteTo(w)
	return err
}

func (d *detail) figure(s string) string { return strings.Replace(s, ".", d.decimal, 1) }

// text writes an apostrophe before a cell that a spreadsheet would take for a formula. A number is not one.
func text(s string) string {
	start := strings.TrimLeft(s, " ")
	if start == "" || !strings.ContainsRune("=+-@\t\r\n", rune(start[0])) {
		return s
	}
	if _, err := money.Parse(s); err == nil {
		return s
	}
	return "'" + s
}

package first

import (
	"bufio"
	"encoding/csv"
	"io"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// detailColumns is what a buyer gets of the usage behind a document; amounts are exact, in the document's currency.
// From is inclusive and to is not.
func detailColumns() []string {
	return []string{"line", "record", "customer", "subscription", "resource_group", "resource", "location", "category", "sub_category", "meter",
		"product", "sku", "publisher", "charge_type", "from", "to", "quantity", "unit", "currency", "amount", "tags"}
}

// Detail writes the usage detail of a document as CSV: one record per group, and per line one `rounding` record and,
// where earlier documents billed the same, one `already_billed` record. The records of a line add up to its net,
// exactly. Text that a spreadsheet would take for a formula is written with an apostrophe before it.
func Detail(w io.Writer, v invoice.Invoice, groups func(yield func(invoice.Group) error) error) error {
	buf := bufio.NewWriterSize(w, 1<<16)
	out := csv.NewWriter(buf)
	if err := out.Write(detailColumns()); err != nil {
		return err
	}
	lines := map[string]*invoice.Line{}
	for i := range v.Lines {
		lines[v.Lines[i].Key] = &v.Lines[i]
	}
	record := make([]string, len(detailColumns()))
	sign := v.Preceding != nil // a credit note shows the groups of what it answers, turned round
	err := groups(func(g invoice.Group) error {
		l := lines[g.Line]
		if l == nil {
			return nil // nothing new under this key: it is not on the document
		}
		sold, quantity := g.Sold, g.Quantity
		if sign {
			sold, quantity = sold.Neg(), quantity.Neg()
		}
		copy(record, []string{strconv.Itoa(l.Number), string(l.Kind), text(g.Customer), text(g.Entitlement), text(g.ResourceGroup), text(g.Resource),
			text(g.Location), text(g.Category), text(g.SubCategory), text(g.Meter), text(g.Product), text(g.SKU), text(g.Publisher),
			text(g.ChargeType), g.Span.Start.String(), g.Span.End.String(), quantity.String(), text(g.Unit), string(v.Currency), sold.String(), text(g.Tags)})
		return out.Write(record)
	})
	if err != nil {
		return err
	}
	for i := range v.Lines {
		l := &v.Lines[i]
		if !l.Billed.IsZero() {
			if err := out.Write(remainder(record, l, "already_billed", l.Billed.Neg().String(), v)); err != nil {
				return err
			}
		}
		if err := out.Write(remainder(record, l, "rounding", l.Residue.String(), v)); err != nil {
			return err
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return err
	}
	return buf.Flush()
}

func remainder(record []string, l *invoice.Line, kind, amount string, v invoice.Invoice) []string {
	clear(record)
	record[0], record[1], record[2], record[3] = strconv.Itoa(l.Number), kind, text(l.Customer), text(l.Subscription)
	record[14], record[15] = l.Span.Start.String(), l.Span.End.String()
	record[18], record[19] = string(v.Currency), amount
	return record
}

func text(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

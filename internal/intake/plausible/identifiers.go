package plausible

import (
	"fmt"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// longestDamaged bounds what a spreadsheet writes for an identifier that it took for a number or a date: it keeps 15 digits.
const longestDamaged = 30

// DamagedID says what a spreadsheet has made of an identifier, as a code and a sentence; both are "" when nothing shows.
// It does not change identifiers: what was there can only be downloaded again. SKUs alone are known to have four signs,
// so that zeros which were taken away show.
func DamagedID[T string | []byte](sku bool, printed T) (code, reason string) {
	const again = "Download the file again and import it without opening it in a spreadsheet"
	if len(printed) > longestDamaged {
		return "", ""
	}
	id := strings.TrimSpace(string(printed))
	switch {
	case sku && len(id) > 0 && len(id) < 4 && digitsOnly(id):
		return "leading_zeros", fmt.Sprintf("SKU %s has lost its leading zeros, as in a spreadsheet: it is %s. %s", id, strings.Repeat("0", 4-len(id))+id, again)
	case scientific(id):
		return "scientific_notation", fmt.Sprintf("identifier %s was turned into a number by a spreadsheet, and its digits are lost. %s", id, again)
	case monthName(id):
		return "date_for_identifier", fmt.Sprintf("identifier %s was turned into a date by a spreadsheet. %s", id, again)
	}
	return "", ""
}

func digitsOnly(s string) bool { return strings.Trim(s, "0123456789") == "" }

// scientific says whether a text is a number like 1.23E+15.
func scientific(s string) bool {
	number, exponent, ok := strings.Cut(strings.ToUpper(s), "E")
	if !ok || len(exponent) < 2 || exponent[0] != '+' && exponent[0] != '-' || !digitsOnly(exponent[1:]) {
		return false
	}
	whole, part, _ := strings.Cut(strings.Replace(number, ",", ".", 1), ".")
	return len(whole) > 0 && digitsOnly(whole) && digitsOnly(part)
}

// monthName says whether a text is a day of a month like 1-Mar or Mar-26.
func monthName(s string) bool {
	a, b, ok := strings.Cut(s, "-")
	if !ok || len(s) > 9 {
		return false
	}
	if digitsOnly(b) {
		a, b = b, a
	}
	const months = "|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|"
	return len(a) > 0 && digitsOnly(a) && len(b) == 3 && strings.Contains(months, "|"+strings.ToLower(b)+"|")
}

// DamagedLine lists what a spreadsheet has made of the identifiers of a line.
func DamagedLine(l *usage.StatementLine) (out []usage.Problem) {
	for _, x := range [...]struct{ column, id string }{
		{"SkuId", l.SkuID}, {"ProductId", l.ProductID}, {"AvailabilityId", l.AvailabilityID}, {"ResellerMPNID", l.ResellerMPNID},
		{"OrderId", l.OrderID}, {"SubscriptionId", l.SubscriptionID}, {"CustomerId", l.CustomerID}, {"ReferenceId", l.ReferenceID},
	} {
		if code, reason := DamagedID(x.column == "SkuId", x.id); code != "" {
			out = append(out, usage.Problem{Line: l.Line, Column: x.column, Code: code, Reason: reason, Value: x.id, Verdict: usage.Warned})
		}
	}
	return out
}

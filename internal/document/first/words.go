package first

import (
	"cmp"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// figure prints an amount at least with the given decimals and with its thousands apart: 1,234.50.
func figure(d money.Decimal, places int) string {
	s := d.Fixed(places)
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	whole, part, has := strings.Cut(s, ".")
	var groups []string
	for len(whole) > 3 {
		groups = append([]string{whole[len(whole)-3:]}, groups...)
		whole = whole[:len(whole)-3]
	}
	out := sign + strings.Join(append([]string{whole}, groups...), ",")
	if has {
		out += "." + part
	}
	return out
}

func titleOf(v invoice.Invoice) string {
	title := "Invoice"
	if v.Kind == invoice.KindCreditNote {
		title = "Credit note"
	}
	if v.State == invoice.Draft || v.State == invoice.Approved {
		return "Draft of " + strings.ToLower(title)
	}
	return title
}

// address is a party as it stands above a letter.
func address(e org.LegalEntity) []string {
	lines := []string{e.Name, e.Street, strings.TrimSpace(e.PostalCode + " " + e.City), country(e.Country)}
	return withoutEmpty(lines)
}

// country is a country's name in English, or its code where there is none.
func country(code string) string {
	region, err := language.ParseRegion(code)
	if err != nil {
		return code
	}
	return cmp.Or(display.English.Regions().Name(region), code)
}

// isoDay is a day as this document prints days, whichever way the provider printed it; other text is left alone.
func isoDay(s string) string {
	for _, form := range []string{time.DateOnly, "1/2/2006", time.RFC3339, "1/2/2006 15:04:05"} {
		if t, err := time.Parse(form, s); err == nil {
			return t.Format(time.DateOnly)
		}
	}
	return s
}

// taxIDs is how a party is known to tax offices and registers.
func taxIDs(e org.LegalEntity) []string {
	label := func(name, value string) string {
		if value == "" {
			return ""
		}
		return name + " " + value
	}
	return withoutEmpty([]string{label("VAT ID", e.VATID), label("Tax no.", e.TaxID), label("Reg.", e.Registration)})
}

func withoutEmpty(lines []string) []string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

// taxText is a tax category as printed in the summary.
func taxText(t invoice.LineTax) string {
	name := t.Name
	if name == "" {
		name = "VAT"
	}
	if t.Category == "S" {
		return name + " " + t.Percent.String() + " %"
	}
	return name + " 0 % (" + t.Category + ")"
}

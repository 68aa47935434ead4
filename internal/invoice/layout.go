package invoice

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Layout is the layout of documents drafted today. Documents of layout 0 hold less, and print as they did.
const Layout = 2

// printedBy takes from the terms of the edge what only concerns how a document is printed.
func (v *Invoice) printedBy(t org.Terms) {
	v.Layout, v.Language, v.CustomerNumber, v.ZeroLines, v.Subtotals = Layout, t.Language, t.CustomerNumber, t.ZeroLines, t.Subtotals
}

// laidOut is a document as an earlier layout holds it, so that it can be held against one made then.
func (v Invoice) laidOut(layout int) Invoice {
	if layout >= v.Layout {
		return v
	}
	v.Layout, v.Language, v.CustomerNumber, v.ZeroLines, v.Subtotals, v.Follows = layout, "", "", "", "", nil
	v.Lines = slices.Clone(v.Lines)
	for i := range v.Lines {
		l := &v.Lines[i]
		if l.ChargeType != "" && !slices.Contains(wordedAtFirst(), strings.ToLower(l.ChargeType)) {
			l.Description = l.Service + ", " + l.ChargeType
		}
		l.ServicePeriod, l.ChargeType = period.Period{}, ""
	}
	return v
}

// Served is the time a line is for: of a charge the provider's, of usage the days on which it was used.
func (l *Line) Served() period.Period {
	if l.ServicePeriod.Start != 0 {
		return l.ServicePeriod
	}
	return l.Span
}

// wordedAtFirst are the charge types that layout 0 has words for; it prints others as the provider names them.
func wordedAtFirst() []string {
	return []string{"new", "renew", "cyclecharge", "addquantity", "removequantity", "cancelimmediate", "customercredit", "convert"}
}

// chargeWords are the provider's documented charge types, without blanks and signs and in small letters, and the words
// for them; those of its older price lists follow.
func chargeWords() map[string]string {
	return map[string]string{
		"new": "purchase", "renew": "renewal", "cyclecharge": "instalment", "addquantity": "seats added", "removequantity": "seats removed",
		"movequantity": "seats moved from another subscription", "convert": "conversion", "cancelimmediate": "cancellation",
		"changebillingplan": "change of billing plan", "customercredit": "credit", "extendterm": "extension of the term",

		"activationfee": "activation fee", "cancelfee": "cancellation fee", "cancelinstanceprorate": "cancellation, pro rata",
		"cyclefee": "instalment", "cycleinstanceprorate": "instalment, pro rata", "proratefeeswhencancel": "cancellation, pro rata",
		"proratefeeswhenconvertaway": "conversion to another subscription, pro rata", "proratefeeswhenconvertto": "conversion from another subscription, pro rata",
		"proratefeeswhenconvert": "conversion, pro rata", "proratefeeswhenpurchase": "purchase, pro rata", "proratefeeswhenrenew": "renewal, pro rata",
		"proratefeeswhenactivate": "activation, pro rata", "newpurchasecyclefee": "purchase, first instalment",
		"usageassesscurrentcycle": "usage of the current cycle", "usageassesscancel": "usage until the cancellation",
		"assessusagefeeforcurrentcycle": "usage of the current cycle", "assessusagefeewhencancel": "usage until the cancellation",
		"offsetalineitem": "offset of a line", "activationdiscount": "discount on the activation", "cyclediscount": "discount on the instalment",
		"renewdiscount": "discount on the renewal", "canceldiscount": "discount on the cancellation",
	}
}

// ChargeCode is a charge type without what its spellings differ in: letter case, blanks, dashes and brackets. The older
// price lists write "Cycle fee" and "Usage assess (current cycle)" where the newer have cycleCharge.
func ChargeCode(kind string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_()/", r) {
			return -1
		}
		return r
	}, strings.ToLower(kind))
}

// ChargeTypes lists the codes of the documented charge types, sorted.
func ChargeTypes() []string {
	var list []string
	for code := range chargeWords() {
		list = append(list, code)
	}
	slices.Sort(list)
	return list
}

// ChargeWord is a charge type in English words; what is not documented stays as it is printed.
func ChargeWord(kind string) string { return orElse(chargeWords()[ChargeCode(kind)], kind) }

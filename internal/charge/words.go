package charge

import (
	"slices"
	"strings"
)

// words are the provider's documented charge types, without blanks and signs and in small letters, and the words
// for them; those of its older price lists follow.
func words() map[string]string {
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

// Code is a charge type in a form that ignores differences of spelling: case, blanks, dashes and brackets. The older
// price lists write "Cycle fee" and "Usage assess (current cycle)" where the newer have cycleCharge.
func Code(kind string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune(" -_()/", r) {
			return -1
		}
		return r
	}, strings.ToLower(kind))
}

// Types lists the codes of the documented charge types, sorted.
func Types() []string {
	var list []string
	for code := range words() {
		list = append(list, code)
	}
	slices.Sort(list)
	return list
}

// Word is a charge type in English words; one that is not documented is returned as printed.
func Word(kind string) string {
	if word := words()[Code(kind)]; word != "" {
		return word
	}
	return kind
}

package org

import (
	"fmt"
	"regexp"
	"strings"
)

// vatFormat is what VAT ids of a country look like after its letters, and whether their check digits hold; nil checks
// none.
type vatFormat struct {
	shape  string
	says   string
	checks func(rest string) bool
}

// vatFormats is by the letters that ids begin with (VIES; HMRC; Swiss UID register).
func vatFormats() map[string]vatFormat {
	gb := vatFormat{`([0-9]{3})?[0-9]{9}|(GD|HA)[0-9]{3}`, "9 or 12 digits", britishVAT}
	return map[string]vatFormat{
		"AT": {`U[0-9]{8}`, "U and 8 digits", austrianVAT}, "BE": {`[01][0-9]{9}`, "10 digits", belgianVAT},
		"BG": {`[0-9]{9,10}`, "9 or 10 digits", nil}, "CY": {`[0-9]{8}[A-Z]`, "8 digits and a letter", nil},
		"CZ": {`[0-9]{8,10}`, "8 to 10 digits", nil}, "DE": {`[0-9]{9}`, "9 digits", mod11and10},
		"DK": {`[0-9]{8}`, "8 digits", func(s string) bool { return weighted(s, 2, 7, 6, 5, 4, 3, 2, 1)%11 == 0 }},
		"EE": {`[0-9]{9}`, "9 digits", func(s string) bool { return weighted(s, 3, 7, 1, 3, 7, 1, 3, 7, 1)%10 == 0 }},
		"EL": {`[0-9]{9}`, "9 digits", func(s string) bool {
			return weighted(s, 256, 128, 64, 32, 16, 8, 4, 2)%11%10 == digit(s, 8)
		}},
		"ES": {`[A-Z0-9][0-9]{7}[A-Z0-9]`, "9 letters and digits", spanishVAT},
		"FI": {`[0-9]{8}`, "8 digits", func(s string) bool { return weighted(s, 7, 9, 10, 5, 8, 4, 2, 1)%11 == 0 }},
		"FR": {`[A-HJ-NP-Z0-9]{2}[0-9]{9}`, "2 letters or digits and 9 digits", frenchVAT}, "GB": gb, "XI": gb,
		"HR": {`[0-9]{11}`, "11 digits", mod11and10},
		"HU": {`[0-9]{8}`, "8 digits", func(s string) bool { return weighted(s, 9, 7, 3, 1, 9, 7, 3, 1)%10 == 0 }},
		"IE": {`[0-9][A-Z0-9+*][0-9]{5}[A-Z]{1,2}`, "7 digits and 1 or 2 letters", nil}, "IT": {`[0-9]{11}`, "11 digits", luhn},
		"LT": {`[0-9]{9}([0-9]{3})?`, "9 or 12 digits", nil},
		"LU": {`[0-9]{8}`, "8 digits", func(s string) bool { return number(s[:6])%89 == number(s[6:]) }},
		"LV": {`[0-9]{11}`, "11 digits", nil},
		"MT": {`[0-9]{8}`, "8 digits", malteseVAT},
		"NL": {`[0-9]{9}B[0-9]{2}`, "9 digits, B, 2 digits", dutchVAT}, "NO": {`[0-9]{9}(MVA)?`, "9 digits and MVA", norwegianVAT},
		"PL": {`[0-9]{10}`, "10 digits", func(s string) bool { return weighted(s, 6, 5, 7, 2, 3, 4, 5, 6, 7)%11 == digit(s, 9) }},
		"PT": {`[0-9]{9}`, "9 digits", func(s string) bool {
			return (11-weighted(s, 9, 8, 7, 6, 5, 4, 3, 2)%11)%11%10 == digit(s, 8)
		}},
		"RO": {`[0-9]{2,10}`, "2 to 10 digits", nil}, "SE": {`[0-9]{10}01`, "12 digits, the last two 01", func(s string) bool { return luhn(s[:10]) }},
		"SI": {`[0-9]{8}`, "8 digits", nil}, "SK": {`[0-9]{10}`, "10 digits", func(s string) bool { return number(s)%11 == 0 }},
		"CH": {`E[0-9]{9}(MWST|TVA|IVA)?`, "E, 9 digits and MWST, TVA or IVA", swissVAT},
	}
}

// plain is an id without the signs that only make it readable.
func plain(text string) string {
	return strings.NewReplacer(" ", "", ".", "", "-", "").Replace(strings.ToUpper(text))
}

// misprinted says whether a VAT id has the form of its country, and check digits that are not right.
func misprinted(vatID string) bool {
	text := plain(vatID)
	return len(text) > 2 && checkVATForm(vatID) == "" && vatFormats()[text[:2]].checks != nil && !vatFormats()[text[:2]].checks(text[2:])
}

// checkVATForm says what is doubtful about a VAT id by its form, or "". Whether it is given to somebody only the
// authority knows.
func checkVATForm(vatID string) string {
	text := plain(vatID)
	if len(text) < 2 {
		return ""
	}
	f, known := vatFormats()[text[:2]]
	if known && !regexp.MustCompile("^("+f.shape+")$").MatchString(text[2:]) {
		return fmt.Sprintf("vat_id %q is no VAT id of %s, which is %s and %s; a national tax number belongs in tax_id", vatID, text[:2], text[:2], f.says)
	}
	return ""
}

// VATIDHolds says whether a VAT id has the form of its country, and check digits that are right where they are published.
func VATIDHolds(vatID string) bool {
	return len(plain(vatID)) > 2 && checkVATForm(vatID) == "" && !misprinted(vatID)
}

// isVATID says whether a text is certainly a VAT id of a country: its letters, its form, and its check digits.
func isVATID(text, country string) bool {
	text = plain(text)
	return len(text) > 2 && text[:2] == vatLetters(country) && vatFormats()[text[:2]].checks != nil && checkVATForm(text) == "" && !misprinted(text)
}

// vatLetters are the letters that VAT ids of a country begin with.
func vatLetters(country string) string {
	switch country {
	case "GR":
		return "EL"
	case "MC":
		return "FR"
	case "IM":
		return "GB"
	case "LI":
		return "CH"
	}
	return country
}

// taxIDs says which tax id of a party stands in the wrong field, and what is only doubtful.
func (l LegalEntity) taxIDs() (wrong, doubtful []string) {
	if l.VATID != "" {
		if text := checkVATForm(l.VATID); text != "" {
			doubtful = append(doubtful, text)
		}
		begins := plain(l.VATID)
		if begins = begins[:min(2, len(begins))]; strings.Trim(begins, "0123456789/+*") == begins && begins != vatLetters(l.Country) &&
			!(begins == "XI" && l.Country == "GB") && begins != "EU" {
			doubtful = append(doubtful, fmt.Sprintf("vat_id %q is of %s, and country is %s: reverse charge is decided by the id, the rate by the country", l.VATID, begins, l.Country))
		}
	}
	for _, field := range [...]struct{ name, value string }{{"tax_id", l.TaxID}, {"registration", l.Registration}} {
		switch {
		case !isVATID(field.value, l.Country) || field.name == "registration" && vatLetters(l.Country) == "CH": // the UID is both
		case l.VATID == "":
			wrong = append(wrong, fmt.Sprintf("%s %q is a VAT id: write it in vat_id, by which reverse charge is decided", field.name, field.value))
		default:
			doubtful = append(doubtful, fmt.Sprintf("%s %q is a VAT id: those are written in vat_id", field.name, field.value))
		}
	}
	return wrong, doubtful
}

package org

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ibanLengths is how long an account number is, by country (ISO 13616 registry).
const ibanLengths = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 FK18 " +
	"FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 " +
	"MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 " +
	"SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30"

// checkIBAN says what is wrong with an international account number, or "".
func checkIBAN(iban string) string {
	text := strings.ToUpper(strings.ReplaceAll(iban, " ", ""))
	for i := range len(text) {
		c := text[i]
		digit, letter := c >= '0' && c <= '9', c >= 'A' && c <= 'Z'
		switch {
		case !digit && !letter:
			return fmt.Sprintf("IBAN %q: character %d is %q; there are letters and digits only", iban, i+1, []rune(text[i:])[0])
		case i < 2 && !letter, i >= 2 && i < 4 && !digit:
			return fmt.Sprintf("IBAN %q does not begin with two letters of a country and two check digits", iban)
		}
	}
	if len(text) < 5 {
		return fmt.Sprintf("IBAN %q is too short", iban)
	}
	_, after, known := strings.Cut(" "+ibanLengths, " "+text[:2])
	if !known {
		return fmt.Sprintf("IBAN %q: no country with account numbers of this kind begins with %s", iban, text[:2])
	}
	length, _, _ := strings.Cut(after, " ")
	if want, _ := strconv.Atoi(length); len(text) != want {
		return fmt.Sprintf("IBAN %q has %d letters and digits, and those of %s have %d", iban, len(text), text[:2], want)
	}
	if remainder(text) != 1 {
		right := 98 - remainder(text[:2]+"00"+text[4:])
		return fmt.Sprintf("IBAN %q: its check digits are %s, and for the account written after them they would be %02d: a digit is wrong, or two are swapped",
			iban, text[2:4], right)
	}
	return ""
}

// remainder is that of an account number, whose first four characters are moved to the end.
func remainder(text string) int { return mod97(text[4:] + text[:4]) }

// mod97 is a text modulo 97, A counted as 10 (ISO 7064).
func mod97(text string) int {
	sum := 0
	for _, c := range []byte(text) {
		if c >= 'A' {
			sum = (sum*100 + int(c-'A') + 10) % 97
		} else {
			sum = (sum*10 + int(c-'0')) % 97
		}
	}
	return sum
}

var bicShape = regexp.MustCompile(`^[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?$`)

// bank says what is wrong with where a party is paid, and what is only doubtful.
func (l LegalEntity) bank() (wrong, doubtful []string) {
	iban := ""
	if l.IBAN != "" {
		iban = checkIBAN(l.IBAN)
	}
	if iban != "" && bicShape.MatchString(l.IBAN) {
		iban = fmt.Sprintf("iban %q is a BIC: write it in bic", l.IBAN)
	}
	if iban != "" {
		wrong = append(wrong, iban)
	}
	bic := strings.ToUpper(strings.ReplaceAll(l.BIC, " ", ""))
	switch {
	case bic == "":
	case !bicShape.MatchString(bic) && checkIBAN(bic) == "":
		wrong = append(wrong, fmt.Sprintf("bic %q is an IBAN: write it in iban", l.BIC))
	case !bicShape.MatchString(bic):
		wrong = append(wrong, fmt.Sprintf("BIC %q is not 8 or 11 letters and digits, such as COBADEFFXXX", l.BIC))
	case l.IBAN != "" && iban == "" && !strings.EqualFold(bic[4:6], strings.TrimSpace(l.IBAN)[:2]):
		doubtful = append(doubtful, fmt.Sprintf("BIC %s is of a bank in %s, and the IBAN of an account in %s", l.BIC, bic[4:6], strings.ToUpper(strings.TrimSpace(l.IBAN)[:2])))
	}
	return wrong, doubtful
}

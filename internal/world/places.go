package world

import (
	"fmt"
	"strconv"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// place is where a made-up organisation of a country lives.
type place struct{ street, code, city string }

// placeOf is an address in a country; the house number follows from the ordinal.
func placeOf(country string, n int) place {
	p, ok := map[string]place{
		"DE": {"Lindenallee %d", "20357", "Hamburg"},
		"NL": {"Vredenburg %d", "3511 BA", "Utrecht"},
		"AT": {"Herrengasse %d", "8010", "Graz"},
		"BE": {"Korenmarkt %d", "9000", "Gent"},
		"FR": {"%d rue des Tilleuls", "69002", "Lyon"},
		"IT": {"Via Garibaldi %d", "16124", "Genova"},
		"ES": {"Calle Mayor %d", "50003", "Zaragoza"},
		"PT": {"Rua das Flores %d", "4050-262", "Porto"},
		"IE": {"%d Oliver Plunkett Street", "T12 X286", "Cork"},
		"DK": {"Vestergade %d", "8000", "Aarhus"},
		"SE": {"Södra Vägen %d", "412 54", "Göteborg"},
		"FI": {"Hämeenkatu %d", "33100", "Tampere"},
		"NO": {"Strandgaten %d", "5013", "Bergen"},
		"PL": {"ul. Długa %d", "31-146", "Kraków"},
		"CZ": {"Masarykova %d", "602 00", "Brno"},
		"GR": {"Τσιμισκή %d", "546 24", "Θεσσαλονίκη"},
		"BG": {"ул. Иван Вазов %d", "4000", "Пловдив"},
		"CH": {"Marktgasse %d", "3011", "Bern"},
		"GB": {"%d Deansgate", "M3 2BW", "Manchester"},
	}[country]
	if !ok {
		p = place{"High Street %d", "10000", "Newtown"}
	}
	p.street = fmt.Sprintf(p.street, 1+n%180)
	return p
}

// vatID is a VAT id of a country whose check digits hold; it is made up, and no authority will know it.
func vatID(country string, n int) string {
	for last := range 100 {
		if v := vatForm(country, n, last); org.VATIDHolds(v) {
			return v
		}
	}
	return ""
}

// vatForm is the ordinal as a number of the form of a country's VAT ids, or ""; its last digits move on by the given ones.
func vatForm(country string, n, last int) string {
	digits := func(width int) string {
		v := (n + 17) * 387420489 % pow10(width)
		return fmt.Sprintf("%0*d", width, v-v%100+(v+last)%100)
	}
	switch country {
	case "AT":
		return "ATU" + digits(8)
	case "BE":
		return "BE0" + digits(9)
	case "CH":
		d := digits(9)
		return "CHE-" + d[:3] + "." + d[3:6] + "." + d[6:] + " MWST"
	case "ES":
		return "ESB" + digits(8)
	case "FR":
		siren := digits(9)
		number, _ := strconv.Atoi(siren)
		return fmt.Sprintf("FR%02d%s", (12+3*(number%97))%97, siren)
	case "GR":
		return "EL" + digits(9)
	case "IE":
		return "IE" + digits(7) + "WA"
	case "CY":
		return "CY" + digits(8) + "X"
	case "IT", "HR", "LV":
		return country + digits(11)
	case "NL":
		return "NL" + digits(9) + "B01"
	case "NO":
		return "NO " + digits(9) + " MVA"
	case "PL", "SK":
		return country + digits(10)
	case "SE":
		return "SE" + digits(10) + "01"
	case "DK", "FI", "HU", "LU", "MT", "SI", "CZ", "RO":
		return country + digits(8)
	case "DE", "PT", "BG", "EE", "LT", "GB":
		return country + digits(9)
	}
	return ""
}

func pow10(n int) int {
	p := 1
	for range n {
		p *= 10
	}
	return p
}

// languageOf is the language of the documents of a customer; "" is English.
func languageOf(country string) string {
	switch country {
	case "DE", "AT", "CH":
		return "de"
	}
	return ""
}

// currencyOf is the currency a customer of a country is billed in; everybody else pays euros.
func currencyOf(country string) money.Currency {
	switch country {
	case "CH":
		return "CHF"
	case "GB":
		return "GBP"
	}
	return "EUR"
}

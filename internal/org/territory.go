package org

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// Place is where a party is for the tax on services. Sales within one Law are taxed by the seller, at the rate of the
// buyer's place; Union says whether the place is inside the VAT area of the European Union.
type Place struct {
	Code    string // as documents name it: the territory, else the country
	Rate    string // whose tax rate applies there when Code has none of its own
	Law     string // whose tax law applies to services there
	Union   bool
	Untaxed bool // services have no value added tax there at all
}

// territory is a part of a country that is taxed otherwise than the rest, or a place beside a country that is taxed
// with it. An empty rate or law is its own.
type territory struct {
	code, name string
	country    string // of addresses there; "" for what is a country code by itself
	postal     string // its postal codes, as a regular expression; "" where they decide nothing
	rate, law  string
	union      bool
	untaxed    bool
}

// territories is every one that there is for the tax on services. Sources: VAT directive 2006/112/EC articles 6 and 7,
// and the tax law of the country named.
func territories() []territory {
	return []territory{
		{code: "DE-BU", name: "Büsingen", country: "DE", postal: "78266", rate: "CH", law: "CH"}, // Swiss customs area: MWSTG article 3
		{code: "DE-HE", name: "Helgoland", country: "DE", postal: "27498", untaxed: true},        // UStG § 1 (2)
		{code: "ES-CE", name: "Ceuta", country: "ES", postal: "51[0-9]{3}"},
		{code: "ES-CN", name: "Canary Islands", country: "ES", postal: "3[58][0-9]{3}"},
		{code: "ES-ML", name: "Melilla", country: "ES", postal: "52[0-9]{3}"},
		{code: "FI-01", name: "Åland", country: "FI", postal: "22[0-9]{3}", rate: "FI", law: "FI"}, // AVL applies there, the directive does not
		{code: "FR-GP", name: "Guadeloupe", country: "FR", postal: "971[0-9]{2}", law: "FR"},       // CGI article 296
		{code: "FR-MQ", name: "Martinique", country: "FR", postal: "972[0-9]{2}", law: "FR"},
		{code: "FR-RE", name: "Réunion", country: "FR", postal: "974[0-9]{2}", law: "FR"},
		{code: "FR-GF", name: "French Guiana", country: "FR", postal: "973[0-9]{2}", untaxed: true}, // CGI article 294
		{code: "FR-YT", name: "Mayotte", country: "FR", postal: "976[0-9]{2}", untaxed: true},
		{code: "FR-PM", name: "Saint Pierre and Miquelon", country: "FR", postal: "975[0-9]{2}"},
		{code: "FR-WF", name: "Wallis and Futuna", country: "FR", postal: "986[0-9]{2}"},
		{code: "FR-PF", name: "French Polynesia", country: "FR", postal: "987[0-9]{2}"},
		{code: "FR-NC", name: "New Caledonia", country: "FR", postal: "988[0-9]{2}"},
		{code: "GR-69", name: "Mount Athos", country: "GR", postal: "6308[67]"},
		{code: "IT-CI", name: "Campione d'Italia", country: "IT", postal: "2206[01]"},
		{code: "IT-LI", name: "Livigno", country: "IT", postal: "23030|23041", untaxed: true},
		{code: "PT-20", name: "Azores", country: "PT", postal: "9[5-9][0-9]{5}|9[5-9][0-9]{2}", law: "PT", union: true},
		{code: "PT-30", name: "Madeira", country: "PT", postal: "9[0-4][0-9]{5}|9[0-4][0-9]{2}", law: "PT", union: true},
		{code: "XI", name: "Northern Ireland", country: "GB", postal: "BT[0-9].*", rate: "GB", law: "GB"}, // in the union for goods alone
		{code: "IM", name: "Isle of Man", country: "GB", postal: "IM[0-9].*", rate: "GB", law: "GB"},
		{code: "JE", name: "Jersey", country: "GB", postal: "JE[0-9].*"},
		{code: "GG", name: "Guernsey", country: "GB", postal: "GY[0-9].*", untaxed: true},

		// Countries of their own in addresses, taxed as a part of another.
		{code: "MC", name: "Monaco", rate: "FR", law: "FR", union: true},
		{code: "AX", name: "Åland", rate: "FI", law: "FI"},
		{code: "GP", name: "Guadeloupe", rate: "FR-GP", law: "FR"},
		{code: "MQ", name: "Martinique", rate: "FR-MQ", law: "FR"},
		{code: "RE", name: "Réunion", rate: "FR-RE", law: "FR"},
		{code: "GF", name: "French Guiana", rate: "FR-GF", law: "FR-GF", untaxed: true},
		{code: "YT", name: "Mayotte", rate: "FR-YT", law: "FR-YT", untaxed: true},
	}
}

// vatArea is the member states of the European Union, by ISO code.
const vatArea = "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK"

// InUnion says whether a country is a member state of the European Union.
func inUnion(country string) bool { return slices.Contains(strings.Fields(vatArea), country) }

// PlaceOf is where a party is for tax: the territory it names, else its country. A region that is no territory, and
// for which there is no tax row either, is a part of the country like any other.
func PlaceOf(l LegalEntity, rows []Tax) Place {
	for _, t := range territories() {
		if t.code == l.Region && t.of(l.Country) || l.Region == "" && t.country == "" && t.code == l.Country ||
			l.Region == "" && t.code == l.Country && len(t.code) == 2 {
			return Place{Code: t.code, Rate: cmp.Or(t.rate, t.code), Law: cmp.Or(t.law, t.code), Union: t.union, Untaxed: t.untaxed}
		}
	}
	code := l.Country
	if l.Region != "" && slices.ContainsFunc(rows, func(r Tax) bool { return r.Territory == l.Region }) {
		code = l.Region
	}
	return Place{Code: code, Rate: code, Law: code, Union: inUnion(l.Country)}
}

// of says whether a territory may be the region of an address in a country.
func (t territory) of(country string) bool { return t.country == country || t.code == country }

// region says what is wrong with the tax territory of a party, or "". A hint says that the postal code tells one that
// is not named.
func (l LegalEntity) region(rows []Tax) (wrong, hint string) {
	if l.Region == "" {
		return "", l.postalTerritory()
	}
	var here, all []string
	for _, t := range territories() {
		if t.country == "" {
			continue
		}
		if t.code == l.Region && t.of(l.Country) {
			return "", ""
		}
		all = append(all, t.code)
		if t.of(l.Country) {
			here = append(here, t.code+" ("+t.name+")")
		}
	}
	for _, r := range rows {
		if r.Territory == l.Region && (r.Territory == l.Country || strings.HasPrefix(r.Territory, l.Country+"-")) {
			return "", ""
		}
	}
	if l.Region == l.Country {
		return "", ""
	}
	ofCountry := "there is none in " + l.Country
	if len(here) > 0 {
		ofCountry = "in " + l.Country + " there are " + strings.Join(here, ", ")
	}
	return fmt.Sprintf("region %q is no tax territory of its own: leave region out. States, provinces and cantons belong into the address; region is for places where another tax applies: %s. All there are: %s, and those with a row in taxes",
		l.Region, ofCountry, strings.Join(all, ", ")), ""
}

// postalTerritory says that a postal code is one of a territory with tax of its own, or "".
func (l LegalEntity) postalTerritory() string {
	code := strings.NewReplacer(" ", "", "-", "").Replace(strings.ToUpper(l.PostalCode))
	code = strings.TrimPrefix(code, l.Country)
	for _, t := range territories() {
		if t.country != l.Country || t.postal == "" || !regexp.MustCompile("^("+t.postal+")$").MatchString(code) {
			continue
		}
		if t.code == "XI" || t.code == "IM" {
			return "" // services are taxed as in the rest of the country
		}
		return fmt.Sprintf("postal code %s is in %s, where another tax applies: if the place of business is there, set region: %s", l.PostalCode, t.name, t.code)
	}
	return ""
}

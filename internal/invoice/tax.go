package invoice

import (
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// TaxFor is the VAT treatment of a service a seller renders to a buyer on a day (place of supply: VAT directive
// articles 44, 45 and 58). Rows of the world come before the built-in table. For a territory without a known rate it
// is an Invalid fault that says what to add.
func TaxFor(seller, buyer org.LegalEntity, category string, on period.Date, rows []org.Tax) (LineTax, error) {
	from, to := org.PlaceOf(seller, rows), org.PlaceOf(buyer, rows)
	switch {
	case from.Law == to.Law:
		return standard(to, category, on, rows)
	case from.Union && to.Union && buyer.VATID != "":
		return LineTax{
			Category: "AE", Name: "VAT", Code: "VATEX-EU-AE", Place: to.Code,
			Reason: "Reverse charge: VAT to be accounted for by the recipient, Article 196 Directive 2006/112/EC",
		}, nil
	case from.Union && to.Union:
		return standard(to, category, on, rows)
	}
	return untaxed(to), nil
}

// untaxed is a service on which the seller owes no tax.
func untaxed(to org.Place) LineTax {
	return LineTax{
		Category: "O", Name: "VAT", Code: "VATEX-EU-O", Place: to.Code,
		Reason: "Not subject to VAT: the place of supply is where the recipient is established",
	}
}

// standard is the rate of a place: its own row, else the row of the country it is taxed with.
func standard(to org.Place, category string, on period.Date, rows []org.Tax) (LineTax, error) {
	for _, list := range [][]org.Tax{rows, builtInTaxes()} {
		for _, place := range [...]string{to.Code, to.Rate} {
			for _, r := range list {
				if r.Territory == place && r.Category == category && r.Contains(on) {
					return LineTax{Category: "S", Percent: r.Percent, Name: orElse(r.Name, "VAT"), Place: to.Code}, nil
				}
			}
		}
	}
	if to.Untaxed {
		return untaxed(to), nil
	}
	return LineTax{}, fault.New(fault.Invalid, "no_tax_rate",
		"no %s tax rate is known for %s on %s: add a row to taxes: in the world file", category, to.Code, on)
}

// StandardCategory is the tax category of everything sold so far.
const StandardCategory = "standard"

// builtInTaxes is the dated standard rates of Europe, newest first within a country.
func builtInTaxes() []org.Tax {
	day := period.NewDate
	row := func(place, rate, name string, from, to period.Date) org.Tax {
		return org.Tax{
			Territory: place, Category: StandardCategory, Percent: money.MustParse(rate), Name: name,
			Period: period.Period{Start: from, End: to},
		}
	}
	return []org.Tax{
		row("AT", "20", "USt.", 0, 0), row("BE", "21", "TVA", 0, 0), row("BG", "20", "ДДС", 0, 0),
		row("CY", "19", "ΦΠΑ", 0, 0), row("CZ", "21", "DPH", 0, 0),
		row("DE", "19", "USt.", 0, day(2020, 7, 1)), row("DE", "16", "USt.", day(2020, 7, 1), day(2021, 1, 1)),
		row("DE", "19", "USt.", day(2021, 1, 1), 0), row("DK", "25", "moms", 0, 0),
		row("EE", "20", "KM", 0, day(2024, 1, 1)), row("EE", "22", "KM", day(2024, 1, 1), day(2025, 7, 1)),
		row("EE", "24", "KM", day(2025, 7, 1), 0), row("ES", "21", "IVA", 0, 0), row("ES-CN", "7", "IGIC", 0, 0),
		row("FI", "24", "ALV", 0, day(2024, 9, 1)), row("FI", "25.5", "ALV", day(2024, 9, 1), 0),
		row("FR", "20", "TVA", 0, 0), row("GR", "24", "ΦΠΑ", 0, 0), row("HR", "25", "PDV", 0, 0),
		row("HU", "27", "ÁFA", 0, 0), row("IE", "23", "VAT", day(2021, 3, 1), 0), row("IT", "22", "IVA", 0, 0),
		row("LT", "21", "PVM", 0, 0), row("LU", "16", "TVA", day(2023, 1, 1), day(2024, 1, 1)),
		row("LU", "17", "TVA", 0, 0), row("LV", "21", "PVN", 0, 0), row("MT", "18", "VAT", 0, 0),
		row("NL", "21", "btw", 0, 0), row("PL", "23", "VAT", 0, 0), row("PT", "23", "IVA", 0, 0),
		row("RO", "19", "TVA", 0, day(2025, 8, 1)), row("RO", "21", "TVA", day(2025, 8, 1), 0),
		row("SE", "25", "moms", 0, 0), row("SI", "22", "DDV", 0, 0),
		row("SK", "20", "DPH", 0, day(2025, 1, 1)), row("SK", "23", "DPH", day(2025, 1, 1), 0),
		row("GB", "20", "VAT", 0, 0), row("NO", "25", "MVA", 0, 0), row("IS", "24", "VSK", 0, 0),
		row("CH", "7.7", "MWST", 0, day(2024, 1, 1)), row("CH", "8.1", "MWST", day(2024, 1, 1), 0),
		row("LI", "8.1", "MWST", day(2024, 1, 1), 0), row("JE", "5", "GST", day(2011, 6, 1), 0),
		row("FR-GP", "8.5", "TVA", 0, 0), row("FR-MQ", "8.5", "TVA", 0, 0), row("FR-RE", "8.5", "TVA", 0, 0),
		row("PT-20", "16", "IVA", day(2021, 7, 1), 0), row("PT-30", "22", "IVA", 0, 0),
	}
}

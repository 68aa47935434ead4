package invoice

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// TestTerritories: for each territory with tax of its own, the tax that a seller from the rest of its country and one
// from another member state charge a business there, and the tax within it.
func TestTerritories(t *testing.T) {
	on := period.NewDate(2026, 9, 30)
	rate := func(from, to org.LegalEntity) string {
		tax, err := TaxFor(from, to, StandardCategory, on, nil)
		if err != nil {
			return "no rate"
		}
		if tax.Category != "S" {
			return tax.Category
		}
		return tax.Percent.String() + " " + tax.Name
	}
	const none = "no rate"
	for _, c := range []struct{ country, region, domestic, foreign, within string }{
		{"DE", "DE-BU", "O", "O", "8.1 MWST"}, {"DE", "DE-HE", "O", "O", "O"},
		{"ES", "ES-CN", "O", "O", "7 IGIC"}, {"ES", "ES-CE", "O", "O", none}, {"ES", "ES-ML", "O", "O", none},
		{"FI", "FI-01", "25.5 ALV", "O", "25.5 ALV"},
		{"FR", "FR-GP", "8.5 TVA", "O", "8.5 TVA"}, {"FR", "FR-MQ", "8.5 TVA", "O", "8.5 TVA"}, {"FR", "FR-RE", "8.5 TVA", "O", "8.5 TVA"},
		{"FR", "FR-GF", "O", "O", "O"}, {"FR", "FR-YT", "O", "O", "O"}, {"FR", "FR-PM", "O", "O", none}, {"FR", "FR-WF", "O", "O", none},
		{"FR", "FR-PF", "O", "O", none}, {"FR", "FR-NC", "O", "O", none},
		{"GR", "GR-69", "O", "O", none}, {"IT", "IT-CI", "O", "O", none}, {"IT", "IT-LI", "O", "O", "O"},
		{"PT", "PT-20", "16 IVA", "AE", "16 IVA"}, {"PT", "PT-30", "22 IVA", "AE", "22 IVA"},
		{"GB", "XI", "20 VAT", "O", "20 VAT"}, {"GB", "IM", "20 VAT", "O", "20 VAT"}, {"GB", "JE", "O", "O", "5 GST"}, {"GB", "GG", "O", "O", "O"},
		{"MC", "", "20 TVA", "AE", "20 TVA"}, {"AX", "", "25.5 ALV", "O", "25.5 ALV"}, {"GP", "", "8.5 TVA", "O", "8.5 TVA"}, {"YT", "", "O", "O", "O"},
	} {
		home := map[string]string{"MC": "FR", "AX": "FI", "GP": "FR", "YT": "FR"}[c.country]
		if home == "" {
			home = c.country
		}
		there := org.LegalEntity{Country: c.country, Region: c.region, VATID: "XX1"}
		foreign := org.LegalEntity{Country: "AT", VATID: "ATU1"}
		for name, is := range map[string][2]string{
			"from the rest of the country":      {rate(org.LegalEntity{Country: home, VATID: "XX2"}, there), c.domestic},
			"from another member state":         {rate(foreign, there), c.foreign},
			"within it":                         {rate(there, there), c.within},
			"without the region, from the rest": {rate(org.LegalEntity{Country: home}, org.LegalEntity{Country: home}), rate(org.LegalEntity{Country: home, VATID: "A"}, org.LegalEntity{Country: home, VATID: "B"})},
		} {
			if is[0] != is[1] {
				t.Errorf("%s%s %s: %s, want %s", c.country, c.region, name, is[0], is[1])
			}
		}
	}
	// A consumer in the Azores pays their rate to a seller of another member state too.
	if got := rate(org.LegalEntity{Country: "AT"}, org.LegalEntity{Country: "PT", Region: "PT-20"}); got != "16 IVA" {
		t.Errorf("a consumer in the Azores: %s", got)
	}
	// A federal state is not a territory: whatever the region is, a sale within Germany is taxed in Germany.
	for _, region := range []string{"Bayern", "DE-BY", "", "DE"} {
		if got := rate(org.LegalEntity{Country: "DE", VATID: "DE1"}, org.LegalEntity{Country: "DE", VATID: "DE2", Region: region}); got != "19 USt." {
			t.Errorf("region %q: %s", region, got)
		}
	}
	// A tax row of the world makes any place a territory with its own rate.
	rows := []org.Tax{{Territory: "CA-QC", Category: StandardCategory, Percent: dec("14.975")}}
	quebec := org.LegalEntity{Country: "CA", Region: "CA-QC"}
	if tax, err := TaxFor(quebec, quebec, StandardCategory, on, rows); err != nil || tax.Percent.String() != "14.975" || tax.Place != "CA-QC" {
		t.Errorf("Quebec: %+v, %v", tax, err)
	}
}

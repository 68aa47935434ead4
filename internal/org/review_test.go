package org

import (
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// reviewed is what a review says of a new legal entity of the customer: what is wrong, and what is doubtful.
func reviewed(l LegalEntity, taxes ...Tax) (wrong, notes string) {
	w := small()
	at := slices.IndexFunc(w.Organisations, func(o Organisation) bool { return o.Kind == Customer })
	before := small()
	l.Name = "C"
	w.Organisations[at].Legal = l
	w.Taxes, before.Taxes = append(w.Taxes, taxes...), append(before.Taxes, taxes...)
	list, err := Review(before, w, nil)
	if err != nil {
		wrong = err.Error()
	}
	return wrong, strings.Join(list, "\n")
}

// Each mistake in a legal entity is refused or doubted, naming the field; the same without it is taken without a word.
func TestReviewOfParties(t *testing.T) {
	for name, c := range map[string]struct {
		l            LegalEntity
		wrong, notes string
	}{
		"nothing wrong": {l: LegalEntity{Country: "DE", PostalCode: "10115", VATID: "DE129273398", IBAN: "DE89 3704 0044 0532 0130 00", BIC: "COBADEFFXXX", TaxID: "12/345/67890"}},

		"a digit of an IBAN":      {l: LegalEntity{Country: "DE", IBAN: "DE88 3704 0044 0532 0130 00"}, wrong: "would be 89"},
		"two digits swapped":      {l: LegalEntity{Country: "GB", IBAN: "GB82WEST12345698765423"}, wrong: "its check digits are 82"},
		"a right British IBAN":    {l: LegalEntity{Country: "GB", IBAN: "GB82WEST12345698765432"}},
		"an IBAN without a digit": {l: LegalEntity{Country: "NL", IBAN: "NL91ABNA041716430"}, wrong: "has 17 letters and digits, and those of NL have 18"},
		"a letter O":              {l: LegalEntity{Country: "DE", IBAN: "DE89 37O4 0044 0532 0130 00"}, wrong: "check digits"},
		"a sign in it":            {l: LegalEntity{Country: "DE", IBAN: "DE89-3704-0044"}, wrong: "character 5"},
		"a country without IBANs": {l: LegalEntity{Country: "US", IBAN: "US89370400440532013000"}, wrong: "begins with US"},
		"an account number":       {l: LegalEntity{Country: "DE", IBAN: "0532013000"}, wrong: "two letters of a country"},
		"a BIC in iban":           {l: LegalEntity{Country: "DE", IBAN: "COBADEFFXXX"}, wrong: "write it in bic"},
		"an IBAN in bic":          {l: LegalEntity{Country: "DE", BIC: "DE89370400440532013000"}, wrong: "write it in iban"},
		"a BIC with a letter too": {l: LegalEntity{Country: "DE", BIC: "COBADEFFXXXX"}, wrong: "8 or 11"},
		"a bank elsewhere":        {l: LegalEntity{Country: "DE", IBAN: "DE89370400440532013000", BIC: "ABNANL2A"}, notes: "of a bank in NL"},

		"a federal state":                {l: LegalEntity{Country: "DE", Region: "Bayern"}, wrong: "DE-BU (Büsingen), DE-HE (Helgoland)"},
		"a federal state by its code":    {l: LegalEntity{Country: "DE", Region: "DE-BY"}, wrong: "leave region out"},
		"a province":                     {l: LegalEntity{Country: "NL", Region: "Utrecht"}, wrong: "there is none in NL"},
		"a territory of another country": {l: LegalEntity{Country: "DE", Region: "ES-CN"}, wrong: "no tax territory"},
		"a territory":                    {l: LegalEntity{Country: "ES", Region: "ES-CN", PostalCode: "35001"}},
		"Northern Ireland":               {l: LegalEntity{Country: "GB", Region: "XI", PostalCode: "BT1 5GS", VATID: "XI434031494"}},
		"a postal code of Büsingen":      {l: LegalEntity{Country: "DE", PostalCode: "78266"}, notes: "set region: DE-BU"},
		"a postal code of Tenerife":      {l: LegalEntity{Country: "ES", PostalCode: "38001"}, notes: "set region: ES-CN"},
		"a postal code of Melilla":       {l: LegalEntity{Country: "ES", PostalCode: "52001"}, notes: "set region: ES-ML"},
		"a postal code of Madeira":       {l: LegalEntity{Country: "PT", PostalCode: "9000-039"}, notes: "set region: PT-30"},
		"a postal code of the Azores":    {l: LegalEntity{Country: "PT", PostalCode: "9500-150"}, notes: "set region: PT-20"},
		"a postal code of Réunion":       {l: LegalEntity{Country: "FR", PostalCode: "97400"}, notes: "set region: FR-RE"},
		"a postal code of Livigno":       {l: LegalEntity{Country: "IT", PostalCode: "23041"}, notes: "set region: IT-LI"},
		"a postal code of Mariehamn":     {l: LegalEntity{Country: "FI", PostalCode: "FI-22100"}, notes: "set region: FI-01"},
		"a postal code of Belfast":       {l: LegalEntity{Country: "GB", PostalCode: "BT1 5GS"}},
		"a postal code of Jersey":        {l: LegalEntity{Country: "GB", PostalCode: "JE2 3QA"}, notes: "set region: JE"},
		"a postal code of Madrid":        {l: LegalEntity{Country: "ES", PostalCode: "28001"}},
		"UK as a country":                {l: LegalEntity{Country: "UK"}, wrong: "write GB"},
		"EL as a country":                {l: LegalEntity{Country: "EL"}, wrong: "write GR"},

		"a tax number in vat_id":        {l: LegalEntity{Country: "DE", VATID: "12/345/67890"}, wrong: "belongs in tax_id"},
		"a tax number with letters":     {l: LegalEntity{Country: "DE", VATID: "DE 1234567890"}, notes: "belongs in tax_id"},
		"a VAT id in tax_id":            {l: LegalEntity{Country: "DE", TaxID: "DE129273398"}, wrong: "write it in vat_id"},
		"a VAT id in registration":      {l: LegalEntity{Country: "AT", Registration: "ATU13585627"}, wrong: "write it in vat_id"},
		"a VAT id twice":                {l: LegalEntity{Country: "DE", VATID: "DE129273398", TaxID: "DE129273398"}, notes: `tax_id "DE129273398" is a VAT id`},
		"a digit of a VAT id":           {l: LegalEntity{Country: "DE", VATID: "DE129273399"}, notes: "check digits are not right"},
		"a VAT id of another country":   {l: LegalEntity{Country: "NL", VATID: "DE129273398"}, notes: "is of DE, and country is NL"},
		"a Greek VAT id":                {l: LegalEntity{Country: "GR", VATID: "EL094259216"}},
		"a register number":             {l: LegalEntity{Country: "DE", Registration: "HRB 12345 B"}},
		"a Swiss register number":       {l: LegalEntity{Country: "CH", Registration: "CHE-116.281.710"}},
		"a territory with its own rate": {l: LegalEntity{Country: "CA", Region: "CA-QC"}},
	} {
		t.Run(name, func(t *testing.T) {
			wrong, notes := reviewed(c.l, Tax{Territory: "CA-QC", Category: "standard", Percent: money.MustParse("14.975")})
			if c.wrong == "" && wrong != "" || !strings.Contains(wrong, c.wrong) {
				t.Errorf("refused: %q, want %q", wrong, c.wrong)
			}
			if c.notes == "" && notes != "" || !strings.Contains(notes, c.notes) {
				t.Errorf("doubted: %q, want %q", notes, c.notes)
			}
		})
	}
}

// VAT ids that were given are right, and not with any digit changed. (Public numbers of large companies, and examples of
// the authorities.)
func TestVATCheckDigits(t *testing.T) {
	for _, one := range []string{
		"ATU13585627", "BE0428759497", "DE136695976", "DK13585628", "EE100594102", "EL094259216", "ESB58378431", "ES54362315K", "ESX2482300W",
		"FI20774740", "FR40303265045", "FR83404833048", "GB980780684", "HR33392005961", "HU12892312", "IT00743110157", "LU15027442",
		"MT11679112", "NL004495445B01", "NL123456789B13", "NO916634773MVA", "PL8567346215", "PT501964843", "SE123456789701", "SK2022749619",
		"CHE-116.281.710 MWST", "XI434031494",
	} {
		if text := checkVATForm(one); text != "" || misprinted(one) {
			t.Errorf("%s is doubted: %s", one, text)
		}
	}
	for _, one := range []string{"DE136695976", "ATU13585627", "FR40303265045", "IT00743110157", "BE0428759497", "GB980780684", "PL8567346215"} {
		last := one[len(one)-1]
		if !misprinted(one[:len(one)-1] + string('0'+(last-'0'+1)%10)) {
			t.Errorf("%s with another last digit is taken", one)
		}
	}
}

// What was there before is kept as it is, whatever is wrong with it: documents are out by it.
func TestReviewKeepsWhatWas(t *testing.T) {
	before := small()
	before.Organisations[0].Legal.IBAN, before.Organisations[0].Legal.Region = "DE00", "Bayern"
	before.Edges[0].Terms.Book = "gone"
	now := before
	now.Rates = append(slices.Clone(now.Rates), Rate{From: "CHF", To: "EUR", Month: period.NewDate(2026, 9, 1).Month(), Value: money.MustParse("1"), Source: "x"})
	if notes, err := Review(before, now, map[string][]string{"p": {"retail"}}); err != nil || len(notes) != 0 {
		t.Errorf("%v, %v", notes, err)
	}
}

// An edge that is new, or names another book, must name one that its seller has published or is about to. A seller
// without any is told what to publish.
func TestReviewOfBooks(t *testing.T) {
	published := map[string][]string{"p": {"wholesale", "retail", "special"}, "r": {"retail"}}
	named := func(book string) (World, World) {
		now := small()
		for i := range now.Edges {
			now.Edges[i].Terms.Book = "retail"
		}
		before := now
		before.Edges, now.Edges = slices.Clone(now.Edges), slices.Clone(now.Edges)
		now.Edges[0].Terms.Book = book
		return before, now
	}
	before, now := named("retial")
	_, err := Review(before, now, published)
	if fault.CodeOf(err) != "world_refused" || !strings.Contains(err.Error(), `p has published no price book "retial"; there are retail, `) {
		t.Errorf("mistyped: %v", err)
	}
	before, now = named("special")
	if notes, err := Review(before, now, published); err != nil || len(notes) != 0 {
		t.Errorf("another book: %v, %v", notes, err)
	}
	_, now = named("retial")
	if _, err := Review(World{}, now, published); err == nil {
		t.Error("a new edge with a mistyped book is taken")
	}
	for _, none := range []map[string][]string{{}, nil} { // no list of books is a list of none: nothing is left unchecked
		notes, err := Review(World{}, now, none)
		if err != nil || !strings.Contains(strings.Join(notes, "\n"), "publish p/retial") {
			t.Errorf("before any book: %v, %v", notes, err)
		}
	}
}

// Each problem is told once, and all of them together.
func TestProblemsAreReportedOnce(t *testing.T) {
	w := small()
	w.Rates[0].Value = money.MustParse("-0.85")
	w.Organisations[1].Legal.IBAN = "DE88370400440532013000"
	w.Edges[0].Terms.ZeroDocuments = "never"
	_, err := Review(World{}, w, nil)
	if err == nil {
		t.Fatal("taken")
	}
	lines := strings.Split(err.Error(), "\n")
	for _, want := range []string{"-0.85", "IBAN", "zero_documents"} {
		if n := len(slices.DeleteFunc(slices.Clone(lines), func(l string) bool { return !strings.Contains(l, want) })); n != 1 {
			t.Errorf("%s is told %d times: %v", want, n, err)
		}
	}
}

// The partner may have tenants and entitlements of its own; nobody else has several tenants.
func TestOwnTenants(t *testing.T) {
	w := small()
	w.Organisations[0].Tenants, w.Organisations[0].Entitlements = []string{"T-Own"}, []Entitlement{{Provider: "E-Own"}}
	if err := Validate(w); err != nil {
		t.Error(err)
	}
	x := w.Index()
	if p := x.OwnTenant("t-OWN"); p == nil || p.Kind != Partner || x.OwnTenant("") != nil || x.OwnTenant("t-other") != nil {
		t.Error("the partner's own tenant is not known as that")
	}
	w.Organisations[1].Tenants = []string{"T-2"}
	if err := Validate(w); err == nil || !strings.Contains(err.Error(), "only the partner has tenants") {
		t.Errorf("a reseller's tenants: %v", err)
	}
}

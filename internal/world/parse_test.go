package world

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
)

const smallWorld = `# a comment
partner: {key: contoso, tenant: t-0, mpn: 0042, legal: {name: Contoso GmbH, country: DE}}
resellers:
  - key: nordwind
    legal: &nl {name: "Nordwind: B.V.", country: NL, postal_code: 3511 AB}
    buys: [{from: contoso, since: 2026-01-01, book: wholesale, currency: EUR, payment_days: 30, series: WS, grouping: "tag:team"}]
customers:
  - key: c0001
    tenant: 1e3
    legal: *nl
    entitlements: [{id: e-1, name: Production, since: 2026-01-01, until: 2026-06-01}, {id: 012}]
    buys:
      - {from: nordwind, since: 2026-01-01, until: 2026-07-01, book: retail, currency: NOK, payment_days: 0, series: R}
rates: [{from: USD, to: EUR, month: 2026-09, rate: 0.912345678901234567890123, source: ECB, rule: monthly average}]
taxes: []
`

func TestParse(t *testing.T) {
	w, err := Parse([]byte(smallWorld))
	if err != nil {
		t.Fatal(err)
	}
	if err := org.Validate(w); err != nil {
		t.Fatal(err)
	}
	x := w.Index()
	p, c := x.Partner(), x.ByKey("c0001")
	if p.MPN != "0042" || c.Tenant != "1e3" || c.Entitlements[1].Provider != "012" {
		t.Errorf("texts were not kept as written: %q %q %q", p.MPN, c.Tenant, c.Entitlements[1].Provider)
	}
	if got := w.Rates[0].Value.String(); got != "0.912345678901234567890123" {
		t.Errorf("digits were lost: %s", got)
	}
	if c.Legal.Name != "Nordwind: B.V." {
		t.Errorf("an alias was not followed: %+v", c.Legal)
	}
	if w.Taxes == nil {
		t.Error("an empty list of taxes is a list")
	}
	on := period.NewDate(2026, 5, 31)
	if got := x.Path(c.ID, on); got != "contoso/nordwind/c0001" {
		t.Errorf("path %s", got)
	}
	e := x.Chain(c.ID, on)[1]
	want := org.Edge{ID: org.EdgeID(org.OrganisationID("nordwind"), c.ID, period.NewDate(2026, 1, 1)), Seller: org.OrganisationID("nordwind"), Buyer: c.ID,
		Period: period.Period{Start: period.NewDate(2026, 1, 1), End: period.NewDate(2026, 7, 1)}, Terms: org.Terms{Book: "retail", Currency: "NOK", Series: "R"}}
	if d := cmp.Diff(want, *e); d != "" {
		t.Error(d)
	}
}

func TestParseRefuses(t *testing.T) {
	cases := []misprint{
		{"a word it does not know", "payment_days: 30", "payment_day: 30", `line 6, resellers[1].buys[1].payment_day: there is no field "payment_day" here; did you mean payment_days?`},
		{"a missing word", "series: WS, ", "", "line 6, resellers[1].buys[1]: series is missing"},
		{"a date that is none", "until: 2026-06-01", "until: 2026-06-31", `line 11, customers[1].entitlements[1].until: "2026-06-31" is not a date`},
		{"a month that is none", "month: 2026-09", "month: September", `line 14, rates[1].month: "September" is not a period`},
		{"a month left out", "month: 2026-09", "month: ~", "line 14, rates[1].month: a month such as 2026-09 is missing"},
		{"a number that is none", "payment_days: 0", "payment_days: thirty", `line 13, customers[1].buys[1].payment_days: "thirty" is not a whole number`},
		{"a rate that is none", "rate: 0.912345678901234567890123", `rate: "0,91"`, `line 14, rates[1].rate: "0,91" is not a decimal number`},
		{"a seller that is not there", "{from: nordwind", "{from: nordwand", `line 13, customers[1].buys[1].from: there is no organisation with the key "nordwand"`},
		{"a field twice", "mpn: 0042", "key: x", "line 2, partner.key: the field is there twice"},
		{"a list that is none", "taxes: []", "taxes: {}", "line 15, taxes: expected a list"},
		{"fields that are none", "legal: {name: Contoso GmbH, country: DE}", "legal: Contoso", "line 2, partner.legal: expected fields such as"},
		{"a text that is none", "mpn: 0042", "mpn: [1]", "line 2, partner.mpn: expected one value"},
		{"entitlements of a reseller", "    buys: [", "    entitlements: []\n    buys: [", "there is no field \"entitlements\" here"},
		{"no YAML", "customers:", "customers: x: y", "is not YAML, nothing was changed: line 7"},
		{"two worlds", "taxes: []", "---\npartner: {}", "holds 2"},
	}
	refuses(t, smallWorld, cases, func(text []byte) error { _, err := Parse(text); return err })
}

// misprint is a change of a good file and what must be said of it.
type misprint struct{ name, from, to, says string }

func refuses(t *testing.T, good string, cases []misprint, parse func([]byte) error) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			text := strings.Replace(good, tc.from, tc.to, 1)
			if text == good {
				t.Fatal("nothing was changed")
			}
			err := parse([]byte(text))
			if fault.KindOf(err) != fault.Invalid || !strings.Contains(err.Error(), tc.says) {
				t.Errorf("got %v\nwant %s", err, tc.says)
			}
		})
	}
}

// TestWorldRoundTrip prints random worlds, reads them back, and prints them again.
func TestWorldRoundTrip(t *testing.T) {
	text := rapid.OneOf(rapid.SampledFrom([]string{"NO", "null", "~", "012", "1e3", "2026-01-01", "a: b", "# c", "- d", " x ", "Ω\nzwei", "true", "'", "[", "%"}), rapid.String())
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) string {
			s := text.Draw(t, name)
			if strings.ContainsFunc(s, func(r rune) bool {
				return r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0xfeff || r == 0xfffd || r == 0x2028 || r == 0x2029
			}) {
				return "plain"
			}
			return s
		}
		days := func() (p period.Period) {
			p.Start = period.Date(rapid.IntRange(0, 30000).Draw(t, "since"))
			p.End = period.Date(rapid.IntRange(0, 30000).Draw(t, "until"))
			return p
		}
		var w org.World
		for i, kind := range []org.Kind{org.Partner, org.Reseller, org.Customer, org.Customer} {
			o := org.Organisation{Kind: kind, Key: fmt.Sprintf("o%d", i), Tenant: draw("tenant")}
			o.ID = org.OrganisationID(o.Key)
			if kind != org.Customer {
				o.MPN = draw("mpn")
			}
			if kind == org.Partner && rapid.Bool().Draw(t, "own tenants") {
				o.Tenants = []string{draw("own tenant"), draw("own tenant")}
			}
			if kind != org.Reseller && rapid.Bool().Draw(t, "entitled") {
				o.Entitlements = []org.Entitlement{{Provider: draw("id"), Name: draw("name"), Period: days()}}
			}
			for _, field := range legalFields(&o.Legal) {
				*field = draw("legal")
			}
			w.Organisations = append(w.Organisations, o)
			if kind == org.Partner {
				continue
			}
			e := org.Edge{Seller: w.Organisations[0].ID, Buyer: o.ID, Period: days()}
			e.ID = org.EdgeID(e.Seller, e.Buyer, e.Start)
			e.Terms = org.Terms{Book: draw("book"), Currency: money.Currency(draw("currency")), PaymentDays: rapid.Int().Draw(t, "days"),
				Series: draw("series"), Grouping: org.Grouping(draw("grouping")), PurchaseOrder: draw("order"), BuyerReference: draw("reference"), ZeroDocuments: draw("zero"),
				CustomerNumber: draw("customer number"), Language: draw("language"), ZeroLines: org.ZeroLines(draw("zero lines")), Subtotals: org.Subtotals(draw("subtotals"))}
			for range rapid.IntRange(0, 2).Draw(t, "later terms") {
				later := org.DatedTerms{Since: period.Date(rapid.IntRange(1, 30000).Draw(t, "later since")), Terms: e.Terms}
				later.Terms.PaymentDays, later.Terms.PurchaseOrder = rapid.Int().Draw(t, "later days"), draw("later order")
				e.Later = append(e.Later, later)
			}
			w.Edges = append(w.Edges, e)
		}
		w.Rates = []org.Rate{{From: money.Currency(draw("from")), To: money.Currency(draw("to")), Month: 24315, Value: money.FromMinor(rapid.Int64().Draw(t, "rate"), 9),
			Source: draw("source"), Rule: draw("rule")}}
		if rapid.Bool().Draw(t, "taxed") {
			w.Taxes = []org.Tax{{Territory: draw("territory"), Category: draw("category"), Percent: money.FromMinor(rapid.Int64().Draw(t, "percent"), 2), Name: draw("tax"), Period: days()}}
		}
		printed := Print(w)
		got, err := Parse(printed)
		if err != nil && strings.Contains(err.Error(), "is missing") {
			t.Skip("a needed text is empty")
		}
		if err != nil {
			t.Fatalf("%v\n%s", err, printed)
		}
		if d := cmp.Diff(w, got, cmp.Comparer(money.Decimal.Equal)); d != "" {
			t.Fatalf("%s\n%s", d, printed)
		}
	})
}

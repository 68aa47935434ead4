package document

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// groupsOf is a worksheet of one group for each line, the last line first.
func groupsOf(v invoice.Invoice) func(func(invoice.Group) error) error {
	return func(yield func(invoice.Group) error) error {
		for i := range v.Lines {
			l := &v.Lines[i]
			g := invoice.Group{Line: l.Key, Span: l.Span, Sold: l.Exact, Resource: "=cmd()", Quantity: dec("-1.5"), Unit: "-1"}
			if err := yield(g); err != nil {
				return err
			}
		}
		return nil
	}
}

// TestDocumentsWithoutLayoutAreDrawnAsTheyWere: a document issued before snapshots named a layout prints the same bytes
// as then.
func TestDocumentsWithoutLayoutAreDrawnAsTheyWere(t *testing.T) {
	v := invoiceOf(60)
	v.Layout = 0
	var csv, js bytes.Buffer
	if err := JSON(&js, v); err != nil {
		t.Fatal(err)
	}
	if err := Detail(&csv, v, Separators{}, func(yield func(invoice.Group) error) error {
		return groupsOf(v)(func(g invoice.Group) error { g.Span = period.Period{}; return yield(g) })
	}); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		made []byte
		want string
	}{
		"PDF":  {pdf(t, v), "c17c58ae4295c7da2055faa42c072dcdda7069e5310a71ffac90a6d44a5a5ddb"},
		"JSON": {js.Bytes(), "d091919248afdf0a221ff4dc66b921b99b827f6c5f7a9fe591dbbfc413f30e07"},
		"CSV":  {csv.Bytes(), "5f7271cca85b7a8b6ae24f89474b87063d2844574899df3ce63c139d4a5e1180"},
	} {
		if got := fmt.Sprintf("%x", sha256.Sum256(c.made)); got != c.want {
			t.Errorf("%s: %s, was %s", name, got, c.want)
		}
	}
}

// printedText is the text of a PDF in reading order.
func printedText(t *testing.T, v invoice.Invoice) string {
	t.Helper()
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (poppler-utils) is not installed: what PDFs say was not checked")
	}
	path := filepath.Join(t.TempDir(), "f.pdf")
	if err := os.WriteFile(path, pdf(t, v), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(tool, "-layout", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// says checks that a text contains some texts, and not others.
func says(t *testing.T, text string, has, hasNot []string) {
	t.Helper()
	for _, s := range has {
		if !strings.Contains(text, s) {
			t.Errorf("does not say %q:\n%s", s, text)
		}
	}
	for _, s := range hasNot {
		if strings.Contains(text, s) {
			t.Errorf("says %q:\n%s", s, text)
		}
	}
}

// customers is a document of one customer: two subscriptions, one line of nothing and a reservation for a year.
func customers() invoice.Invoice {
	v := invoiceOf(4)
	v.BuyerKey, v.PurchaseOrder, v.CustomerNumber = "c1", "PO-4711", "K-100"
	v.From.Registration, v.From.Register, v.From.Directors = "HRB 4711", "Amtsgericht Hamburg", "A. Muster"
	v.Taxes[0].LineTax = invoice.LineTax{Category: "S", Percent: dec("19"), Name: "USt.", Place: "DE"}
	v.Taxes[0].Amount, v.Tax = dec("1.00"), dec("1.00")
	for i := range v.Lines {
		l := &v.Lines[i]
		l.Customer, l.CustomerName, l.Tax = "c1", "Acme", v.Taxes[0].LineTax
	}
	v.Lines[1].Subscription, v.Lines[1].SubscriptionOf = "e-2", "Test"
	v.Lines[2].Net, v.Lines[2].Exact, v.Lines[2].Residue, v.Lines[2].Description = money.Decimal{}, money.Decimal{}, money.Decimal{}, "Bandwidth"
	l := &v.Lines[3]
	l.Kind, l.Service, l.ChargeType, l.Mixed = invoice.ChargeLine, "Reserved VM", "changeBillingPlan", false
	l.ServicePeriod = period.Period{Start: period.NewDate(2026, 9, 15), End: period.NewDate(2027, 9, 15)}
	return v
}

func TestFirstPageAndSubtotals(t *testing.T) {
	text := printedText(t, customers())
	says(t, text, []string{
		"Total to pay", "4,938.66", "Due by", "2026-10-31", "VAT (USt.) 19 %", "PO-4711", "K-100", "HRB 4711, Amtsgericht Hamburg", "A. Muster",
		"Production", "Test", "Licences, reservations and other charges", "Subtotal", "Reserved VM, change of billing plan",
		"2026-09-15 – 2027-09-14", "2026-09-01 – 2026-09-30", "unit prices in the detail", "1 line of 0.00 is not shown",
	}, []string{"Bandwidth", "S 19 %"})
	if strings.Index(text, "Total to pay") > strings.Index(text, "Description") {
		t.Error("what is to be paid stands behind the lines")
	}
	shown := customers()
	shown.ZeroLines = "print"
	says(t, printedText(t, shown), []string{"Bandwidth"}, []string{"not shown"})

	nothing := customers()
	for i := range nothing.Lines {
		nothing.Lines[i].Net = money.Decimal{}
	}
	says(t, printedText(t, nothing), []string{"Bandwidth", "Reserved VM"}, []string{"not shown"})
}

// TestSeveralPricesPrintNoQuantity: a line of several prices prints no quantity and no price; the snapshot keeps
// quantity 1, as EN 16931 requires.
func TestSeveralPricesPrintNoQuantity(t *testing.T) {
	mixed, one := customers(), customers()
	mixed.Lines, one.Lines = mixed.Lines[:1], one.Lines[:1]
	one.Lines[0].Mixed, one.Lines[0].UnitPrice = false, dec("77.55")
	says(t, printedText(t, one), []string{"77.55"}, nil)
	p := &page{wording: wordingOf(""), v: mixed, places: 2}
	p.Fpdf = newPage()
	if d := p.breakLine(&mixed.Lines[0]); d.quantity != "" || d.price != "" {
		t.Errorf("prints %q × %q", d.quantity, d.price)
	}
	if d := p.breakLine(&one.Lines[0]); d.quantity != "1" || d.price != "77.55" {
		t.Errorf("prints %q × %q", d.quantity, d.price)
	}
}

// TestCreditNoteSaysWhy: a credit note prints its reason, and no due date.
func TestCreditNoteSaysWhy(t *testing.T) {
	v := customers()
	v.Kind, v.DueDate = invoice.KindCreditNote, 0
	v.Payable, v.Total = v.Payable.Neg(), v.Total.Neg()
	month := printedText(t, v)
	says(t, month, []string{"Credit note", "Credited to you", "4,938.66", "More was billed", "2026-09-01 – 2026-09-30"}, []string{"Due by", "Payable within", "IBAN"})
	v.Follows = []invoice.Preceding{{Number: "INV-2026-00009", Date: period.NewDate(2026, 10, 1)}, {Number: "INV-2026-00003", Date: period.NewDate(2026, 9, 9)}}
	says(t, printedText(t, v), []string{"Corrects", "INV-2026-00009 of 2026-10-01", "INV-2026-00009, INV-2026-00003"}, nil)
	v.Follows, v.Preceding, v.Notes = nil, &invoice.Preceding{Number: "INV-2026-00009", Date: period.NewDate(2026, 10, 1)}, []string{"wrong legal entity"}
	says(t, printedText(t, v), []string{"Takes back", "wrong legal entity"}, []string{"Due by"})
}

func TestGermanDocument(t *testing.T) {
	v := customers()
	v.Language = "de"
	says(t, printedText(t, v), []string{
		"Rechnung", "Zu zahlen", "4.938,66", "Fällig am", "31.10.2026", "USt. 19 %", "Ihre Bestellung", "Kundennummer", "Bulgarien", "Griechenland",
		"Reserved VM, Wechsel des Abrechnungsplans", "15.09.2026 – 14.09.2027", "1 Position über 0,00 ist nicht gedruckt", "Zwischensumme", "Seite 1 von 1", "0,8462",
	}, []string{"Invoice", "Total", "Subtotal", "Page", "2026-09"})
	reverse := invoiceOf(1)
	reverse.Language = "de"
	says(t, printedText(t, reverse), []string{"Steuerschuldnerschaft des Leistungsempfängers"}, []string{"Reverse charge"})
}

// TestSwissVATID: a Swiss VAT id has a label of its own; documents that were drafted earlier print the label of then.
func TestSwissVATID(t *testing.T) {
	v := customers()
	v.From.Country, v.From.VATID = "CH", "CHE-116.281.710 MWST"
	for language, label := range map[string]string{"de": "UID/MWST", "en": "VAT no."} {
		v.Language, v.Layout = language, invoice.SwissUID
		other := map[string]string{"de": "USt-IdNr.", "en": "VAT ID"}[language]
		says(t, printedText(t, v), []string{label + " CHE-116.281.710 MWST", other + " EL123456789"}, []string{other + " CHE"})
		v.Layout = invoice.SwissUID - 1
		says(t, printedText(t, v), []string{other + " CHE-116.281.710 MWST"}, []string{label})
	}
}

// TestLanguagesAreComplete: every language has every text with the same placeholders, and a word for every documented
// charge type and tax category.
func TestLanguagesAreComplete(t *testing.T) {
	en := wordingOf(english)
	if len(Languages()) < 2 {
		t.Fatalf("there are %v", Languages())
	}
	for _, code := range Languages() {
		w := wordingOf(code)
		for what, pair := range map[string][2]map[string]string{
			"texts": {en.Texts, w.Texts}, "categories": {en.Categories, w.Categories}, "reasons": {en.Reasons, w.Reasons}, "charges": {en.Charges, w.Charges},
		} {
			if a, b := slices.Sorted(maps.Keys(pair[0])), slices.Sorted(maps.Keys(pair[1])); !slices.Equal(a, b) {
				t.Errorf("%s, %s: %v, English has %v", code, what, b, a)
			}
			for key, text := range pair[1] {
				if text == "" || !slices.Equal(braces(text), braces(pair[0][key])) {
					t.Errorf("%s, %s: %s is %q, in English %q", code, what, key, text, pair[0][key])
				}
			}
		}
		if w.Decimal == "" || w.Thousands == "" || w.Date == "" || len(w.CSVSeparator) != 1 {
			t.Errorf("%s does not say how numbers and dates are written", code)
		}
	}
	for _, kind := range charge.Types() {
		if en.Charges[kind] != charge.Word(kind) {
			t.Errorf("charge type %s is %q here and %q on the line", kind, en.Charges[kind], charge.Word(kind))
		}
	}
	if len(en.Charges) != len(charge.Types()) {
		t.Errorf("%d charge types have words, %d are documented", len(en.Charges), len(charge.Types()))
	}
	if got := en.charge("Cycle fee"); got != "instalment" {
		t.Errorf("an older charge type is %q", got)
	}
	if got := en.charge("somethingNew"); got != "somethingNew" {
		t.Errorf("a charge type that is not documented is %q", got)
	}
	if err := checkLanguage("de"); err != nil {
		t.Error(err)
	}
	if err := checkLanguage("xx"); fault.KindOf(err) != fault.Invalid {
		t.Errorf("an unknown language: %v", err)
	}
}

func braces(s string) (list []string) {
	for _, part := range strings.Split(s, "{")[1:] {
		name, _, _ := strings.Cut(part, "}")
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}

func TestJSONHasTheServicePeriod(t *testing.T) {
	v := customers()
	v.Language = "de"
	var b bytes.Buffer
	if err := JSON(&b, v); err != nil {
		t.Fatal(err)
	}
	var got struct {
		Language string `json:"language"`
		Lines    []struct {
			Description string        `json:"description"`
			Period      period.Period `json:"period"`
			Mixed       bool          `json:"mixed"`
			Quantity    money.Decimal `json:"quantity"`
		} `json:"lines"`
	}
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if got.Language != "de" || got.Lines[3].Period != v.Lines[3].ServicePeriod || got.Lines[0].Period != v.Lines[0].Span {
		t.Errorf("%+v", got)
	}
	if got.Lines[3].Description != "Reserved VM, Wechsel des Abrechnungsplans" || !got.Lines[0].Mixed || got.Lines[0].Quantity.String() != "1" {
		t.Errorf("%+v", got)
	}
}

func TestDetailForSpreadsheets(t *testing.T) {
	v := customers()
	v.Lines[0].CustomerName, v.Lines[1].CustomerName = "=cmd()", "Acme; Sons"
	write := func(how Separators) string {
		var b bytes.Buffer
		if err := Detail(&b, v, how, groupsOf(v)); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	records := func(text string, comma rune) [][]string {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma = comma
		all, err := r.ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	plain := records(write(Separators{}), ',')
	at := func(name string) int { return slices.Index(plain[0], name) }
	if r := plain[1]; r[at("customer_name")] != "'=cmd()" || r[at("unit")] != "-1" || r[at("quantity")] != "-1.5" || r[at("resource")] != "'=cmd()" ||
		r[at("first_day")] != "2026-09-01" || r[at("last_day")] != "2026-09-30" || r[at("amount")] != "1234.56" || r[at("exact_amount")] != "1234.559" {
		t.Errorf("%q", r)
	}
	if r := plain[7]; r[at("line")] != "4" || r[at("first_day")] != "2026-09-15" || r[at("last_day")] != "2027-09-14" {
		t.Errorf("%q", r)
	}
	v.Language = "de"
	text := write(Separators{Language: "document", BOM: true})
	if !strings.HasPrefix(text, "\uFEFFline;record;") {
		t.Errorf("begins with %q", text[:20])
	}
	german := records(text, ';')
	if r := german[3]; r[at("customer_name")] != "Acme; Sons" || r[at("amount")] != "1234,63" || r[at("exact_amount")] != "1234,629" || r[at("quantity")] != "-1,5" {
		t.Errorf("%q", r)
	}
	if err := Detail(&bytes.Buffer{}, v, Separators{Language: "xx"}, groupsOf(v)); fault.KindOf(err) != fault.Invalid {
		t.Errorf("separators of an unknown language: %v", err)
	}
}

// TestLogo prints logos of both kinds; a logo that cannot be printed is refused when it is set.
func TestLogo(t *testing.T) {
	picture := image.NewGray(image.Rect(0, 0, 60, 20))
	var p, j, moving bytes.Buffer
	if err := png.Encode(&p, picture); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&j, picture, nil); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&moving, picture, nil); err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString
	without := len(pdf(t, invoiceOf(1)))
	for name, logo := range map[string]string{"PNG": text(p.Bytes()), "JPEG": text(j.Bytes())} {
		v := invoiceOf(1)
		v.From.Logo = logo
		if err := CheckLogo(logo); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if !bytes.Contains(pdf(t, v), []byte("/Subtype /Image")) {
			t.Errorf("%s is not in the PDF of %d bytes, without %d", name, len(pdf(t, v)), without)
		}
	}
	for name, logo := range map[string]string{
		"no base64": "%%%", "a text": text([]byte("hello")), "cut off": text(p.Bytes()[:50]), "GIF": text(moving.Bytes()),
	} {
		if err := CheckLogo(logo); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

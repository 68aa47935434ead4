package document

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

func dec(s string) money.Decimal { return money.MustParse(s) }

// invoiceOf is an issued document of n lines over two customers, one Greek and one Bulgarian.
func invoiceOf(n int) invoice.Invoice {
	september := period.NewDate(2026, 9, 1).Month()
	v := invoice.Invoice{
		Layout: 2, ID: "inv_1", Kind: invoice.KindInvoice, State: invoice.Issued, Number: "WS-2026-00042", Period: september, Currency: "EUR",
		IssueDate: period.NewDate(2026, 10, 1), DueDate: period.NewDate(2026, 10, 31), TaxPoint: period.NewDate(2026, 9, 30), PaymentDays: 30,
		From:     org.LegalEntity{Name: "България Облак ООД", Street: "ул. Шипка 3", City: "София", Country: "BG", VATID: "BG123456789", IBAN: "BG80BNBG96611020345678"},
		To:       org.LegalEntity{Name: "Αθήνα Λογισμικό Α.Ε.", Street: "Πανεπιστημίου 10", City: "Αθήνα", Country: "GR", VATID: "EL123456789"},
		Exchange: []invoice.Exchange{{From: "USD", To: "EUR", Rate: dec("0.8462"), Date: "2026-09-01", Source: "printed by the provider"}},
	}
	reverse := invoice.LineTax{Category: "AE", Name: "VAT", Code: "VATEX-EU-AE", Reason: "Reverse charge", Place: "GR"}
	for i := range n {
		customer := []string{"Αιγαίο Ναυτιλία", "Родопи Храни"}[i*2/n]
		net := money.FromMinor(int64(123456+i*7), 2)
		v.Net = v.Net.Add(net)
		v.Lines = append(v.Lines, invoice.Line{
			Number: i + 1, Key: fmt.Sprint("k", i), Kind: invoice.UsageLine, Customer: customer, CustomerName: customer, Subscription: "e-1", SubscriptionOf: "Production",
			Description: "Virtual Machines", Span: september.Period(), Quantity: money.FromInt(1), UnitCode: "C62", UnitPrice: net, Mixed: true,
			Exact: net.Sub(dec("0.001")), Net: net, Residue: dec("0.001"), Tax: reverse, Cost: money.Totals{"EUR": dec("987654.321")},
		})
	}
	v.Total, v.Payable = v.Net, v.Net
	v.Taxes = []invoice.TaxTotal{{LineTax: reverse, Taxable: v.Net}}
	return v
}

func pdf(t testing.TB, v invoice.Invoice) []byte {
	var b bytes.Buffer
	if err := PDF(&b, v); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// TestPDFPrintsAnything prints names and tags with any characters, long notes, and quantities and prices with many
// digits: nothing fails, leaves the page or overlaps.
func TestPDFPrintsAnything(t *testing.T) {
	v := invoiceOf(6)
	v.From.Name, v.To.Name = "Sky 🚀 GmbH", "\U00010000"
	v.Lines[0].Description, v.Lines[1].Description = "team 🚀", strings.Repeat("a-name-without-any-blank", 20)
	v.Lines[2].Description, v.Lines[2].SubscriptionOf = "two\nlines\tand a tab", "sub 🚀"
	v.Lines[3].Mixed, v.Lines[3].Quantity, v.Lines[3].UnitPrice = false, dec("123456.123456789012345678"), dec("0.000000123456789012")
	v.Lines[4].Net = dec("12345678901234.56")
	v.Notes = []string{strings.Repeat("A long reason 🚀. ", 500) + "The end."}
	drawn := pdf(t, v)
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (poppler-utils) is not installed: what PDFs say was not checked")
	}
	path := filepath.Join(t.TempDir(), "f.pdf")
	if err := os.WriteFile(path, drawn, 0o600); err != nil {
		t.Fatal(err)
	}
	// Text outside the page is not in the text of the page's area.
	out, err := exec.Command(tool, "-layout", "-r", "72", "-x", "0", "-y", "0", "-W", "595", "-H", "842", path, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"team", "two lines and a tab", "The end.", "quantity: 123,456.123456789012345678", "unit price: 0.000000123456789012", "12,345,678,901,234.56"} {
		if !strings.Contains(string(out), s) {
			t.Errorf("does not say %q:\n%s", s, out)
		}
	}
}

// TestPDFIsDeterministic draws a document several times, also concurrently, and expects the same bytes.
func TestPDFIsDeterministic(t *testing.T) {
	want := pdf(t, invoiceOf(60))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if !bytes.Equal(pdf(t, invoiceOf(60)), want) {
				t.Error("the same document became other bytes")
			}
		})
	}
	wg.Wait()
}

func TestPDFSays(t *testing.T) {
	tool, err := exec.LookPath("pdftotext")
	if err != nil {
		t.Skip("pdftotext (poppler-utils) is not installed: what PDFs say was not checked")
	}
	note := invoiceOf(2)
	note.Kind, note.Number, note.Preceding = invoice.KindCreditNote, "WS-CN-2026-00001", &invoice.Preceding{Number: "WS-2026-00042", Date: period.NewDate(2026, 10, 1)}
	draft := invoiceOf(1)
	draft.State, draft.Number = invoice.Draft, ""
	for name, c := range map[string]struct {
		v    invoice.Invoice
		says []string
	}{
		"several pages": {invoiceOf(60), []string{"Invoice", "WS-2026-00042", "България Облак ООД", "Αθήνα Λογισμικό", "BG123456789", "EL123456789", "1,234.56", "Reverse charge",
			"BG80 BNBG 9661 1020 3456 78", "Родопи Храни", "2026-10-31", "1 USD = 0.8462 EUR", "Page 3 of 3", "74,197.50"}},
		"credit note": {note, []string{"Credit note", "WS-CN-2026-00001", "Takes back", "credited to you"}},
		"draft":       {draft, []string{"Draft of invoice"}},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "f.pdf")
			if err := os.WriteFile(path, pdf(t, c.v), 0o600); err != nil {
				t.Fatal(err)
			}
			out, err := exec.Command(tool, "-layout", path, "-").Output()
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range c.says {
				if !strings.Contains(string(out), s) {
					t.Errorf("does not say %q:\n%s", s, out)
				}
			}
			if strings.Contains(string(out), "987") {
				t.Error("the seller's cost is on the page")
			}
		})
	}
}

// TestDetailAddsUp: each line's detail adds up to its net, whatever was billed before, and contains no amount of the
// seller.
func TestDetailAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := invoiceOf(rapid.IntRange(1, 5).Draw(t, "lines"))
		var groups []invoice.Group
		for i := range v.Lines {
			l := &v.Lines[i]
			l.Exact = money.Decimal{}
			for range rapid.IntRange(0, 4).Draw(t, "groups") {
				g := invoice.Group{Line: l.Key, Sold: money.FromMinor(rapid.Int64Range(-1e15, 1e15).Draw(t, "sold"), 14), Resource: "=cmd()",
					Bought: money.Of(dec("777.77"), "EUR"), Base: money.Of(dec("777.77"), "EUR"), Rate: pricing.Rate{Rule: "secret-rule"},
					Provider: invoice.Provider{Cost: money.Of(dec("777.77"), "EUR"), UnitPrice: "777.77"}}
				l.Exact = l.Exact.Add(g.Sold)
				groups = append(groups, g)
			}
			l.Billed = money.FromMinor(rapid.Int64Range(-1000, 1000).Draw(t, "billed"), 2)
			l.Net = l.Exact.Round(2).Sub(l.Billed)
			l.Residue = l.Exact.Round(2).Sub(l.Exact)
		}
		var b bytes.Buffer
		err := Detail(&b, v, Separators{}, func(yield func(invoice.Group) error) error {
			for _, g := range groups {
				if err := yield(g); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if s := b.String(); strings.Contains(s, "777.77") || strings.Contains(s, "secret") || strings.Contains(s, ",=cmd") {
			t.Fatalf("the buyer must not get this:\n%s", s)
		}
		records, err := csv.NewReader(&b).ReadAll()
		if err != nil {
			t.Fatal(err)
		}
		exact, rounded, before := map[string]money.Decimal{}, map[string]money.Decimal{}, 0
		for _, r := range records[1:] {
			exact[r[0]], rounded[r[0]] = exact[r[0]].Add(dec(r[22])), rounded[r[0]].Add(dec(r[21]))
			if n, _ := strconv.Atoi(r[0]); n < before {
				t.Fatalf("line %d stands after line %d", n, before)
			} else {
				before = n
			}
		}
		for _, l := range v.Lines {
			if n := fmt.Sprint(l.Number); !exact[n].Equal(l.Net) || !rounded[n].Equal(l.Net) {
				t.Fatalf("line %d: detail %s, rounded %s, net %s", l.Number, exact[n], rounded[n], l.Net)
			}
		}
	})
}

func TestBuyersJSONIsAWhitelist(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, invoiceOf(3)); err != nil {
		t.Fatal(err)
	}
	for _, private := range []string{"987654", "cost", "worksheet", "pins", "seller_path", "residue"} {
		if strings.Contains(b.String(), private) {
			t.Errorf("%q is in what the buyer gets", private)
		}
	}
	if !strings.Contains(b.String(), `"net": "1234.56"`) {
		t.Error("amounts must be text with the decimals of the currency")
	}
}

func BenchmarkPDF(b *testing.B) {
	for _, n := range []int{40, 900} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			v := invoiceOf(n)
			for b.Loop() {
				pdf(b, v)
			}
		})
	}
}

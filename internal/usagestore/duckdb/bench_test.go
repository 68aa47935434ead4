package duckdb

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

func benchHash(kind byte, n uint32) (h usage.Hash) {
	s := sha256.Sum256(binary.LittleEndian.AppendUint32([]byte{kind}, n))
	copy(h[:], s[:])
	return h
}

func benchEntry(r *rand.Rand, n uint32) usage.EntryRecord {
	e := usage.EntryRecord{Number: n, Hash: benchHash('e', n)}
	guid := func(k string, i int) string {
		s := sha256.Sum256([]byte(k + strconv.Itoa(i)))
		return fmt.Sprintf("%x-%x-%x-%x-%x", s[:4], s[4:6], s[6:8], s[8:10], s[10:16])
	}
	cust, meter, loc := r.Intn(200), r.Intn(2000), r.Intn(10)
	sub := cust*5 + r.Intn(5)
	v := &e.Value
	v[usage.PartnerID], v[usage.PartnerName] = guid("p", 1), "Contoso Distribution"
	v[usage.CustomerID], v[usage.CustomerName] = guid("c", cust), fmt.Sprintf("Customer %03d Ltd", cust)
	v[usage.CustomerDomainName], v[usage.CustomerCountry] = fmt.Sprintf("customer%03d.example.com", cust), "DE"
	v[usage.MPNID], v[usage.ResellerMPNID] = "1234567", strconv.Itoa(2000000+cust%10)
	v[usage.InvoiceNumber] = "G012345678"
	v[usage.ProductID], v[usage.SkuID] = fmt.Sprintf("DZH318Z0BQ%02d", meter%40), fmt.Sprintf("%04d", meter%300)
	v[usage.SkuName], v[usage.ProductName] = fmt.Sprintf("Sku name %d", meter), fmt.Sprintf("Product name %d", meter%40)
	v[usage.PublisherName], v[usage.SubscriptionDescription] = "Microsoft", "Azure plan"
	v[usage.SubscriptionID] = guid("azp", cust)
	v[usage.ChargeStartDate], v[usage.ChargeEndDate] = "2026-09-01", "2026-09-30"
	v[usage.MeterType], v[usage.MeterCategory] = "1 Hour", fmt.Sprintf("Category %d", meter%50)
	v[usage.MeterID], v[usage.MeterName] = guid("m", meter), fmt.Sprintf("Meter name %d v3 Standard", meter)
	v[usage.MeterSubCategory], v[usage.MeterRegion] = fmt.Sprintf("Sub %d", meter%200), fmt.Sprintf("EU West %d", loc)
	v[usage.Unit], v[usage.ResourceLocation] = "1 Hour", fmt.Sprintf("region%d", loc)
	v[usage.ConsumedService] = fmt.Sprintf("Microsoft.Compute%d", meter%20)
	v[usage.ResourceGroup] = fmt.Sprintf("rg-%d-%d", sub, r.Intn(20))
	v[usage.ResourceURI] = fmt.Sprintf("/subscriptions/%s/resourceGroups/%s/providers/Microsoft.Compute/virtualMachines/vm-%07x", guid("s", sub), v[usage.ResourceGroup], r.Intn(1<<28))
	v[usage.ChargeType], v[usage.UnitType] = "new", "1 Hour"
	v[usage.BillingCurrency], v[usage.PricingCurrency] = "EUR", "USD"
	v[usage.AdditionalInfo] = fmt.Sprintf(`{"ServiceType":"Standard_D%ds_v3","VMName":"vm-%07x"}`, meter%16, r.Intn(1<<28))
	v[usage.EntitlementID], v[usage.EntitlementDescription] = guid("s", sub), fmt.Sprintf("Subscription %d", sub)
	return e
}

// month is the dictionaries and rows of a month: as many rows for each entry, day after day.
func month(entries, rowsPerEntry int) (dictionary, facts []*usage.Block) {
	r := rand.New(rand.NewSource(1))
	b := &usage.Block{}
	for i := range 2000 {
		b.Variants = append(b.Variants, usage.VariantRecord{Number: uint32(i + 1), Hash: benchHash('v', uint32(i)),
			Value: usage.Variant{UnitPrice: "0.12", ExchangeRate: "0.9"}})
	}
	sets := entries/3 + 1
	for i := range sets {
		owner := fmt.Sprintf("person%d@example.com", i)
		b.TagSets = append(b.TagSets, usage.TagSetRecord{Number: uint32(i + 1), Hash: benchHash('t', uint32(i)),
			Text: `{"owner":"` + owner + `"}`, Pairs: []usage.TagPair{{Key: "owner", Value: owner}}})
	}
	for i := range entries {
		if b.Entries = append(b.Entries, benchEntry(r, uint32(i+1))); len(b.Entries) == 4096 {
			dictionary, b = append(dictionary, b), &usage.Block{}
		}
	}
	dictionary, b = append(dictionary, b), &usage.Block{}
	amount := func(whole int) money.Fixed { // 15 decimals, as printed doubles have
		f, _ := money.ParseFixed(fmt.Appendf(nil, "%d.%015d", whole, r.Int63n(1_000_000_000_000_000)))
		return f
	}
	for i := range entries * rowsPerEntry {
		e := uint32(i%entries + 1)
		b.Facts = append(b.Facts, usage.Fact{Batch: 1, Entry: e, TagSet: e%uint32(sets) + 1, Variant: e%2000 + 1,
			Day: firstDay.AddDays(i / entries % 30), File: 1, Line: uint32(i + 2), Quantity: amount(r.Intn(30)),
			EffectiveUnitPrice: amount(0), Cost: amount(r.Intn(20)), Pricing: amount(r.Intn(20))})
		if len(b.Facts) == 8192 {
			facts, b = append(facts, b), &usage.Block{}
		}
	}
	return dictionary, append(facts, b)
}

var firstDay = period.NewDate(2026, 9, 1)

func fill(tb testing.TB, s *Store, load uint32, blocks ...[]*usage.Block) {
	tb.Helper()
	w, err := s.Begin(tb.Context(), load)
	if err != nil {
		tb.Fatal(err)
	}
	for _, list := range blocks {
		for _, b := range list {
			if err := w.Append(tb.Context(), b); err != nil {
				tb.Fatal(err)
			}
		}
	}
	if err := w.Close(tb.Context()); err != nil {
		tb.Fatal(err)
	}
}

func countSums(tb testing.TB, s *Store) (groups int) {
	tb.Helper()
	q := usage.Query{Batches: []usage.BatchRef{{Load: 1, Batch: 1}}}
	err := s.Sums(tb.Context(), scope.All(), q, func(usage.Sum) error { groups++; return nil })
	if err != nil {
		tb.Fatal(err, errors.Unwrap(err))
	}
	return groups
}

func openBench(tb testing.TB, opts Options) (*Store, string) {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "usage.duckdb")
	s, err := Open(path, opts)
	if err != nil {
		tb.Fatal(err)
	}
	return s, path
}

// BenchmarkLoad loads a month of 1,000,000 rows, 30 an entry, and reports rows a second and stored bytes a row.
func BenchmarkLoad(b *testing.B) {
	dictionary, facts := month(33_333, 30)
	rows, stored := 33_333*30, int64(0)
	for b.Loop() {
		s, path := openBench(b, Options{Threads: 1})
		fill(b, s, 1, dictionary, facts)
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			b.Fatal(err)
		}
		stored = info.Size()
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
	b.ReportMetric(float64(stored)/float64(rows), "B/row")
}

// BenchmarkSums sums the same month per entry, tag set and variant.
func BenchmarkSums(b *testing.B) {
	s, _ := openBench(b, Options{})
	defer s.Close()
	dictionary, facts := month(33_333, 30)
	fill(b, s, 1, dictionary, facts)
	for b.Loop() {
		if n := countSums(b, s); n != 33_333 {
			b.Fatalf("%d groups", n)
		}
	}
}

// TestSmallMemory has as many groups as rows, and more of them than fit the memory limit: DuckDB spills, and what it
// spilled is gone afterwards.
func TestSmallMemory(t *testing.T) {
	s, path := openBench(t, Options{MemoryLimit: "52MB", Threads: 1})
	dictionary, facts := month(150_000, 1)
	fill(t, s, 1, dictionary, facts)
	spilled, groups := 0, 0
	q := usage.Query{Batches: []usage.BatchRef{{Load: 1, Batch: 1}}}
	err := s.Sums(t.Context(), scope.All(), q, func(usage.Sum) error {
		if groups++; groups == 1 {
			files, _ := os.ReadDir(path + ".tmp")
			spilled = len(files)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err, errors.Unwrap(err))
	}
	if groups != 150_000 || spilled == 0 {
		t.Errorf("%d groups, %d spilled files", groups, spilled)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if left, _ := os.ReadDir(path + ".tmp"); len(left) > 0 {
		t.Errorf("%d spilled files are left", len(left))
	}
}

// TestStoredBytes holds the store to its share: 70 bytes a row at 30 rows an entry, dictionaries included.
func TestStoredBytes(t *testing.T) {
	s, path := openBench(t, Options{})
	dictionary, facts := month(15_000, 30)
	fill(t, s, 1, dictionary, facts)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	each := float64(info.Size()) / (15_000 * 30)
	t.Logf("%.1f bytes a row", each)
	if each > 70 {
		t.Errorf("%.1f bytes a row", each)
	}
}

package world

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

var update = flag.Bool("update", false, "write the golden files anew")

// people stands in for package sample.
func people() People {
	countries := []string{"DE", "CH", "GB", "NL", "GR", "BG", "FR", "SE", "US", "PL", "NO"}
	return People{
		Partner:      "5f1a1f6e-0000-4000-8000-000000000000",
		ResellerMPN:  func(n int) string { return fmt.Sprint(4649220 + n) },
		Tenant:       func(n int) string { return fmt.Sprintf("7e4a0c11-0000-4000-8000-%012d", n) },
		Domain:       func(n int) string { return fmt.Sprintf("customer%d.example", n) },
		Country:      func(n int) string { return countries[n%len(countries)] },
		CustomerName: func(n int) string { return fmt.Sprintf("Customer %d: Sons & Daughters", n) },
		Entitlements: func(n int) []string { return []string{fmt.Sprintf("e0000000-0000-4000-8000-%012d", n)} },
	}
}

func TestInitGolden(t *testing.T) {
	worldYAML, bookYAML, err := Init(5, Options{People: people()})
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"testdata/world.yaml": worldYAML, "testdata/book.yaml": bookYAML} {
		if *update {
			if err := os.WriteFile(name, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%s is not what Init writes; read the difference and run go test -update", name)
		}
	}
}

func TestInitHolds(t *testing.T) {
	for _, tc := range []struct {
		name      string
		customers int
		options   Options
		edges     [4]int // how many customers have a chain of so many edges
	}{
		{"one customer", 1, Options{}, [4]int{0, 0, 0, 1}},
		{"mixed", 30, Options{}, [4]int{0, 3, 6, 21}},
		{"three for all", 30, Options{Edges: 3}, [4]int{0, 0, 0, 30}},
		{"two for all", 11, Options{Edges: 2}, [4]int{0, 0, 11, 0}},
		{"one for all", 11, Options{Edges: 1}, [4]int{0, 11, 0, 0}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			tc.options.People = people()
			worldYAML, bookYAML, err := Init(tc.customers, tc.options)
			if err != nil {
				t.Fatal(err)
			}
			w, err := Parse(worldYAML)
			if err != nil {
				t.Fatal(err)
			}
			if err := org.Validate(w); err != nil {
				t.Fatal(err)
			}
			books, err := ParseBooks(bookYAML)
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range books {
				if err := pricing.Validate(b); err != nil {
					t.Error(err)
				}
			}
			if got := chains(t, w, books); got != tc.edges {
				t.Errorf("chains of 0, 1, 2, 3 edges: %v, want %v", got, tc.edges)
			}
		})
	}
	for _, bad := range []struct {
		customers int
		options   Options
	}{{0, Options{}}, {maxCustomers + 1, Options{}}, {1, Options{Edges: 4}}} {
		if _, _, err := Init(bad.customers, bad.options); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%+v: %v", bad, err)
		}
	}
}

// chains counts the customers by the length of their chain, and sees that every edge has a book with a price for
// everything, and every currency a rate.
func chains(t *testing.T, w org.World, books []pricing.Book) (lengths [4]int) {
	x := w.Index()
	on := period.NewDate(2026, 9, 15)
	by := map[string]*pricing.Compiled{}
	for _, b := range books {
		by[b.Owner+"/"+b.Key] = pricing.Compile(b)
	}
	for _, o := range w.Organisations {
		if o.Kind != org.Customer {
			continue
		}
		chain := x.Chain(o.ID, on)
		lengths[len(chain)]++
		for _, e := range chain {
			name := x.Organisation(e.Seller).Key + "/" + e.Terms.Book
			if by[name] == nil {
				t.Fatalf("there is no book %s", name)
			}
			if _, ok := by[name].RateFor(pricing.Key{Family: "perpetual"}, on); !ok {
				t.Errorf("book %s leaves something without a price", name)
			}
			if c := e.Terms.Currency; c != "EUR" && x.Rate("EUR", c, on.Month()) == nil {
				t.Errorf("there is no rate from EUR to %s", c)
			}
		}
	}
	return lengths
}

func TestInitDependsOnTheOrdinalAlone(t *testing.T) {
	few, _, err := Init(5, Options{People: people()})
	if err != nil {
		t.Fatal(err)
	}
	many, _, err := Init(50, Options{People: people()})
	if err != nil {
		t.Fatal(err)
	}
	const rates = "\n# Exchange rates"
	if start := string(few[:strings.Index(string(few), rates)]); !strings.HasPrefix(string(many), start) {
		t.Error("the first five of fifty customers are not the five of five")
	}
}

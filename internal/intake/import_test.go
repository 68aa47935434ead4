package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

const header = "PartnerId,CustomerId,InvoiceNumber,ProductId,SkuId,SubscriptionId,UsageDate,MeterId,UnitPrice,Quantity,BillingPreTaxTotal,BillingCurrency,PricingPreTaxTotal,PricingCurrency,PCToBCExchangeRate,EntitlementId"

// line is a row of an entitlement on a day of September 2026, for cents of one euro a unit.
func line(invoice string, entitlement, day, cents int) string {
	amount := money.FromMinor(int64(cents), 2)
	return fmt.Sprintf("p-1,t-1,%s,DZH1,0001,plan-1,9/%d/2026,m-%d,1,%s,%s,EUR,%s,EUR,1,e-%d", invoice, day, cents%3, amount, amount, amount, entitlement)
}

func text(lines ...string) []byte { return []byte(header + "\n" + strings.Join(lines, "\n") + "\n") }

func (n installation) mustImport(t *testing.T, req intake.Request, files ...[]byte) usage.Load {
	t.Helper()
	load, err := n.try(t, req, files...)
	if err != nil {
		t.Fatal(err)
	}
	addsUp(t, load)
	return load
}

// addsUp checks that every row went somewhere, in every file and in all, and that what was skipped was said.
func addsUp(t rapid.TB, load usage.Load) {
	t.Helper()
	var sum usage.Counts
	said := int64(0)
	for _, f := range load.Files {
		if c := f.Rows; c.In != c.Sealed+c.Skipped+c.Quarantined+c.Refused || min(c.In, c.Sealed, c.Skipped, c.Quarantined, c.Refused) < 0 {
			t.Fatalf("rows of %s do not add up: %+v", f.Name, c)
		}
		sum = sum.Add(f.Rows)
	}
	for _, p := range load.Problems {
		switch p.Code {
		case "known_rows", "old_download", "billed_is_complete", "repeated_file", "repeated_rows", "written_off":
			said += p.Rows
		}
	}
	if sum != load.Rows || said != load.Rows.Skipped {
		t.Fatalf("the load counts %+v, its files %+v, and %d rows were said to be skipped", load.Rows, sum, said)
	}
}

func (n installation) try(t *testing.T, req intake.Request, files ...[]byte) (usage.Load, error) {
	for i, f := range files {
		req.Sources = append(req.Sources, source(fmt.Sprintf("file-%d", i), f))
	}
	return n.Import(operator(t), req)
}

func (n installation) expect(t *testing.T, cost string, rows int64) {
	t.Helper()
	ledger, summed, count := n.sealed(t)
	if !summed.Equal(money.MustParse(cost)) || count != rows {
		t.Errorf("%s in %d rows count (ledger %s), want %s in %d", summed, count, ledger, cost, rows)
	}
}

func TestOverlap(t *testing.T) {
	a, b, c := line("G1", 1, 1, 100), line("G1", 1, 2, 200), line("G1", 2, 1, 400)
	u := func(entitlement, day, cents int) string { return line("", entitlement, day, cents) }
	t.Run("the same rows again, renamed and split differently", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(a, b, c))
		if l := v.mustImport(t, intake.Request{}, text(c), text(b, a)); l.Rows.Skipped != 3 || l.Rows.Sealed != 0 {
			t.Errorf("%+v", l.Rows)
		}
		v.expect(t, "7", 3)
	})
	t.Run("further days are added", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(a))
		v.mustImport(t, intake.Request{}, text(a, b))
		v.expect(t, "3", 2)
	})
	t.Run("other billed rows of one cell are refused, added or supersede", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(a, c))
		other := text(line("G1", 1, 1, 50))
		if _, err := v.try(t, intake.Request{}, other); fault.KindOf(err) != fault.Conflict {
			t.Fatalf("imported: %v", err)
		}
		v.expect(t, "5", 2)
		v.mustImport(t, intake.Request{Add: true}, other)
		v.expect(t, "5.5", 3)
		for name, again := range map[string][]byte{"the first": text(a), "the added": other, "both": text(a, line("G1", 1, 1, 50))} {
			if l := v.mustImport(t, intake.Request{Add: true}, again); l.Rows.Sealed != 0 {
				t.Errorf("%s once more: %+v", name, l.Rows)
			}
		}
		v.expect(t, "5.5", 3)
		v.mustImport(t, intake.Request{Supersede: true}, text(line("G1", 1, 1, 75)))
		v.expect(t, "4.75", 2)
	})
	t.Run("a part of what is sealed is recognised", func(t *testing.T) {
		v := open(t)
		a2 := line("G1", 1, 1, 101)
		v.mustImport(t, intake.Request{}, text(a, a2, a, b))
		for name, part := range map[string][]byte{"one row": text(a2), "twice the same": text(a, a), "half": text(a, a2)} {
			if l := v.mustImport(t, intake.Request{}, part); l.Rows.Sealed != 0 {
				t.Errorf("%s: %+v", name, l.Rows)
			}
		}
		if _, err := v.try(t, intake.Request{}, text(a, a, a)); fault.CodeOf(err) != "rows_differ" {
			t.Errorf("a third time the same row: %v", err)
		}
		v.expect(t, "5.01", 4)
	})
	t.Run("parts of a download that was cut inside a day", func(t *testing.T) {
		v := open(t)
		a2 := line("G1", 1, 1, 101)
		v.mustImport(t, intake.Request{}, text(a, b))
		if _, err := v.try(t, intake.Request{}, text(a, a2)); fault.CodeOf(err) != "rows_differ" {
			t.Fatalf("a part that goes on: %v", err)
		}
		if l := v.mustImport(t, intake.Request{Add: true}, text(a, a2)); l.Rows.Sealed != 1 || l.Rows.Skipped != 1 {
			t.Errorf("added: %+v", l.Rows)
		}
		v.expect(t, "4.01", 3)
	})
	t.Run("a file named twice in one command", func(t *testing.T) {
		v := open(t)
		if l := v.mustImport(t, intake.Request{}, text(a, b), text(a, b), jsonText(t, b, a), text(c)); l.Rows.Sealed != 3 || l.Rows.Skipped != 4 {
			t.Errorf("%+v", l.Rows)
		}
		v.expect(t, "7", 3)
	})
	t.Run("another invoice always adds", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(a))
		v.mustImport(t, intake.Request{}, text(line("G2", 1, 1, 101)))
		v.expect(t, "2.01", 2)
	})
	t.Run("newer unbilled rows replace what they contain", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(u(1, 1, 100), u(1, 2, 200)))
		v.mustImport(t, intake.Request{}, text(u(1, 1, 100), u(1, 2, 250), u(1, 3, 10)))
		v.expect(t, "3.6", 3)
	})
	t.Run("an older unbilled download does not come back", func(t *testing.T) {
		v := open(t)
		older, newer := text(u(1, 1, 100), u(1, 2, 200)), text(u(1, 1, 110), u(1, 2, 200), u(1, 3, 10))
		v.mustImport(t, intake.Request{}, older)
		v.mustImport(t, intake.Request{}, newer)
		if l := v.mustImport(t, intake.Request{}, older); l.Rows.Skipped != 2 {
			t.Errorf("%+v", l.Rows)
		}
		v.expect(t, "3.2", 3)
		v.mustImport(t, intake.Request{Supersede: true}, older)
		v.expect(t, "3.1", 3)
	})
	t.Run("billed replaces unbilled when it is complete", func(t *testing.T) {
		v := open(t)
		v.mustImport(t, intake.Request{}, text(u(1, 1, 90), u(9, 9, 5)))
		v.mustImport(t, intake.Request{Complete: true}, text(a, b))
		v.expect(t, "3", 2)
		if l := v.mustImport(t, intake.Request{}, text(u(1, 5, 33))); l.Rows.Skipped != 1 {
			t.Errorf("unbilled rows of a complete month: %+v", l.Rows)
		}
	})
}

// A line can be read again as it was printed.
func TestArchive(t *testing.T) {
	v := open(t)
	a, b := line("G1", 1, 1, 100), line("G1", 1, 2, 200)
	load := v.mustImport(t, intake.Request{}, text(a, b))
	if got, err := v.files.Line(load.Files[0].Archive, 3, 1); err != nil || got != b {
		t.Errorf("%q, %v; want %q", got, err, b)
	}
}

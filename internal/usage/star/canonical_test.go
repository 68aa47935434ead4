package star

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

func first16(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// What is sealed by the hash of its dictionary items keeps it: these are hashes of data that exists.
func TestHashesStay(t *testing.T) {
	var values [usage.NumColumns][]byte
	for c := range usage.NumColumns {
		if since(c) == usage.FirstReading {
			values[c] = fmt.Appendf(nil, "value %d", c)
		}
	}
	v := usage.Variant{
		UnitPrice: "1.50", ExchangeRate: "0.9100", ExchangeRateDate: "2026-09-01", EarnedCredit: "15", CreditType: "a", BenefitOrderID: "b", BenefitID: "c",
		BenefitType: "SavingsPlan", Covered: true,
	}
	for reading := usage.FirstReading; reading <= usage.Reading; reading++ {
		if got := first16(CanonicalFormOf(reading).Entry(nil, &values)); got != "f769b3fdc1d592961337c27ce72f4ffd" {
			t.Errorf("reading %d: the hash of an entry is %s", reading, got)
		}
	}
	if got := first16(Variant(&v)); got != "d0283283417dc054d42141fb42c43616" {
		t.Errorf("the hash of a variant is %s", got)
	}
}

// A column that a later reading brings counts for files that are read by it, and there only where it is not blank.
func TestLaterColumn(t *testing.T) {
	const later = usage.Reading + 1
	from := func(c usage.Column) int {
		if c == usage.ServiceInfo2 {
			return later
		}
		return usage.FirstReading
	}
	entry := func(reading int, info string) string {
		var values [usage.NumColumns][]byte
		values[usage.CustomerID], values[usage.ServiceInfo2], values[usage.EntitlementID] = []byte("t-1"), []byte(info), []byte(strings.Repeat("e", 200))
		c := canonicalFormOf(reading, from)
		canonical := c.Entry(nil, &values)
		var e usage.Entry
		c.Fill(&e, &values, string(canonical))
		if e[usage.CustomerID] != "t-1" || len(e[usage.EntitlementID]) != 200 || reading == later && e[usage.ServiceInfo2] != info {
			t.Errorf("reading %d: %q", reading, e)
		}
		return string(canonical)
	}
	switch {
	case entry(usage.Reading, "x") != entry(usage.Reading, "y"):
		t.Error("an earlier reading looks at the column")
	case entry(later, "") != entry(usage.Reading, "x"):
		t.Error("a blank column makes another entry")
	case entry(later, "x") == entry(later, "y"), entry(later, "x") == entry(later, ""):
		t.Error("the later reading does not look at the column")
	}
}

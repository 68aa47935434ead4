package table

import (
	"fmt"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// YesNo is a yes or a no.
func YesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

// Second is an instant to the second, in UTC and saying so; "" for none.
func Second(t time.Time) string { return instant(t, "2006-01-02 15:04:05 UTC") }

// Minute is an instant to the minute, in UTC and saying so; "" for none.
func Minute(t time.Time) string { return instant(t, "2006-01-02 15:04 UTC") }

func instant(t time.Time, layout string) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(layout)
}

// Count is a number of things in words: "1 file", "3 files".
func Count[N int | int64](n N, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", one, "s")
}

// Sums is totals in words, to the minor unit: "12.50 EUR, 3.00 USD".
func Sums(t money.Totals) string {
	var parts []string
	for _, c := range t.Currencies() {
		parts = append(parts, money.Of(t[c], c).Round().String())
	}
	return strings.Join(parts, ", ")
}

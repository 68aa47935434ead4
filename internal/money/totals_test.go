package money

import (
	"encoding/json"
	"testing"
)

// TestTotalsAsJSON: totals as JSON equal a map of texts, whatever the currency's name in a row.
func TestTotalsAsJSON(t *testing.T) {
	for _, x := range []struct {
		sums Totals
		want string
	}{
		{nil, `null`},
		{Totals{}, `{}`},
		{Totals{"JPY": FromInt(5), "EUR": MustParse("1.5"), "CHF": MustParse("-0.12345")}, `{"CHF":"-0.12345","EUR":"1.50","JPY":"5"}`},
		{Totals{"": FromInt(1), "e\"<\n": FromInt(2), "A1": FromInt(3)}, `{"":"1.00","A1":"3.00","e\"\u003c\n":"2.00"}`},
	} {
		got, err := json.Marshal(x.sums)
		if err != nil || string(got) != x.want {
			t.Errorf("%s, want %s: %v", got, x.want, err)
		}
	}
}

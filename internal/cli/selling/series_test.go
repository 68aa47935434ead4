package selling

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
)

func TestParseSeriesStart(t *testing.T) {
	for text, want := range map[string]SeriesStart{
		"contoso/INV=118":         {"contoso", "INV", invoice.KindInvoice, 0, 118},
		"contoso/INV-CN=9":        {"contoso", "INV", invoice.KindCreditNote, 0, 9},
		"contoso/A-B/2027=1":      {"contoso", "A-B", invoice.KindInvoice, 2027, 1},
		"north-wind/WS-CN/2027=5": {"north-wind", "WS", invoice.KindCreditNote, 2027, 5},
	} {
		if got, err := ParseSeriesStart(text); err != nil || got != want {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "INV=1", "contoso/INV", "contoso/INV=", "contoso/INV=x", "contoso/INV=0", "contoso/INV=-3", "/INV=1", "contoso/=1", "contoso/-CN=1", "a/b/c/d=1", "a/b/c=1"} {
		if _, err := ParseSeriesStart(text); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%q: %v", text, err)
		}
	}
}

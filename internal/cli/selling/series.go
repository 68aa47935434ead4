package selling

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
)

// SeriesStart says with which number a series of a seller goes on: the documents before it were made elsewhere.
type SeriesStart struct {
	Seller, Series string
	Kind           invoice.Kind
	Year           int // 0: of the business clock
	First          int64
}

// ParseSeriesStart reads SELLER/SERIES=N, or SELLER/SERIES/YEAR=N. Credit notes count by themselves: SERIES-CN. A fault
// of kind Invalid otherwise.
func ParseSeriesStart(s string) (out SeriesStart, err error) {
	bad := fault.New(fault.Invalid, "bad_series",
		"%q is not a series with its next number; write SELLER/SERIES=N, such as contoso/INV=118, and contoso/INV-CN=9 for its credit notes; nothing was changed", s)
	name, number, _ := strings.Cut(s, "=")
	part := strings.Split(name, "/")
	if len(part) < 2 || len(part) > 3 || part[0] == "" {
		return out, bad
	}
	out = SeriesStart{Seller: part[0], Series: part[1], Kind: invoice.KindInvoice}
	if out.First, err = strconv.ParseInt(number, 10, 64); err != nil || out.First < 1 {
		return out, bad
	}
	if len(part) == 3 {
		if out.Year, err = strconv.Atoi(part[2]); err != nil {
			return out, bad
		}
	}
	if series, credit := strings.CutSuffix(out.Series, "-CN"); credit {
		out.Series, out.Kind = series, invoice.KindCreditNote
	}
	if out.Series == "" {
		return out, bad
	}
	return out, nil
}

// Numbers is SELLER/SERIES, SELLER/SERIES-CN for credit notes.
func (s SeriesStart) Numbers() string {
	return s.Seller + "/" + invoice.SeriesKey{Series: s.Series, Kind: s.Kind}.Prefix()
}

// Tell tells the ledger.
func (s SeriesStart) Tell(ctx context.Context, api *call.Client) error {
	body := struct {
		Kind  invoice.Kind `json:"kind"`
		Year  int          `json:"year,omitempty"`
		First int64        `json:"first"`
	}{s.Kind, s.Year, s.First}
	_, err := api.Send(ctx, http.MethodPut, call.Path("number-series", s.Seller, s.Series), body, nil)
	return err
}

package invoice

import (
	"context"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// SeriesStart says with which number a series of a seller goes on: the documents before it were made elsewhere. Kind
// "" is invoices, Year 0 the year of the business clock.
type SeriesStart struct {
	Seller string `json:"seller"` // key
	Series string `json:"series"`
	Kind   Kind   `json:"kind,omitempty"`
	Year   int    `json:"year,omitempty"`
	First  int64  `json:"first"`
}

// creditMark ends the name by which the credit notes of a series are named.
const creditMark = "-CN"

// Prefix is what the numbers of the series begin with, before the year.
func (s SeriesStart) Prefix() string {
	if s.Kind == KindCreditNote {
		return s.Series + creditMark
	}
	return s.Series
}

var (
	seriesName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,15}$`)
	sellerKey  = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
)

// ParseSeriesStart reads SELLER/SERIES=N, or SELLER/SERIES/YEAR=N. Credit notes count by themselves: SERIES-CN. A fault
// of kind Invalid otherwise.
func ParseSeriesStart(s string) (SeriesStart, error) {
	name, number, _ := strings.Cut(s, "=")
	part := strings.Split(name, "/")
	out := SeriesStart{Kind: KindInvoice}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil || len(part) < 2 || len(part) > 3 {
		return out, badStart(s)
	}
	out.Seller, out.Series, out.First = part[0], part[1], n
	if len(part) == 3 {
		if out.Year, err = strconv.Atoi(part[2]); err != nil {
			return out, badStart(s)
		}
	}
	if series, credit := strings.CutSuffix(out.Series, creditMark); credit {
		out.Series, out.Kind = series, KindCreditNote
	}
	return out, out.check()
}

func badStart(s string) error {
	return fault.New(fault.Invalid, "bad_series",
		"%q does not say where a series goes on; write SELLER/SERIES=N, such as contoso/INV=118, and SELLER/SERIES-CN=N for its credit notes", s)
}

// mostNumbers keeps numbers within what a document prints and a database counts.
const mostNumbers = 1_000_000_000

func (s SeriesStart) check() error {
	if !sellerKey.MatchString(s.Seller) || !seriesName.MatchString(s.Series) || strings.HasSuffix(s.Series, creditMark) {
		return badStart(fmt.Sprintf("%s/%s=%d", s.Seller, s.Series, s.First))
	}
	if s.First < 1 || s.First > mostNumbers {
		return fault.New(fault.Invalid, "bad_series", "%s/%s goes on with %d; a number is 1 to %d", s.Seller, s.Prefix(), s.First, mostNumbers)
	}
	if s.Year != 0 && (s.Year < 2000 || s.Year > 9999) {
		return fault.New(fault.Invalid, "bad_series", "%d is no year that documents are numbered in", s.Year)
	}
	return nil
}

// StartSeries sets the number a series goes on with in a year. Conflict once a document of it has a number there:
// numbers are given without gaps. NotFound for a seller there is not, unless there are no organisations yet.
func (v *Service) StartSeries(ctx context.Context, s SeriesStart) (SeriesStart, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceIssue)
	if err != nil {
		return s, err
	}
	if s.Kind == "" {
		s.Kind = KindInvoice
	}
	if s.Year == 0 {
		s.Year = v.Now().UTC().Year()
	}
	if err := s.check(); err != nil {
		return s, err
	}
	k := SeriesKey{org.OrganisationID(s.Seller), s.Series, s.Kind, s.Year}
	return s, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		world, err := v.Reader.Orgs.World(ctx, t, grant.Scope)
		if err != nil {
			return err
		}
		if len(world.Organisations) > 0 && world.Index().ByKey(s.Seller) == nil {
			return fault.New(fault.NotFound, "organisation_not_found", "no organisation %q is known: nothing was changed", s.Seller)
		}
		if err := v.Store.StartSeries(ctx, t, grant.Scope, k, s.First); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.SeriesStarted, grant.Actor, s.Seller+"/"+s.Prefix(), s)
	})
}

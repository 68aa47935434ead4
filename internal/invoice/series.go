package invoice

import (
	"context"
	"regexp"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// creditMark follows the name of the series in numbers of credit notes.
const creditMark = "-CN"

// Prefix is the beginning of the numbers of a series, before the year: INV, or INV-CN for credit notes.
func (k SeriesKey) Prefix() string {
	if k.Kind == KindCreditNote {
		return k.Series + creditMark
	}
	return k.Series
}

var seriesName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9-]{0,15}$`)

// maxNumbers is the highest number: documents and databases have room for it.
const maxNumbers = 1_000_000_000

func (k SeriesKey) startsWith(first int64) error {
	switch {
	case !seriesName.MatchString(k.Series) || strings.HasSuffix(k.Series, creditMark):
		return fault.New(fault.Invalid, "bad_series", "series %q must be 1–16 letters, digits and dashes, and not end in %s; nothing was changed", k.Series, creditMark)
	case k.Kind != KindInvoice && k.Kind != KindCreditNote:
		return fault.New(fault.Invalid, "bad_series", "%q is neither invoice nor credit_note; nothing was changed", k.Kind)
	case first < 1 || first > maxNumbers:
		return fault.New(fault.Invalid, "bad_series", "%s cannot continue with %d: numbers are 1 to %d; nothing was changed", k.Prefix(), first, maxNumbers)
	case k.Year < 2000 || k.Year > 9999:
		return fault.New(fault.Invalid, "bad_series", "%d is not a year for document numbers; nothing was changed", k.Year)
	}
	return nil
}

// StartSeries sets the next number of a series in a year, if earlier documents were numbered elsewhere. Without a
// kind it is of invoices, and year 0 is that of the business clock. Conflict once a document of it has a number
// there: numbers have no gaps. NotFound for an unknown seller, unless there are no organisations yet.
func (v *Service) StartSeries(ctx context.Context, k SeriesKey, first int64) (SeriesKey, error) {
	grant, err := v.Access.Require(ctx, access.InvoiceIssue)
	if err != nil {
		return k, err
	}
	if k.Kind == "" {
		k.Kind = KindInvoice
	}
	if k.Year == 0 {
		k.Year = v.Now().UTC().Year()
	}
	if err := k.startsWith(first); err != nil {
		return k, err
	}
	return k, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		known, err := v.Reader.Orgs.Index(ctx, t, grant.Scope)
		if err != nil {
			return err
		}
		if known.Len() > 0 && known.Organisation(k.Seller) == nil {
			return fault.New(fault.NotFound, "organisation_not_found", "no such seller is known: nothing was changed")
		}
		if err := v.Store.StartSeries(ctx, t, grant.Scope, k, first); err != nil {
			return err
		}
		return v.Events.Append(ctx, t, event.SeriesStarted, grant.Actor, string(k.Seller), map[string]any{"numbers": k.Prefix(), "year": k.Year, "first": first})
	})
}

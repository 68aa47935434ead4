package billing

import (
	"context"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/selling"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/org"
)

// series tells the ledger where number series go on, and says which they are: SELLER/SERIES.
func (c *Bill) series(ctx context.Context, api *call.Client) (map[string]bool, error) {
	numbered := map[string]bool{}
	if len(c.FirstNumber) == 0 {
		return numbered, nil
	}
	w, _, err := selling.Organisations(ctx, api)
	if err != nil {
		return nil, err
	}
	for _, text := range c.FirstNumber {
		s, err := selling.ParseSeriesStart(text)
		if err != nil {
			return nil, err
		}
		if s.Year == 0 {
			s.Year = c.IssueDate.Month().Year()
		}
		if s.Year != c.IssueDate.Month().Year() {
			return nil, fault.New(fault.Invalid, "bad_series", "%s names the year %d, and the documents are dated %s: nothing was billed", text, s.Year, c.IssueDate)
		}
		if known := sells(w, s.Seller); !known[s.Series] {
			return nil, fault.New(fault.Invalid, "bad_series", "%s has no series %s: nothing was billed. The edges in the world file name the series", s.Seller, s.Series)
		}
		if numbered[s.Numbers()] {
			return nil, fault.New(fault.Invalid, "bad_series", "%s is given twice: nothing was billed", s.Numbers())
		}
		if err := s.Tell(ctx, api); err != nil {
			return nil, err
		}
		numbered[s.Numbers()] = true
	}
	return numbered, nil
}

// sells is the series an organisation numbers what it sells in.
func sells(w org.World, seller string) map[string]bool {
	found := map[string]bool{}
	for _, e := range w.Edges {
		if e.Seller == org.OrganisationID(seller) {
			found[e.Terms.Series] = true
			for _, l := range e.Later {
				found[l.Terms.Series] = true
			}
		}
	}
	return found
}

// seriesOf is the series of a number, and of a credit note's with the -CN that it counts by: INV of INV-2026-00001.
func seriesOf(number string) string {
	for range 2 {
		if i := strings.LastIndexByte(number, '-'); i >= 0 {
			number = number[:i]
		}
	}
	return number
}

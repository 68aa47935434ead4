package billing

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/recon"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// summary is what a billing run came to.
type summary struct {
	Period   period.Month         `json:"period"`
	Rows     usage.Counts         `json:"rows"`
	Lines    usage.Counts         `json:"statement_lines"`
	Totals   totals               `json:"totals"`
	Missing  int64                `json:"list_missing"`
	Open     int64                `json:"unresolved"`
	Excluded int64                `json:"excluded"`
	OwnUse   money.Totals         `json:"own_use,omitempty"` // cost of what the partner uses itself
	Held     []invoice.Summary    `json:"held,omitempty"`    // documents over 0.00 that are not issued
	Invoices []billed             `json:"invoices"`
	Why      []invoice.Unresolved `json:"unresolved_by_reason,omitempty"`
	Problems []usage.Problem      `json:"problems,omitempty"`
	recon    *recon.Result
	drafts   map[string]int // SELLER/SERIES → documents of it that have no number
}

type totals struct {
	Cost money.Totals `json:"cost"`
	List money.Totals `json:"list"`
	Sell money.Totals `json:"sell"`
}

type billed struct {
	Number   string         `json:"number"`
	State    invoice.State  `json:"state"` // issued, or draft where nobody said where its series goes on
	Seller   string         `json:"seller"`
	Buyer    string         `json:"buyer"`
	Currency money.Currency `json:"currency"`
	Net      string         `json:"net"`
	Tax      string         `json:"tax"`
	Total    string         `json:"total"`
}

func (s *summary) take(l usage.Load, into *usage.Counts) {
	*into = l.Rows
	s.Problems = append(s.Problems, l.Problems...)
}

func (s *summary) drafted(run invoice.Run) {
	s.Totals.Cost, s.Totals.List = run.Tally.Cost, run.Tally.List
	s.Missing, s.Open, s.Why, s.Excluded = run.Tally.ListMissing, run.Tally.Unresolved, run.Unresolved, run.Excluded.Rows
	s.OwnUse, s.Held = run.Tally.OwnUse.Cost, run.Held
}

// issued takes in a document; what the partner sells is the total of sales.
func (s *summary) issued(v invoice.Summary, partner string) {
	s.Invoices = append(s.Invoices, billed{
		v.Number, v.State, v.Seller, v.Buyer, v.Currency, fixed(v.Net, v.Currency), fixed(v.Tax, v.Currency), fixed(v.Total, v.Currency),
	})
	if v.Seller == partner {
		s.Totals.Sell.Add(money.Of(v.Net, v.Currency))
	}
}

// verdict is an error unless all is well: nothing refused, nothing set aside, nothing without a price.
func (s *summary) verdict(out string) error {
	bad := s.Rows.Refused + s.Rows.Quarantined + s.Lines.Refused + s.Lines.Quarantined + s.Open
	if bad == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "not_everything_billed",
		"the documents are written, but %d rows were refused, %d kept aside and %d found no price or customer; see %s",
		s.Rows.Refused+s.Lines.Refused, s.Rows.Quarantined+s.Lines.Quarantined, s.Open, filepath.Join(out, "summary.json"))
}

func (s *summary) print(w io.Writer, out string) {
	fmt.Fprintf(w, "%s  rows %d: sealed %d, skipped %d, kept aside %d, refused %d\n", s.Period, s.Rows.In, s.Rows.Sealed, s.Rows.Skipped, s.Rows.Quarantined, s.Rows.Refused)
	for _, t := range []struct {
		name string
		sums money.Totals
	}{{"cost", s.Totals.Cost}, {"list", s.Totals.List}, {"sell", s.Totals.Sell}, {"own use", s.OwnUse}} {
		for _, c := range t.sums.Currencies() {
			fmt.Fprintf(w, "%-7s %16s %s\n", t.name, t.sums[c].Round(c.Digits()).Fixed(c.Digits()), c)
		}
	}
	for _, h := range s.Held {
		fmt.Fprintf(w, "held: the document of %s to %s is over 0.00 and was not issued\n", h.Seller, h.Buyer)
	}
	for _, u := range s.Why {
		fmt.Fprintf(w, "unresolved: %s, %d rows\n", u.Reason, u.Rows)
	}
	if s.recon != nil {
		printRecon(w, *s.recon)
	}
	for i, p := range s.Problems {
		if i == shownProblems {
			fmt.Fprintf(w, "… and %d more, in summary.json\n", len(s.Problems)-i)
			break
		}
		fmt.Fprintf(w, "%s: %s: %s\n", p.Verdict, table.Clean(p.Where()), table.Clean(p.Reason))
	}
	fmt.Fprintf(w, "%d documents in %s\n", len(s.Invoices), filepath.Join(out, "invoices"))
	for _, of := range slices.Sorted(maps.Keys(s.drafts)) {
		fmt.Fprintf(w, "%s of %s without a number: give its next one with --first-number %s=N\n", table.Count(s.drafts[of], "draft"), of, of)
	}
}

// indented is a value as a JSON file that people read.
func indented(v any) ([]byte, error) {
	b, err := json.MarshalIndent(v, "", "  ")
	return append(b, '\n'), err
}

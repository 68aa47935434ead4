package billing

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/aside"
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

	FilesRefused int `json:"files_refused"`
	aside.Waiting
	NotSold money.Totals `json:"billed_and_not_sold,omitempty"` // what the statement bills and nobody is sold
	Late    []lateMonth  `json:"late_months,omitempty"`         // other months that the month's invoices charge; their documents are among the invoices
	Left    []leftMonth  `json:"months_not_billed,omitempty"`   // what the files hold of months that are not billed here
	recon   *recon.Result
	drafts  map[string]int // SELLER/SERIES → documents of it that have no number
}

type totals struct {
	Cost money.Totals `json:"cost"`
	List money.Totals `json:"list"`
	Sell money.Totals `json:"sell"`
}

// lateMonth is another month that the provider's invoices of the month charge, with the cost of what was billed for it.
type lateMonth struct {
	Period     period.Month `json:"period"`
	Cost       money.Totals `json:"cost"`
	Unresolved int64        `json:"unresolved,omitempty"`
}

// leftMonth is what files hold of a month that is not billed: rows of usage, or lines.
type leftMonth struct {
	Period  period.Month `json:"period"`
	Invoice string       `json:"invoice,omitempty"` // the provider's; none for unbilled usage
	Rows    int64        `json:"rows"`
	Cost    money.Totals `json:"cost"`
}

type billed struct {
	Period   period.Month   `json:"period"`
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
	s.FilesRefused += l.FilesRefused
	s.Problems = append(s.Problems, l.Problems...)
}

// lacks says whether rows or files that were asked for do not count, or others are known to be missing.
func (s *summary) lacks() bool {
	return len(parts(s.Problems)) > 0 || s.FilesRefused > 0 || s.Rows.Refused+s.Rows.Quarantined+s.Lines.Refused+s.Lines.Quarantined > 0
}

func (s *summary) drafted(run invoice.Run) {
	s.Totals.Cost, s.Totals.List = run.Tally.Cost, run.Tally.List
	s.Waiting = run.Waiting
	s.Missing, s.Open, s.Why, s.Excluded = run.Tally.ListMissing, run.Tally.Unresolved, run.Unresolved, run.Excluded.Rows
	s.OwnUse, s.Held = run.Tally.OwnUse.Cost, run.Held
}

// late takes in another month that the provider's invoices charge.
func (s *summary) late(run invoice.Run) {
	s.Late = append(s.Late, lateMonth{run.Period, run.Tally.Cost, run.Tally.Unresolved})
	for _, sums := range []struct{ into, from money.Totals }{{s.Totals.Cost, run.Tally.Cost}, {s.Totals.List, run.Tally.List}} {
		for c, d := range sums.from {
			sums.into.Add(money.Of(d, c))
		}
	}
	s.Missing, s.Open, s.Excluded = s.Missing+run.Tally.ListMissing, s.Open+run.Tally.Unresolved, s.Excluded+run.Excluded.Rows
	s.Why, s.Held = append(s.Why, run.Unresolved...), append(s.Held, run.Held...)
}

// leave notes a batch of a month that is not billed.
func (s *summary) leave(b usage.Batch) {
	i := slices.IndexFunc(s.Left, func(l leftMonth) bool { return l.Period == b.Slot.Period && l.Invoice == b.Slot.Invoice })
	if i < 0 {
		i = len(s.Left)
		s.Left = append(s.Left, leftMonth{Period: b.Slot.Period, Invoice: b.Slot.Invoice, Cost: money.Totals{}})
	}
	s.Left[i].Rows += b.Rows
	s.Left[i].Cost.Add(money.Of(b.Cost, b.Slot.Currency))
}

func (l leftMonth) String() string {
	return fmt.Sprintf("not billed here: %s with cost %s of %s (%s)", table.Count(l.Rows, "row"), table.Sums(l.Cost), l.Period, cmp.Or(l.Invoice, "not invoiced by the provider yet"))
}

// issued takes in a document; what the partner sells is the total of sales.
func (s *summary) issued(v invoice.Summary, partner string) {
	s.Invoices = append(s.Invoices, billed{
		v.Period, v.Number, v.State, v.Seller, v.Buyer, v.Currency, fixed(v.Net, v.Currency), fixed(v.Tax, v.Currency), fixed(v.Total, v.Currency),
	})
	if v.Seller == partner {
		s.Totals.Sell.Add(money.Of(v.Net, v.Currency))
	}
}

// verdict is an error unless all is well: nothing refused, nothing set aside, nothing without a price, nothing billed by
// the provider that nobody is sold, and no difference between its statement and the books.
func (s *summary) verdict(out string) error {
	var bad []string
	say := func(is bool, format string, args ...any) {
		if is {
			bad = append(bad, fmt.Sprintf(format, args...))
		}
	}
	refused, kept := s.Rows.Refused+s.Lines.Refused, s.Rows.Quarantined+s.Lines.Quarantined
	named := s.Aside != nil || s.Unknown != nil // with their money
	say(!named && (s.FilesRefused > 0 || refused > 0), "%s refused, with %s", table.Count(s.FilesRefused, "file"), table.Count(refused, "row"))
	say(!named && kept > 0, "%s kept aside", table.Count(kept, "row"))
	for _, open := range []*aside.Open{s.Aside, s.Unknown} {
		say(open != nil, "%s not counted", open)
	}
	say(s.Open > 0, "%s without a customer or price, with cost %s", table.Count(s.Open, "row"), table.Sums(s.unresolved()))
	for _, l := range s.Left { // what is on no invoice of the provider's yet is not owed yet
		say(l.Invoice != "", "%s; bill that month with --period %s", l, l.Period)
	}
	for _, p := range parts(s.Problems) {
		say(true, "%s: %s", p.Where(), p.Reason)
	}
	say(len(s.NotSold) > 0, "the statement bills %s that is sold to nobody", table.Sums(s.NotSold))
	if r := s.recon; r != nil {
		say(!r.Unexplained.IsZero(), "the statement has an unexplained difference of %s", table.Sums(r.Unexplained))
		ours := func(d recon.Difference) bool { return d.Code.Remedy() == recon.Import } // the amount not sold says that
		for _, text := range remedies(slices.DeleteFunc(slices.Clone(r.Differences), ours)) {
			say(true, "%s", text)
		}
	}
	if len(bad) == 0 {
		return nil
	}
	return fault.New(fault.Conflict, "not_everything_billed", "the documents are written, but %s; see %s", strings.Join(bad, "; "), filepath.Join(out, "summary.json"))
}

// unresolved is the cost of what found no price or customer.
func (s *summary) unresolved() money.Totals {
	out := money.Totals{}
	for _, u := range s.Why {
		for c, d := range u.Cost {
			out.Add(money.Of(d, c))
		}
	}
	return out
}

// reconciled takes in what the statement bills beyond what was imported: lines without rows or charges of ours.
func (s *summary) reconciled(r recon.Result) {
	s.recon = &r
	for _, d := range r.Differences {
		// a line that names no invoice bills nothing yet
		if (d.Code == recon.NoRows || d.Code == recon.NotImported) && d.Invoice != "" && !d.Amount.IsZero() {
			if s.NotSold == nil {
				s.NotSold = money.Totals{}
			}
			s.NotSold.Add(money.Of(d.Amount, d.Currency))
		}
	}
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
		fmt.Fprintf(w, "held: the document from %s to %s comes to 0.00 and was not issued\n", h.Seller, h.Buyer)
	}
	for _, u := range s.Why {
		fmt.Fprintf(w, "unresolved: %s, %s, cost %s\n", u.Reason, table.Count(u.Rows, "row"), table.Sums(u.Cost))
	}
	for _, open := range []*aside.Open{s.Aside, s.Unknown} {
		if open != nil {
			fmt.Fprintf(w, "not counted: %s\n", open)
		}
	}
	for _, o := range s.OtherMonths {
		if slices.ContainsFunc(s.Late, func(m lateMonth) bool { return m.Period == o.Period }) {
			fmt.Fprintf(w, "for %s: %s, cost %s, charged with invoice %s of %s; its documents are among those below\n", o.Period, table.Count(o.Rows, "row"), table.Sums(o.Money), o.Invoice, o.Billed)
		}
	}
	for _, l := range s.Left {
		fmt.Fprintln(w, l)
	}
	if len(s.NotSold) > 0 {
		fmt.Fprintf(w, "billed by the statement and not sold: %s\n", table.Sums(s.NotSold))
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

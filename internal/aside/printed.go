package aside

import (
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// doubt is a reason for which a row is kept aside although it can be used: what it would be counted by can be read, and
// only does not go together. Columns narrows it to faults of these; without any it is of every column.
type doubt struct {
	dataset string
	code    string
	columns []string
	not     []string
}

// doubts lists every reason for which a row may be taken as printed. What is not listed says that something cannot be
// read without which nothing can be billed: an amount, a quantity, the day, the currency, the subscription.
func doubts() []doubt {
	const rows, lines = "usage", "reconciliation"
	charged := []string{"Subtotal", "Currency"} // what a line is billed by
	return []doubt{
		{dataset: rows, code: "rate_not_positive"},                                                      // the exchange rate is 0 or below: the printed amount counts
		{dataset: rows, code: "amount_sign"},                                                            // amount, quantity and price contradict each other: the amount counts
		{dataset: rows, code: "outside_charge_period"},                                                  // the day is none of the charge period: the day counts
		{dataset: rows, code: "day_month_dates", columns: []string{"ChargeStartDate", "ChargeEndDate"}}, // likewise; not where it is the day itself
		{dataset: lines, code: "not_a_number", not: charged},
		{dataset: lines, code: "impossible_date", not: charged},
		{dataset: lines, code: "unknown_currency", not: charged},
	}
}

// Doubtful says whether a row of a dataset that is kept aside for this can be used all the same: a person may accept that it
// counts as printed.
func Doubtful(dataset, code, column string) bool {
	return slices.ContainsFunc(doubts(), func(d doubt) bool {
		is := func(name string) bool { return strings.EqualFold(name, column) }
		return d.dataset == dataset && d.code == code && (len(d.columns) == 0 || slices.ContainsFunc(d.columns, is)) && !slices.ContainsFunc(d.not, is)
	})
}

// MayCount says whether it can be answered by taking it as printed: it is one row, its text is known again, and what it
// is kept aside for leaves it usable.
func (a *Item) MayCount() bool {
	return a.Kind == KeptAside && a.Line > 0 && a.Row != "" && Doubtful(a.Dataset, a.Code, a.Column)
}

// Valid is a fault unless an answer says exactly one thing, and what is written off why.
func (x *Answering) Valid() error {
	ways := 0
	for _, said := range [...]bool{x.CorrectedBy != "", x.WriteOff, x.AsPrinted} {
		if said {
			ways++
		}
	}
	if ways == 1 && (!x.WriteOff || strings.TrimSpace(x.Reason) != "") {
		return nil
	}
	return fault.New(fault.Invalid, "bad_answer",
		"say one of these: which later import brought it, that it counts as printed, or that it is written off and why; nothing was answered")
}

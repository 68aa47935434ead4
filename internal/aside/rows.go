package aside

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Listed is how many rows of a file are kept one by one; the others are added up by month.
const Listed = 1000

// maxSums bounds how many sums of a file there are; what is of yet another month is of none that is known.
const maxSums = 64

// Rows are the rows of a file that are kept aside: the first of them one by one, the others added up by month. The zero
// value has none.
type Rows struct {
	listed []Item
	more   Sums
}

// Add takes a row. Which rows are listed does not depend on the order of reading: those of the lowest lines.
func (r *Rows) Add(a Item) {
	r.listed = append(r.listed, a)
	if len(r.listed) >= 2*Listed {
		r.cut()
	}
}

// cut adds up what is not to be listed.
func (r *Rows) cut() {
	if len(r.listed) <= Listed {
		return
	}
	slices.SortFunc(r.listed, func(a, b Item) int { return cmp.Compare(a.Line, b.Line) })
	for i := Listed; i < len(r.listed); i++ {
		a := &r.listed[i]
		r.more.Add(a.of(), a, func(sum *Item) {
			sum.Kind, sum.File, sum.Dataset, sum.Code = KeptAside, a.File, a.Dataset, "more_rows"
			sum.Reason = fmt.Sprintf("rows kept aside after the first %d of the file", Listed)
		})
	}
	r.listed = r.listed[:Listed]
}

// List is every row listed, by line, and then every sum.
func (r *Rows) List() []Item {
	r.cut()
	slices.SortFunc(r.listed, func(a, b Item) int { return cmp.Compare(a.Line, b.Line) })
	return slices.Concat(r.listed, r.more.List())
}

// Of is what rows are added up by: whose invoice, of which month.
type Of struct {
	Period   period.Month
	Account  string
	Invoice  string
	Unbilled bool
}

func (a *Item) of() Of { return Of{a.Period, a.Account, a.Invoice, a.Unbilled} }

// Sums adds rows up, by invoice and month. The zero value has none.
type Sums struct{ by map[Of]*Item }

// Add takes rows and money into the sum they belong to; begin says of a new one what it is.
func (s *Sums) Add(at Of, a *Item, begin func(*Item)) {
	if s.by == nil {
		s.by = map[Of]*Item{}
	}
	if s.by[at] == nil && len(s.by) >= maxSums {
		at = Of{}
	}
	sum := s.by[at]
	if sum == nil {
		sum = &Item{Money: money.Totals{}, Period: at.Period, Account: at.Account, Invoice: at.Invoice, Unbilled: at.Unbilled}
		begin(sum)
		s.by[at] = sum
	}
	sum.Rows += a.Rows
	sum.Unreadable += a.Unreadable
	for c, d := range a.Money {
		sum.Money.Add(money.Of(d, c))
	}
}

// List is the sums in a stable order.
func (s *Sums) List() []Item {
	out := make([]Item, 0, len(s.by))
	for _, a := range s.by {
		out = append(out, *a)
	}
	slices.SortFunc(out, func(a, b Item) int {
		billed := 0
		if a.Unbilled != b.Unbilled {
			if billed = 1; b.Unbilled {
				billed = -1
			}
		}
		return cmp.Or(cmp.Compare(a.Period, b.Period), strings.Compare(a.Invoice, b.Invoice), strings.Compare(a.Account, b.Account), billed)
	})
	return out
}

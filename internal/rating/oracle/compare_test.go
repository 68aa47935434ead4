package oracle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/rating"
	"github.com/purveyor-csp/purveyor/internal/rating/oracle"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// number is what both sides' decimals can do.
type number[N any] interface {
	Add(N) N
	String() string
}

// tally adds up what one side says, by keys of text that both sides write same.
type tally[N number[N]] struct {
	rows map[string]int64
	sums map[string]N
}

func newTally[N number[N]]() tally[N] { return tally[N]{map[string]int64{}, map[string]N{}} }

func (t tally[N]) count(rows int64, key ...any) { t.rows[text(key)] += rows }

func (t tally[N]) add(n N, key ...any) { k := text(key); t.sums[k] = t.sums[k].Add(n) }

func text(key []any) string { return fmt.Sprint(key...) }

// said is everything as text.
func (t tally[N]) said() map[string]string {
	all := map[string]string{}
	for k, n := range t.rows {
		all[k+": rows"] = fmt.Sprint(n)
	}
	for k, n := range t.sums {
		all[k] = n.String()
	}
	return all
}

// differences lists where two sides do not say the same, sorted.
func differences(rated, oracle map[string]string) (list []string) {
	for k, v := range rated {
		if o, ok := oracle[k]; o != v || !ok {
			list = append(list, fmt.Sprintf("%s: rating says %q, the oracle %q", k, v, o))
		}
	}
	for k, o := range oracle {
		if _, ok := rated[k]; !ok {
			list = append(list, fmt.Sprintf("%s: rating says nothing, the oracle %q", k, o))
		}
	}
	slices.Sort(list)
	return list
}

// entryOf names the entry of a row by all of its columns.
func entryOf(at func(usage.Column) string) string {
	var b strings.Builder
	for c := range usage.NumColumns {
		if usage.PartOf(c) == usage.PartEntry {
			b.WriteString(at(c))
			b.WriteByte('|')
		}
	}
	return b.String()
}

func chargeOf(file string, line int64) string {
	return fmt.Sprint("charge ", file[:12], " line ", line)
}

// rated is what rating says of a month: per edge, customer, entry or charge, and rule.
func (n *installation) rated(t *testing.T, m period.Month) tally[money.Decimal] {
	out := newTally[money.Decimal]()
	names := map[*usage.Entry]string{}
	n.rate(t, m, func(g *rating.Group) error {
		item, rows := "", int64(1)
		if g.Charge != nil {
			item = chargeOf(g.Charge.Source.File, g.Charge.Source.Line)
		} else {
			if names[g.Entry] == "" {
				names[g.Entry] = entryOf(func(c usage.Column) string { return g.Entry[c] })
			}
			item, rows = names[g.Entry], g.Sum.Rows
		}
		group(out, m, g, item, rows)
		return nil
	})
	return out
}

func group(out tally[money.Decimal], m period.Month, g *rating.Group, item string, rows int64) {
	at := fmt.Sprint(m, " ", item, " ")
	b := g.Base
	out.count(rows, at, "base")
	out.add(b.Quantity, at, "quantity")
	out.add(b.Cost, at, "cost ", b.Currency)
	out.add(b.CostBeforeCredit, at, "before credit ", b.ListCurrency)
	if b.List != nil {
		out.add(*b.List, at, "list ", b.ListCurrency)
	}
	if g.Unresolved != "" {
		ref := g.Ref
		if g.Unresolved == rating.NoCustomer {
			ref = "" // the charge itself
		}
		out.count(rows, at, g.Unresolved, " ", ref)
		out.add(b.Cost, at, g.Unresolved, " ", ref, " ", b.Currency)
		return
	}
	at += g.Customer.Key + " "
	if g.OwnUse {
		out.count(rows, at, "own use")
	}
	if g.Excluded {
		out.count(rows, at, "excluded on ", g.ExcludedOn.ID)
		out.add(b.Cost, at, "excluded on ", g.ExcludedOn.ID, " ", b.Currency)
	}
	for _, s := range g.Steps {
		by := fmt.Sprint(at, s.Edge.ID, " by ", s.Rate.BookKey, " v", s.Rate.Version, " ", s.Rate.Rule)
		out.count(rows, by)
		out.add(s.Bought.Value, by, " bought ", s.Bought.Currency)
		out.add(s.Sold.Value, by, " sold ", s.Sold.Currency)
	}
}

// foretold is what the oracle says of a month, row by row, and what fired on the way.
func foretold(w *oracle.World, ledger *oracle.Ledger, m period.Month, f *coverage) tally[oracle.Number] {
	out := newTally[oracle.Number]()
	rows := ledger.Rows(m)
	for _, r := range rows {
		o := w.Usage(r)
		outcome(out, m, &o, entryOf(r.At))
		f.row(r, &o)
	}
	standing := ledger.Standing()
	lines := ledger.Lines(m)
	kinds, here := oracle.Kinds(lines, standing), oracle.Kinds(lines, rows)
	for i, l := range lines {
		kind := kinds[i]
		f.add("line is "+kind, 1)
		f.when(kind == oracle.Control && here[i] == oracle.Charge, "control of rows that count elsewhere")
		f.when(kind == oracle.Charge && l.Beside(standing) != "" && strings.Contains(strings.ToLower(l.Text["ChargeType"]), "credit"), "credit beside rows")
		f.when(kind == oracle.Control && strings.Contains(strings.ToLower(l.Text["ChargeType"]), "credit"), "credit that rows have")
		if kind == oracle.Charge {
			o := w.Charge(l, m, l.Beside(standing))
			outcome(out, m, &o, chargeOf(l.File, l.Number))
			f.charge(l, &o, m)
		}
	}
	return out
}

func outcome(out tally[oracle.Number], m period.Month, o *oracle.Outcome, item string) {
	at := fmt.Sprint(m, " ", item, " ")
	b := o.Base
	out.count(1, at, "base")
	out.add(b.Quantity, at, "quantity")
	out.add(b.Cost.Value, at, "cost ", b.Cost.Currency)
	out.add(b.CostBeforeCredit.Value, at, "before credit ", b.CostBeforeCredit.Currency)
	if b.List != nil {
		out.add(b.List.Value, at, "list ", b.List.Currency)
	}
	if o.Reason != "" {
		out.count(1, at, o.Reason, " ", o.Ref)
		out.add(b.Cost.Value, at, o.Reason, " ", o.Ref, " ", b.Cost.Currency)
		return
	}
	at += o.Customer.Key + " "
	if o.OwnUse {
		out.count(1, at, "own use")
	}
	if o.ExcludedOn != nil {
		out.count(1, at, "excluded on ", o.ExcludedOn.ID)
		out.add(b.Cost.Value, at, "excluded on ", o.ExcludedOn.ID, " ", b.Cost.Currency)
	}
	for _, s := range o.Steps {
		by := fmt.Sprint(at, s.Edge.ID, " by ", s.Version.Key, " v", s.Version.Version, " ", ruleOf(&s))
		out.count(1, by)
		out.add(s.Bought.Value, by, " bought ", s.Bought.Currency)
		out.add(s.Sold.Value, by, " sold ", s.Sold.Currency)
	}
}

func ruleOf(s *oracle.Step) string {
	if s.Rule == nil {
		return ""
	}
	return s.Rule.Key
}

package backup

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// Totals are the control totals of a ledger: what it comes to, by names that people know. Two ledgers of equal totals
// hold the same organisations, books, loads, batches, documents, postings and records.
type Totals struct {
	Organisations map[string]int64            `json:"organisations"` // by kind
	Edges         int64                       `json:"edges"`
	Books         int64                       `json:"price_book_versions"`
	Loads         int64                       `json:"loads"`
	Batches       map[string]BatchTotal       `json:"batches"`   // by state and currency
	Documents     map[string]DocumentTotal    `json:"documents"` // by kind, state and currency
	Journal       map[money.Currency]Balances `json:"journal"`
	Events        int64                       `json:"events"` // the number of the newest record
	Head          string                      `json:"head"`   // its hash
	Pruned        int64                       `json:"pruned"` // records up to this one were removed
}

// BatchTotal is what batches come to.
type BatchTotal struct {
	Batches int64         `json:"batches"`
	Rows    int64         `json:"rows"`
	Cost    money.Decimal `json:"cost"`
}

// DocumentTotal is what documents come to.
type DocumentTotal struct {
	Documents int64         `json:"documents"`
	Net       money.Decimal `json:"net"`
	Tax       money.Decimal `json:"tax"`
	Total     money.Decimal `json:"total"`
}

// Balances is what postings come to.
type Balances struct {
	Postings int64         `json:"postings"`
	Debit    money.Decimal `json:"debit"`
	Credit   money.Decimal `json:"credit"`
}

// Differences says in which totals a ledger is not what a manifest says, each in a sentence.
func (t *Totals) Differences(ledger *Totals) ([]string, error) {
	want, err := t.figures()
	if err != nil {
		return nil, err
	}
	have, err := ledger.figures()
	if err != nil {
		return nil, err
	}
	return differences(want, have), nil
}

// figures are the totals as JSON, by their names there.
func (t *Totals) figures() (out map[string]any, err error) {
	text, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	return out, json.Unmarshal(text, &out)
}

// RowDifferences says in which tables a ledger has not as many rows as a manifest says.
func (c *LedgerCopy) RowDifferences(rows map[string]int64) []string { return differences(c.Rows, rows) }

func differences[V any](want, have map[string]V) (out []string) {
	names := map[string]bool{}
	for name := range want {
		names[name] = true
	}
	for name := range have {
		names[name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		is, was := text(have, name), text(want, name)
		if is != was {
			out = append(out, fmt.Sprintf("%s: %s in the manifest, %s in the ledger", name, was, is))
		}
	}
	return out
}

func text[V any](m map[string]V, name string) string {
	v, ok := m[name]
	if !ok {
		return "none"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return cmp.Or(string(b), "none")
}

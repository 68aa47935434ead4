package sqlstore

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/failure"
)

// translate turns what the database says into faults; faults pass unchanged.
func (d *DB) translate(err error) error { return failure.Translate(d.dialect, err) }

// Within is the condition that the path in a column lies in a scope: at one of its places or below, and not at or below
// one that is taken out.
func Within(s scope.Scope, column string) Fragment {
	if s.IsAll() {
		return SQL("TRUE")
	}
	if len(s.Excluded()) == 0 || len(s.Places()) == 0 {
		return below(s.Places(), column)
	}
	return SQL("(? AND NOT ?)", below(s.Places(), column), below(s.Excluded(), column))
}

// below is the condition that a path is one of some places, or starts with one and "/". '0' is the byte after '/', so
// this is a range of an index and needs no escaping.
func below(places []string, column string) Fragment {
	c, all := Column(column), make([]Fragment, len(places))
	for i, p := range places {
		all[i] = SQL("? = ? OR ? >= ? AND ? < ?", c, p, c, p+"/", c, p+"0")
	}
	return Or(all...)
}

// OrganisationNotFound is the fault of a write that names an organisation outside its scope, by its key or id.
func OrganisationNotFound(ref string) error {
	return fault.New(fault.NotFound, "organisation_not_found", "no organisation %q is known: nothing was changed", ref)
}

// instantForm has a fixed width, so that instants sort as text; instants are kept to the nanosecond.
const instantForm = "2006-01-02T15:04:05.000000000Z"

// Instant is an instant as text, in UTC; "" for the zero one.
func Instant(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(instantForm)
}

// ParseInstant is the instant that Instant wrote.
func ParseInstant(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(instantForm, s)
}

// Minor is rounded money in minor units; several at a time, in the order given.
func Minor(c money.Currency, amounts ...money.Decimal) ([]int64, error) {
	units := make([]int64, len(amounts))
	for i, a := range amounts {
		n, err := money.Of(a, c).Minor()
		if err != nil {
			return nil, err
		}
		units[i] = n
	}
	return units, nil
}

// Major is money of whole minor units.
func Major(c money.Currency, n int64) money.Decimal { return money.FromMinor(n, c.Digits()) }

// Body is the JSON a row keeps of a thing.
func Body(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

// Bodies decodes a column of bodies.
func Bodies[T any](texts []string) ([]T, error) {
	return Each(texts, func(text string) (v T, err error) {
		err = json.Unmarshal([]byte(text), &v)
		return v, err
	})
}

// Each makes one thing of every row, or of every thing its row.
func Each[A, B any](list []A, f func(A) (B, error)) ([]B, error) {
	out := make([]B, len(list))
	for i, a := range list {
		var err error
		if out[i], err = f(a); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Load decodes the single column of JSON that a query answers with.
func Load[T any](ctx context.Context, q Query) ([]T, error) {
	var texts []string
	if err := q.All(ctx, &texts); err != nil {
		return nil, err
	}
	return Bodies[T](texts)
}

// CompareText compares pairs of text, first pair first, by bytes as both databases do.
func CompareText(pairs ...string) int {
	for i := 0; i+1 < len(pairs); i += 2 {
		if c := strings.Compare(pairs[i], pairs[i+1]); c != 0 {
			return c
		}
	}
	return 0
}

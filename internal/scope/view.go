package scope

import (
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// View is a set of {cost, buy, sell, list}: which money a caller may see. The zero View is nothing.
type View uint8

// The four kinds of money: what the provider charges the partner; what an organisation pays its seller; what it
// charges its buyers; the provider's public price.
const (
	Cost View = 1 << iota
	Buy
	Sell
	List
)

// Everything is all four.
const Everything = Cost | Buy | Sell | List

// Has says whether every kind in want is in v.
func (v View) Has(want View) bool { return v&want == want }

// kinds are the four in order, as people write them.
var kinds = [...]string{"cost", "buy", "sell", "list"}

// String is the kinds in order, joined by a comma; "" for none.
func (v View) String() string {
	var words []string
	for i, word := range kinds {
		if v.Has(1 << i) {
			words = append(words, word)
		}
	}
	return strings.Join(words, ",")
}

// MarshalText is String.
func (v View) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads kinds joined by commas; Invalid for any other word.
func (v *View) UnmarshalText(text []byte) error {
	*v = 0
	if len(text) == 0 {
		return nil
	}
next:
	for word := range strings.SplitSeq(string(text), ",") {
		for i, kind := range kinds {
			if word == kind {
				*v |= 1 << i
				continue next
			}
		}
		return fault.New(fault.Invalid, "bad_view", "%q is not a kind of amount: write cost, buy, sell or list", word)
	}
	return nil
}

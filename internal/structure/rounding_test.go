package structure

import (
	"go/ast"
	"slices"
	"testing"
)

// rounding are the files that may drop digits, each with what it drops them of.
var rounding = exceptions{
	"internal/invoice/calculate.go":            "the lines and taxes of our documents",
	"internal/document/detail.go":              "a copy of exact amounts for spreadsheets, beside them",
	"internal/usage/control.go":                "the provider's documented truncations",
	"internal/usage/formula.go":                "what the provider documents that a statement line makes",
	"internal/recon/tax.go":                    "the provider's tax, and the rate behind it",
	"internal/recon/compare.go":                "a truncated figure in the words of a difference",
	"internal/intake/decode_row.go":            "the tolerance within which a row agrees with its own formula",
	"internal/usagestore/duckdb/write_conn.go": "the head of a long literal, whose tail is kept beside it",
	"internal/event/log.go":                    "an instant, of its monotonic part",
	"internal/event/anchor.go":                 "an instant, of its monotonic part",
}

// TestRounding looks for calls of Round, Truncate and Quo in areas and adapters: rounding has an address.
func TestRounding(t *testing.T) { verify(t, rounds) }

func rounds(t *tree) report { return roundsBut(t, rounding) }

func roundsBut(t *tree, rounding exceptions) report {
	var r report
	used := map[string]bool{}
	for _, p := range t.of(areas, adapters) {
		for _, f := range p.sources() {
			r.count("files", 1)
			ast.Inspect(f.File, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				s, ok := call.Fun.(*ast.SelectorExpr)
				if !ok || !slices.Contains([]string{"Round", "Truncate", "Quo"}, s.Sel.Name) {
					return true
				}
				r.count("calls that drop digits", 1)
				if used[f.path] = true; rounding[f.path] == "" {
					r.bad(t.at(n), "%s drops digits: money is rounded in invoice/calculate.go and nowhere else", s.Sel.Name)
				}
				return true
			})
		}
	}
	r.unneeded(rounding, used)
	return r
}

func TestRoundingFires(t *testing.T) {
	rate := func(text string) map[string]string {
		return map[string]string{"internal/rating/rate.go": "package rating\n\n" + text + "\n"}
	}
	fires(t, func(t *tree) report { return roundsBut(t, nil) }, []fixture{
		{"as it should be", rate("func f(a, b money.Decimal) money.Decimal { return a.Mul(b) }"), ""},
		{"a rate rounded", rate("func f(a, b money.Decimal) money.Decimal { return a.Mul(b).Round(2) }"), "Round drops digits"},
		{"a division", rate("func f(a, b money.Decimal) money.Decimal { return a.Quo(b, 12) }"), "Quo drops digits"},
	})
	fires(t, func(t *tree) report { return roundsBut(t, exceptions{"internal/rating/rate.go": "shares"}) }, []fixture{
		{"an exception that holds", rate("func f(a, b money.Decimal) money.Decimal { return a.Quo(b, 12) }"), ""},
		{"an exception outlived", rate(""), "not needed any more"},
	})
}

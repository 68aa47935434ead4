package table_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/money"
)

// TestCSVRunsNoFormulas: text that begins like a formula is text in a spreadsheet; numbers stay numbers.
func TestCSVRunsNoFormulas(t *testing.T) {
	cases := map[any]string{
		`=HYPERLINK("http://x")`: `'=HYPERLINK("http://x")`,
		"+1+cmd|' /C calc'!A0":   "'+1+cmd|' /C calc'!A0",
		"-2+3":                   "'-2+3",
		"@SUM(A1)":               "'@SUM(A1)",
		" =1+1":                  "' =1+1",
		"\t=1":                   "'\ufffd=1", // tabs cannot steer a terminal, and are replaced before
		"\r=1":                   "'\ufffd=1",
		"\uff1d1+1":              "'\uff1d1+1",
		"-":                      "'-",
		"-1.25":                  "-1.25",
		"+7":                     "+7",
		-3:                       "-3",
		"0.5":                    "0.5",
		"a=b":                    "a=b",
		"":                       "",
		money.Of(money.MustParse("-1.005"), "EUR"): "-1.005",
	}
	for in, want := range cases {
		list := table.New("name", ">n")
		list.Add(in, in)
		var out strings.Builder
		if err := list.CSV(&out); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != 2 || rows[1][0] != want || rows[1][1] != want {
			t.Errorf("%q: got %q, %v; want %q", in, rows, err, want)
		}
	}
}

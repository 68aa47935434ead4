package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// usageLine is a reconciliation line for the rows of one meter.
func usageLine(subtotal string) string {
	return fmt.Sprintf("p-1,t-1,G1,DZH1,0001,,1,1,%s,0,%s,EUR,Microsoft,Azure plan,plan-1,9/1/2026,9/30/2026,,1,", subtotal, subtotal)
}

// Where a part of a file repeats rows of another file of the command, the reconciliation lines say how often they count;
// without any it is refused, with its amount, unless --add says that all count.
func TestRowsInSeveralFiles(t *testing.T) {
	x, y, z := line("G1", 1, 1, 300), line("G1", 1, 2, 600), line("G1", 2, 1, 900) // one meter
	first, second := text(x, y), text(x, z)
	req := intake.Request{Period: period.NewDate(2026, 9, 1).Month()}
	t.Run("no line says", func(t *testing.T) {
		v := open(t)
		_, err := v.try(t, req, first, second)
		if fault.CodeOf(err) != "rows_repeated" || !strings.Contains(err.Error(), "1 rows with 3 EUR of invoice G1") {
			t.Fatal(err)
		}
		v.expect(t, "0", 0)
		v.mustImport(t, req, text(x, y), text(z)) // without the repetition
		v.expect(t, "18", 3)
	})
	t.Run("all count, it is said", func(t *testing.T) {
		v := open(t)
		load := v.mustImport(t, intake.Request{Add: true}, first, second)
		if len(said(load, "rows_in_several_files")) != 1 {
			t.Errorf("%+v", load.Problems)
		}
		v.expect(t, "21", 4)
		if again := v.mustImport(t, req, first, second); again.Rows.Skipped != 4 {
			t.Errorf("again: %+v", again.Rows)
		}
	})
	for name, c := range map[string]struct {
		subtotal, cost string
		rows           int64
		code           string
	}{
		"the lines count them twice":     {"21.00", "21", 4, ""},
		"the lines count them once":      {"18.00", "18", 3, ""},
		"the lines fit neither":          {"19.00", "0", 0, "rows_repeated"},
		"one file with all of the rows":  {"21.00", "21", 4, ""},
		"the lines of an earlier import": {"18.00", "18", 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			statement := lineText(usageLine(c.subtotal) + "m")
			files := [][]byte{named(first), named(second), statement}
			switch name {
			case "one file with all of the rows":
				files = [][]byte{named(text(x, y, x, z)), statement}
			case "the lines of an earlier import":
				v.mustImport(t, req, statement)
				files = files[:2]
			}
			load, err := v.try(t, req, files...)
			if fault.CodeOf(err) != c.code && (err != nil || c.code != "") {
				t.Fatalf("%v, want %q", err, c.code)
			}
			if err == nil {
				addsUp(t, load)
			}
			if c.rows == 3 && (len(said(load, "repeated_rows")) != 1 || load.Rows.Skipped < 1) {
				t.Errorf("%+v", load)
			}
			v.expect(t, c.cost, c.rows)
			if c.code == "" {
				if again, err := v.try(t, req, files...); err != nil || again.Rows.Sealed != 0 {
					t.Errorf("again: %+v, %v", again, err)
				}
			}
		})
	}
}

// named gives rows the name of a meter that reconciliation lines have.
func named(file []byte) []byte {
	lines := strings.Split(strings.TrimSpace(string(file)), "\n")
	for i := range lines {
		if i == 0 {
			lines[i] += ",MeterName"
		} else {
			lines[i] += ",m"
		}
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// A file that repeats another as a whole counts once, and is named with its money.
func TestWholeFileRepeats(t *testing.T) {
	v := open(t)
	a, b := line("G1", 1, 1, 100), line("G1", 1, 2, 200)
	load := v.mustImport(t, intake.Request{}, text(a, b), jsonText(t, b, a))
	if p := said(load, "repeated_file"); len(p) != 1 || p[0].Verdict != "warned" || !strings.Contains(p[0].Reason, "2 rows with 3 EUR") {
		t.Errorf("%+v", load.Problems)
	}
	v.expect(t, "3", 2)
}

// Reconciliation lines in several files are refused unless all count; nothing else says how often they do.
func TestLinesInSeveralFiles(t *testing.T) {
	v := open(t)
	req := intake.Request{Period: period.NewDate(2026, 9, 1).Month()}
	first, second := lineText(licence("G1", 1), licence("G1", 2)), lineText(licence("G1", 1), licence("G1", 3))
	if _, err := v.try(t, req, first, second); fault.CodeOf(err) != "lines_repeated" || !strings.Contains(err.Error(), "1 reconciliation lines with 10 EUR") {
		t.Fatal(err)
	}
	req.Add = true
	if l := v.mustImport(t, req, first, second); l.Rows.Sealed != 4 {
		t.Errorf("%+v", l.Rows)
	}
	req.Add = false
	if l := v.mustImport(t, req, first, second); l.Rows.Skipped != 4 {
		t.Errorf("again: %+v", l.Rows)
	}
}

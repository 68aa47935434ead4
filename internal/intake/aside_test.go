package intake_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// aside lists what of files does not count: kind, file, line, month and money.
func (n installation) aside(t *testing.T) (out []string) {
	t.Helper()
	err := n.db.View(t.Context(), func(ctx context.Context, r tx.Read) error {
		list, err := n.store.Asides(ctx, r, scope.All(), aside.Filter{Open: true})
		for i := range list {
			a := &list[i]
			month := "?"
			if a.Period != 0 {
				month = a.Period.String()
			}
			out = append(out, fmt.Sprintf("%s %s:%d %s %d rows %s EUR, %d unreadable", a.Kind, a.File, a.Line, month, a.Rows, a.Money["EUR"], a.Unreadable))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func (n installation) isAside(t *testing.T, want ...string) {
	t.Helper()
	if got := n.aside(t); !slices.Equal(got, want) {
		t.Errorf("open are %q, want %q", got, want)
	}
}

func broken(s, from, to string) string { return strings.Replace(s, from, to, 1) }

// A row that cannot be read keeps its month from being complete, with its money, until a file brings it; the same file
// without the fault completes the month at once.
func TestAsideKeepsMonthOpen(t *testing.T) {
	a, b := line("G1", 1, 1, 100), line("G1", 2, 1, 250)
	good := open(t)
	if l := good.mustImport(t, intake.Request{Complete: true}, text(a, b)); l.Aside != nil || l.NotComplete != nil {
		t.Fatalf("nothing is wrong, and %+v", l)
	}
	if got, n := good.sides(t); n != 1 || got[0] != "billed complete" {
		t.Fatalf("without the fault: %v", got)
	}
	for name, bad := range map[string]struct{ row, want string }{
		"quantity": {broken(b, ",2.5,2.5,EUR", `,"2,5",2.5,EUR`), "kept_aside file-0:3 2026-09 1 rows 2.5 EUR, 0 unreadable"},
		"amount":   {broken(b, ",2.5,2.5,EUR", ",2.5,x,EUR"), "kept_aside file-0:3 2026-09 1 rows 0 EUR, 1 unreadable"},
		"day":      {broken(b, "9/1/2026", "9/31/2026"), "kept_aside file-0:3 2026-09 1 rows 2.5 EUR, 0 unreadable"},
		"nobody's": {broken(b, ",e-2", ","), "kept_aside file-0:3 2026-09 1 rows 2.5 EUR, 0 unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			for range 2 { // the same file once more is the same row once more
				l := v.mustImport(t, intake.Request{Complete: true}, text(a, bad.row))
				if l.Aside == nil || l.Aside.Rows != 1 || len(l.NotComplete) != 1 || l.NotComplete[0].Period != september {
					t.Fatalf("%+v %+v", l.Aside, l.NotComplete)
				}
				v.isAside(t, bad.want)
			}
			if got, n := v.sides(t); n != 0 {
				t.Errorf("complete: %v", got)
			}
			l := v.mustImport(t, intake.Request{Complete: true, Add: true}, text(a, b))
			if len(l.Answered) != 1 || len(l.NotComplete) != 0 {
				t.Errorf("the corrected file: %+v", l)
			}
			v.isAside(t)
			v.expect(t, "3.5", 2)
			v.rebuilds(t)
			if got, n := v.sides(t); n == 0 || slices.Contains(got, "billed") && n == len(got) {
				t.Errorf("still not complete: %v", got)
			}
		})
	}
}

// A file of other rows of the same invoice, month, entitlement and day brings nothing that was kept aside.
func TestAsideStaysOpen(t *testing.T) {
	v := open(t)
	bad := broken(line("G1", 2, 1, 250), ",2.5,2.5,EUR", ",2.5,x,EUR")
	v.mustImport(t, intake.Request{}, text(bad, line("G1", 2, 1, 200)))
	v.mustImport(t, intake.Request{Add: true}, text(line("G1", 2, 1, 201)), text(line("G1", 2, 2, 250)))
	if len(v.aside(t)) != 1 {
		t.Errorf("open are %q", v.aside(t))
	}
	l := v.mustImport(t, intake.Request{Complete: true}, text(line("G1", 3, 1, 100)))
	if len(l.NotComplete) != 1 {
		t.Errorf("an import without a fault completes what an earlier one left open: %+v", l)
	}
}

// All rows of an invoice imported again answer what was open of it.
func TestAsideReplaced(t *testing.T) {
	v := open(t)
	v.mustImport(t, intake.Request{}, text(line("G1", 1, 1, 100), broken(line("G1", 2, 1, 250), ",2.5,2.5,EUR", ",2.5,x,EUR")))
	l := v.mustImport(t, intake.Request{Complete: true, Supersede: true}, text(line("G1", 1, 1, 100), line("G1", 9, 1, 275)))
	if len(l.Answered) != 1 || len(l.NotComplete) != 0 {
		t.Errorf("%+v", l)
	}
	v.isAside(t)
}

// A refused file counts as one, whatever was reached of it, keeps the month of its command open, and is answered by a file
// of its name that is taken.
func TestRefusedFile(t *testing.T) {
	a, b := text(line("G1", 1, 1, 100)), text(line("G1", 2, 1, 250))
	gone := intake.Source{Name: "dir/part2.csv", Open: func() (io.ReadCloser, error) { return nil, errors.New("permission denied") }}
	for name, c := range map[string]struct {
		bad  intake.Source
		want string
	}{
		"cannot be opened":     {gone, "refused_file dir/part2.csv:0 2026-09 0 rows 0 EUR, 0 unreadable"},
		"nothing can be read":  {source("part2.csv", []byte("\x89PNG\r\n\x1a\n\x00\x01")), "refused_file part2.csv:0 2026-09 0 rows 0 EUR, 0 unreadable"},
		"breaks in the middle": {source("part2.csv", append(slices.Clone(b), "x,y\n"...)), "refused_file part2.csv:0 2026-09 1 rows 2.5 EUR, 0 unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			v := open(t)
			l, err := v.Import(operator(t), intake.Request{Complete: true, Sources: []intake.Source{source("part1.csv", a), c.bad}})
			if err != nil || l.FilesRefused != 1 || l.Rows.Sealed != 1 || len(l.NotComplete) != 1 {
				t.Fatalf("%+v, %v", l, err)
			}
			v.isAside(t, c.want)
			l, err = v.Import(operator(t), intake.Request{Complete: true, Sources: []intake.Source{source("part1.csv", a), source("part2.csv", b)}})
			if err != nil || l.FilesRefused != 0 || len(l.NotComplete) != 0 || l.Rows.Sealed != 1 {
				t.Fatalf("corrected: %+v, %v", l, err)
			}
			v.isAside(t)
			v.expect(t, "3.5", 2)
		})
	}
}

// A refused file that nothing is known of, alone in its command, is of no month: a month is not called complete by a
// person meanwhile.
func TestRefusedFileOfNoMonth(t *testing.T) {
	v := open(t)
	l := v.mustImport(t, intake.Request{}, []byte("no header\n"))
	if l.FilesRefused != 1 {
		t.Fatalf("%+v", l)
	}
	v.isAside(t, "refused_file file-0:0 ? 0 rows 0 EUR, 0 unreadable")
	l, err := v.Import(operator(t), intake.Request{Complete: true, Sources: []intake.Source{source("other.csv", text(line("G1", 1, 1, 100)))}})
	if err != nil || len(l.NotComplete) != 1 {
		t.Errorf("%+v, %v", l, err)
	}
}

// Unbilled rows kept aside say nothing of billed ones, and are settled when these have come.
func TestUnbilledAside(t *testing.T) {
	v := open(t)
	v.mustImport(t, intake.Request{}, text(broken(line("", 1, 1, 250), ",2.5,2.5,EUR", ",2.5,x,EUR")))
	if len(v.aside(t)) != 1 {
		t.Fatalf("%q", v.aside(t))
	}
	if l := v.mustImport(t, intake.Request{Complete: true}, text(line("G1", 1, 1, 250))); len(l.NotComplete) != 0 || len(l.Answered) != 1 {
		t.Errorf("%+v", l)
	}
	v.isAside(t)
}

// Of more rows than are listed all are counted and summed, and which are listed does not depend on the order of reading.
func TestManyAside(t *testing.T) {
	v := open(t)
	var lines []string
	for i := range 15_000 {
		row := line("G1", i, 1, 100)
		if i%10 == 0 {
			row = broken(row, ",1,1,EUR", ",x,1,EUR")
		}
		lines = append(lines, row)
	}
	l := v.mustImport(t, intake.Request{}, text(lines...))
	if l.Aside.Rows != 1500 || l.Aside.Money["EUR"].String() != "1500" || len(l.Aside.Items) != 0 {
		t.Errorf("%+v", l.Aside)
	}
	list := v.aside(t)
	if len(list) != aside.Listed+1 || list[0] != fmt.Sprintf("kept_aside file-0:0 2026-09 %d rows %d EUR, 0 unreadable", 500, 500) ||
		list[aside.Listed] != "kept_aside file-0:9992 2026-09 1 rows 1 EUR, 0 unreadable" {
		t.Errorf("%d: %q … %q", len(list), list[0], list[len(list)-1])
	}
}

// What an invoice charges for an earlier month is said with its money.
func TestOtherMonthSaid(t *testing.T) {
	v := open(t)
	late := broken(line("G1", 1, 1, 250), "9/1/2026", "8/30/2026")
	l := v.mustImport(t, intake.Request{Complete: true}, text(line("G1", 1, 1, 100), late))
	if len(l.OtherMonths) != 1 || l.OtherMonths[0].Period != september-1 || l.OtherMonths[0].Billed != september || l.OtherMonths[0].Money["EUR"].String() != "2.5" {
		t.Errorf("%+v", l.OtherMonths)
	}
	if l := v.mustImport(t, intake.Request{}, text(line("G2", 1, 1, 300))); l.OtherMonths != nil {
		t.Errorf("another invoice: %+v", l.OtherMonths)
	}
}

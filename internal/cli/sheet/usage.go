package sheet

import (
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Load is a load as people read it: where the rows of each file went, and what was wrong.
func Load(l usage.Load) []*table.Table {
	files := table.New("file", "dataset", ">in", ">sealed", ">skipped", ">kept aside", ">refused").Titled("%s", l.ID)
	for _, f := range l.Files {
		files.Add(f.Name, f.Dataset, f.Rows.In, f.Rows.Sealed, f.Rows.Skipped, f.Rows.Quarantined, f.Rows.Refused)
	}
	if len(l.Files) > 1 {
		files.Add("all", "", l.Rows.In, l.Rows.Sealed, l.Rows.Skipped, l.Rows.Quarantined, l.Rows.Refused)
	}
	return []*table.Table{files, problems(l.Problems)}
}

// ShownProblems is how many problems are printed; the load keeps all.
const ShownProblems = 20

func problems(list []usage.Problem) *table.Table {
	t := table.New("verdict", "where", ">rows", "reason").Titled("")
	for i, p := range list {
		if i == ShownProblems {
			t.Add("…", "", len(list)-i, "more; -o json lists them all")
			break
		}
		t.Add(p.Verdict, p.Where(), max(p.Rows, 1), p.Reason)
	}
	if len(list) == 0 {
		t.Title = "no problems"
	}
	return t
}

package intake

import (
	"slices"

	"github.com/purveyor-csp/purveyor/internal/aside"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// writtenOff leaves out what a file holds again of what was written off: it stays answered. The rest is listed.
func (s *sealing) writtenOff(f *sourceFile, list []aside.Item) []aside.Item {
	used := map[string]bool{}
	return slices.DeleteFunc(list, func(a aside.Item) bool {
		i := slices.IndexFunc(s.closed, func(b aside.Item) bool { return !used[b.Ref] && a.IsAgain(&b) })
		if i < 0 {
			return false
		}
		used[s.closed[i].Ref] = true
		if a.Kind != aside.KeptAside {
			return true
		}
		f.aside -= a.Rows
		f.skip(writtenOffRows, a.Rows)
		for j := range f.problems {
			if p := &f.problems[j]; a.Line > 0 && p.Line == a.Line && p.Verdict == usage.Quarantined {
				p.Verdict, p.Reason = usage.Noted, p.Reason+"; the row was written off ("+s.closed[i].Ref+")"
			}
		}
		return true
	})
}

package matrix

import (
	_ "embed"
	"fmt"
	"maps"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

//go:embed expected.yaml
var expected []byte

// Table is the expected outcome by call and role: one letter for each relation. See expected.yaml.
type Table map[string]map[string]string

// Expected reads the reviewed table.
func Expected() (Table, error) {
	var written map[string]map[string]string // letters → roles
	if err := yaml.Unmarshal(expected, &written); err != nil {
		return nil, fault.New(fault.Internal, "matrix_table", "the table of the matrix cannot be read").Because(err)
	}
	t := Table{}
	for call, rows := range written {
		t[call] = map[string]string{}
		for letters, roles := range rows {
			for role := range strings.FieldsSeq(roles) {
				if t[call][role] != "" || len(letters) != len(relations) {
					return nil, fault.New(fault.Internal, "matrix_table", "%s of the matrix has a role twice, or %q is not %d letters", call, letters, len(relations))
				}
				t[call][role] = letters
			}
		}
	}
	return t, nil
}

// String is the table in the form of its file.
func (t Table) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(t)) {
		rows := map[string][]string{}
		var order []string
		for _, c := range callers() {
			letters, ok := t[name][c.name()]
			if !ok {
				continue
			}
			if rows[letters] == nil {
				order = append(order, letters)
			}
			rows[letters] = append(rows[letters], c.name())
		}
		fmt.Fprintf(&b, "\n%s:\n", name)
		for _, letters := range slices.Compact(order) {
			fmt.Fprintf(&b, "  %q: %s\n", letters, strings.Join(rows[letters], " "))
		}
	}
	return b.String()
}

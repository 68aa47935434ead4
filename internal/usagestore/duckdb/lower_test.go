package duckdb

import (
	"path/filepath"
	"strings"
	"testing"
)

// What keeps usage in memory folds letters itself, to find what this package finds by SQL's lower: both must fold every
// letter alike, or a scope would see something else there.
func TestLowerIsGos(t *testing.T) {
	s, err := Open(filepath.Join(t.TempDir(), "usage.duckdb"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	letters, folded := 0, 0
	err = s.with(t.Context(), func(c *conn) error {
		sql := `SELECT chr(i::INTEGER), lower(chr(i::INTEGER)) FROM range(1, 1114112) t(i) WHERE i NOT BETWEEN 55296 AND 57343`
		return c.query(t.Context(), sql, func(r rows) error {
			plain, lower := column[text128](r, 0), column[text128](r, 1)
			for i := range r.n {
				x, got := text(plain, i), text(lower, i)
				if letters++; got != x {
					folded++
				}
				if want := strings.ToLower(x); got != want {
					t.Errorf("%U is %q in SQL and %q in Go", []rune(x), got, want)
				}
			}
			return nil
		})
	})
	if err != nil || letters < 1_000_000 || folded < 1000 {
		t.Errorf("%d letters, %d folded: %v", letters, folded, err)
	}
}

package sqlstore

import (
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// A program of PostgreSQL that is missing, or is of another version, is refused by name.
func TestFindTool(t *testing.T) {
	if _, err := findTool(t.Context(), "pg_dump", 1); fault.CodeOf(err) != "tool_missing" || !strings.Contains(err.Error(), "PostgreSQL 1") {
		t.Errorf("another version: %v", err)
	}
	t.Setenv("PATH", t.TempDir())
	if _, err := findTool(t.Context(), "pg_dump", 1); fault.CodeOf(err) != "tool_missing" || !strings.Contains(err.Error(), "there is none") {
		t.Errorf("none: %v", err)
	}
}

// An address that goes into an argument holds no password.
func TestWithoutPassword(t *testing.T) {
	for dsn, want := range map[string]string{
		"postgres://me:hush@db:5432/x?sslmode=require":               "postgres://me@db:5432/x?sslmode=require",
		"postgres://db/x?password=hush&sslmode=require":              "postgres://db/x?sslmode=require",
		"host=db password=hush dbname=x":                             "host=db  dbname=x",
		`host=db password = 'hush \' hush' sslpassword=hush user=me`: "host=db   user=me",
		"host=db dbname=x": "host=db dbname=x",
	} {
		if got := withoutPassword(dsn); got != want || strings.Contains(got, "hush") {
			t.Errorf("%s: %s", dsn, got)
		}
	}
}

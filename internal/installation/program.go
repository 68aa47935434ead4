package installation

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sqlstore"
)

// ProgramName is the file of a data directory that says which program wrote it last.
const ProgramName = "program.json"

// program is that file.
type program struct {
	Version string `json:"version"`
	Schema  int64  `json:"ledger_schema"`
}

// recordProgram writes which program has the directory now, where the file says something else.
func recordProgram(dir, version string) error {
	newest, err := sqlstore.Newest()
	if err != nil {
		return err
	}
	text, err := json.Marshal(program{version, newest})
	if err != nil {
		return err
	}
	text = append(text, '\n')
	path := filepath.Join(dir, ProgramName)
	if have, err := os.ReadFile(path); err == nil && bytes.Equal(have, text) {
		return nil
	}
	return disk.Refused(replaceFile(path, text), path+" cannot be written", "nothing was done")
}

// replaceFile writes a small file whole.
func replaceFile(path string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// byNewer says of a store that only a newer program knows which program wrote it, and which backup is of before. Other
// errors pass.
func byNewer(dir, version string, err error) error {
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Code != sqlstore.CodeTooNew && f.Code != sqlstore.CodeOtherSchema && f.Code != "usage_store_too_new" {
		return err
	}
	var by program
	if text, e := os.ReadFile(filepath.Join(dir, ProgramName)); e == nil {
		_ = json.Unmarshal(text, &by) // a file that cannot be read says nothing
	}
	name := "a version of purveyor that is not known"
	if by.Version != "" {
		name = "purveyor " + by.Version
	}
	before := ""
	if found, _ := filepath.Glob(filepath.Join(dir, beforeMigration+"*")); len(found) > 0 {
		before = ". A backup of before it was migrated is in " + found[len(found)-1]
	}
	return fault.New(f.Kind, f.Code, "%s was written by %s, and this is purveyor %s: %s%s", dir, name, cmp.Or(version, "of no version"), f.Text, before).Because(err)
}

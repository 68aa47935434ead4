package folder

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Read is a folder that is read.
type Read string

var _ backup.Source = Read("")

// List names everything that is no folder, links and devices too.
func (r Read) List() (names []string, err error) {
	err = filepath.WalkDir(string(r), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name, err := filepath.Rel(string(r), path)
		names = append(names, filepath.ToSlash(name))
		return err
	})
	return names, r.refused(err)
}

// Open opens a regular file.
func (r Read) Open(name string) (io.ReadCloser, error) {
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return nil, fault.New(fault.Invalid, "bad_file", "%q is not a file of %s", name, string(r))
	}
	at := filepath.Join(string(r), filepath.FromSlash(name))
	info, err := os.Lstat(at)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "no_backup", "%s has no %s: it is not a backup, or the backup is damaged; name the folder of a backup", string(r), name)
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, fault.New(fault.Conflict, "backup_damaged", "%s in %s is not a regular file; use another backup", name, string(r))
	}
	if err != nil {
		return nil, r.refused(err)
	}
	f, err := os.Open(at)
	return f, r.refused(err)
}

func (r Read) refused(err error) error {
	return disk.Refused(err, string(r)+" cannot be read", "nothing was done")
}

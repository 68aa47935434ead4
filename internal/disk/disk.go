// Package disk owns the errors by which the operating system refuses a file, in words that people can act on.
//
// It writes nothing but copies in the folder for temporary files. Always true: other errors pass unchanged, and what a
// person reads never names calls of the operating system.
package disk

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// refusal is one reason there is: its code, what happened, and what to do.
type refusal struct {
	numbers        []error
	code, why, act string
}

var refusals = [...]refusal{
	{[]error{syscall.ENOSPC, syscall.EDQUOT}, "disk_full", "the disk is full", "free space"},
	{[]error{syscall.EFBIG}, "disk_full", "the file may not become larger", "raise the limit on the size of files (ulimit -f)"},
	{[]error{syscall.EROFS}, "read_only", "the disk can only be read", "make it writable, or work on a copy"},
	{[]error{syscall.EACCES, syscall.EPERM, fs.ErrPermission}, "no_permission", "the account that runs this may not", "give it permission, or use the account that owns the data"},
	{[]error{syscall.EIO}, "disk_error", "the disk reports an error", "look at the disk, and restore what is damaged from a backup"},
	{[]error{syscall.EMFILE, syscall.ENFILE}, "too_many_files", "too many files are open", "raise the limit on open files (ulimit -n)"},
	{[]error{syscall.ENOENT, fs.ErrNotExist}, "file_gone", "it is not there", "restore it from a backup, or name the right place"},
}

func find(err error) (refusal, bool) {
	for _, r := range refusals {
		for _, n := range r.numbers {
			if errors.Is(err, n) {
				return r, true
			}
		}
	}
	return refusal{}, false
}

// Why says in a few words why the operating system refused; "" when it did not.
func Why(err error) string {
	r, _ := find(err)
	return r.why
}

// Full says whether there was no room.
func Full(err error) bool {
	r, _ := find(err)
	return r.code == "disk_full"
}

// Refused makes Unavailable of what the operating system refused: what could not be done, such as "DIR cannot be
// written", why, what was kept, and what to do. A fault, and an error that is no such refusal, pass unchanged.
func Refused(err error, what, kept string) error {
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	r, ok := find(err)
	if !ok {
		return err
	}
	return fault.New(fault.Unavailable, r.code, "%s: %s; %s. To go on, %s and give the command again", what, r.why, kept, r.act).Because(err)
}

// Try writes a small file into a folder and removes it: the error says why nothing can be written there. It is for errors
// of libraries that do not say why.
func Try(dir string) error {
	f, err := os.CreateTemp(dir, ".try-")
	if err != nil {
		return err
	}
	_, err = f.Write(make([]byte, 64<<10))
	return errors.Join(err, f.Close(), os.Remove(f.Name()))
}

// CopyToTemp copies files into a folder of their own among the temporary files, which the caller removes.
func CopyToTemp(paths ...string) (dir string, err error) {
	if dir, err = os.MkdirTemp("", "purveyor-"); err != nil {
		return "", Refused(err, "the folder of temporary files cannot be written", "nothing was done")
	}
	for _, path := range paths {
		if err := copyFile(path, filepath.Join(dir, filepath.Base(path))); err != nil {
			return "", errors.Join(Refused(err, filepath.Base(path)+" cannot be copied to be read", "nothing was changed"), os.RemoveAll(dir))
		}
	}
	return dir, nil
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

package command

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Files lists the files named, those of folders in order of their names; "-" is standard input. One that cannot be opened,
// and a folder without files, is listed with why, so that it is refused beside the others; when nothing can be opened that
// is an error.
func (e *Env) Files(names []string) ([]call.Source, error) {
	var out []call.Source
	var first error
	readable := false
	for _, name := range names {
		if name == "-" {
			readable = true
			out = append(out, call.Source{Name: "standard input", Open: func() (io.ReadCloser, error) { return io.NopCloser(e.In), nil }})
			continue
		}
		found, err := filesAt(name)
		if err != nil {
			found = []call.Source{refused(name, err)}
		}
		for _, f := range found {
			if f.Refused == nil {
				readable = true
			} else if first == nil {
				first = Unreadable(f.Name, f.Refused)
			}
		}
		out = append(out, found...)
	}
	if !readable && first != nil {
		return nil, first
	}
	return out, nil
}

// filesAt is a file, or the files of a folder. Links are followed; folders in a folder, and hidden files, are passed over.
func filesAt(name string) ([]call.Source, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []call.Source{tried(name, info)}, nil
	}
	entries, err := os.ReadDir(name)
	if err != nil {
		return nil, err
	}
	var out []call.Source
	for _, f := range entries {
		if strings.HasPrefix(f.Name(), ".") {
			continue
		}
		at := filepath.Join(name, f.Name())
		switch info, err := os.Stat(at); {
		case err != nil:
			out = append(out, refused(at, err))
		case !info.IsDir():
			out = append(out, tried(at, info))
		}
	}
	if len(out) == 0 {
		return nil, errNoFiles
	}
	return out, nil
}

var errNoFiles = errors.New("the folder holds no files")

// tried is a file, opened once to know whether it can be. What is no regular file, such as a pipe, can be opened only
// once.
func tried(name string, info os.FileInfo) call.Source {
	if info.Mode().IsRegular() {
		f, err := os.Open(name)
		if err != nil {
			return refused(name, err)
		}
		f.Close()
	}
	return fileSource(name, info.Size())
}

func refused(name string, err error) call.Source {
	return call.Source{Name: name, Refused: err, Open: func() (io.ReadCloser, error) { return nil, err }}
}

// Unreadable is the fault of a file that cannot be read, when nothing was done yet.
func Unreadable(name string, err error) error {
	if errors.Is(err, errNoFiles) {
		return fault.New(fault.Invalid, "no_files", "the folder %s holds no files; nothing was done", name)
	}
	return fault.New(fault.Invalid, "no_such_file", "%s cannot be read; nothing was done", name).Because(err)
}

func fileSource(name string, size int64) call.Source {
	return call.Source{Name: name, Size: size, Open: func() (io.ReadCloser, error) { return os.Open(name) }}
}

// Read reads a small file, or standard input for "-".
func (e *Env) Read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(e.In)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, Unreadable(name, err)
	}
	return text, nil
}

// Write makes a file and fills it.
func Write(path string, f func(io.Writer) error) error {
	out, err := os.Create(path)
	if err != nil {
		return fault.New(fault.Invalid, "cannot_write", "%s cannot be written", path).Because(err)
	}
	if err := f(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}

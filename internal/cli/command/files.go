package command

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Files lists the files named, those of folders in order of their names; "-" is standard input.
func (e *Env) Files(names []string) ([]call.Source, error) {
	var out []call.Source
	for _, name := range names {
		if name == "-" {
			out = append(out, call.Source{Name: "standard input", Open: func() (io.ReadCloser, error) { return io.NopCloser(e.In), nil }})
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, Unreadable(name, err)
		}
		if !info.IsDir() {
			out = append(out, fileSource(name, info.Size()))
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, Unreadable(name, err)
		}
		for _, f := range entries {
			if info, err := f.Info(); err == nil && info.Mode().IsRegular() && !strings.HasPrefix(f.Name(), ".") {
				out = append(out, fileSource(filepath.Join(name, f.Name()), info.Size()))
			}
		}
	}
	return out, nil
}

// Unreadable is the fault of a file that cannot be read, when nothing was done yet.
func Unreadable(name string, err error) error {
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

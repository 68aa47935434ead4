package cli

import (
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// source is one thing to send: a file, or standard input.
type source struct {
	name string
	size int64 // bytes, 0 when unknown
	open func() (io.ReadCloser, error)
}

// sourcesOf lists the files named, those of folders in order of their names; "-" is standard input.
func (e *env) sourcesOf(names []string) ([]source, error) {
	var out []source
	for _, name := range names {
		if name == "-" {
			out = append(out, source{"standard input", 0, func() (io.ReadCloser, error) { return io.NopCloser(e.In), nil }})
			continue
		}
		info, err := os.Stat(name)
		if err != nil {
			return nil, unreadable(name, err)
		}
		if !info.IsDir() {
			out = append(out, fileSource(name, info.Size()))
			continue
		}
		entries, err := os.ReadDir(name)
		if err != nil {
			return nil, unreadable(name, err)
		}
		for _, f := range entries {
			if info, err := f.Info(); err == nil && info.Mode().IsRegular() && !strings.HasPrefix(f.Name(), ".") {
				out = append(out, fileSource(filepath.Join(name, f.Name()), info.Size()))
			}
		}
	}
	return out, nil
}

func unreadable(name string, err error) error {
	return fault.New(fault.Invalid, "no_such_file", "%s cannot be read; nothing was done", name).Because(err)
}

func fileSource(name string, size int64) source {
	return source{name, size, func() (io.ReadCloser, error) { return os.Open(name) }}
}

// read reads a small file, or standard input for "-".
func (e *env) read(name string) ([]byte, error) {
	if name == "-" {
		return io.ReadAll(e.In)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, unreadable(name, err)
	}
	return text, nil
}

// write makes a file and fills it.
func write(path string, f func(io.Writer) error) error {
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

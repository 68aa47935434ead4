// Package filestore keeps files by their content: sources, worksheets, issued documents. A file is named by the
// SHA-256 of its bytes, in hex.
//
// It does not know what files are for; the ledger names them. Always true: a file that Put names is whole and on the
// disk, and its directory entry too, before the name is given out; a file never changes; putting the same bytes twice
// keeps one file.
package filestore

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Store is a directory of files.
type Store struct {
	dir      string
	onlyRead bool
}

// Open makes the directory if there is none, and removes what an interrupted process was writing. One process at a time
// has a directory.
func Open(dir string) (*Store, error) {
	tmp := filepath.Join(dir, "tmp")
	if err := errors.Join(os.RemoveAll(tmp), os.MkdirAll(tmp, 0o700)); err != nil {
		return nil, unusable(dir, err)
	}
	return &Store{dir: dir}, nil
}

// OpenToRead opens a directory that is not written.
func OpenToRead(dir string) (*Store, error) { return &Store{dir, true}, nil }

// unusable says why files cannot be written, and what to do. What was kept before is whole: a file has no name until it is.
func unusable(dir string, err error) error {
	if err == nil {
		return nil
	}
	what := "the file store " + dir + " cannot be written"
	err = disk.Refused(err, what, "nothing half-written was kept, and files that were kept before are whole")
	if _, ok := errors.AsType[*fault.Fault](err); ok {
		return err
	}
	return fault.New(fault.Unavailable, "files_unusable", "%s: no partial file was kept; check the disk and give the command again", what).Because(err)
}

// Path is where the file of a digest lies.
func (s *Store) Path(digest string) string { return s.path(digest) }

func (s *Store) path(digest string) string { return filepath.Join(s.dir, digest[:2], digest) }

// Put keeps what r holds and names it. Nothing is kept when r or the context fails.
func (s *Store) Put(ctx context.Context, r io.Reader) (digest string, size int64, err error) {
	w, err := s.Create()
	if err != nil {
		return "", 0, err
	}
	defer w.Abort()
	if size, err = io.Copy(w, r); err != nil {
		return "", 0, err
	}
	if err := ctx.Err(); err != nil {
		return "", 0, err
	}
	digest, err = w.Commit()
	return digest, size, err
}

// Get opens the file of a digest, or NotFound.
func (s *Store) Get(digest string) (io.ReadCloser, error) {
	if len(digest) != 2*sha256.Size {
		return nil, fault.New(fault.NotFound, "no_such_file", "there is no file %q", digest)
	}
	f, err := os.Open(s.path(digest))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fault.New(fault.NotFound, "no_such_file", "file %s is missing in the file store; restore it from a backup of files/%s", digest, digest[:2])
	}
	return f, disk.Refused(err, "file "+digest+" of the file store cannot be read", "nothing was changed")
}

// Size is how long the file of a digest is, or NotFound.
func (s *Store) Size(digest string) (int64, error) {
	f, err := s.Get(digest)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in, ok := f.(io.Seeker)
	if !ok {
		return 0, errDamaged
	}
	return in.Seek(0, io.SeekEnd)
}

// Verify reads a file again and says whether it still is what its name says: NotFound or Internal otherwise.
func (s *Store) Verify(digest string) error {
	f, err := s.Get(digest)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if hex.EncodeToString(h.Sum(nil)) != digest {
		return fault.New(fault.Internal, "file_damaged", "the content of file %s no longer matches its name; restore it from a backup", digest)
	}
	return nil
}

// List names every file, sorted.
func (s *Store) List() ([]string, error) {
	var out []string
	err := filepath.WalkDir(s.dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && len(d.Name()) == 2*sha256.Size {
			out = append(out, d.Name())
		}
		return err
	})
	slices.Sort(out)
	return out, err
}

// Writer is a file being written. It has no name before Commit.
type Writer struct {
	store   *Store
	f       *os.File
	hash    hash.Hash
	done    bool
	waiting int        // bytes written and not on their way to the disk
	early   chan error // says how the last early sync went; nil while there was none
}

// earlySync is how much of a large file goes to the disk at a time while the rest is written, so that Commit does not
// wait for all of it.
const earlySync = 16 << 20

// Create starts a file.
func (s *Store) Create() (*Writer, error) {
	if s.onlyRead {
		return nil, fault.New(fault.Unavailable, "read_only", "the file store %s can only be read: nothing was kept; make the data directory writable, or work on a copy", s.dir)
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, "tmp"), "new-*")
	if err != nil {
		return nil, unusable(s.dir, err)
	}
	return &Writer{store: s, f: f, hash: sha256.New()}, nil
}

func (w *Writer) Write(p []byte) (int, error) {
	_, _ = w.hash.Write(p) // a hash does not fail
	n, err := w.f.Write(p)
	if w.waiting += n; w.waiting >= earlySync && err == nil {
		w.waiting = 0
		if err := w.settle(); err != nil {
			return n, unusable(w.store.dir, err)
		}
		w.early = make(chan error, 1)
		go func() { w.early <- w.f.Sync() }()
	}
	return n, unusable(w.store.dir, err)
}

// settle waits for the last early sync.
func (w *Writer) settle() error {
	if w.early == nil {
		return nil
	}
	err := <-w.early
	w.early = nil
	return err
}

// Commit makes the file durable and names it.
func (w *Writer) Commit() (string, error) {
	digest := hex.EncodeToString(w.hash.Sum(nil))
	to := w.store.path(digest)
	if _, err := os.Stat(to); err == nil {
		w.Abort()
		return digest, nil
	}
	if err := errors.Join(w.settle(), w.f.Sync()); err != nil {
		return "", unusable(w.store.dir, err)
	}
	if err := w.f.Close(); err != nil {
		return "", unusable(w.store.dir, err)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
		return "", unusable(w.store.dir, err)
	}
	if err := os.Rename(w.f.Name(), to); err != nil {
		return "", unusable(w.store.dir, err)
	}
	w.done = true
	return digest, unusable(w.store.dir, syncDir(filepath.Dir(to)))
}

// Abort gives the file up; after Commit it does nothing.
func (w *Writer) Abort() {
	if !w.done {
		w.done = true
		_ = w.settle()
		w.f.Close()
		os.Remove(w.f.Name())
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// Package folder writes the folders of backups and reads them.
//
// It does not know what belongs to a backup. Always true: a folder has its name only when everything in it is on the disk,
// and replaces nothing; files and folders are their owner's alone; writing stops while there is still room on the disk.
package folder

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/backup"
	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Disk makes folders. Free is how many bytes a folder's disk has left; ok is false where nobody knows.
type Disk struct {
	Free func(path string) (bytes int64, ok bool)
}

var _ backup.Folders = Disk{}

// reserve is how much room is left to others: the ledger goes on being written, perhaps on the same disk.
const reserve = 256 << 20

// checkEvery is how much is written before the room is looked at again.
const checkEvery = 16 << 20

// Create begins a folder. It has another name beside the one it will have, which nothing may have yet.
func (d Disk) Create(path string) (backup.Folder, error) {
	if err := absent(path); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(filepath.Dir(path), "."+filepath.Base(path)+".unfinished-")
	if err != nil {
		return nil, refused(path, err)
	}
	return &writing{disk: d, dir: dir, path: path}, nil
}

// absent is a Conflict when something has a name already.
func absent(path string) error {
	switch _, err := os.Lstat(path); {
	case err == nil:
		return fault.New(fault.Conflict, "folder_exists", "%s exists already: nothing was done to it; name a folder that does not exist", path)
	case !errors.Is(err, fs.ErrNotExist):
		return refused(path, err)
	}
	return nil
}

func refused(path string, err error) error {
	return disk.Refused(err, path+" cannot be written", "nothing was kept of it")
}

// writing is a folder that is being written.
type writing struct {
	disk      Disk
	dir, path string
	done      bool
}

// Path is where somebody else writes a file.
func (w *writing) Path(name string) (string, error) {
	at := filepath.Join(w.dir, filepath.FromSlash(name))
	return at, refused(w.path, os.MkdirAll(filepath.Dir(at), 0o700))
}

// Room is an error when so many bytes more would leave too little room on the disk.
func (w *writing) Room(bytes int64) error {
	if free, known := w.disk.Free(w.dir); known && free < bytes+reserve {
		return fault.New(fault.Unavailable, "disk_low", "the disk of %s has %d MiB left, which is too little: nothing was kept of it. To go on, free space or name another disk, and give the command again", w.path, free>>20)
	}
	return nil
}

// Write writes a file.
func (w *writing) Write(ctx context.Context, name string, from io.Reader) (f backup.File, err error) {
	at, err := w.Path(name)
	if err != nil {
		return f, err
	}
	out, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return f, refused(w.path, err)
	}
	sum := sha256.New()
	for err == nil {
		var n int64
		if n, err = io.CopyN(io.MultiWriter(out, sum), from, checkEvery); err == nil {
			err = w.Room(0)
		}
		if f.Bytes += n; err == nil {
			err = ctx.Err()
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return f, refused(w.path, err)
	}
	f.Name, f.SHA256 = name, hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

// Link takes in a file that never changes by another name for it, or a copy where that cannot be.
func (w *writing) Link(ctx context.Context, name, path string) (f backup.File, err error) {
	at, err := w.Path(name)
	if err != nil {
		return f, err
	}
	if os.Link(path, at) == nil {
		info, err := os.Stat(at)
		if err != nil {
			return f, refused(w.path, err)
		}
		return backup.File{Name: name, Bytes: info.Size()}, nil
	}
	in, err := os.Open(path)
	if err != nil {
		return f, refused(w.path, err)
	}
	defer in.Close()
	return w.Write(ctx, name, in)
}

// Add takes in a file that somebody else wrote: it is made durable and its owner's alone.
func (w *writing) Add(ctx context.Context, name string) (f backup.File, err error) {
	at, err := w.Path(name)
	if err != nil {
		return f, err
	}
	in, err := os.OpenFile(at, os.O_RDWR, 0)
	if err != nil {
		return f, refused(w.path, err)
	}
	defer in.Close()
	sum := sha256.New()
	for err == nil {
		var n int64
		n, err = io.CopyN(sum, in, checkEvery)
		if f.Bytes += n; err == nil {
			err = ctx.Err()
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if err = errors.Join(err, in.Chmod(0o600), in.Sync()); err != nil {
		return f, refused(w.path, err)
	}
	f.Name, f.SHA256 = name, hex.EncodeToString(sum.Sum(nil))
	return f, nil
}

// Finish makes everything durable and gives the folder its name.
func (w *writing) Finish() error {
	if err := SyncFolders(w.dir); err != nil {
		return refused(w.path, err)
	}
	if err := absent(w.path); err != nil {
		return err
	}
	if err := os.Rename(w.dir, w.path); err != nil {
		return refused(w.path, err)
	}
	w.done = true
	return refused(w.path, syncFolder(filepath.Dir(w.path)))
}

// Discard removes the folder, unless it has its name.
func (w *writing) Discard() error {
	if w.done {
		return nil
	}
	return os.RemoveAll(w.dir)
}

// SyncFolders makes the entries of a folder and of those in it durable.
func SyncFolders(dir string) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			err = syncFolder(path)
		}
		return err
	})
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

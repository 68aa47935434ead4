package backup

import (
	"context"
	"io"

	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Ledger copies the ledger database.
type Ledger interface {
	// CopyName is the name of the file that Snapshot writes.
	CopyName() string
	// Snapshot writes the ledger as it is at one moment into a new file, while others go on writing, and calls during with a
	// transaction that sees the same moment. Progress is told how many bytes of how many are done; what it returns ends it.
	Snapshot(ctx context.Context, file string, progress func(done, total int64) error, during func(context.Context, tx.Read) error) (LedgerCopy, error)
}

// Files are the content-addressed files that the ledger names.
type Files interface {
	Get(digest string) (io.ReadCloser, error)
	// Size is how long a file is; NotFound when it is missing.
	Size(digest string) (int64, error)
}

// Vault is what the installation keeps outside its database.
type Vault interface {
	// Anchors are the signed states of the event log, whole lines.
	Anchors() ([]byte, error)
	// Keys are the other files: keys, and the certificate authority where there is one.
	Keys() (map[string][]byte, error)
}

// Rows is the usage store.
type Rows interface {
	// CopyTo writes the rows of some loads into a new file, while others go on writing.
	CopyTo(ctx context.Context, file string, loads []uint32) error
}

// Folders makes the folders of backups.
type Folders interface {
	// Create begins a folder under another name beside the one it will have. Conflict when something of that name is there.
	Create(path string) (Folder, error)
}

// Folder is a folder that is being written.
type Folder interface {
	// Path is where somebody else writes a file of a name, which Add then takes in.
	Path(name string) (string, error)
	Add(ctx context.Context, name string) (File, error)
	Write(ctx context.Context, name string, from io.Reader) (File, error)
	// Link takes in a file that never changes, without reading it where it lies on the same disk.
	Link(ctx context.Context, name, path string) (File, error)
	// Room is an error when the disk would have too little room left after so many bytes.
	Room(bytes int64) error
	// Finish makes everything durable and gives the folder its name. Discard removes it, and does nothing afterwards.
	Finish() error
	Discard() error
}

// Source is a folder that is read.
type Source interface {
	// List names everything in it that is no folder, sorted.
	List() ([]string, error)
	Open(name string) (io.ReadCloser, error)
}

package backup

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// The files of a backup that have names of their own. The manifest's digest stands beside it, in the form that sha256sum
// reads.
const (
	ManifestName = "manifest.json"
	DigestName   = "manifest.json.sha256"
	RowsName     = "usage.duckdb"
	VaultName    = "vault"
	FilesName    = "files"
)

// Version is the version of the manifest that this build writes. It reads earlier ones too.
const Version = 1

// Manifest says what a backup holds, and what its ledger comes to.
type Manifest struct {
	Version    int        `json:"version"`
	Made       time.Time  `json:"made"`    // machine clock
	Program    string     `json:"program"` // the version of the program that made it
	Ledger     LedgerCopy `json:"ledger"`
	Totals     *Totals    `json:"totals,omitempty"` // none of a backup that was made before a migration
	UsageStore bool       `json:"usage_store"`      // without it, restoring makes it again from the files
	VaultApart bool       `json:"vault_apart"`      // the vault is in a folder of its own
	Files      []File     `json:"files"`            // of the backup's folder, by name
	Vault      []File     `json:"vault"`            // of the vault, by name within it
}

// LedgerCopy is a copy of the ledger database.
type LedgerCopy struct {
	Engine string           `json:"engine"`                   // Embedded or Server
	Server int              `json:"server_version,omitempty"` // the server's major version
	Schema int64            `json:"schema"`                   // number of the newest migration
	Rows   map[string]int64 `json:"rows"`                     // in each table
	File   string           `json:"file"`
}

// The engines of a ledger.
const (
	Embedded = "sqlite"
	Server   = "postgresql"
)

// File is a file of a backup: its name from the folder, with slashes.
type File struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Bytes is how much the backup holds.
func (m *Manifest) Bytes() (sum int64) {
	for _, list := range [...][]File{m.Files, m.Vault} {
		for _, f := range list {
			sum += f.Bytes
		}
	}
	return sum
}

// Summary is the manifest without its list of files.
type Summary struct {
	Folder     string     `json:"folder"`
	Vault      string     `json:"vault,omitempty"` // where the vault is, when it is apart
	Made       time.Time  `json:"made"`
	Program    string     `json:"program"`
	Ledger     LedgerCopy `json:"ledger"`
	Totals     *Totals    `json:"totals,omitempty"`
	UsageStore bool       `json:"usage_store"`
	Files      int        `json:"files"`
	Bytes      int64      `json:"bytes"`
}

// Summary is what people are told of a backup.
func (m *Manifest) Summary(folder, vault string) Summary {
	return Summary{
		Folder: folder, Vault: vault, Made: m.Made, Program: m.Program, Ledger: m.Ledger, Totals: m.Totals, UsageStore: m.UsageStore,
		Files: len(m.Files) + len(m.Vault), Bytes: m.Bytes(),
	}
}

// encode is the manifest as it is written, and the file with its digest.
func (m *Manifest) encode() (text, digest []byte, err error) {
	if text, err = json.MarshalIndent(m, "", " "); err != nil {
		return nil, nil, err
	}
	text = append(text, '\n')
	return text, digestFile(text), nil
}

func digestFile(manifest []byte) []byte {
	sum := sha256.Sum256(manifest)
	return []byte(hex.EncodeToString(sum[:]) + "  " + ManifestName + "\n")
}

// parse reads a manifest. Conflict when a newer build wrote it.
func parse(text []byte) (m Manifest, err error) {
	var about struct {
		Version int    `json:"version"`
		Program string `json:"program"`
	}
	if err := json.Unmarshal(text, &about); err != nil || about.Version < 1 {
		return m, fault.New(fault.Invalid, "no_backup", "%s is not the manifest of a backup; name the folder of a backup", ManifestName).Because(err)
	}
	if about.Version > Version {
		return m, fault.New(fault.Conflict, "backup_too_new",
			"the backup was made by purveyor %s in a form (%d) that this version does not know: nothing was done; use that version or a later one", about.Program, about.Version)
	}
	if err := json.Unmarshal(text, &m); err != nil {
		return m, fault.New(fault.Invalid, "no_backup", "%s is not the manifest of a backup; name the folder of a backup", ManifestName).Because(err)
	}
	return m, nil
}

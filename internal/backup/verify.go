package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// maxManifest is the longest manifest that is read: about a million files.
const maxManifest = 256 << 20

// Verified is what a backup was found to be.
type Verified struct {
	Manifest Manifest
	Vault    bool // the vault was verified too
}

// ReadManifest reads the manifest of a backup and compares it with its digest.
func ReadManifest(from Source) (Manifest, error) {
	text, err := readWhole(from, ManifestName, maxManifest)
	if err != nil {
		return Manifest{}, err
	}
	digest, err := readWhole(from, DigestName, 1<<10)
	if err != nil {
		return Manifest{}, err
	}
	if !bytes.Equal(digest, digestFile(text)) {
		return Manifest{}, damaged([]string{ManifestName + " is not what " + DigestName + " says"})
	}
	return parse(text)
}

func readWhole(from Source, name string, most int64) ([]byte, error) {
	f, err := from.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = damaged([]string{name + " is longer than such a file can be"})
	}
	return text, err
}

// Verify reads every file of a backup and compares it with the manifest. Conflict names what was changed, is missing or was
// added. Vault is the folder of a vault that is apart; nil where it is not at hand, and then it is not verified.
func Verify(ctx context.Context, main, vault Source, progress func(Progress)) (out Verified, err error) {
	if out.Manifest, err = ReadManifest(main); err != nil {
		return out, err
	}
	m := &out.Manifest
	out.Vault = !m.VaultApart || vault != nil
	x := comparison{progress: progress, total: m.Bytes()}
	expected := slices.Clone(m.Files)
	if !m.VaultApart {
		for _, f := range m.Vault {
			f.Name = path.Join(VaultName, f.Name)
			expected = append(expected, f)
		}
	}
	if err := x.folder(ctx, main, expected, ManifestName, DigestName); err != nil {
		return out, err
	}
	if m.VaultApart && vault != nil {
		if err := x.folder(ctx, vault, m.Vault); err != nil {
			return out, err
		}
	}
	if len(x.wrong) > 0 {
		return out, damaged(x.wrong)
	}
	return out, nil
}

// damaged is the fault of a backup that is not what its manifest says.
func damaged(wrong []string) error {
	const most = 20
	more := ""
	if len(wrong) > most {
		more = fmt.Sprintf(", and %d more", len(wrong)-most)
		wrong = wrong[:most]
	}
	return fault.New(fault.Conflict, "backup_damaged", "the backup is not what it was when it was made: %s%s. Use another backup", strings.Join(wrong, "; "), more)
}

// comparison compares folders with lists of files.
type comparison struct {
	progress    func(Progress)
	done, total int64
	wrong       []string
}

// folder compares a folder with the files it should have, besides some that were looked at already.
func (x *comparison) folder(ctx context.Context, from Source, files []File, seen ...string) error {
	names, err := from.List()
	if err != nil {
		return err
	}
	there := map[string]bool{}
	for _, name := range names {
		there[name] = !slices.Contains(seen, name)
	}
	for _, f := range files {
		if !there[f.Name] {
			x.wrong = append(x.wrong, f.Name+" is missing")
			continue
		}
		delete(there, f.Name)
		if err := x.file(ctx, from, f); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(there)) {
		if there[name] {
			x.wrong = append(x.wrong, name+" was added")
		}
	}
	return nil
}

func (x *comparison) file(ctx context.Context, from Source, f File) error {
	in, err := from.Open(f.Name)
	if err != nil {
		return err
	}
	defer in.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, ctxReader{ctx, in, func(n int) {
		x.done += int64(n)
		x.progress(Progress{StepVerify, min(x.done, x.total), x.total})
	}})
	if err != nil {
		return errors.Join(ctx.Err(), err)
	}
	if n != f.Bytes || hex.EncodeToString(sum.Sum(nil)) != f.SHA256 {
		x.wrong = append(x.wrong, f.Name+" was changed")
	}
	return nil
}

// ctxReader reads until its context ends.
type ctxReader struct {
	ctx  context.Context
	from io.Reader
	read func(n int)
}

func (r ctxReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	n, err := r.from.Read(p)
	r.read(n)
	return n, err
}

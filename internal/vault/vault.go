// Package vault owns what an installation keeps outside its database: its keys, the signed anchors of its event log,
// and the certificate authority of its own.
//
// It does not use the keys. Always true: files are the owner's alone; a key file is replaced whole or not at all; an
// anchor once written is never rewritten.
package vault

import (
	"bufio"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/disk"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/secret"
)

// Vault is a folder: keys.json, anchors.jsonl and the installation's own certificate authority. It may lie on another
// disk than the data.
type Vault struct {
	dir    string
	random io.Reader

	mu   sync.Mutex
	keys []secret.Key
}

const keysFile, anchorsFile = "keys.json", "anchors.jsonl"

// Open opens a vault, and makes it with its first key where there is none.
func Open(dir string, random io.Reader) (*Vault, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fault.New(fault.Unavailable, "no_vault", "%s cannot be made; the keys are kept there", dir).Because(err)
	}
	v := &Vault{dir: dir, random: random}
	text, err := os.ReadFile(filepath.Join(dir, keysFile))
	if errors.Is(err, os.ErrNotExist) {
		return v, v.Rotate()
	}
	if err != nil {
		return nil, fault.New(fault.Unavailable, "keys_unreadable", "%s cannot be read; without it encrypted data cannot be decrypted", filepath.Join(dir, keysFile)).Because(err)
	}
	if err := json.Unmarshal(text, &v.keys); err != nil || len(v.keys) == 0 {
		return nil, fault.New(fault.Unavailable, "keys_damaged", "%s is damaged; restore it from a backup", filepath.Join(dir, keysFile)).Because(err)
	}
	return v, nil
}

// Exists says whether there is a vault with keys in a folder.
func Exists(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, keysFile))
	return !errors.Is(err, os.ErrNotExist)
}

// Ring is the keys, ready for use. After a rotation a new one is asked for.
func (v *Vault) Ring() (secret.Ring, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return secret.NewRing(v.keys, v.random)
}

// Rotate adds a key, which seals from now on; what older keys sealed can still be opened.
func (v *Vault) Rotate() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	last := uint32(0)
	if len(v.keys) > 0 {
		last = v.keys[len(v.keys)-1].Number
	}
	k, err := secret.NewKey(last, v.random)
	if err != nil {
		return err
	}
	keys := append(append([]secret.Key(nil), v.keys...), k)
	text, err := json.MarshalIndent(keys, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(v.dir, keysFile, text); err != nil {
		return err
	}
	v.keys = keys
	return nil
}

// Signer is the key that signs anchors: its own, derived once for good.
func (v *Vault) Signer() (ed25519.PrivateKey, error) {
	ring, err := v.Ring()
	if err != nil {
		return nil, err
	}
	seed, err := ring.Derive("event anchors", ed25519.SeedSize)
	if err != nil {
		return nil, err
	}
	return ed25519.NewKeyFromSeed(seed), nil
}

// AddAnchor signs an anchor and appends it. An anchor that says what the last one says is not written again.
func (v *Vault) AddAnchor(a event.Anchor) error {
	last, err := v.LastAnchor()
	if err != nil || last.Count == a.Count && last.Head == a.Head {
		return err
	}
	if a, err = v.Sign(a); err != nil {
		return err
	}
	line, err := json.Marshal(a)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(v.dir, anchorsFile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err == nil {
		_, err = f.Write(append(line, '\n'))
		err = errors.Join(err, f.Sync(), f.Close())
	}
	return disk.Refused(err, filepath.Join(v.dir, anchorsFile)+" cannot be written, so the event log was not anchored", "what was done is kept")
}

// LastAnchor is the newest anchor with its signature checked; the zero Anchor when there is none yet.
func (v *Vault) LastAnchor() (event.Anchor, error) {
	var a event.Anchor
	f, err := os.Open(filepath.Join(v.dir, anchorsFile))
	if errors.Is(err, os.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var next event.Anchor
		if json.Unmarshal(lines.Bytes(), &next) == nil { // a line cut off by a crash says nothing
			a = next
		}
	}
	if err := lines.Err(); err != nil || a.Signature == "" {
		return a, err
	}
	return a, v.Genuine(a)
}

// Sign is an anchor with the installation's signature.
func (v *Vault) Sign(a event.Anchor) (event.Anchor, error) {
	key, err := v.Signer()
	if err != nil {
		return a, err
	}
	return a.Sign(key)
}

// Genuine says whether an anchor carries that signature.
func (v *Vault) Genuine(a event.Anchor) error {
	key, err := v.Signer()
	if err != nil {
		return err
	}
	return a.Check(key.Public().(ed25519.PublicKey))
}

// replace writes a file whole: beside it, fsynced, then renamed over it.
func replace(dir, name string, text []byte) error {
	f, err := os.CreateTemp(dir, "."+name+"-")
	if err != nil {
		if disk.Why(err) != "" {
			return disk.Refused(err, dir+" cannot be written", "the keys were not changed")
		}
		return fault.New(fault.Unavailable, "vault_not_written", "%s cannot be written; the keys were not changed", dir).Because(err)
	}
	defer os.Remove(f.Name()) // gone already when all went well
	_, err = f.Write(text)
	if err = errors.Join(err, f.Chmod(0o600), f.Sync(), f.Close()); err != nil {
		return disk.Refused(err, dir+" cannot be written", "the keys were not changed")
	}
	if err := os.Rename(f.Name(), filepath.Join(dir, name)); err != nil {
		return err
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

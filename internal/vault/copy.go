package vault

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/disk"
)

// Anchors are the signed states of the event log, as they lie in the vault now. A line that is being written is left out.
func (v *Vault) Anchors() ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(v.dir, anchorsFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	return text[:bytes.LastIndexByte(text, '\n')+1], v.unreadable(err)
}

// Keys are the other files of the vault by name: the keys, and the certificate authority where there is one. No key is added
// meanwhile.
func (v *Vault) Keys() (map[string][]byte, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	out := map[string][]byte{}
	for _, name := range [...]string{keysFile, caFile, caKeyFile} {
		text, err := os.ReadFile(filepath.Join(v.dir, name))
		if errors.Is(err, os.ErrNotExist) && name != keysFile {
			continue
		}
		if err != nil {
			return nil, v.unreadable(err)
		}
		out[name] = text
	}
	return out, nil
}

func (v *Vault) unreadable(err error) error {
	return disk.Refused(err, v.dir+" cannot be read", "nothing was done")
}

// Package secret owns the sealing of values that must not be read from a database: a key ring, and what it seals.
//
// It does not keep keys (vault does) and does not know what is sealed. Always true: what was sealed for one place
// cannot be opened at another; a ring seals with its newest key and opens with any it has; nothing here is printed.
package secret

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"io"
	"slices"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// KeySize is the length of a key in bytes: AES-256.
const KeySize = 32

// Key is one key of a ring. Numbers grow; the highest seals.
type Key struct {
	Number uint32 `json:"number"`
	Secret []byte `json:"secret"`
}

// Ring is the keys of an installation. The zero Ring seals and opens nothing.
type Ring struct {
	keys   []Key
	random io.Reader
}

// NewRing makes a ring of at least one key. Random is where nonces come from. Invalid for keys of another size or two
// of one number.
func NewRing(keys []Key, random io.Reader) (Ring, error) {
	keys = slices.Clone(keys)
	slices.SortFunc(keys, func(a, b Key) int { return int(int64(a.Number) - int64(b.Number)) })
	for i, k := range keys {
		if len(k.Secret) != KeySize || i > 0 && keys[i-1].Number == k.Number {
			return Ring{}, fault.New(fault.Invalid, "bad_key", "key %d of the key ring is not one of %d bytes, or is there twice", k.Number, KeySize)
		}
	}
	if len(keys) == 0 {
		return Ring{}, fault.New(fault.Invalid, "no_key", "the key ring has no key")
	}
	return Ring{keys, random}, nil
}

// NewKey draws the key that follows the ring's newest, or the first.
func NewKey(after uint32, random io.Reader) (Key, error) {
	k := Key{Number: after + 1, Secret: make([]byte, KeySize)}
	_, err := io.ReadFull(random, k.Secret)
	return k, err
}

// Newest is the number of the key that seals.
func (r Ring) Newest() uint32 {
	if len(r.keys) == 0 {
		return 0
	}
	return r.keys[len(r.keys)-1].Number
}

// version is the first byte of everything sealed; the key's number and the nonce follow it.
const version = 1

const head = 1 + 4 + 12

// Seal encrypts text for a place: a name such as "identity.person/prn_…". Only Open with the same place gives it back.
func (r Ring) Seal(place string, text []byte) ([]byte, error) {
	if len(r.keys) == 0 {
		return nil, fault.New(fault.Unavailable, "no_key", "there is no key to seal with; nothing was stored")
	}
	k := r.keys[len(r.keys)-1]
	a, err := aead(k)
	if err != nil {
		return nil, err
	}
	out := make([]byte, head, head+len(text)+a.Overhead())
	out[0] = version
	binary.BigEndian.PutUint32(out[1:], k.Number)
	if _, err := io.ReadFull(r.random, out[5:head]); err != nil {
		return nil, err
	}
	return a.Seal(out, out[5:head], text, []byte(place)), nil
}

// Open decrypts what was sealed for the place. The fault is Internal when it was changed or belongs elsewhere, NotFound
// when its key is gone: what was sealed with a destroyed key is erased.
func (r Ring) Open(place string, sealed []byte) ([]byte, error) {
	if len(sealed) < head || sealed[0] != version {
		return nil, fault.New(fault.Internal, "not_sealed", "a stored value is not in the form in which this program encrypts")
	}
	number := binary.BigEndian.Uint32(sealed[1:])
	i := slices.IndexFunc(r.keys, func(k Key) bool { return k.Number == number })
	if i < 0 {
		return nil, fault.New(fault.NotFound, "key_gone", "the key of a stored value was destroyed: it cannot be read any more")
	}
	a, err := aead(r.keys[i])
	if err != nil {
		return nil, err
	}
	text, err := a.Open(nil, sealed[5:head], sealed[head:], []byte(place))
	if err != nil {
		return nil, fault.New(fault.Internal, "seal_broken", "a stored value was changed, or belongs to another place").Because(err)
	}
	return text, nil
}

// SealedWith is the number of the key a value was sealed with: what is not the newest is to be sealed again.
func SealedWith(sealed []byte) uint32 {
	if len(sealed) < head {
		return 0
	}
	return binary.BigEndian.Uint32(sealed[1:])
}

// Derive is a key of its own for one purpose, from the oldest key of the ring, which rotation keeps.
func (r Ring) Derive(purpose string, length int) ([]byte, error) {
	if len(r.keys) == 0 {
		return nil, fault.New(fault.Unavailable, "no_key", "there is no key to derive from")
	}
	return hkdf.Key(sha256.New, r.keys[0].Secret, nil, "purveyor "+purpose, length)
}

func aead(k Key) (cipher.AEAD, error) {
	b, err := aes.NewCipher(k.Secret)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(b)
}

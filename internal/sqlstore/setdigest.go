package sqlstore

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// SetDigest is a digest of a set of rows that rows are added to and taken out of one at a time, in any order: LtHash
// (Bellare and Micciancio 1997, Lewi and others 2019), the sum of the rows' hashes of 1,024 numbers of 16 bits each.
// Finding another set of rows with the same sum is a lattice problem of about 200 bits.
type SetDigest [lanes]uint16

const lanes = 1024

// setMark begins the text of a digest of this kind. Events of earlier programs tell digests without it.
const setMark = "lthash16:"

// Add adds a row, which is its cells in order.
func (d *SetDigest) Add(cells ...string) {
	h := rowHash(cells)
	for i := range d {
		d[i] += binary.LittleEndian.Uint16(h[2*i:])
	}
}

// Remove takes a row out that was added.
func (d *SetDigest) Remove(cells ...string) {
	h := rowHash(cells)
	for i := range d {
		d[i] -= binary.LittleEndian.Uint16(h[2*i:])
	}
}

// rowHash is SHAKE128 over the length and the text of each cell.
func rowHash(cells []string) (out [2 * lanes]byte) {
	h := sha3.NewSHAKE128()
	for _, cell := range cells {
		_, _ = h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(cell)))) // a hash takes everything
		_, _ = h.Write([]byte(cell))
	}
	_, _ = h.Read(out[:])
	return out
}

// bytes is the sum itself.
func (d *SetDigest) bytes() []byte {
	b := make([]byte, 0, 2*lanes)
	for _, lane := range d {
		b = binary.LittleEndian.AppendUint16(b, lane)
	}
	return b
}

// String is the digest as events tell it: the SHA-256 of the sum.
func (d *SetDigest) String() string {
	sum := sha256.Sum256(d.bytes())
	return setMark + hex.EncodeToString(sum[:])
}

// kept is the sum as the ledger keeps it; ParseSetDigest reads it again. "" is the empty set.
func (d *SetDigest) Kept() string { return base64.StdEncoding.EncodeToString(d.bytes()) }

// ParseSetDigest reads what Kept wrote; "" is the empty set.
func ParseSetDigest(text string) (d SetDigest, err error) {
	if text == "" {
		return d, nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err == nil && len(b) != 2*lanes {
		err = fmt.Errorf("a kept digest has %d bytes", len(b))
	}
	for i := 0; err == nil && i < lanes; i++ {
		d[i] = binary.LittleEndian.Uint16(b[2*i:])
	}
	return d, err
}

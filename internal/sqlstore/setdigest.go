package sqlstore

import (
	"crypto/sha256"
	"crypto/sha3"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// setDigest is a digest of a set of rows that rows are added to and taken out of one at a time, in any order: LtHash
// (Bellare and Micciancio 1997, Lewi and others 2019), the sum of the rows' hashes of 1,024 numbers of 16 bits each.
// Finding another set of rows with the same sum is a lattice problem of about 200 bits.
type setDigest [lanes]uint16

const lanes = 1024

// setMark begins the text of a digest of this kind. Events of earlier programs tell digests without it.
const setMark = "lthash16:"

// add adds a row, which is its cells in order.
func (d *setDigest) add(cells ...string) {
	h := rowHash(cells)
	for i := range d {
		d[i] += binary.LittleEndian.Uint16(h[2*i:])
	}
}

// remove takes a row out that was added.
func (d *setDigest) remove(cells ...string) {
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
func (d *setDigest) bytes() []byte {
	b := make([]byte, 0, 2*lanes)
	for _, lane := range d {
		b = binary.LittleEndian.AppendUint16(b, lane)
	}
	return b
}

// String is the digest as events tell it: the SHA-256 of the sum.
func (d *setDigest) String() string {
	sum := sha256.Sum256(d.bytes())
	return setMark + hex.EncodeToString(sum[:])
}

// kept is the sum as the ledger keeps it; parseSetDigest reads it again. "" is the empty set.
func (d *setDigest) kept() string { return base64.StdEncoding.EncodeToString(d.bytes()) }

func parseSetDigest(text string) (d setDigest, err error) {
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

package usage

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"
)

// dictionary numbers what rows share. It remembers the hash of each item, not the item: texts go to the store with the
// block in which they first occur. Workers share it.
type dictionary struct {
	parts [64]dictionaryPart
	last  atomic.Uint32
}

type dictionaryPart struct {
	sync.Mutex
	numbers map[Hash]uint32
}

// item is the number of a dictionary item and its stable hash.
type item struct {
	number uint32
	hash   Hash
}

func newDictionary() *dictionary {
	d := &dictionary{}
	for i := range d.parts {
		d.parts[i].numbers = map[Hash]uint32{}
	}
	return d
}

// find numbers the item whose canonical bytes are given; fresh says that it was not known before.
func (d *dictionary) find(canonical []byte) (it item, fresh bool) {
	sum := sha256.Sum256(canonical)
	copy(it.hash[:], sum[:])
	p := &d.parts[sum[31]%64]
	p.Lock()
	defer p.Unlock()
	it.number, fresh = p.numbers[it.hash], false
	if it.number == 0 {
		it.number, fresh = d.last.Add(1), true
		p.numbers[it.hash] = it.number
	}
	return it, fresh
}

// appendField adds one value to canonical bytes, so that no two lists of values look the same.
func appendField(b, value []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

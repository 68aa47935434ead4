package usage

import (
	"crypto/sha256"
	"encoding/binary"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// dictionary numbers what rows share. It remembers 128 random bits of each item, not the item: texts go to the store
// with the block in which they first occur. Workers share it.
type dictionary struct {
	seeds [2]maphash.Seed
	parts [64]dictionaryPart
	last  atomic.Uint32
}

type dictionaryPart struct {
	sync.Mutex
	items map[[2]uint64]item
}

// item is the number of a dictionary item and its stable hash.
type item struct {
	number uint32
	hash   Hash
}

func newDictionary() *dictionary {
	d := &dictionary{seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()}}
	for i := range d.parts {
		d.parts[i].items = map[[2]uint64]item{}
	}
	return d
}

// find numbers the item whose canonical bytes are given; fresh says that it was not known before.
func (d *dictionary) find(canonical []byte) (it item, fresh bool) {
	key := [2]uint64{maphash.Bytes(d.seeds[0], canonical), maphash.Bytes(d.seeds[1], canonical)}
	p := &d.parts[key[0]%64]
	p.Lock()
	defer p.Unlock()
	if it, ok := p.items[key]; ok {
		return it, false
	}
	sum := sha256.Sum256(canonical)
	it.number = d.last.Add(1)
	copy(it.hash[:], sum[:16])
	p.items[key] = it
	return it, true
}

// appendField adds one value to canonical bytes, so that no two lists of values look the same.
func appendField(b, value []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

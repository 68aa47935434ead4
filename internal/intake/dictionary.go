package intake

import (
	"crypto/sha256"
	"encoding/binary"
	"sync"
	"sync/atomic"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// dictionary numbers what rows share. It remembers the hash of each item, not the item: texts go to the store with the
// block in which they first occur. Workers share it. An adversarial file has as many items as rows, so an item takes
// some 30 bytes and nothing in it is looked at by the garbage collector.
type dictionary struct {
	parts [64]dictionaryPart
	last  atomic.Uint32
}

type dictionaryPart struct {
	sync.Mutex
	items []item
	slots []uint32 // positions + 1 of items, by hash; three quarters full at most
}

// item is the number of a dictionary item and its stable hash.
type item struct {
	number uint32
	hash   usage.Hash
}

// find numbers the item whose canonical bytes are given; fresh says that it was not known before.
func (d *dictionary) find(canonical []byte) (it item, fresh bool) {
	sum := sha256.Sum256(canonical)
	copy(it.hash[:], sum[:])
	p := &d.parts[sum[31]%64]
	p.Lock()
	defer p.Unlock()
	if len(p.items)*4 >= len(p.slots)*3 {
		p.grow()
	}
	slot := p.slot(it.hash)
	if known := *slot; known != 0 {
		return p.items[known-1], false
	}
	it.number = d.last.Add(1)
	p.items = append(p.items, it)
	*slot = uint32(len(p.items))
	return it, true
}

// slot is where the position of a hash is, or belongs.
func (p *dictionaryPart) slot(h usage.Hash) *uint32 {
	mask := uint64(len(p.slots) - 1)
	for i := binary.LittleEndian.Uint64(h[:]) & mask; ; i = (i + 1) & mask {
		if s := &p.slots[i]; *s == 0 || p.items[*s-1].hash == h {
			return s
		}
	}
}

func (p *dictionaryPart) grow() {
	p.slots = make([]uint32, max(64, 2*len(p.slots)))
	for i := range p.items {
		*p.slot(p.items[i].hash) = uint32(i + 1)
	}
}

// appendField adds one value to canonical bytes, so that no two lists of values look the same.
func appendField(b, value []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

package star

import (
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"sync"
	"sync/atomic"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Dictionary numbers what rows share. It remembers the hash of each item, not the item: texts go to the store with the
// block in which they first occur. Workers share it. An adversarial file has as many items as rows, so an item takes
// some 30 bytes and nothing in it is looked at by the garbage collector.
//
// Known are the numbers that items have already, when a load is made again.
type Dictionary struct {
	parts [64]dictionaryPart
	last  atomic.Uint32
	known map[usage.Hash]uint32
}

// DictionaryOf is an empty dictionary whose items get the numbers they had, and others that nothing had.
func DictionaryOf(known map[usage.Hash]uint32) *Dictionary {
	d := &Dictionary{known: known}
	for _, n := range known {
		d.last.Store(max(d.last.Load(), n))
	}
	return d
}

type dictionaryPart struct {
	sync.Mutex
	items []Item
	slots []uint32 // positions + 1 of items, by hash; three quarters full at most
}

// Item is the number of a dictionary item and its stable hash.
type Item struct {
	Number uint32
	Hash   usage.Hash
}

// Find numbers the item whose canonical bytes are given; fresh says that it was not known before.
func (d *Dictionary) Find(canonical []byte) (it Item, fresh bool) {
	sum := sha256.Sum256(canonical)
	copy(it.Hash[:], sum[:])
	p := &d.parts[sum[31]%64]
	p.Lock()
	defer p.Unlock()
	if len(p.items)*4 >= len(p.slots)*3 {
		p.grow()
	}
	slot := p.slot(it.Hash)
	if known := *slot; known != 0 {
		return p.items[known-1], false
	}
	if it.Number = d.known[it.Hash]; it.Number == 0 {
		it.Number = d.last.Add(1)
	}
	p.items = append(p.items, it)
	*slot = uint32(len(p.items))
	return it, true
}

// Count is how many items there are. It must not run beside Find; neither may All.
func (d *Dictionary) Count() (n int) {
	for i := range d.parts {
		n += len(d.parts[i].items)
	}
	return n
}

// All lists the items, in no particular order.
func (d *Dictionary) All() iter.Seq[Item] {
	return func(yield func(Item) bool) {
		for i := range d.parts {
			for _, it := range d.parts[i].items {
				if !yield(it) {
					return
				}
			}
		}
	}
}

// slot is where the position of a hash is, or belongs.
func (p *dictionaryPart) slot(h usage.Hash) *uint32 {
	mask := uint64(len(p.slots) - 1)
	for i := binary.LittleEndian.Uint64(h[:]) & mask; ; i = (i + 1) & mask {
		if s := &p.slots[i]; *s == 0 || p.items[*s-1].Hash == h {
			return s
		}
	}
}

func (p *dictionaryPart) grow() {
	p.slots = make([]uint32, max(64, 2*len(p.slots)))
	for i := range p.items {
		*p.slot(p.items[i].Hash) = uint32(i + 1)
	}
}

// AppendField adds one value to canonical bytes, so that no two lists of values look the same.
func AppendField(b, value []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(value)))
	return append(b, value...)
}

package intake

import (
	"hash/maphash"

	"github.com/zeebo/xxh3"
)

// recent remembers what rows have in common by 128 bits of the text they share, half of them of a hash with a random seed, which a file cannot
// aim at. It forgets what was not asked for among the last hundred thousands: then the dictionaries are asked again.
type recent struct {
	seed       maphash.Seed
	young, old map[[2]uint64]*common
	last       [2]uint64 // key of the last text asked for
}

// maxRecent is how many texts the younger half of recent holds.
const maxRecent = 1 << 17

func newRecent() recent { return recent{seed: maphash.MakeSeed(), young: map[[2]uint64]*common{}} }

// find is what is known of a text, or nil.
func (v *recent) find(shared []byte) *common {
	if len(shared) == 0 {
		return nil
	}
	v.last = [2]uint64{maphash.Bytes(v.seed, shared), xxh3.Hash(shared)}
	c := v.young[v.last]
	if c == nil {
		if c = v.old[v.last]; c != nil {
			v.keep(c)
		}
	}
	return c
}

// add remembers what is common to the text asked for last.
func (v *recent) add(shared []byte, c *common) {
	if len(shared) > 0 {
		v.keep(c)
	}
}

func (v *recent) keep(c *common) {
	if len(v.young) >= maxRecent {
		v.young, v.old = make(map[[2]uint64]*common, maxRecent), v.young
	}
	v.young[v.last] = c
}

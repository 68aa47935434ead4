package intake

import (
	"slices"
	"sync"
)

// hashSet remembers 64-bit hashes in eight bytes each and a little air: how identical rows are found among millions.
type hashSet struct {
	parts [64]hashSetPart
}

type hashSetPart struct {
	sync.Mutex
	slots []uint64
	n     int
}

// seenRow is the hash of a row, waiting to be looked up with others.
type seenRow struct {
	hash uint64
	row  int // of the block
}

// add looks hashes up and adds them; again is called for each that was there before. They are taken by parts of the
// set, so that each is locked once. The hash 0 stands for 1.
func (s *hashSet) add(list []seenRow, again func(row int)) {
	var ends [len(s.parts)]int
	for i := range list {
		ends[list[i].hash>>58]++
	}
	for i := range ends[1:] {
		ends[i+1] += ends[i]
	}
	sorted := make([]seenRow, len(list))
	for _, x := range slices.Backward(list) {
		at := &ends[x.hash>>58]
		*at--
		sorted[*at] = x
	}
	for len(sorted) > 0 {
		part := sorted[0].hash >> 58
		n := 1
		for n < len(sorted) && sorted[n].hash>>58 == part {
			n++
		}
		s.parts[part].add(sorted[:n], again)
		sorted = sorted[n:]
	}
}

func (p *hashSetPart) add(list []seenRow, again func(row int)) {
	p.Lock()
	defer p.Unlock()
	for (p.n+len(list))*4 >= len(p.slots)*3 {
		p.grow()
	}
	for _, x := range list {
		if p.put(max(x.hash, 1)) {
			p.n++
		} else {
			again(x.row)
		}
	}
}

// merge adds the hashes of another set, and says whether any was there before.
func (s *hashSet) merge(o *hashSet) (again bool) {
	for i := range o.parts {
		p := &s.parts[i]
		for _, h := range o.parts[i].slots {
			if h == 0 {
				continue
			}
			if (p.n+1)*4 >= len(p.slots)*3 {
				p.grow()
			}
			if p.put(h) {
				p.n++
			} else {
				again = true
			}
		}
	}
	return again
}

func (p *hashSetPart) put(h uint64) bool {
	mask := uint64(len(p.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		switch p.slots[i] {
		case 0:
			p.slots[i] = h
			return true
		case h:
			return false
		}
	}
}

func (p *hashSetPart) grow() {
	old := p.slots
	p.slots = make([]uint64, max(1024, 2*len(old)))
	for _, h := range old {
		if h != 0 {
			p.put(h)
		}
	}
}

package usage

import "sync"

// hashSet remembers 64-bit hashes in eight bytes each and a little air: how identical rows are found among millions.
type hashSet struct {
	parts [64]hashSetPart
}

type hashSetPart struct {
	sync.Mutex
	slots []uint64
	n     int
}

// add says whether the hash was there before, and adds it. The hash 0 stands for 1.
func (s *hashSet) add(h uint64) bool {
	if h == 0 {
		h = 1
	}
	p := &s.parts[h>>58]
	p.Lock()
	defer p.Unlock()
	if p.n*4 >= len(p.slots)*3 {
		p.grow()
	}
	if !p.put(h) {
		return true
	}
	p.n++
	return false
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

package factor

import (
	"sync"
	"time"
)

// refusalsAnHour is how many refusals of a person or program are recorded in an hour where none makes them wait.
const refusalsAnHour = 5

// Refusals counts, in memory only, what was refused. Its zero value is ready.
type Refusals struct {
	mu             sync.Mutex
	since          time.Time
	of             map[string]int // since then; known ones, so there are no more of them than people and programs
	unknown, known uint64         // that left no record
}

// Record counts a refusal of a known person or program and says whether the audit log should have it.
func (t *Refusals) Record(who string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == nil || now.Sub(t.since) >= time.Hour {
		t.of, t.since = map[string]int{}, now
	}
	if t.of[who] >= refusalsAnHour {
		t.known++
		return false
	}
	t.of[who]++
	return true
}

// CountUnrecorded counts a refusal that leaves no record.
func (t *Refusals) CountUnrecorded(known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if known {
		t.known++
	} else {
		t.unknown++
	}
}

// Unrecorded is how many refusals left no record: of who is not known, and of who is.
func (t *Refusals) Unrecorded() (unknown, known uint64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.unknown, t.known
}

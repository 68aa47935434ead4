package sessions

import (
	"sync"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// cache remembers who sessions and credentials authenticate, so that a request costs no look-up. Everything that could
// make an answer wrong clears it once it is committed and before it is acknowledged; what was being read meanwhile is not
// kept.
type cache struct {
	mu    sync.RWMutex
	round uint64
	known map[cacheKey]authenticated
}

type cacheKey struct {
	who        id.Principal
	credential string // session of a person, secret or certificate of a program
}

type authenticated struct {
	principal identity.Principal
	session   Session // zero for a program
}

// get is what is remembered, and the round to hand to put when nothing is.
func (c *cache) get(k cacheKey) (authenticated, uint64, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	x, ok := c.known[k]
	return x, c.round, ok
}

// maxCached bounds the memory: beyond it, all is forgotten and read again.
const maxCached = 100_000

func (c *cache) put(k cacheKey, x authenticated, round uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.round != round {
		return
	}
	if c.known == nil || len(c.known) >= maxCached {
		c.known = map[cacheKey]authenticated{}
	}
	c.known[k] = x
}

func (c *cache) clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.round++
	c.known = nil
}

package login

import (
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// The failures allowed to one address: thirty in a row, then one every two seconds.
const (
	failureBurst = 30
	failureEvery = 2 * time.Second
	maxAddresses = 10_000
)

// limits counts the failures of addresses. Successes do not count.
type limits struct {
	mu   sync.Mutex
	seen map[string]*rate.Limiter
}

func (l *limits) limiter(address string, now time.Time) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]*rate.Limiter{}
	}
	x := l.seen[address]
	if x == nil {
		if len(l.seen) >= maxAddresses {
			for a, x := range l.seen {
				if x.TokensAt(now) >= failureBurst {
					delete(l.seen, a)
				}
			}
		}
		x = rate.NewLimiter(rate.Every(failureEvery), failureBurst)
		l.seen[address] = x
	}
	return x
}

// tooManyFailures says whether an address has to wait before it may try again.
func (s *Server) tooManyFailures(r *http.Request) bool {
	now := s.Now()
	return s.failures.limiter(s.Address(r), now).TokensAt(now) < 1
}

// countFailure counts a try.
func (s *Server) countFailure(r *http.Request) {
	now := s.Now()
	s.failures.limiter(s.Address(r), now).AllowN(now, 1)
}

// tooManyStarts counts how often an address begins to sign in a device, by a passkey, or at an external provider.
// Each is stored for a while and needs no known person, so it is limited like failures.
func (s *Server) tooManyStarts(r *http.Request) bool {
	now := s.Now()
	return !s.starts.limiter(s.Address(r), now).AllowN(now, 1)
}

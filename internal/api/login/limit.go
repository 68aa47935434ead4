package login

import (
	"context"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/purveyor-csp/purveyor/internal/factor"
)

// The tries allowed to one address that are wrong, or not yet known to be right: thirty at once, then one every two seconds.
const (
	failureBurst = 30
	failureEvery = 2 * time.Second
	maxAddresses = 10_000
)

// The tries allowed to one known device: five at once, then one an hour. Without any left, it counts as unknown.
const (
	deviceBurst = 5
	deviceEvery = time.Hour
)

// limits counts the tries of addresses. Those that were not wrong are given back.
type limits struct {
	mu   sync.Mutex
	seen map[string]*rate.Limiter
}

func (l *limits) limiter(address string, now time.Time, every time.Duration, burst int) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.seen == nil {
		l.seen = map[string]*rate.Limiter{}
	}
	x := l.seen[address]
	if x == nil {
		if len(l.seen) >= maxAddresses {
			l.makeRoom(now)
		}
		x = rate.NewLimiter(rate.Every(every), burst)
		l.seen[address] = x
	}
	return x
}

// makeRoom forgets the addresses that have all their tries left; if there are none, the address that has most of them.
func (l *limits) makeRoom(now time.Time) {
	fullest, most := "", -1.0
	for a, x := range l.seen {
		left := x.TokensAt(now)
		if left >= float64(x.Burst()) {
			delete(l.seen, a)
		} else if left > most {
			fullest, most = a, left
		}
	}
	if len(l.seen) >= maxAddresses {
		delete(l.seen, fullest)
	}
}

// slips are how many wrong tries an address may have had recently without standing behind those that had none.
const slips = 3

// try is one try of an address. It is counted before it is worked on, so that many at once do not all pass.
type try struct {
	limiter *rate.Limiter
	from    factor.Origin
	wrong   bool
}

// tryKey is under what a request carries its try.
type tryKey struct{}

// beginTry counts a try of the address that a request comes from; ok is false when the address has none left and has to
// wait. The request that is returned carries the try; end gives it back unless something was wrong.
func (s *Server) beginTry(r *http.Request) (_ *http.Request, end func(), ok bool) {
	now := s.Now()
	k, ok := s.tryOfDevice(r, now)
	if !ok {
		k = &try{limiter: s.failures.limiter(s.Address(r), now, failureEvery, failureBurst)}
		if !k.limiter.AllowN(now, 1) {
			return r, nil, false
		}
		k.from.Failed = k.limiter.TokensAt(now) < failureBurst-1-slips
	}
	k.from.Address = s.Address(r)
	return r.WithContext(context.WithValue(r.Context(), tryKey{}, k)), func() {
		if !k.wrong {
			k.limiter.AllowN(s.Now(), -1) // a reservation cannot be cancelled any more once its instant has passed
		}
	}, true
}

// tryOfDevice counts a try of the known device that a request comes from, if it has one left. It is none of its address:
// others there may have used up all of those.
func (s *Server) tryOfDevice(r *http.Request, now time.Time) (*try, bool) {
	d, ok := s.deviceOfPerson(r)
	if !ok {
		return nil, false
	}
	k := &try{limiter: s.devices.limiter(d.ID, now, deviceEvery, deviceBurst), from: factor.Origin{Known: true}}
	return k, k.limiter.AllowN(now, 1)
}

// origin is where the try of a request comes from. A request that began none stands last.
func origin(r *http.Request) factor.Origin {
	if k, ok := r.Context().Value(tryKey{}).(*try); ok {
		return k.from
	}
	return factor.Origin{Failed: true}
}

// countFailure says that something was wrong about a request: its try is not given back. A request that began none is
// counted now.
func (s *Server) countFailure(r *http.Request) {
	if k, ok := r.Context().Value(tryKey{}).(*try); ok {
		k.wrong = true
		return
	}
	now := s.Now()
	s.failures.limiter(s.Address(r), now, failureEvery, failureBurst).AllowN(now, 1)
}

// tooManyStarts counts how often an address begins to sign in a device, by a passkey, or at an external provider.
// Each is stored for a while and needs no known person, so it is limited like failures.
func (s *Server) tooManyStarts(r *http.Request) bool {
	now := s.Now()
	return !s.starts.limiter(s.Address(r), now, failureEvery, failureBurst).AllowN(now, 1)
}

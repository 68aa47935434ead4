package limits

import (
	"context"
	"io"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Limits is what one caller may ask for. Zero fields are no limit.
type Limits struct {
	Requests   int   // a second, over time; ten seconds' worth at once
	Concurrent int   // requests at once
	Held       int64 // bytes of bodies that are held in memory at once; one body may be longer
}

// burst is how many requests may come at once.
func (l Limits) burst() int { return 10 * l.Requests }

// maxCallers bounds how many callers are known at a time. Where more are busy, those that are new share one limit.
const maxCallers = 10_000

// others is the caller that all of those share.
const others = ""

// Limiter counts what callers ask for. It may be used by several goroutines.
type Limiter struct {
	limits  Limits
	now     func() time.Time
	mu      sync.Mutex
	callers map[string]*caller
	held    int64 // of all callers
}

// allHeld is how many times what one caller may hold all callers together may hold.
const allHeld = 4

// caller is what one caller asks for now.
type caller struct {
	requests *rate.Limiter
	running  int
	held     int64
}

// New is a limiter by a clock, which is the machine's.
func New(l Limits, now func() time.Time) *Limiter {
	return &Limiter{limits: l, now: now, callers: map[string]*caller{}}
}

// Turn is one request of a caller, from its beginning to its end. The zero Turn is unlimited.
type Turn struct {
	limiter *Limiter
	caller  *caller
	held    int64
}

// Begin begins a request of a caller. It fails with TooMany when that is one more than the caller may ask for.
func (l *Limiter) Begin(key string) (*Turn, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	c := l.caller(key, now)
	if l.limits.Concurrent > 0 && c.running >= l.limits.Concurrent {
		return nil, fault.New(fault.TooMany, "too_many_at_once",
			"more than %d requests of yours are being answered at once: nothing was done; wait for some of them", l.limits.Concurrent).After(time.Second)
	}
	if c.requests != nil && !c.requests.AllowN(now, 1) {
		return nil, fault.New(fault.TooMany, "too_many_requests",
			"you sent more than %d requests a second for a while: nothing was done; wait, and send them more slowly", l.limits.Requests).After(l.wait(c, now))
	}
	c.running++
	return &Turn{limiter: l, caller: c}, nil
}

// wait is how long it takes until there may be another request.
func (l *Limiter) wait(c *caller, now time.Time) time.Duration {
	missing := 1 - c.requests.TokensAt(now)
	return time.Duration(math.Ceil(missing/float64(l.limits.Requests))) * time.Second
}

// caller is the one of a key. Those that ask for nothing any more make room for others.
func (l *Limiter) caller(key string, now time.Time) *caller {
	if c := l.callers[key]; c != nil {
		return c
	}
	if len(l.callers) >= maxCallers {
		for k, c := range l.callers {
			if k != others && c.running == 0 && (c.requests == nil || c.requests.TokensAt(now) >= float64(l.limits.burst())) {
				delete(l.callers, k)
			}
		}
		if len(l.callers) >= maxCallers {
			key = others
		}
	}
	c := l.callers[key]
	if c == nil {
		c = &caller{}
		if l.limits.Requests > 0 {
			c.requests = rate.NewLimiter(rate.Limit(l.limits.Requests), l.limits.burst())
		}
		l.callers[key] = c
	}
	return c
}

// End ends the request: what it held is free.
func (t *Turn) End() {
	if t.limiter == nil {
		return
	}
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	t.caller.running--
	t.caller.held -= t.held
	t.limiter.held -= t.held
	t.limiter, t.held = nil, 0
}

// hold counts bytes of a body that is held in memory. It fails with TooMany when other requests of the caller hold the rest.
func (t *Turn) hold(n int64) error {
	if t.limiter == nil {
		return nil
	}
	t.limiter.mu.Lock()
	defer t.limiter.mu.Unlock()
	c, most := t.caller, t.limiter.limits.Held
	if most > 0 && c.held > t.held && c.held+n > most {
		return fault.New(fault.TooMany, "too_many_bytes",
			"other requests of yours hold %d MiB already: nothing was done; send long bodies one after the other", most>>20).After(time.Second)
	}
	if most > 0 && t.limiter.held > t.held && t.limiter.held+n > allHeld*most {
		return fault.New(fault.Unavailable, "too_many_bytes_of_all", "the server has too many long bodies in memory: nothing was done; try again in a moment").After(time.Second)
	}
	c.held += n
	t.held += n
	t.limiter.held += n
	return nil
}

// Held counts what is read of a body that is held in memory.
func (t *Turn) Held(body io.Reader) io.Reader { return &heldReader{t, body} }

type heldReader struct {
	turn *Turn
	from io.Reader
}

func (r *heldReader) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	if n > 0 {
		if too := r.turn.hold(int64(n)); too != nil {
			return 0, too
		}
	}
	return n, err
}

type turnKey struct{}

// With is a context of a request with its turn.
func With(ctx context.Context, t *Turn) context.Context { return context.WithValue(ctx, turnKey{}, t) }

// From is the turn of a request's context: an unlimited one where nothing limits it, as on the data directory's socket.
func From(ctx context.Context) *Turn {
	if t, ok := ctx.Value(turnKey{}).(*Turn); ok {
		return t
	}
	return &Turn{}
}

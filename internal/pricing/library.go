package pricing

import (
	"context"
	"sync"

	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// maxLibraryRules is how many rules a Library keeps compiled, about 100 MB of them.
const maxLibraryRules = 100_000

// Library gives the published versions of price books, compiled. It keeps what it compiled: a version is read and compiled
// the first time it is asked for, and never changes, for its id is derived from what it says. Several goroutines may use it.
type Library struct {
	Store Store

	mu    sync.Mutex
	kept  map[id.Book]*Compiled
	rules int // of those kept
}

// Compiled lists the versions a scope sees, by owner, key and version.
func (l *Library) Compiled(ctx context.Context, r tx.Read, s scope.Scope) ([]*Compiled, error) {
	ids, err := l.Store.IDs(ctx, r, s)
	if err != nil {
		return nil, err
	}
	list, missing := l.find(ids)
	if len(missing) == 0 {
		return list, nil
	}
	books, err := l.Store.Named(ctx, r, s, missing)
	if err != nil {
		return nil, err
	}
	fresh := make(map[id.Book]*Compiled, len(books))
	for _, b := range books {
		fresh[b.ID] = Compile(b)
	}
	l.keep(fresh)
	complete := list[:0]
	for i, c := range list {
		if c == nil {
			c = fresh[ids[i]]
		}
		if c != nil {
			complete = append(complete, c)
		}
	}
	return complete, nil
}

// find lists the versions with these ids that are kept, nil for others, and the ids of those.
func (l *Library) find(ids []id.Book) (list []*Compiled, missing []id.Book) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, b := range ids {
		c := l.kept[b]
		if list = append(list, c); c == nil {
			missing = append(missing, b)
		}
	}
	return list, missing
}

// keep keeps versions. When there are too many, those kept before are dropped: they are compiled again when asked for.
func (l *Library) keep(fresh map[id.Book]*Compiled) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for b, c := range fresh {
		n := 1 + len(c.ordered)
		if l.kept == nil || l.rules+n > maxLibraryRules {
			l.kept, l.rules = map[id.Book]*Compiled{}, 0
		}
		if l.kept[b] == nil && n <= maxLibraryRules {
			l.kept[b] = c
			l.rules += n
		}
	}
}

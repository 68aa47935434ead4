package rating

import "context"

// rated is a group on its way, with room of its own: it is used again for another.
type rated struct {
	Group
	steps []Step
}

// Groups travel by the hundred, and a few of these lots are under way.
const lot, lots = 128, 4

// pipe yields, in the caller's goroutine, the groups that produce makes in another: while one is being priced, those
// before it are already put to use. next is room for a group, and done sends it off.
func pipe(ctx context.Context, yield func(*Group) error, produce func(ctx context.Context, next func() *rated, done func() error) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	free, full := make(chan []rated, lots), make(chan []rated, lots)
	for range lots {
		free <- make([]rated, 0, lot)
	}
	var failed error // read when full is closed
	go func() {
		defer close(full)
		groups := <-free
		next := func() *rated {
			groups = groups[:len(groups)+1]
			r := &groups[len(groups)-1]
			r.Group = Group{Steps: r.steps[:0]}
			return r
		}
		done := func() error {
			if r := &groups[len(groups)-1]; cap(r.Steps) > cap(r.steps) {
				r.steps = r.Steps
			}
			if len(groups) < lot {
				return nil
			}
			full <- groups // there is room for all
			select {
			case groups = <-free:
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if failed = produce(ctx, next, done); failed == nil {
			full <- groups
		}
	}()
	for groups := range full {
		for i := range groups {
			if err := yield(&groups[i].Group); err != nil {
				stop()
				for range full {
				}
				return err
			}
		}
		free <- groups[:0]
	}
	return failed
}

package rating

import "context"

// rated is a group in a batch; the room for its steps is reused.
type rated struct {
	Group
	steps []Step
}

// Groups are sent in batches of batchSize, of which there are batchCount.
const batchSize, batchCount = 128, 4

// pipe yields, in the caller's goroutine, the groups that produce makes in another: while one is being priced, those before
// it are yielded. next returns an empty group to be filled, and done sends it.
func pipe(ctx context.Context, yield func(*Group) error, produce func(ctx context.Context, next func() *rated, done func() error) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	free, full := make(chan []rated, batchCount), make(chan []rated, batchCount)
	for range batchCount {
		free <- make([]rated, 0, batchSize)
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
			if len(groups) < batchSize {
				return nil
			}
			full <- groups // the channel has room for all batches
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

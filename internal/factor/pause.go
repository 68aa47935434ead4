package factor

import "time"

const (
	failuresBeforeWait = 5 // wrong tries in a row before the first wait
	maxWait            = time.Hour
)

// WaitAfter is how long a person waits after so many wrong tries in a row: a minute after the fifth, twice as long after
// each further one, an hour at most.
func WaitAfter(failures int) time.Duration {
	if failures < failuresBeforeWait {
		return 0
	}
	return min(time.Minute<<min(failures-failuresBeforeWait, 10), maxWait)
}

package factor

import "time"

const (
	freeTries = 5 // wrong tries in a row before the first wait
	maxPause  = time.Hour
)

// Pause is how long a person waits after so many wrong tries in a row: a minute after the fifth, twice as long after
// each further one, an hour at most.
func Pause(failures int) time.Duration {
	if failures < freeTries {
		return 0
	}
	return min(time.Minute<<min(failures-freeTries, 10), maxPause)
}

package disk

import (
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Room makes a function that is an error when less than a number of bytes is free on the disk of a folder: what writes much
// stops while others can still write. Where the operating system does not say how much is free, writing finds out.
func Room(dir string, least int64) func() error {
	return room(dir, least, Free)
}

func room(dir string, least int64, free func(string) (bytes int64, known bool)) func() error {
	return func() error {
		if left, known := free(dir); least > 0 && known && left < least {
			return fault.New(fault.Unavailable, "disk_nearly_full",
				"less than %d MiB are free on the disk of %s: nothing more is written, and nothing of this command was kept. Free space and give the command again", least>>20, dir)
		}
		return nil
	}
}

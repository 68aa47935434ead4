//go:build linux || darwin || freebsd

package disk

import "syscall"

// Free is how many bytes the disk of a path has left for this process. Known is false when the system does not say.
func Free(path string) (bytes int64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(path, &s); err != nil {
		return 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), true
}

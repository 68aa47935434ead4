//go:build unix

package disk

import "syscall"

// Writable says whether this process may write a file, or make files in a folder.
func Writable(path string) bool {
	const write = 2
	return syscall.Access(path, write) == nil
}

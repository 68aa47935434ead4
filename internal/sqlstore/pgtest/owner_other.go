//go:build !linux

package pgtest

import "syscall"

// owner: elsewhere the server runs as whoever runs the tests.
func owner(string) (*syscall.SysProcAttr, error) { return &syscall.SysProcAttr{}, nil }

package disk

import (
	"errors"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestRoom: there is none once less than the least is free; without a least, or where nobody knows, there is.
func TestRoom(t *testing.T) {
	left := int64(2 << 20)
	of := func(string) (int64, error) { return left, nil }
	check := room("/data", 1<<20, of)
	if err := check(); err != nil {
		t.Error(err)
	}
	if left = 1<<20 - 1; fault.CodeOf(check()) != "disk_nearly_full" {
		t.Errorf("%v", check())
	}
	if err := room("/data", 0, of)(); err != nil {
		t.Error(err)
	}
	if err := room("/data", 1<<20, func(string) (int64, error) { return 0, errors.New("unknown") })(); err != nil {
		t.Error(err)
	}
	if left, err := free(t.TempDir()); err == nil && left <= 0 {
		t.Errorf("%d bytes are free here", left)
	}
}

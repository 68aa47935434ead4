package disk

import (
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestRoom: there is none once less than the least is free; without a least, or where nobody knows, there is.
func TestRoom(t *testing.T) {
	left := int64(2 << 20)
	of := func(string) (int64, bool) { return left, true }
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
	if err := room("/data", 1<<20, func(string) (int64, bool) { return 0, false })(); err != nil {
		t.Error(err)
	}
	if left, known := Free(t.TempDir()); known && left <= 0 {
		t.Errorf("%d bytes are free here", left)
	}
}

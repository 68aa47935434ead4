package intake_test

import (
	"errors"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/intake"
)

// TestImportLeavesRoomOnTheDisk: an import stops while others can still write, and leaves nothing; given again when there is
// room it is whole.
func TestImportLeavesRoomOnTheDisk(t *testing.T) {
	v := open(t)
	full, asked := errors.New("the disk is nearly full"), 0
	v.Room = func() error {
		if asked++; asked > 1 {
			return full
		}
		return nil
	}
	var lines []string
	for i := range 30000 { // several blocks
		lines = append(lines, line("G1", i, 1+i%30, 100))
	}
	if _, err := v.Import(operator(t), intake.Request{Sources: []intake.Source{source("f", text(lines...))}}); !errors.Is(err, full) {
		t.Fatalf("%v after %d blocks", err, asked)
	}
	v.Room = func() error { return nil }
	load := v.mustImport(t, intake.Request{}, text(lines...))
	if len(load.Files) != 1 || load.Files[0].Rows.Sealed != 30000 {
		t.Errorf("%+v %+v", load.Files, load.Problems[:min(1, len(load.Problems))])
	}
}

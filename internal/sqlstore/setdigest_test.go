package sqlstore

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// TestSetDigestIsOfTheSet adds rows and takes rows out in any order: the digest is that of the rows that are left, added
// in another order, and every other set of rows has another one.
func TestSetDigestIsOfTheSet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var d SetDigest
		have := map[[2]string]bool{}
		for range rapid.IntRange(0, 12).Draw(t, "changes") {
			row := [2]string{fmt.Sprint("id", rapid.IntRange(0, 4).Draw(t, "id")), fmt.Sprint("text", rapid.IntRange(0, 2).Draw(t, "text"))}
			if have[row] {
				d.Remove(row[:]...)
				delete(have, row)
			} else {
				d.Add(row[:]...)
				have[row] = true
			}
		}
		var whole SetDigest
		for row := range have { // in an order of its own each time
			whole.Add(row[:]...)
		}
		if d.String() != whole.String() {
			t.Fatalf("%s, and the rows are %s", d.String(), whole.String())
		}
		kept, err := ParseSetDigest(d.Kept())
		if err != nil || kept != d {
			t.Fatalf("it does not come back: %v", err)
		}
		other := whole
		if other.Add("id0", "text9"); other.String() == d.String() {
			t.Fatal("another set has the same digest")
		}
	})
	var a, b SetDigest
	a.Add("ab", "c")
	if b.Add("a", "bc"); a == b {
		t.Error("cells run together")
	}
}

package shard

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// TestMapEqualsPlainMap edits a map at random: each version holds what a plain map copied at that moment holds, also
// after later edits.
func TestMapEqualsPlainMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type version struct {
			m    Map[string, int]
			want map[string]int
		}
		versions := []version{{want: map[string]int{}}}
		for range rapid.IntRange(1, 8).Draw(t, "edits") {
			last := versions[len(versions)-1]
			e, want := last.m.Edit(), maps.Clone(last.want)
			for range rapid.IntRange(0, 6).Draw(t, "changes") {
				key := fmt.Sprint("k", rapid.IntRange(0, 9).Draw(t, "key"))
				if rapid.Bool().Draw(t, "delete") {
					e.Delete(key)
					delete(want, key)
				} else {
					value := rapid.Int().Draw(t, "value")
					e.Set(key, value)
					want[key] = value
				}
				if got := e.Get(key); got != want[key] {
					t.Fatalf("%s is %d while edited, want %d", key, got, want[key])
				}
			}
			versions = append(versions, version{e.Map(), want})
		}
		for i, v := range versions {
			if got := maps.Collect(v.m.All()); !maps.Equal(got, v.want) || v.m.Len() != len(v.want) {
				t.Fatalf("version %d is %v of length %d, want %v", i, got, v.m.Len(), v.want)
			}
			for key, want := range v.want {
				if got, found := v.m.Find(key); !found || got != want {
					t.Fatalf("version %d: %s is %d", i, key, got)
				}
			}
		}
	})
}

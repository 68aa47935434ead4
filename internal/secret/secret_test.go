package secret

import (
	"bytes"
	"crypto/rand"
	"testing"

	"pgregory.net/rapid"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

func ring(t testing.TB, n uint32) (Ring, []Key) {
	t.Helper()
	var keys []Key
	for i := range n {
		k, err := NewKey(i, rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, k)
	}
	r, err := NewRing(keys, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return r, keys
}

// What is sealed comes back at its place, nowhere else, and not after a byte of it was changed.
func TestSealing(t *testing.T) {
	r, _ := ring(t, 2)
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.SliceOf(rapid.Byte()).Draw(t, "text")
		place := rapid.String().Draw(t, "place")
		sealed, err := r.Seal(place, text)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 8 && bytes.Contains(sealed, text) {
			t.Fatal("the text stands in what was sealed")
		}
		got, err := r.Open(place, sealed)
		if err != nil || !bytes.Equal(got, text) {
			t.Fatalf("got %q, %v", got, err)
		}
		if _, err := r.Open(place+"x", sealed); fault.CodeOf(err) != "seal_broken" {
			t.Fatalf("opened at another place: %v", err)
		}
		i := rapid.IntRange(5, len(sealed)-1).Draw(t, "byte")
		sealed[i] ^= 1
		if _, err := r.Open(place, sealed); fault.CodeOf(err) != "seal_broken" {
			t.Fatalf("opened after a change: %v", err)
		}
	})
}

// A rotated ring opens what older keys sealed; a destroyed key takes what it sealed with it.
func TestRotation(t *testing.T) {
	old, keys := ring(t, 1)
	sealed, err := old.Seal("p", []byte("value"))
	if err != nil {
		t.Fatal(err)
	}
	next, err := NewKey(keys[0].Number, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	both, err := NewRing([]Key{next, keys[0]}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := both.Open("p", sealed); err != nil || string(got) != "value" || SealedWith(sealed) == both.Newest() {
		t.Fatalf("got %q, %v; sealed with %d, newest %d", got, err, SealedWith(sealed), both.Newest())
	}
	again, err := both.Seal("p", []byte("value"))
	if err != nil || SealedWith(again) != both.Newest() {
		t.Fatalf("sealed with %d, %v", SealedWith(again), err)
	}
	without, err := NewRing([]Key{next}, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := without.Open("p", sealed); fault.KindOf(err) != fault.NotFound {
		t.Fatalf("opened without its key: %v", err)
	}
	a, err := old.Derive("anchor", 32)
	if err != nil {
		t.Fatal(err)
	}
	b, err := both.Derive("anchor", 32)
	if err != nil || !bytes.Equal(a, b) {
		t.Fatal("a derived key changed with a rotation")
	}
	if c, _ := both.Derive("other", 32); bytes.Equal(b, c) {
		t.Fatal("two purposes have one key")
	}
}

func TestBadRings(t *testing.T) {
	for name, keys := range map[string][]Key{"none": nil, "short": {{1, make([]byte, 16)}}, "twice": {{1, make([]byte, 32)}, {1, make([]byte, 32)}}} {
		if _, err := NewRing(keys, rand.Reader); fault.KindOf(err) != fault.Invalid {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The same text at the same place never looks the same twice: a nonce is drawn for every value.
func TestNoncesDoNotRepeat(t *testing.T) {
	r, _ := ring(t, 1)
	seen := map[string]bool{}
	for range 20_000 {
		sealed, err := r.Seal("place", []byte("text"))
		if err != nil {
			t.Fatal(err)
		}
		nonce := string(sealed[:len(sealed)-len("text")-16])
		if seen[nonce] {
			t.Fatalf("a nonce came twice after %d", len(seen))
		}
		seen[nonce] = true
	}
}

package limits

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestRequestsOfACaller: a caller sends so many at once and so many a second, is told how long to wait, and holds up nobody
// else.
func TestRequestsOfACaller(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	l := New(Limits{Requests: 2}, func() time.Time { return now })
	send := func(key string) error {
		turn, err := l.Begin(key)
		if err == nil {
			turn.End()
		}
		return err
	}
	for i := range 20 {
		if err := send("a"); err != nil {
			t.Fatalf("request %d: %v", i+1, err)
		}
	}
	err := send("a")
	if f, ok := err.(*fault.Fault); !ok || f.Kind != fault.TooMany || f.Wait != time.Second {
		t.Errorf("one too many: %v", err)
	}
	if err := send("b"); err != nil {
		t.Errorf("another caller: %v", err)
	}
	now = now.Add(time.Second)
	for i := range 3 {
		if err := send("a"); (err != nil) != (i == 2) {
			t.Errorf("request %d a second later: %v", i+1, err)
		}
	}
}

// TestRequestsAtOnce: what ends makes room.
func TestRequestsAtOnce(t *testing.T) {
	l := New(Limits{Concurrent: 2}, time.Now)
	first, _ := l.Begin("a")
	second, err := l.Begin("a")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Begin("a"); fault.CodeOf(err) != "too_many_at_once" {
		t.Errorf("a third: %v", err)
	}
	first.End()
	first.End() // ending twice is ending once
	if _, err := l.Begin("a"); err != nil {
		t.Errorf("after one ended: %v", err)
	}
	if _, err := l.Begin("a"); err == nil {
		t.Error("a third again")
	}
	second.End()
}

// TestBytesHeld: one body may be as long as its route allows; beside it there is room for the rest of the limit only.
func TestBytesHeld(t *testing.T) {
	l := New(Limits{Held: 100}, time.Now)
	read := func(turn *Turn, n int) error {
		_, err := io.Copy(io.Discard, turn.Held(bytes.NewReader(make([]byte, n))))
		return err
	}
	long, _ := l.Begin("a")
	if err := read(long, 500); err != nil {
		t.Fatal(err)
	}
	short, _ := l.Begin("a")
	if err := read(short, 1); fault.CodeOf(err) != "too_many_bytes" {
		t.Errorf("beside a long one: %v", err)
	}
	long.End()
	if err := read(short, 60); err != nil {
		t.Errorf("after the long one: %v", err)
	}
	other, _ := l.Begin("a")
	if err := read(other, 41); err == nil {
		t.Error("together they hold more than the limit")
	}
	if err := read(From(t.Context()), 1<<20); err != nil {
		t.Errorf("without a limit: %v", err)
	}
}

// TestCallersAreBounded: however many callers there are, so many are known at most; those beyond share a limit, and who was
// known keeps its own.
func TestCallersAreBounded(t *testing.T) {
	l := New(Limits{Concurrent: 1}, time.Now)
	var turns []*Turn
	for i := range maxCallers + 500 {
		turn, err := l.Begin(fmt.Sprint(i))
		if err != nil && i < maxCallers {
			t.Fatal(i, err)
		}
		if err == nil {
			turns = append(turns, turn)
		}
	}
	if len(l.callers) > maxCallers+1 || len(turns) != maxCallers+1 {
		t.Errorf("%d callers are known, and %d were served", len(l.callers), len(turns))
	}
	for _, turn := range turns {
		turn.End()
	}
	if _, err := l.Begin("one more"); err != nil {
		t.Error(err)
	}
	if len(l.callers) > 2 {
		t.Errorf("%d callers are known although all but one are gone", len(l.callers))
	}
}

func BenchmarkBegin(b *testing.B) {
	l := New(Limits{Requests: 1 << 30, Concurrent: 64, Held: 1 << 20}, time.Now)
	for b.Loop() {
		turn, err := l.Begin("a")
		if err != nil {
			b.Fatal(err)
		}
		turn.End()
	}
}

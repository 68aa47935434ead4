package sessions

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

func TestLiveSessions(t *testing.T) {
	browser := Session{Token: "t", Created: noon, Seen: noon, Expires: noon.Add(browserLife)}
	program := Session{Created: noon, Seen: noon, Expires: noon.Add(clientLife)}
	over := browser
	over.Ended = noon
	used := browser
	used.Seen = noon.Add(browserLife - time.Minute)
	for _, c := range []struct {
		name string
		s    Session
		at   time.Duration
		want bool
	}{
		{"fresh", browser, 0, true}, {"idle almost too long", browser, browserIdle - 1, true}, {"idle too long", browser, browserIdle, false},
		{"used to the end", used, browserLife - 1, true}, {"used past the end", used, browserLife, false}, {"ended", over, 0, false},
		{"a program's, idle", program, 30 * 24 * time.Hour, true}, {"a program's, at its end", program, clientLife, false},
	} {
		if got := c.s.Live(noon.Add(c.at)); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestKeysRotate(t *testing.T) {
	keys := []Key{{ID: "old", Created: noon.Add(-31 * 24 * time.Hour)}, {ID: "new", Created: noon}, {ID: "ahead", Created: noon.Add(time.Hour)}, {ID: "ancient", Created: noon.Add(-40 * 24 * time.Hour)}}
	if k, ok := signing(keys, noon); !ok || k.ID != "new" {
		t.Errorf("signs with %s, %v", k.ID, ok)
	}
	if _, ok := signing(keys[:1], noon); ok {
		t.Error("signs with a key that has done its time")
	}
	if _, ok := signing(nil, noon); ok {
		t.Error("signs with nothing")
	}
	if got := accepted(keys, noon); len(got) != 3 {
		t.Errorf("%d keys count, want old, new and ahead", len(got))
	}
}

func TestPendingDevices(t *testing.T) {
	for _, c := range []struct {
		k    Ticket
		code string
	}{
		{Ticket{}, "authorization_pending"}, {Ticket{Polled: noon.Add(-pollEvery)}, "authorization_pending"},
		{Ticket{Polled: noon.Add(-pollEvery + 1)}, "slow_down"}, {Ticket{Answer: Refused, Polled: noon}, "access_denied"},
	} {
		if got := fault.CodeOf(c.k.pending(noon)); got != c.code {
			t.Errorf("%+v: got %s", c.k, got)
		}
	}
}

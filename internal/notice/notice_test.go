package notice

import (
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/delegation"
)

// TestNotices: thirty, seven and one day before the end, and at it.
func TestNotices(t *testing.T) {
	end := time.Date(2026, 12, 31, 9, 0, 0, 0, time.UTC)
	r := delegation.Relationship{ID: "rel_1", Name: "Support", State: delegation.Active, Activated: end.AddDate(0, 0, -90), End: end, Roles: []delegation.RoleID{"x"}}
	extends := r
	extends.AutoExtend = true
	terminated := r
	terminated.State, terminated.Closed = delegation.Terminated, end
	for _, c := range []struct {
		what    string
		of      delegation.Relationship
		at      time.Time
		days    int // -1 for none
		state   delegation.State
		extends bool
	}{
		{"long before", r, end.AddDate(0, 0, -31), -1, "", false},
		{"a nanosecond before the first", r, end.AddDate(0, 0, -30).Add(-1), -1, "", false},
		{"thirty days before", r, end.AddDate(0, 0, -30), 30, delegation.Active, false},
		{"eight days before", r, end.AddDate(0, 0, -8), 30, delegation.Active, false},
		{"seven days before", r, end.AddDate(0, 0, -7), 7, delegation.Active, false},
		{"a day before", r, end.AddDate(0, 0, -1), 1, delegation.Active, false},
		{"to the last instant", r, end.Add(-1), 1, delegation.Active, false},
		{"at the end, no job having run", r, end, 0, delegation.Expiring, false},
		{"a month after", r, end.AddDate(0, 0, 30), -1, "", false},
		{"one that goes on", extends, end.AddDate(0, 0, -1), 1, delegation.Active, true},
		{"and has gone on", extends, end, -1, "", false},
		{"ended by a side", terminated, end.AddDate(0, 0, 3), 0, delegation.Terminated, false},
		{"a draft", delegation.Relationship{State: delegation.Created}, end, -1, "", false},
	} {
		list := Of([]delegation.Relationship{c.of}, c.at)
		if c.days < 0 {
			if len(list) != 0 {
				t.Errorf("%s: %+v", c.what, list)
			}
			continue
		}
		if len(list) != 1 {
			t.Errorf("%s: nothing", c.what)
			continue
		}
		n := list[0]
		if n.Days != c.days || n.State != c.state || n.Extends != c.extends || !n.End.Equal(end) || !n.Since.Equal(end.AddDate(0, 0, -c.days)) {
			t.Errorf("%s: %+v", c.what, n)
		}
	}
	later := r
	later.ID, later.End = "rel_0", end.AddDate(0, 0, 2)
	if list := Of([]delegation.Relationship{later, r}, end.AddDate(0, 0, -1)); len(list) != 2 || list[0].Relationship != "rel_1" {
		t.Errorf("the soonest is not first: %+v", list)
	}
}

package main

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// TestDailyCleanup moves the machine's clock and the business clock apart: what expired by the machine's clock is
// removed once a day, whatever the business clock shows.
func TestDailyCleanup(t *testing.T) {
	p := newErasureScenario(t, "", 0)
	at := time.Now()
	machine := func() time.Time { return at }
	p.n.API.Machine, p.n.People.Now, p.n.Sessions.Now, p.n.Runner.Machine, p.n.Upkeep.Machine = machine, machine, machine, machine, machine

	p.want(200, nil, "POST", "/clock", asJSON, `{"to":"2027-01-01","demo":true}`)
	retried := func(key string) bool {
		t.Helper()
		return p.want(200, nil, http.MethodPut, "/world", asYAML, smallWorld, "Idempotency-Key", key).Header.Get("Idempotent-Replay") != ""
	}
	retried("first")
	maria, err := p.n.People.AddWithPassword(p.ctx, "contoso", people.Personal{Name: "Maria", Mail: "maria@contoso.example"}, "brown kettle morning")
	if err != nil {
		t.Fatal(err)
	}
	session, _, err := p.n.People.OpenSession(p.ctx, sessions.Session{Person: maria.ID})
	if err != nil {
		t.Fatal(err)
	}
	kept := func() bool {
		t.Helper()
		err := p.n.DB.View(p.ctx, func(ctx context.Context, r tx.Read) error {
			_, err := p.n.Sessions.Store.Session(ctx, r, session.ID)
			return err
		})
		if err != nil && fault.KindOf(err) != fault.NotFound {
			t.Fatal(err)
		}
		return err == nil
	}
	days := func(n int) { at = at.Add(time.Duration(n) * 24 * time.Hour) }

	p.want(200, nil, "POST", "/clock", asJSON, `{"by":"P6M"}`)
	p.work(job.DailyUpkeep, 0) // the business clock moved by half a year, the machine's clock not at all
	var list kernel.List[job.Job]
	p.want(200, &list, "GET", "/jobs?kind=upkeep.daily", "", "")
	if len(list.Items) != 1 || list.Items[0].State != job.Queued || !list.Items[0].Due.IsZero() || list.Items[0].When().Before(at) {
		t.Errorf("to come: %+v", list.Items)
	}
	if !retried("first") || !kept() {
		t.Error("an answer or a session was removed before it expired")
	}
	days(29)
	p.work(job.DailyUpkeep, 1)
	if retried("second") || !retried("first") || kept() {
		t.Error("after 29 days an answer was removed, or a session was not")
	}
	days(2)
	p.work(job.DailyUpkeep, 2)
	if !retried("second") || retried("first") {
		t.Error("after 31 days the first answer was not removed, or the second was")
	}
}

package login_test

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/sqlstore/operations"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func (a *authority) state(r delegation.Relationship, want delegation.State) {
	a.t.Helper()
	now, err := a.Delegation.Relationship(access.AsLocalOperator(a.t.Context()), r.ID)
	a.must(err)
	if now.State != want {
		a.t.Errorf("%s is %s, want %s", r.Name, now.State, want)
	}
}

// recorded compares a person's actions on delegated access with the event log.
func (a *authority) recorded(mail string, want ...string) {
	a.t.Helper()
	var list []event.Event
	a.must(a.db.View(a.t.Context(), func(ctx context.Context, r tx.Read) (err error) {
		list, err = operations.Events{DB: a.db}.Events(ctx, r, scope.All(), event.Filter{Actor: string(a.personID(mail))})
		return err
	}))
	var got []string
	for _, e := range list {
		var asked struct{ Command, Outcome string }
		a.must(json.Unmarshal(e.Data, &asked))
		switch {
		case asked.Command != "":
			got = append(got, asked.Command+" "+asked.Outcome)
		case strings.HasPrefix(string(e.Type), "delegation."):
			got = append(got, string(e.Type))
		}
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("of %s is recorded %q, want %q", mail, got, want)
	}
}

func tokenOf(link string) string { return link[strings.Index(link, "=")+1:] }

// TestCustomersAnswerInvitations opens the link of an invitation as every kind of person who might have it, and answers it.
func TestCustomersAnswerInvitations(t *testing.T) {
	a := newAuthority(t)
	a.person("c0001", "kim@fabrikam.example") // the first, so the global admin
	a.person("c0001", "sam@fabrikam.example")
	a.person("c0002", "ada@tailspin.example")
	_, staff := a.person("nordwind", "ines@nordwind.example")
	made, link := a.invite("c0001", "Support 2026", "Service Support Administrator", "Global Reader")

	for mail, secret := range map[string]string{"sam@fabrikam.example": "", "ines@nordwind.example": staff} {
		b := a.browser().signIn(mail, secret).get(link).want(http.StatusForbidden, "A global administrator of the customer answers this")
		if strings.Contains(b.page, "Support 2026") {
			t.Errorf("%s reads the terms", mail)
		}
		b.get("/login?again=1").submit("/login/invitation", "token", tokenOf(link), "answer", "approve").want(http.StatusForbidden, "Nothing was changed")
	}
	ada := a.browser().signIn("ada@tailspin.example", "")
	foreign := ada.get(link).want(http.StatusNotFound, "This link is not known").page
	missing := ada.get("/login/invitation?token=made-up").want(http.StatusNotFound, "This link is not known").page
	if strings.ReplaceAll(foreign, tokenOf(link), "made-up") != missing {
		t.Errorf("another customer's link is told from one that there is not:\n%s\n%s", foreign, missing)
	}

	kim := a.browser().get(link)
	if kim.status != http.StatusSeeOther || !strings.HasPrefix(kim.to, "/login?next=%2Flogin%2Finvitation") {
		t.Fatalf("nobody in particular gets %d to %s", kim.status, kim.to)
	}
	kim.follow().signIn("kim@fabrikam.example", "").follow().want(http.StatusOK, "Nordwind B.V. asks for access")
	for _, text := range []string{"Fabrikam S.A.", "Support 2026", "Service Support Administrator", "Global Reader", "30 days from your approval, and then ends by itself", "kim@fabrikam.example"} {
		kim.want(http.StatusOK, text)
	}
	asked := kim.page
	kim.submit("/login/invitation", "csrf", "made up", "answer", "approve").want(http.StatusForbidden, "came from elsewhere")
	kim.page = asked
	kim.submit("/login/invitation").want(http.StatusUnprocessableEntity, "without an answer")
	a.state(made, delegation.ApprovalPending)
	kim.page = asked
	kim.submit("/login/invitation", "answer", "approve").want(http.StatusOK, "Access was approved")
	a.state(made, delegation.Approved)
	kim.get(link).want(http.StatusOK, "Access was approved")
	if strings.Contains(kim.page, `value="decline"`) {
		t.Error("what was approved is asked for again")
	}
	a.recorded("sam@fabrikam.example", "invitation-show refused", "invitation-answer refused")
	a.recorded("ada@tailspin.example", "invitation-show refused", "invitation-show refused")
	a.recorded("kim@fabrikam.example", "delegation.relationship_approved", "invitation-answer done")
}

// TestClosedInvitations declines an invitation, lets one expire and replaces one.
func TestClosedInvitations(t *testing.T) {
	a := newAuthority(t)
	a.person("c0001", "kim@fabrikam.example")
	kim := a.browser().signIn("kim@fabrikam.example", "")
	declined, link := a.invite("c0001", "Unwanted", string(delegation.GlobalAdministrator))
	kim.get(link).want(http.StatusOK, "can do everything there").submit("/login/invitation", "answer", "decline").want(http.StatusOK, "Nobody was given access")
	a.state(declined, delegation.Terminated)
	kim.get(link).want(http.StatusNotFound, "This link is not known")

	replaced, link := a.invite("c0001", "Replaced", "Global Reader")
	_, err := a.Delegation.Send(access.AsLocalOperator(t.Context()), replaced.ID)
	a.must(err)
	kim.get(link).want(http.StatusNotFound, "was replaced by a newer one")

	lapsed, link := a.invite("c0001", "Lapsed", "Global Reader")
	a.advance(90*24*time.Hour - time.Minute)
	kim = a.browser().signIn("kim@fabrikam.example", "").get(link).want(http.StatusOK, "Approve")
	asked := kim.page
	a.advance(2 * time.Minute)
	kim.get(link).want(http.StatusConflict, "nothing to answer any more")
	kim.page = asked
	kim.submit("/login/invitation", "answer", "approve").want(http.StatusConflict, "is expired")
	a.state(lapsed, delegation.Expired)
}

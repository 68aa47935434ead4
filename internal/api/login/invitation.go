package login

import (
	"net/http"
	"net/url"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/delegation"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/period"
)

const invitationPath = "/login/invitation"

// invitationPage shows the terms that a customer is asked to agree to, or the outcome.
type invitationPage struct {
	Token     string
	Mail      string // of who is signed in
	Realm     string // for whom they answer
	By        string // who asks
	Name      string
	Roles     []string
	Whole     bool // whether one of the roles allows everything
	Lasts     string
	Extends   bool
	Ends      time.Time // once it is known
	AnswerBy  time.Time
	Here      string // this page, to return to after signing in as another person
	MayAnswer bool
}

// invitedBy is the page of a token, before anything is known of it.
func invitedBy(token string) invitationPage {
	return invitationPage{Token: token, Here: invitationPath + "?" + url.Values{"token": {token}}.Encode()}
}

// invitation serves the one-time link of a relationship: it shows the terms to people who may agree to them.
func (s *Server) invitation(w http.ResponseWriter, r *http.Request) {
	x, who, ok := s.signedIn(r)
	f := invitedBy(r.FormValue("token"))
	if !ok {
		s.toSignIn(w, r, f.Here, nil)
		return
	}
	ctx := identity.As(r.Context(), who)
	asked, err := s.Delegation.Invited(ctx, delegation.Reply{Token: f.Token})
	if err != nil {
		s.Audited(ctx, "invitation-show", err)
		s.refuseInvitation(w, r, x, f, err)
		return
	}
	s.showInvitation(w, r, x, f, asked)
}

func (s *Server) showInvitation(w http.ResponseWriter, r *http.Request, x sessions.Session, f invitationPage, asked delegation.Relationship) {
	f, err := s.describeTerms(r, x, f, asked)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	switch asked.State {
	case delegation.ApprovalPending:
		s.site().Show(w, r, http.StatusOK, "invitation", pages.Page{Title: f.By + " asks for access", Data: f})
	case delegation.Approved, delegation.Activating, delegation.Active:
		s.site().Show(w, r, http.StatusOK, "invitation", pages.Page{Title: "Access was approved", Done: "Either side can end it at any time, at once.", Data: f})
	default:
		s.refuseInvitation(w, r, x, f, fault.New(fault.Conflict, "relationship_state",
			"%q is %s: there is nothing to answer any more; %s can send a new link", asked.Name, asked.State, f.By))
	}
}

// describeTerms adds the terms of a relationship to the page.
func (s *Server) describeTerms(r *http.Request, x sessions.Session, f invitationPage, asked delegation.Relationship) (invitationPage, error) {
	by, err := s.Directory.Realm(r.Context(), string(asked.Organisation))
	if err != nil {
		return f, err
	}
	if f, err = s.withSigner(r, x, f); err != nil {
		return f, err
	}
	length, err := period.ParseStep(asked.Duration)
	if err != nil {
		return f, err
	}
	f.By, f.Name, f.Lasts, f.Extends, f.Ends = by.Name, asked.Name, length.Words(), asked.Extends(), asked.End
	f.Whole, f.AnswerBy, f.MayAnswer = asked.Holds(delegation.GlobalAdministrator), asked.AnswerBy(), asked.State == delegation.ApprovalPending
	for _, role := range asked.Roles {
		f.Roles = append(f.Roles, s.Delegation.Roles[role].Name)
	}
	return f, nil
}

// withSigner adds to the page who is signed in, and for which organisation they answer.
func (s *Server) withSigner(r *http.Request, x sessions.Session, f invitationPage) (invitationPage, error) {
	p, err := s.People.Person(r.Context(), x.Person)
	if err != nil {
		return f, err
	}
	own, err := s.Directory.Realm(r.Context(), string(p.Realm))
	f.Mail, f.Realm = p.Personal.Mail, own.Name
	return f, err
}

// refuseInvitation says why the terms are not shown, and offers to sign in as another person: links are forwarded, and some people have several accounts.
func (s *Server) refuseInvitation(w http.ResponseWriter, r *http.Request, x sessions.Session, f invitationPage, err error) {
	status, text := s.problemText(r, err)
	if fault.KindOf(err) == fault.Denied {
		text = "A global administrator of the customer answers this. Nothing was changed."
	}
	f, err = s.withSigner(r, x, f)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.site().Show(w, r, status, "uninvited", pages.Page{Title: "Nothing to answer here", Error: text, Data: f})
}

// postInvitation takes the customer's answer.
func (s *Server) postInvitation(w http.ResponseWriter, r *http.Request) {
	f := invitedBy(r.PostForm.Get("token"))
	x, who, ok := s.signedIn(r)
	if !ok {
		s.toSignIn(w, r, f.Here, nil)
		return
	}
	reply := delegation.Reply{Token: f.Token}
	switch r.PostForm.Get("answer") {
	case "approve":
		reply.Approve = true
	case "decline":
	default:
		s.showProblem(w, r, fault.New(fault.Invalid, "no_answer", "the form was sent without an answer: nothing was changed; go back and choose one of the buttons"))
		return
	}
	ctx := identity.As(r.Context(), who)
	answered, err := s.Delegation.Answer(ctx, reply)
	s.Audited(ctx, "invitation-answer", err)
	if err != nil {
		s.countFailure(r)
		s.refuseInvitation(w, r, x, f, err)
		return
	}
	if !reply.Approve {
		s.site().Show(w, r, http.StatusOK, "done", pages.Page{Title: "Declined", Done: "Nobody was given access, and the link is worth nothing any more."})
		return
	}
	s.showInvitation(w, r, x, f, answered)
}

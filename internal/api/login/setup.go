package login

import (
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

type setUpForm struct {
	Ticket   string
	Realm    string
	First    bool
	Personal people.Personal
}

// setUp serves a one-time link: of the first person, or of an invited one.
func (s *Server) setUp(w http.ResponseWriter, r *http.Request) {
	ticket := r.FormValue("ticket")
	p, realm, err := s.People.Invited(r.Context(), ticket)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.showSetUp(w, r, http.StatusOK, setUpForm{Ticket: ticket, Realm: realm.Name, First: p.ID == "", Personal: p.Personal}, "")
}

func (s *Server) showSetUp(w http.ResponseWriter, r *http.Request, status int, f setUpForm, wrong string) {
	title := "Welcome"
	if f.First {
		title = "Set up Purveyor"
	}
	s.site().Show(w, r, status, "setup", pages.Page{Title: title, Error: wrong, Data: f})
}

func (s *Server) postSetUp(w http.ResponseWriter, r *http.Request) {
	f := setUpForm{Ticket: r.PostForm.Get("ticket"), Personal: people.Personal{Name: r.PostForm.Get("name"), Mail: r.PostForm.Get("mail")}}
	invited, realm, err := s.People.Invited(r.Context(), f.Ticket)
	if err != nil {
		s.countFailure(r)
		s.showProblem(w, r, err)
		return
	}
	f.Realm, f.First = realm.Name, invited.ID == ""
	if !f.First {
		f.Personal.Mail = invited.Personal.Mail
	}
	if r.PostForm.Get("password") != r.PostForm.Get("again") {
		s.showSetUp(w, r, http.StatusUnprocessableEntity, f, "The two passwords are not the same.")
		return
	}
	p, err := s.People.SetUp(r.Context(), f.Ticket, f.Personal, r.PostForm.Get("password"))
	if err != nil {
		status, text := s.problemText(r, err)
		s.showSetUp(w, r, status, f, text)
		return
	}
	s.nextStep(w, r, p, sessions.Ticket{Methods: []string{"pwd"}, Next: pages.Local("")})
}

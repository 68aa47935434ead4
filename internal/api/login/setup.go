package login

import (
	"net/http"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

type setUpForm struct {
	Ticket string
	Realm  string
	First  bool
	Mine   people.Personal
}

// setUp is behind a one-time link: of the first person, or of somebody who was invited.
func (s *Server) setUp(w http.ResponseWriter, r *http.Request) {
	ticket := r.FormValue("ticket")
	p, realm, err := s.People.Invited(r.Context(), ticket)
	if err != nil {
		s.failed(w, r, err)
		return
	}
	s.showSetUp(w, r, http.StatusOK, setUpForm{Ticket: ticket, Realm: realm.Name, First: p.ID == "", Mine: p.Personal}, "")
}

func (s *Server) showSetUp(w http.ResponseWriter, r *http.Request, status int, f setUpForm, wrong string) {
	title := "Welcome"
	if f.First {
		title = "Set up Purveyor"
	}
	s.site().Show(w, r, status, "setup", pages.Page{Title: title, Error: wrong, Data: f})
}

func (s *Server) postSetUp(w http.ResponseWriter, r *http.Request) {
	f := setUpForm{Ticket: r.PostForm.Get("ticket"), Mine: people.Personal{Name: r.PostForm.Get("name"), Mail: r.PostForm.Get("mail")}}
	invited, realm, err := s.People.Invited(r.Context(), f.Ticket)
	if err != nil {
		s.wrong(r)
		s.failed(w, r, err)
		return
	}
	f.Realm, f.First = realm.Name, invited.ID == ""
	if !f.First {
		f.Mine.Mail = invited.Personal.Mail
	}
	if r.PostForm.Get("password") != r.PostForm.Get("again") {
		s.showSetUp(w, r, http.StatusUnprocessableEntity, f, "The two passwords are not the same.")
		return
	}
	p, err := s.People.SetUp(r.Context(), f.Ticket, f.Mine, r.PostForm.Get("password"))
	if err != nil {
		status, text := s.words(r, err)
		s.showSetUp(w, r, status, f, text)
		return
	}
	s.proceed(w, r, p, sessions.Ticket{Methods: []string{"pwd"}, Next: pages.Local("")})
}

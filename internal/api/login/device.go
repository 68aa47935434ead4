package login

import (
	"net/http"
	"net/url"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

type deviceForm struct {
	Code   string
	Client string
	Mail   string
	Asked  sessions.Ticket
}

// device asks for the code that a device shows. The person signs in first, so that codes cannot be guessed without a sign-in.
func (s *Server) device(w http.ResponseWriter, r *http.Request) {
	if _, ok := s.session(r); !ok {
		s.toSignIn(w, r, "/login/device", url.Values{})
		return
	}
	s.site().Show(w, r, http.StatusOK, "device", pages.Page{Title: "Sign a device in", Data: deviceForm{}})
}

// postDevice shows which client asks to be signed in. The page warns people who received the code from somebody else.
func (s *Server) postDevice(w http.ResponseWriter, r *http.Request) {
	x, ok := s.session(r)
	if !ok {
		s.toSignIn(w, r, "/login/device", url.Values{})
		return
	}
	f := deviceForm{Code: r.PostForm.Get("code")}
	k, err := s.Sessions.PeekDevice(r.Context(), f.Code)
	if err != nil {
		s.countFailure(r)
		s.site().Show(w, r, http.StatusNotFound, "device", pages.Page{Title: "Sign a device in", Error: "This code is not known, was used, or has expired. Check it, or start again on the device.", Data: f})
		return
	}
	c, err := s.findClient(r.Context(), k.Client)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	p, err := s.People.Person(r.Context(), x.Person)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	f.Client, f.Asked, f.Mail, f.Code = c.Name, k, p.Personal.Mail, sessions.FormatUserCode(f.Code)
	s.site().Show(w, r, http.StatusOK, "device-confirm", pages.Page{Title: "Is this you?", Data: f})
}

func (s *Server) postDeviceAnswer(w http.ResponseWriter, r *http.Request) {
	x, ok := s.session(r)
	if !ok {
		s.toSignIn(w, r, "/login/device", url.Values{})
		return
	}
	answer, done := sessions.Refused, "Nothing was signed in. If somebody sent you that code, tell your administrator."
	if r.PostForm.Get("answer") == "allow" {
		answer, done = sessions.Allowed, "The device is signed in. You can close this page."
	}
	if err := s.Sessions.AnswerDevice(r.Context(), r.PostForm.Get("code"), x, answer); err != nil {
		s.countFailure(r)
		s.showProblem(w, r, err)
		return
	}
	s.site().Show(w, r, http.StatusOK, "done", pages.Page{Title: "Done", Done: done})
}

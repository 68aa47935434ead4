package login

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// site is where the pages are.
func (s *Server) site() pages.Site {
	return pages.Site{Name: s.People.Name, Secure: s.secure(), Key: s.Key, Random: s.Random, Log: s.Log}
}

// showProblem shows an error on a page of its own.
func (s *Server) showProblem(w http.ResponseWriter, r *http.Request, err error) {
	status, text := s.problemText(r, err)
	if f, ok := errors.AsType[*fault.Fault](err); ok && f.Wait > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(f.Wait.Seconds())))
	}
	s.site().Show(w, r, status, "problem", pages.Page{Title: "That did not work", Error: text})
}

// problemText is the text of an error for people, and its status.
func (s *Server) problemText(r *http.Request, err error) (int, string) {
	if e, ok := errors.AsType[*refusal](err); ok {
		if e.code == retryAfter().code {
			return http.StatusTooManyRequests, sentence(e.text)
		}
		return http.StatusBadRequest, sentence(e.text)
	}
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Kind == fault.Internal {
		s.Log.ErrorContext(r.Context(), "a page could not be answered", "path", r.Pattern, "error", err)
		return http.StatusInternalServerError, "Something went wrong on our side. Nothing was changed; try again."
	}
	return api.Status(f.Kind), sentence(strings.ToUpper(f.Text[:1]) + f.Text[1:])
}

// form binds the handler of a form: only for the browser that the form was made for, and only for addresses that have a try left.
func (s *Server) form(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		switch err := r.ParseForm(); {
		case err != nil || !api.StorableValues(r.PostForm):
			s.showProblem(w, r, invalid("", 0, "The form was too large or damaged"))
		case !s.site().IsGenuine(r, r.PostForm.Get("csrf")):
			s.showProblem(w, r, fault.New(fault.Denied, "stale_form", "this form was open for too long or came from elsewhere: go back, load the page again and repeat"))
		default:
			s.limited(h)(w, r)
		}
	}
}

// limited binds the handler of a page: only for addresses that have a try left.
func (s *Server) limited(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r, end, ok := s.beginTry(r)
		if !ok {
			s.showTooManyFailures(w, r)
			return
		}
		defer end()
		h(w, r)
	}
}

// showTooManyFailures asks the person to wait, because of too many failures from the address.
func (s *Server) showTooManyFailures(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "60")
	s.site().Show(w, r, http.StatusTooManyRequests, "problem", pages.Page{Title: "Too many tries", Error: sentence(strings.ToUpper(retryAfter().text[:1]) + retryAfter().text[1:])})
}

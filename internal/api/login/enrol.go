package login

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"

	"rsc.io/qr"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/identity/people"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

// appForm is the offer of an authenticator app.
type appForm struct {
	Offer   people.Offer
	Picture template.HTML
	Passkey bool
	Account bool // of somebody who is signed in
}

func newAppForm(o people.Offer) (appForm, error) {
	p, err := qrCode(o.URI)
	return appForm{Offer: o, Picture: p}, err
}

// qrCode is a QR code as SVG: one path, dark on white in any scheme, for cameras.
func qrCode(text string) (template.HTML, error) {
	c, err := qr.Encode(text, qr.M)
	if err != nil {
		return "", err
	}
	const quiet = 4
	var d strings.Builder
	for y := range c.Size {
		for x := 0; x < c.Size; x++ {
			n := 0
			for x+n < c.Size && c.Black(x+n, y) {
				n++
			}
			if n > 0 {
				_, _ = fmt.Fprintf(&d, "M%d %dh%dv1h-%dz", x+quiet, y+quiet, n, n)
				x += n
			}
		}
	}
	side := c.Size + 2*quiet
	//nolint:gosec // numbers alone
	return template.HTML(fmt.Sprintf(`<svg class="qr" role="img" aria-label="QR code for an authenticator app" viewBox="0 0 %d %d" shape-rendering="crispEdges"><rect width="%d" height="%d" fill="#fff"/><path d="%s" fill="#000"/></svg>`,
		side, side, side, side, d.String())), nil
}

// enrol offers a second factor to a person who must have one to sign in.
func (s *Server) enrol(w http.ResponseWriter, r *http.Request) {
	k, p, err := s.flow(r)
	if err != nil {
		s.restartSignIn(w, r, err)
		return
	}
	if p.SecondFactor() { // the page was loaded again
		s.site().Redirect(w, r, "/login/second")
		return
	}
	o, err := s.People.OfferTOTP(r.Context(), p)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.showEnrol(w, r, http.StatusOK, k, o, "")
}

func (s *Server) showEnrol(w http.ResponseWriter, r *http.Request, status int, k sessions.Ticket, o people.Offer, wrong string) {
	f, err := newAppForm(o)
	if err != nil {
		s.showProblem(w, r, err)
		return
	}
	f.Passkey = true
	s.site().Show(w, r, status, "enrol", pages.Page{Title: "Add a second factor", Next: k.Next, Error: wrong, Script: s.supportsPasskeys(r), Data: f}, s.returnOrigins(r.Context(), k.Next)...)
}

func (s *Server) postEnrol(w http.ResponseWriter, r *http.Request) {
	k, p, err := s.flow(r)
	if err != nil {
		s.restartSignIn(w, r, err)
		return
	}
	if p.SecondFactor() { // a person who has a second factor must use it, whatever was offered before
		s.site().Redirect(w, r, "/login/second")
		return
	}
	ticket := r.PostForm.Get("ticket")
	codes, err := s.People.AcceptTOTP(r.Context(), p.ID, ticket, r.PostForm.Get("code"), "")
	if err != nil {
		s.countFailure(r)
		status, text := s.problemText(r, err)
		o, again := s.People.OfferedTOTP(r.Context(), p, ticket)
		if again != nil {
			s.restartSignIn(w, r, again)
			return
		}
		s.showEnrol(w, r, status, k, o, text)
		return
	}
	k.Methods, k.MFA = append(k.Methods, "otp", "mfa"), true
	if err := s.Sessions.Update(r.Context(), k); err != nil {
		s.showProblem(w, r, err)
		return
	}
	s.site().Show(w, r, http.StatusOK, "codes", pages.Page{Title: "Recovery codes", Next: k.Next, Data: codesPage{Codes: codes}}, s.returnOrigins(r.Context(), k.Next)...)
}

type codesPage struct {
	Codes   []string
	Account bool
}

// postEnrolled completes the sign-in of a person who has just added a second factor.
func (s *Server) postEnrolled(w http.ResponseWriter, r *http.Request) {
	k, p, err := s.flow(r)
	if err != nil {
		s.restartSignIn(w, r, err)
		return
	}
	s.openAndContinue(w, r, p.ID, k) // refused when nothing was proved
}

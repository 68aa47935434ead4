package login

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

//go:embed pages/*.html
var pageFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// pages are the templates by name, each within the layout.
var pages = func() map[string]*template.Template {
	list := map[string]*template.Template{}
	names, _ := pageFiles.ReadDir("pages")
	for _, n := range names {
		if n.Name() != "layout.html" && n.Name() != "parts.html" {
			list[strings.TrimSuffix(n.Name(), ".html")] = template.Must(template.New("layout.html").Funcs(template.FuncMap{
				"day": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04") + " UTC" },
			}).ParseFS(pageFiles, "pages/layout.html", "pages/parts.html", "pages/"+n.Name()))
		}
	}
	return list
}()

// page is what every page shows besides its own.
type page struct {
	Title  string
	CSRF   string
	Next   string // where a sign-in goes on to
	Error  string
	Done   string // what was just done, in words
	Script bool   // the page offers passkeys
	Name   string // of this installation
	Data   any
}

// show renders a page. Forms may send browsers to the given origins besides our own: Chromium holds a redirect after a
// form against the policy of the page the form was on.
func (s *Server) show(w http.ResponseWriter, r *http.Request, status int, name string, p page, origins ...string) {
	p.CSRF, p.Name = s.csrf(w, r), s.Identity.Name
	var b bytes.Buffer
	if err := pages[name].Execute(&b, p); err != nil {
		s.Log.ErrorContext(r.Context(), "a page could not be written", "page", name, "error", err)
		http.Error(w, "this page could not be written", http.StatusInternalServerError)
		return
	}
	s.headers(w, origins...)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

func (s *Server) headers(w http.ResponseWriter, origins ...string) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+
		strings.Join(append([]string{"'self'"}, origins...), " "))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers send forms without their origin
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	h.Set("Cache-Control", "no-store")
	if s.secure() {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// failed shows an error on a page of its own.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, err error) {
	status, text := s.words(r, err)
	s.show(w, r, status, "problem", page{Title: "That did not work", Error: text})
}

// words are what people read of an error, and its status.
func (s *Server) words(r *http.Request, err error) (int, string) {
	if e, ok := errors.AsType[*refusal](err); ok {
		return http.StatusBadRequest, sentence(e.text)
	}
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || f.Kind == fault.Internal {
		s.Log.ErrorContext(r.Context(), "a page could not be answered", "path", r.Pattern, "error", err)
		return http.StatusInternalServerError, "Something went wrong on our side. Nothing was changed; try again."
	}
	return api.Status(f.Kind), sentence(strings.ToUpper(f.Text[:1]) + f.Text[1:])
}

// The cookies.
const (
	sessionCookie = "purveyor"
	flowCookie    = "purveyor-flow"   // a sign-in that is half done
	formCookie    = "purveyor-form"   // what forms are bound to
	abroadCookie  = "purveyor-abroad" // a sign-in that is with an external provider
)

// cookieName has the prefix with which browsers take a cookie from this very host over TLS only.
func (s *Server) cookieName(name string) string {
	if s.secure() {
		return "__Host-" + name
	}
	return name
}

// setCookie gives the browser a cookie until it closes; "" takes it back.
func (s *Server) setCookie(w http.ResponseWriter, name, value string) {
	c := &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: s.secure(), SameSite: http.SameSiteLaxMode,
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

func (s *Server) cookie(r *http.Request, name string) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// csrf is the token of forms for this browser, which gets a cookie for it when it has none.
func (s *Server) csrf(w http.ResponseWriter, r *http.Request) string {
	have := s.cookie(r, formCookie)
	if have == "" {
		b := make([]byte, 16)
		_, _ = io.ReadFull(s.Random, b)
		have = base64.RawURLEncoding.EncodeToString(b)
		s.setCookie(w, formCookie, have)
	}
	return s.formToken(have)
}

func (s *Server) formToken(cookie string) string {
	m := hmac.New(sha256.New, s.Key)
	_, _ = io.WriteString(m, cookie)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// ours says whether a request comes from a page of ours in the same browser.
func (s *Server) ours(r *http.Request, token string) bool {
	have := s.cookie(r, formCookie)
	return have != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.formToken(have))) == 1 && new(http.CrossOriginProtection).Check(r) == nil
}

// form binds a handler of a form: only for the browser the form was made for, and for addresses that got little wrong.
func (s *Server) form(h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxForm)
		switch err := r.ParseForm(); {
		case err != nil:
			s.failed(w, r, invalid("", 0, "The form was too large or damaged"))
		case !s.ours(r, r.PostForm.Get("csrf")):
			s.failed(w, r, fault.New(fault.Denied, "stale_form", "this form was open for too long or came from elsewhere: go back, load the page again and repeat"))
		case s.tooMany(r):
			w.Header().Set("Retry-After", "60")
			s.show(w, r, http.StatusTooManyRequests, "problem", page{Title: "Too many tries", Error: sentence(strings.ToUpper(retryAfter().text[:1]) + retryAfter().text[1:])})
		default:
			h(w, r)
		}
	}
}

// static serves the style and the script.
func (s *Server) static(w http.ResponseWriter, r *http.Request) {
	s.headers(w)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeFileFS(w, r, staticFiles, path.Join("static", path.Base(r.PathValue("file"))))
}

// local is an address of ours to go on to; the account for anything else, so that nobody is led astray by a link.
func local(next string) string {
	const home = "/login/account"
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return home
	}
	return next
}

func (s *Server) goTo(w http.ResponseWriter, r *http.Request, to string) {
	s.headers(w)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

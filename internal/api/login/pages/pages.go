// Package pages renders the pages people sign in on, and binds their forms to browsers: templates, headers, cookies.
//
// It does not know what the pages are about: login does. Always true: no page runs a script that is not in a file of
// ours, is shown in a frame, or is kept by a browser; a form's token is worth something in one browser only.
package pages

import (
	"bytes"
	"embed"
	"html/template"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"
)

//go:embed *.html
var pageFiles embed.FS

//go:embed static/*
var staticFiles embed.FS

// templates are the pages by name, each within the layout.
var templates = func() map[string]*template.Template {
	list := map[string]*template.Template{}
	names, _ := pageFiles.ReadDir(".")
	for _, n := range names {
		if n.Name() != "layout.html" && n.Name() != "parts.html" {
			list[strings.TrimSuffix(n.Name(), ".html")] = template.Must(template.New("layout.html").Funcs(template.FuncMap{
				"day": func(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04") + " UTC" },
			}).ParseFS(pageFiles, "layout.html", "parts.html", n.Name()))
		}
	}
	return list
}()

// Site is where the pages are. Every field is needed.
type Site struct {
	Name   string // of this installation
	Secure bool   // browsers reach it over TLS
	Key    []byte // 32 bytes that forms are bound to browsers with
	Random io.Reader
	Log    *slog.Logger
}

// Page is what a page shows. Token and Name are filled in when it is.
type Page struct {
	Title  string
	Next   string // where a sign-in goes on to
	Error  string
	Done   string // what was just done, in words
	Script bool   // the page offers passkeys
	Data   any    // what it shows besides

	CSRF string
	Name string
}

// Show renders the page of a name, which must be one of ours. Forms may send browsers to the given origins besides our
// own: Chromium holds a redirect after a form against the policy of the page the form was on.
func (s Site) Show(w http.ResponseWriter, r *http.Request, status int, name string, p Page, origins ...string) {
	p.CSRF, p.Name = s.formToken(w, r), s.Name
	var b bytes.Buffer
	if err := templates[name].Execute(&b, p); err != nil {
		s.Log.ErrorContext(r.Context(), "a page could not be written", "page", name, "error", err)
		http.Error(w, "this page could not be written", http.StatusInternalServerError)
		return
	}
	s.Headers(w, origins...)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = b.WriteTo(w)
}

// Headers sets what protects an answer in a browser.
func (s Site) Headers(w http.ResponseWriter, origins ...string) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action "+
		strings.Join(append([]string{"'self'"}, origins...), " "))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin") // with no-referrer, browsers send forms without their origin
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), publickey-credentials-get=(self), publickey-credentials-create=(self)")
	h.Set("Cache-Control", "no-store")
	if s.Secure {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Static serves the style and the script, by the request's {file}.
func (s Site) Static(w http.ResponseWriter, r *http.Request) {
	s.Headers(w)
	w.Header().Set("Cache-Control", "public, max-age=3600")
	http.ServeFileFS(w, r, staticFiles, path.Join("static", path.Base(r.PathValue("file"))))
}

// Redirect sends a browser on.
func (s Site) Redirect(w http.ResponseWriter, r *http.Request, to string) {
	s.Headers(w)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// Local is an address of ours to go on to; the account for anything else, so that nobody is led astray by a link.
func Local(next string) string {
	const home = "/login/account"
	u, err := url.Parse(next)
	if err != nil || u.IsAbs() || u.Host != "" || u.User != nil || !strings.HasPrefix(next, "/") || strings.HasPrefix(next, "//") || strings.ContainsAny(next, "\\\r\n\t") {
		return home
	}
	return next
}

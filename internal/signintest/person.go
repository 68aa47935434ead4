// Package signintest owns the person at the sign-in pages, for tests: it opens a page as a browser would, fills in the
// forms and keeps the cookies.
//
// It does not own the pages or what may be signed in to. Always true: it knows of an installation only what its pages
// show.
package signintest

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"time"
)

// Person is somebody with a browser.
type Person struct {
	Mail, Password string
	Transport      http.RoundTripper // nil for the usual one
}

// Demo is somebody of the demo data, whose passwords follow a rule.
func Demo(mail string) Person {
	role, domain, _ := strings.Cut(mail, "@")
	realm, _, _ := strings.Cut(domain, ".")
	return Person{Mail: mail, Password: fmt.Sprintf("demo data, %s of %s", role, realm)}
}

var (
	devicePrompt = regexp.MustCompile(`open the page (\S+) in a browser and enter the code (\S+)\.`)
	formAction   = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	hiddenInput  = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// DevicePrompt finds the page and the code in what a command says that wants to be signed in.
func DevicePrompt(line string) (page, code string, ok bool) {
	m := devicePrompt.FindStringSubmatch(line)
	if m == nil {
		return "", "", false
	}
	return m[1], m[2], true
}

// AllowDevice signs in at the page and lets the device with the code in.
func (p Person) AllowDevice(page, code string) error {
	return p.fill(page, "The device is signed in", map[string]url.Values{"/login/device": {"code": {code}}, "/login/device/answer": {"answer": {"allow"}}})
}

// Approve opens the link of an invitation and agrees to what it asks for.
func (p Person) Approve(link string) error {
	return p.fill(link, "Access was approved", map[string]url.Values{"/login/invitation": {"answer": {"approve"}}})
}

// fill opens a page and fills in the form on each page that follows, mail address and password first, until one says
// that it is done.
func (p Person) fill(page, done string, answers map[string]url.Values) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	web := &http.Client{Transport: p.Transport, Jar: jar, Timeout: 30 * time.Second}
	answers["/login"], answers["/login/password"] = url.Values{"mail": {p.Mail}}, url.Values{"password": {p.Password}}
	res, err := web.Get(page)
	for range 2 * len(answers) {
		if err != nil {
			return err
		}
		text, err := io.ReadAll(res.Body)
		if _ = res.Body.Close(); err != nil {
			return err
		}
		if strings.Contains(string(text), done) {
			return nil
		}
		form := formAction.FindStringSubmatch(string(text))
		if form == nil || answers[form[1]] == nil {
			return fmt.Errorf("%s: there is no form to fill in:\n%s", res.Request.URL, text)
		}
		values := url.Values{}
		for _, m := range hiddenInput.FindAllStringSubmatch(string(text), -1) {
			values.Set(m[1], html.UnescapeString(m[2]))
		}
		for name, value := range answers[form[1]] {
			values[name] = value
		}
		to, err := res.Request.URL.Parse(form[1])
		if err != nil {
			return err
		}
		if res, err = web.PostForm(to.String(), values); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s asks again and again", page)
}

package main

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"time"
)

// person is a command for stories: somebody with a browser. It runs a command that signs in with a code, and does at the
// page what the command says: "person MAIL PASSWORD purveyor login …". Its exit code is that command's. Or it opens the
// link of an invitation and agrees: "person MAIL PASSWORD approve LINK".
func person() {
	if len(os.Args) < 4 {
		fmt.Fprintln(os.Stderr, "person MAIL PASSWORD COMMAND…")
		os.Exit(2)
	}
	b := browser{mail: os.Args[1], password: os.Args[2]}
	if os.Args[3] == "approve" {
		if err := b.approve(os.Args[4]); err != nil {
			fmt.Fprintln(os.Stderr, "at the page:", err)
			os.Exit(1)
		}
		return
	}
	c := exec.Command(os.Args[3], os.Args[4:]...)
	c.Stdout = os.Stdout
	said, err := c.StderrPipe()
	if err == nil {
		err = c.Start()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	for lines := bufio.NewScanner(said); lines.Scan(); {
		fmt.Fprintln(os.Stderr, lines.Text())
		if m := asked.FindStringSubmatch(lines.Text()); m != nil {
			if err := b.allow(m[1], m[2]); err != nil {
				fmt.Fprintln(os.Stderr, "at the page:", err)
				_ = c.Process.Kill()
			}
		}
	}
	_ = c.Wait()
	os.Exit(c.ProcessState.ExitCode())
}

// asked is what a command says that wants to be signed in.
var asked = regexp.MustCompile(`open the page (\S+) in a browser and enter the code (\S+)\.`)

type browser struct {
	mail, password string
	way            http.RoundTripper // nil for the usual one
}

var (
	action = regexp.MustCompile(`<form method="post" action="([^"]+)"`)
	hidden = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)
)

// allow lets a device in.
func (b browser) allow(page, code string) error {
	return b.fill(page, "The device is signed in", map[string]url.Values{"/login/device": {"code": {code}}, "/login/device/answer": {"answer": {"allow"}}})
}

// approve agrees to what an invitation asks for.
func (b browser) approve(link string) error {
	return b.fill(link, "Access was approved", map[string]url.Values{"/login/invitation": {"answer": {"approve"}}})
}

// fill opens a page, and fills in the form on each page that follows, mail address and password first, until one says
// that it is done.
func (b browser) fill(page, done string, answers map[string]url.Values) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	web := &http.Client{Transport: b.way, Jar: jar, Timeout: 30 * time.Second}
	answers["/login"], answers["/login/password"] = url.Values{"mail": {b.mail}}, url.Values{"password": {b.password}}
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
		form := action.FindStringSubmatch(string(text))
		if form == nil || answers[form[1]] == nil {
			return fmt.Errorf("%s: nothing to fill in there:\n%s", res.Request.URL, text)
		}
		values := url.Values{}
		for _, m := range hidden.FindAllStringSubmatch(string(text), -1) {
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

// ready is a command for stories: it waits until an address answers that all is well, for a minute at most.
func ready() {
	for range 600 {
		if res, err := http.Get(os.Args[1]); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	fmt.Fprintln(os.Stderr, os.Args[1], "does not answer")
	os.Exit(1)
}

// Package remote owns the sign-in of this machine at a server, and the way there.
//
// It knows no command. Always true: the file is its owner's alone and is replaced whole; one process renews a token at a
// time.
package remote

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// Login is the sign-in of this machine, as its file keeps it for its owner alone.
type Login struct {
	Server  string    `json:"server"`
	Tenant  string    `json:"tenant"`
	CA      string    `json:"ca,omitempty"`
	Access  string    `json:"access_token"`
	Refresh string    `json:"refresh_token"`
	Expires time.Time `json:"expires"`

	Client string `json:"client_id,omitempty"` // of a program, with the secret it renews tokens by
	Secret string `json:"client_secret,omitempty"`
}

// File is where the sign-in is kept, unless PURVEYOR_LOGIN names another place.
func File() (string, error) {
	if named := os.Getenv("PURVEYOR_LOGIN"); named != "" {
		return named, nil
	}
	dir, err := os.UserConfigDir()
	if err != nil {
		return "", fault.New(fault.Unavailable, "no_home", "there is no home folder to keep the sign-in in; name a file in PURVEYOR_LOGIN").Because(err)
	}
	return filepath.Join(dir, "purveyor", "login.json"), nil
}

// Read is the sign-in of this machine; ok is false when there is none.
func Read(file string) (l Login, ok bool, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return l, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &l)
	}
	if err != nil {
		return l, false, fault.New(fault.Unavailable, "login_unreadable", "%s cannot be read; \"purveyor login\" makes a new one", file).Because(err)
	}
	return l, true, nil
}

// Save replaces the file whole.
func (l Login) Save(file string) error {
	text, err := json.MarshalIndent(l, "", "  ")
	if err == nil {
		err = os.MkdirAll(filepath.Dir(file), 0o700)
	}
	if err == nil {
		err = os.WriteFile(file+".new", text, 0o600)
	}
	if err == nil {
		err = os.Rename(file+".new", file)
	}
	if err != nil {
		return fault.New(fault.Unavailable, "login_not_saved", "%s cannot be written; name another file in PURVEYOR_LOGIN and sign in again", file).Because(err)
	}
	return nil
}

// Forget removes the file.
func Forget(file string) error {
	if err := os.Remove(file); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.New(fault.Unavailable, "login_not_removed", "%s cannot be removed; remove it by hand", file).Because(err)
	}
	return nil
}

// Transport reaches the server, trusting its own authority too when one was named.
func (l Login) Transport() (http.RoundTripper, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	if l.CA == "" {
		return t, nil
	}
	text, err := os.ReadFile(l.CA)
	pool, _ := x509.SystemCertPool()
	if pool == nil {
		pool = x509.NewCertPool()
	}
	if err != nil || !pool.AppendCertsFromPEM(text) {
		return nil, fault.New(fault.Invalid, "no_certificate", "%s holds no certificate in PEM", l.CA).Because(err)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	return t, nil
}

// tokenAnswer is what the authority answers, for better or worse.
type tokenAnswer struct {
	Device  string `json:"device_code"`
	Message string `json:"message"`
	Every   int    `json:"interval"`
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Expires int    `json:"expires_in"`
	Error   string `json:"error"`
	Words   string `json:"error_description"`
}

// ask sends a form to the authority. What it refuses is in the answer.
func (l Login) ask(ctx context.Context, path string, form url.Values) (a tokenAnswer, err error) {
	t, err := l.Transport()
	if err != nil {
		return a, err
	}
	form.Set("client_id", cmp.Or(l.Client, identity.CLI))
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, l.Server+"/"+url.PathEscape(l.Tenant)+"/oauth2/v2.0/"+path, strings.NewReader(form.Encode()))
	if err != nil {
		return a, err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := (&http.Client{Transport: t, Timeout: 30 * time.Second}).Do(r)
	if ctx.Err() != nil {
		return a, gaveUp(ctx)
	}
	if err != nil {
		return a, fault.New(fault.Unavailable, "no_answer", "%s does not answer: check the address, and give --ca if its certificate comes from an authority of your own", l.Server).Because(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(&a); err != nil || a.Error == "" && res.StatusCode != http.StatusOK {
		return a, fault.New(fault.Unavailable, "no_sign_in_there", "%s answers, but it is not a server to sign in to", l.Server).Because(err)
	}
	return a, nil
}

// SignIn asks for a code, shows it with say, and waits until a person has entered it.
func (l *Login) SignIn(ctx context.Context, say func(message string), after func(time.Duration) <-chan time.Time) error {
	d, err := l.ask(ctx, "devicecode", url.Values{"scope": {"openid profile offline_access"}})
	if err != nil {
		return err
	}
	if d.Error != "" {
		return refusedLogin(d)
	}
	say(d.Message)
	every := time.Duration(max(d.Every, 1)) * time.Second
	for {
		select {
		case <-ctx.Done():
			return gaveUp(ctx)
		case <-after(every):
		}
		a, err := l.ask(ctx, "token", url.Values{"grant_type": {"urn:ietf:params:oauth:grant-type:device_code"}, "device_code": {d.Device}})
		switch {
		case err != nil:
			return err
		case a.Error == "authorization_pending":
		case a.Error == "slow_down":
			every += 5 * time.Second
		case a.Error != "":
			return refusedLogin(a)
		default:
			l.take(a, time.Now())
			return nil
		}
	}
}

// SignInProgram signs a program in, by its client id and secret.
func (l *Login) SignInProgram(ctx context.Context) error {
	a, err := l.ask(ctx, "token", l.renewal())
	if err == nil && a.Error != "" {
		err = refusedLogin(a)
	}
	if err == nil {
		l.take(a, time.Now())
	}
	return err
}

// renewal is the form that asks for another token.
func (l Login) renewal() url.Values {
	if l.Client != "" {
		return url.Values{"grant_type": {"client_credentials"}, "client_secret": {l.Secret}, "scope": {l.Server + "/.default"}}
	}
	return url.Values{"grant_type": {"refresh_token"}, "refresh_token": {l.Refresh}}
}

func (l *Login) take(a tokenAnswer, now time.Time) {
	l.Access, l.Refresh, l.Expires = a.Access, a.Refresh, now.Add(time.Duration(a.Expires)*time.Second)
}

func refusedLogin(a tokenAnswer) error {
	text, _, _ := strings.Cut(a.Words, " Trace ID:")
	return fault.New(fault.Denied, "sign_in_refused", "you were not signed in: %s", text)
}

// Current is the way to the server this machine is signed in to; nil when it is signed in nowhere.
func Current(now func() time.Time) (http.RoundTripper, error) {
	file, err := File()
	if err != nil {
		return nil, nil // no folder of one's own, no sign-in
	}
	l, ok, err := Read(file)
	if err != nil || !ok {
		return nil, err
	}
	under, err := l.Transport()
	if err != nil {
		return nil, err
	}
	return Way{File: file, Now: now, Under: under}, nil
}

// Way carries requests to the server one is signed in to, with a token that it renews.
type Way struct {
	File  string
	Now   func() time.Time
	Under http.RoundTripper
}

// RoundTrip sends a request where the sign-in is.
func (t Way) RoundTrip(r *http.Request) (*http.Response, error) {
	l, err := t.fresh(r.Context())
	if err != nil {
		return nil, err
	}
	u, err := url.Parse(l.Server)
	if err != nil {
		return nil, err
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host, r.Host = u.Scheme, u.Host, ""
	r.Header.Set("Authorization", "Bearer "+l.Access)
	return t.Under.RoundTrip(r)
}

// early is how long before its end a token is renewed.
const early = 2 * time.Minute

// fresh is the sign-in with a token that holds. One process renews it at a time: a refresh token counts once, and whoever
// showed it a second time would end the session.
func (t Way) fresh(ctx context.Context) (Login, error) {
	l, ok, err := Read(t.File)
	if err != nil || ok && t.Now().Before(l.Expires.Add(-early)) {
		return l, err
	}
	release, err := lockLogin(ctx, t.File+".lock", t.Now)
	if err != nil {
		return l, err
	}
	defer release()
	if l, ok, err = Read(t.File); err != nil || ok && t.Now().Before(l.Expires.Add(-early)) { // another did it
		return l, err
	}
	if !ok {
		return l, fault.New(fault.Denied, "not_signed_in", "your sign-in has ended: \"purveyor login\" signs you in again")
	}
	a, err := l.ask(ctx, "token", l.renewal())
	if err != nil {
		return l, err
	}
	if a.Error != "" {
		return l, refusedLogin(a)
	}
	l.take(a, t.Now())
	return l, l.Save(t.File)
}

// staleLock is how old a lock is that somebody left behind.
const staleLock = time.Minute

func lockLogin(ctx context.Context, name string, now func() time.Time) (release func(), err error) {
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err == nil {
			_ = f.Close()
			return func() { _ = os.Remove(name) }, nil
		}
		if !errors.Is(err, os.ErrExist) {
			return nil, fault.New(fault.Unavailable, "login_not_locked", "%s cannot be made", name).Because(err)
		}
		if s, err := os.Stat(name); err == nil && now().Sub(s.ModTime()) > staleLock {
			_ = os.Remove(name)
			continue
		}
		select {
		case <-ctx.Done():
			return nil, gaveUp(ctx)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func gaveUp(ctx context.Context) error {
	return fault.New(fault.Unavailable, "interrupted", "interrupted: the sign-in of this machine was not changed").Because(context.Cause(ctx))
}

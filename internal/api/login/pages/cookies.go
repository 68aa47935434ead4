package pages

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"io"
	"net/http"
	"time"
)

// Cookie is one we give browsers.
type Cookie string

// The cookies.
const (
	Session  Cookie = "purveyor"
	Flow     Cookie = "purveyor-flow"   // a sign-in that is half done
	Provider Cookie = "purveyor-abroad" // a sign-in that is with an external provider
	Device   Cookie = "purveyor-device" // in which somebody has signed in
	forms    Cookie = "purveyor-form"   // what forms are bound to
)

// cookieName has the prefix with which browsers take a cookie from this very host over TLS only. Without TLS, which is
// for this machine alone, cookies lose it and the attributes that browsers refuse on plain http.
func (s Site) cookieName(c Cookie) string {
	if s.Secure {
		return "__Host-" + string(c)
	}
	return string(c)
}

// SetCookie gives the browser a cookie until it closes; "" takes it back.
func (s Site) SetCookie(w http.ResponseWriter, name Cookie, value string) {
	s.SetLastingCookie(w, name, value, 0)
}

// SetLastingCookie gives the browser a cookie that it keeps for a time after it closes.
func (s Site) SetLastingCookie(w http.ResponseWriter, name Cookie, value string, life time.Duration) {
	c := &http.Cookie{
		Name: s.cookieName(name), Value: value, Path: "/", HttpOnly: true, Secure: s.Secure, SameSite: http.SameSiteLaxMode, MaxAge: int(life.Seconds()),
	}
	if value == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// Cookie is what the browser sends of a cookie, or "".
func (s Site) Cookie(r *http.Request, name Cookie) string {
	c, err := r.Cookie(s.cookieName(name))
	if err != nil {
		return ""
	}
	return c.Value
}

// formToken is the token of forms for this browser, which gets a cookie for it when it has none.
func (s Site) formToken(w http.ResponseWriter, r *http.Request) string {
	have := s.Cookie(r, forms)
	if have == "" {
		b := make([]byte, 16)
		_, _ = io.ReadFull(s.Random, b)
		have = base64.RawURLEncoding.EncodeToString(b)
		s.SetCookie(w, forms, have)
	}
	return s.tokenOf(have)
}

func (s Site) tokenOf(cookie string) string {
	m := hmac.New(sha256.New, s.Key)
	_, _ = io.WriteString(m, cookie)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// IsGenuine says whether a request comes from a page of ours in the same browser: token is what the page's forms send.
func (s Site) IsGenuine(r *http.Request, token string) bool {
	have := s.Cookie(r, forms)
	return have != "" && subtle.ConstantTimeCompare([]byte(token), []byte(s.tokenOf(have))) == 1 && new(http.CrossOriginProtection).Check(r) == nil
}

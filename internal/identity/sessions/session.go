package sessions

import (
	"time"

	"github.com/purveyor-csp/purveyor/internal/id"
)

// Session is one sign-in of a person: a browser's, or a program's that acts for them. Everything that was issued in it ends
// with it.
type Session struct {
	ID      id.Session
	Person  id.Principal
	Realm   id.Organisation
	Token   string   `json:"-"` // digest of the browser's cookie; empty for a program's
	Client  string   `json:",omitempty"`
	Agent   string   // what signed in, in words: "Firefox on Linux", "Azure CLI"
	Methods []string // as tokens tell it: pwd, otp, hwk, fed, mfa
	MFA     bool
	Created time.Time
	Seen    time.Time
	Expires time.Time
	Ended   time.Time `json:",omitzero"`
	Why     string    `json:",omitempty"`
}

// How long sessions live. A browser's ends after twelve hours, or half an hour in which nothing was asked; a program's
// when its refresh token has not been used for two weeks, or after ninety days.
const (
	browserLife = 12 * time.Hour
	browserIdle = 30 * time.Minute
	clientLife  = 90 * 24 * time.Hour
	seenEvery   = time.Minute      // how often Seen is written at most
	recent      = 10 * time.Minute // how old a sign-in may be to change credentials
)

// Live says whether the session proves anything at an instant.
func (s Session) Live(now time.Time) bool {
	if !s.Ended.IsZero() || !now.Before(s.Expires) {
		return false
	}
	return s.Token == "" || now.Before(s.Seen.Add(browserIdle))
}

// Recent says whether the person signed in only just: what credentials are changed with.
func (s Session) Recent(now time.Time) bool { return now.Before(s.Created.Add(recent)) }

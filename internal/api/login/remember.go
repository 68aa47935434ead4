package login

import (
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/login/pages"
	"github.com/purveyor-csp/purveyor/internal/factor"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// deviceLife is how long a browser is known after a whole sign-in.
const deviceLife = 180 * 24 * time.Hour

// knownDevice is a browser in which a person has signed in. It proves nothing about who uses it: it has a few tries of its
// own, for this person alone, which wrong tries from elsewhere neither use up nor lock out.
type knownDevice struct {
	ID     string
	Person id.Principal
}

// deviceKey signs the cookies of known devices. It is not the key of forms itself: browsers choose what that one signs.
func (s *Server) deviceKey() ([]byte, error) {
	return hkdf.Key(sha256.New, s.Key, nil, "known devices", sha256.Size)
}

// readDevice is the known device that a request comes from.
func (s *Server) readDevice(r *http.Request) (d knownDevice, ok bool) {
	parts := strings.Split(s.site().Cookie(r, pages.Device), ".")
	if len(parts) != 4 {
		return d, false
	}
	key, err := s.deviceKey()
	if err != nil || subtle.ConstantTimeCompare([]byte(parts[3]), []byte(factor.Keyed(key, parts[:3]...))) != 1 {
		return d, false
	}
	until, err := strconv.ParseInt(parts[2], 10, 64)
	return knownDevice{ID: parts[0], Person: id.Principal(parts[1])}, err == nil && s.Now().Before(time.Unix(until, 0))
}

// remember makes the browser a known device of somebody who has signed in. One that is known keeps its name, and the tries
// it has used up.
func (s *Server) remember(w http.ResponseWriter, r *http.Request, who id.Principal) error {
	d, ok := s.readDevice(r)
	if !ok || d.Person != who {
		name, err := identity.Random{Reader: s.Random}.Body()
		if err != nil {
			return err
		}
		d = knownDevice{ID: name, Person: who}
	}
	key, err := s.deviceKey()
	if err != nil {
		return err
	}
	parts := []string{d.ID, string(d.Person), strconv.FormatInt(s.Now().Add(deviceLife).Unix(), 10)}
	s.site().SetLastingCookie(w, pages.Device, strings.Join(append(parts, factor.Keyed(key, parts...)), "."), deviceLife)
	return nil
}

// deviceOfPerson is the known device that a request comes from, if the request is about the person it is known for: by
// their mail address, their unfinished sign-in or their session.
func (s *Server) deviceOfPerson(r *http.Request) (d knownDevice, ok bool) {
	if d, ok = s.readDevice(r); !ok {
		return d, false
	}
	if mail := r.PostForm.Get("mail"); mail != "" {
		is, err := s.People.HasMail(r.Context(), d.Person, mail)
		return d, err == nil && is
	}
	if k, _, err := s.flow(r); err == nil {
		return d, k.Person == d.Person
	}
	x, in := s.session(r)
	return d, in && x.Person == d.Person
}

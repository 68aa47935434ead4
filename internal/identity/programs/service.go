package programs

import (
	"context"
	"crypto/sha1" //nolint:gosec // the name by which clients refer to a certificate, and no proof of anything
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"slices"
	"strings"
	"time"

	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// Service manages programs and verifies what they prove themselves with.
type Service struct {
	DB       tx.DB
	Store    Store
	Manager  identity.Manager
	Sessions *sessions.Service
	Events   event.Log
	Now      func() time.Time // the machine's clock
	Random   identity.Random
}

func notFound() error {
	return fault.New(fault.NotFound, "program_not_found", "no such program is known")
}

// Add adds a service principal to a realm. redirects are addresses people are sent back to when it asks them to
// let it act for them; most programs have none.
func (v *Service) Add(ctx context.Context, realm, name string, redirects ...string) (p Program, err error) {
	in, err := v.Manager.OwnRealm(ctx, realm)
	if err != nil {
		return p, err
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > 200 {
		return p, fault.New(fault.Invalid, "no_name", "a program has a name of at most 200 characters: nothing was saved").With("name", "missing or too long")
	}
	for _, to := range redirects {
		if !identity.IsWebAddress(to) {
			return p, fault.New(fault.Invalid, "bad_redirect",
				"%q is no address to return to: it is https://…, or http:// on this machine, without a # part; nothing was saved", to).With("redirects", to)
		}
	}
	b, err := v.Random.Body()
	if err != nil {
		return p, err
	}
	p = Program{ID: id.Principal("prn_" + b), Realm: in.ID, Name: name, State: identity.Active, Redirects: redirects, Created: v.Now()}
	return p, v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error { return v.save(ctx, t, p, "added") })
}

// List lists the programs of the caller's own realm; the local operator's are those of a realm, or of all for "".
func (v *Service) List(ctx context.Context, realm id.Organisation) (list []Program, err error) {
	s, err := v.Manager.Access.MayManage(ctx, false)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Programs(ctx, r, s, realm)
		return err
	})
	return slices.DeleteFunc(list, func(p Program) bool { return !identity.IsOwn(ctx, p.Realm) }), err
}

func (v *Service) save(ctx context.Context, t tx.Tx, p Program, what string) error {
	v.Sessions.Invalidate(t)
	if err := v.Store.SaveProgram(ctx, t, p); err != nil {
		return err
	}
	return identity.Record(ctx, t, v.Events, event.ProgramChanged, identity.Actor(ctx), p.ID, map[string]string{"what": what})
}

// change changes a program the caller may change.
func (v *Service) change(ctx context.Context, who id.Principal, what string, f func(Program) (Program, error)) error {
	s, err := v.Manager.Access.MayManage(ctx, true)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		p, err := v.Store.Program(ctx, t, who)
		if err != nil {
			return err
		}
		if _, err := v.Manager.Directory.Store.Realm(ctx, t, s, string(p.Realm)); err != nil || !identity.IsOwn(ctx, p.Realm) {
			return notFound()
		}
		if err := v.Manager.Access.Exceeds(ctx, t, p.Realm, who, ""); err != nil {
			return err
		}
		if p, err = f(p); err != nil {
			return err
		}
		return v.save(ctx, t, p, what)
	})
}

// Enable lets a program sign in, or no more; its tokens prove nothing from then on.
func (v *Service) Enable(ctx context.Context, who id.Principal, on bool) error {
	what := "disabled"
	if on {
		what = "enabled"
	}
	return v.change(ctx, who, what, func(p Program) (Program, error) {
		if p.State = identity.Disabled; on {
			p.State = identity.Active
		}
		return p, nil
	})
}

// AddSecret gives a program another secret, which is returned and kept nowhere. The one before it holds until it is
// removed or expires, so a rotation has no gap.
func (v *Service) AddSecret(ctx context.Context, who id.Principal, life time.Duration) (s Secret, plain string, err error) {
	b, err := v.Random.Body()
	if err != nil {
		return s, "", err
	}
	if plain, err = v.Random.Secret(); err != nil {
		return s, "", err
	}
	now := v.Now()
	s = Secret{ID: b, Digest: identity.Digest(plain), Hint: plain[:3], Created: now, Expires: now.Add(life)}
	return s, plain, v.change(ctx, who, "secret added", func(p Program) (Program, error) { return p.withSecret(s) })
}

// AddCertificate lets a program sign in with the private key of an X.509 certificate, in PEM or DER.
func (v *Service) AddCertificate(ctx context.Context, who id.Principal, file []byte) (c Certificate, err error) {
	now := v.Now()
	err = v.change(ctx, who, "certificate added", func(p Program) (Program, error) {
		if c, err = parseCertificate(file, now); err != nil {
			return p, err
		}
		p.Certificates = slices.DeleteFunc(slices.Clone(p.Certificates), func(old Certificate) bool { return old.ID == c.ID || !now.Before(old.Expires) })
		if len(p.Certificates) >= maxKeys {
			return p, fault.New(fault.Conflict, "too_many_certificates", "this program has %d certificates: none was added; remove one first", maxKeys)
		}
		p.Certificates = append(p.Certificates, c)
		return p, nil
	})
	return c, err
}

// parseCertificate reads one that is valid at an instant.
func parseCertificate(file []byte, now time.Time) (c Certificate, err error) {
	if block, _ := pem.Decode(file); block != nil {
		file = block.Bytes
	}
	x, err := x509.ParseCertificate(file)
	if err != nil {
		return c, fault.New(fault.Invalid, "not_a_certificate", "this is no X.509 certificate in PEM or DER: nothing was saved").Because(err)
	}
	if !now.Before(x.NotAfter) {
		return c, fault.New(fault.Invalid, "certificate_expired", "this certificate ended on %s: nothing was saved", x.NotAfter.Format(time.DateOnly))
	}
	s256, s1 := sha256.Sum256(x.Raw), sha1.Sum(x.Raw) //nolint:gosec // a name
	b64 := base64.RawURLEncoding
	return Certificate{ID: b64.EncodeToString(s256[:]), SHA1: b64.EncodeToString(s1[:]), DER: x.Raw, Created: now, Expires: x.NotAfter}, nil
}

// RemoveCredential takes a secret or certificate from a program; tokens it was given for one prove nothing from then on.
func (v *Service) RemoveCredential(ctx context.Context, who id.Principal, credential string) error {
	return v.change(ctx, who, "credential removed", func(p Program) (Program, error) {
		had := len(p.Secrets) + len(p.Certificates)
		p.Secrets = slices.DeleteFunc(slices.Clone(p.Secrets), func(s Secret) bool { return s.ID == credential })
		p.Certificates = slices.DeleteFunc(slices.Clone(p.Certificates), func(c Certificate) bool { return c.ID == credential })
		if len(p.Secrets)+len(p.Certificates) == had {
			return p, fault.New(fault.NotFound, "credential_not_found", "this program has no such secret or certificate")
		}
		return p, nil
	})
}

// ByAppID is the program that signs in with a client id, and its realm.
func (v *Service) ByAppID(ctx context.Context, appID string) (p Program, realm identity.Realm, err error) {
	names := id.Named("prn_", strings.ToLower(appID))
	if len(names) == 0 {
		return p, realm, notFound()
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if p, err = v.Store.Program(ctx, r, id.Principal(names[0])); err != nil {
			return err
		}
		realm, err = v.Manager.Directory.Store.Realm(ctx, r, scope.All(), string(p.Realm))
		return err
	})
	if err == nil && p.State != identity.Active {
		return p, realm, notFound()
	}
	return p, realm, err
}

// VerifySecret verifies a program's secret and returns which of them it was.
func (v *Service) VerifySecret(p Program, secret string) (credential string, err error) {
	credential, ok := p.matching(secret, v.Now())
	if !ok {
		return "", fault.New(fault.Denied, "wrong_secret", "this is not a valid secret of the program")
	}
	return credential, nil
}

// RecordSignIn records that a program signed in, before it is given a token for itself.
func (v *Service) RecordSignIn(ctx context.Context, p Program, method, credential string) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		return v.Sessions.RecordSignIn(ctx, t, p.ID, p.Realm, []string{method}, "credential", credential)
	})
}

package identity

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
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

func noProgram() error {
	return fault.New(fault.NotFound, "program_not_found", "no such program is known")
}

// NewProgram adds a service principal to a realm. redirects are addresses people are sent back to when it asks them to
// let it act for them; most programs have none.
func (v *Service) NewProgram(ctx context.Context, realm, name string, redirects ...string) (p Program, err error) {
	in, err := v.within(ctx, realm)
	if err != nil {
		return p, err
	}
	if name = strings.TrimSpace(name); name == "" || len(name) > 200 {
		return p, fault.New(fault.Invalid, "no_name", "a program has a name of at most 200 letters: nothing was saved").With("name", "missing or too long")
	}
	for _, to := range redirects {
		if !returnable(to) {
			return p, fault.New(fault.Invalid, "bad_redirect",
				"%q is no address to return to: it is https://…, or http:// on this machine, without a # part; nothing was saved", to).With("redirects", to)
		}
	}
	b, err := v.body()
	if err != nil {
		return p, err
	}
	p = Program{ID: id.Principal("prn_" + b), Realm: in.ID, Name: name, State: Active, Redirects: redirects, Created: v.Now()}
	return p, v.saveProgram(ctx, p, "added")
}

// Programs lists the programs of the caller's own realm; the local operator's are those of a realm, or of all for "".
func (v *Service) Programs(ctx context.Context, realm id.Organisation) (list []Program, err error) {
	s, err := v.may(ctx, false)
	if err != nil {
		return nil, err
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		list, err = v.Store.Programs(ctx, r, s, realm)
		return err
	})
	return slices.DeleteFunc(list, func(p Program) bool { return !theirs(ctx, p.Realm) }), err
}

func (v *Service) saveProgram(ctx context.Context, p Program, what string) error {
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		t.After(v.standing.forget)
		if err := v.Store.SaveProgram(ctx, t, p); err != nil {
			return err
		}
		return v.note(ctx, t, event.ProgramChanged, caller(ctx), p.ID, map[string]string{"what": what})
	})
}

// changeProgram changes a program the caller may change.
func (v *Service) changeProgram(ctx context.Context, who id.Principal, what string, f func(Program) (Program, error)) error {
	s, err := v.may(ctx, true)
	if err != nil {
		return err
	}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		p, err := v.Store.Program(ctx, t, who)
		if err != nil {
			return err
		}
		if _, err := v.Store.Realm(ctx, t, s, string(p.Realm)); err != nil || !theirs(ctx, p.Realm) {
			return noProgram()
		}
		if err := v.exceeds(ctx, t, p.Realm, who, ""); err != nil {
			return err
		}
		if p, err = f(p); err != nil {
			return err
		}
		t.After(v.standing.forget)
		if err := v.Store.SaveProgram(ctx, t, p); err != nil {
			return err
		}
		return v.note(ctx, t, event.ProgramChanged, caller(ctx), p.ID, map[string]string{"what": what})
	})
}

// EnableProgram lets a program sign in, or no more; its tokens prove nothing from then on.
func (v *Service) EnableProgram(ctx context.Context, who id.Principal, on bool) error {
	what := "disabled"
	if on {
		what = "enabled"
	}
	return v.changeProgram(ctx, who, what, func(p Program) (Program, error) {
		if p.State = Disabled; on {
			p.State = Active
		}
		return p, nil
	})
}

// NewSecret gives a program another secret, which is returned and kept nowhere. The one before it holds until it is
// removed or expires, so a rotation has no gap.
func (v *Service) NewSecret(ctx context.Context, who id.Principal, life time.Duration) (s Secret, plain string, err error) {
	b, err := v.body()
	if err != nil {
		return s, "", err
	}
	if plain, err = v.secret(); err != nil {
		return s, "", err
	}
	now := v.Now()
	s = Secret{ID: b, Digest: digestOf(plain), Hint: plain[:3], Created: now, Expires: now.Add(life)}
	return s, plain, v.changeProgram(ctx, who, "secret added", func(p Program) (Program, error) { return p.rotated(s) })
}

// NewCertificate lets a program sign in with the private key of an X.509 certificate, in PEM or DER.
func (v *Service) NewCertificate(ctx context.Context, who id.Principal, file []byte) (c Certificate, err error) {
	now := v.Now()
	err = v.changeProgram(ctx, who, "certificate added", func(p Program) (Program, error) {
		if c, err = certificate(file, now); err != nil {
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

// certificate reads one that holds at an instant.
func certificate(file []byte, now time.Time) (c Certificate, err error) {
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
	return v.changeProgram(ctx, who, "credential removed", func(p Program) (Program, error) {
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
func (v *Service) ByAppID(ctx context.Context, appID string) (p Program, realm Realm, err error) {
	names := id.Named("prn_", strings.ToLower(appID))
	if len(names) == 0 {
		return p, realm, noProgram()
	}
	err = v.DB.View(ctx, func(ctx context.Context, r tx.Read) error {
		if p, err = v.Store.Program(ctx, r, id.Principal(names[0])); err != nil {
			return err
		}
		realm, err = v.Store.Realm(ctx, r, scope.All(), string(p.Realm))
		return err
	})
	if err == nil && p.State != Active {
		return p, realm, noProgram()
	}
	return p, realm, err
}

// SignInProgram verifies a program's secret and returns which of them it was.
func (v *Service) SignInProgram(p Program, secret string) (credential string, err error) {
	credential, ok := p.takes(secret, v.Now())
	if !ok {
		return "", fault.New(fault.Denied, "wrong_secret", "this secret is not one of the program's that hold now")
	}
	return credential, nil
}

// UseAssertion remembers an assertion of a program until it expires. Conflict when it was used before.
func (v *Service) UseAssertion(ctx context.Context, p Program, jti string, expires time.Time) error {
	k := Ticket{Digest: digestOf(string(p.ID) + "\x00" + jti), Kind: Assertion, Created: v.Now(), Expires: expires}
	return v.DB.Do(ctx, func(ctx context.Context, t tx.Tx) error {
		switch _, err := v.Proofs.Ticket(ctx, t, Assertion, k.Digest); {
		case err == nil:
			return fault.New(fault.Conflict, "assertion_replayed", "this assertion was used before")
		case fault.KindOf(err) != fault.NotFound:
			return err
		}
		return v.Proofs.SaveTicket(ctx, t, k)
	})
}

package safe

import (
	"bytes"
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/identity"
	"github.com/purveyor-csp/purveyor/internal/job"
	"github.com/purveyor-csp/purveyor/internal/secret"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

type transaction struct{}

func (transaction) CanRead()     {}
func (transaction) CanWrite()    {}
func (transaction) After(func()) {}

// memory is a ledger: the keys of people, the events that were written, and the jobs that were ordered.
type memory struct {
	keys   map[id.Principal][]byte
	erased map[id.Principal]bool
}

func (m *memory) View(ctx context.Context, f func(context.Context, tx.Read) error) error {
	return f(ctx, transaction{})
}
func (m *memory) Do(ctx context.Context, f func(context.Context, tx.Tx) error) error {
	return f(ctx, transaction{})
}

func (m *memory) PersonKey(_ context.Context, _ tx.Read, who id.Principal) ([]byte, bool, error) {
	return m.keys[who], m.erased[who], nil
}

func (m *memory) AddPersonKey(_ context.Context, _ tx.Tx, who id.Principal, sealed []byte) error {
	if m.keys[who] == nil && !m.erased[who] {
		m.keys[who] = sealed
	}
	return nil
}

func (m *memory) ErasePerson(_ context.Context, _ tx.Tx, who id.Principal, _ time.Time) (bool, error) {
	had := m.keys[who] != nil
	delete(m.keys, who)
	m.erased[who] = had
	return had, nil
}

type events struct {
	event.Store
	types []event.Type
}

func (e *events) Last(context.Context, tx.Read) (event.Event, error) { return event.Event{}, nil }
func (e *events) Insert(_ context.Context, _ tx.Tx, x event.Event) error {
	e.types = append(e.types, x.Type)
	return nil
}

type jobs struct {
	job.Store
	kinds []job.Kind
}

func (j *jobs) Enqueue(_ context.Context, _ tx.Tx, x job.Job) (bool, error) {
	j.kinds = append(j.kinds, x.Kind)
	return true, nil
}

// counter is where keys and nonces come from: no two bytes in a row are the same.
type counter struct{ n byte }

func (c *counter) Read(b []byte) (int, error) {
	for i := range b {
		c.n += 7
		b[i] = c.n
	}
	return len(b), nil
}

// fixture is a safe over a memory, with Kim in one organisation and Lee in another.
type fixture struct {
	*Service
	memory
	events
	jobs
	keys []secret.Key // of the installation
}

const (
	kim id.Principal = "prn_kim"
	lee id.Principal = "prn_lee"
)

func newFixture(t *testing.T) *fixture {
	f := &fixture{memory: memory{map[id.Principal][]byte{}, map[id.Principal]bool{}}}
	var random io.Reader = &counter{}
	now := func() time.Time { return time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC) }
	f.Service = &Service{
		DB: &f.memory, Store: &f.memory, Access: access.Local{}, Now: now, Random: random,
		Events: event.Log{Store: &f.events, Now: now}, Jobs: job.Queue{Store: &f.jobs},
		Ring: func() (secret.Ring, error) { return secret.NewRing(f.keys, random) },
		AddKey: func() error {
			k, err := secret.NewKey(uint32(len(f.keys)), random)
			f.keys = append(f.keys, k)
			return err
		},
		Realm: func(_ context.Context, _ tx.Read, who id.Principal) (id.Organisation, error) {
			return map[id.Principal]id.Organisation{kim: "org_k", lee: "org_l"}[who], nil
		},
	}
	f.must(t, f.AddKey())
	return f
}

func (f *fixture) must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (f *fixture) seal(t *testing.T, who id.Principal, text string) []byte {
	t.Helper()
	sealed, err := f.Seal(t.Context(), who, []byte(text))
	f.must(t, err)
	return sealed
}

// What is sealed for a person opens for that person, whatever they are sealed with later, and for nobody else.
func TestSealIsOfOnePerson(t *testing.T) {
	f := newFixture(t)
	one, two := f.seal(t, kim, "kim@c.example"), f.seal(t, kim, "kim@c.example")
	f.seal(t, lee, "lee@c.example")
	if bytes.Equal(one, two) || bytes.Contains(one, []byte("kim")) {
		t.Error("what is sealed shows what it is")
	}
	for _, sealed := range [][]byte{one, two} {
		if text, err := f.Open(t.Context(), kim, sealed); err != nil || string(text) != "kim@c.example" {
			t.Errorf("%q, %v", text, err)
		}
		if text, err := f.Open(t.Context(), lee, sealed); err == nil {
			t.Errorf("opened for another as %q", text)
		}
	}
	// Whoever exchanges the stored keys of two people opens nothing: a key is sealed for its person too.
	f.memory.keys[kim], f.memory.keys[lee] = f.memory.keys[lee], f.memory.keys[kim]
	if text, err := f.Open(t.Context(), kim, one); err == nil {
		t.Errorf("opened with another's key as %q", text)
	}
}

// Two who seal for a new person at once use one key: the one that was kept.
func TestTheKeptKeyCounts(t *testing.T) {
	f := newFixture(t)
	sealed, err := f.newKey(t.Context(), kim)
	f.must(t, err)
	again, err := f.newKey(t.Context(), kim) // by somebody who saw none yet
	f.must(t, err)
	if !bytes.Equal(sealed, again) {
		t.Error("a person has two keys")
	}
}

// To erase somebody is to destroy their key, for good.
func TestErase(t *testing.T) {
	f := newFixture(t)
	ctx := access.AsLocalOperator(t.Context())
	sealed, others := f.seal(t, kim, "kim@c.example"), f.seal(t, lee, "lee@c.example")
	for range 2 { // a second time changes nothing
		f.must(t, f.Erase(ctx, kim))
	}
	if _, err := f.Open(ctx, kim, sealed); fault.CodeOf(err) != "person_erased" {
		t.Errorf("opening: %v", err)
	}
	if _, err := f.Seal(ctx, kim, []byte("again")); fault.CodeOf(err) != "person_erased" || f.memory.keys[kim] != nil {
		t.Errorf("sealing: %v", err)
	}
	if text, err := f.Open(ctx, lee, others); err != nil || string(text) != "lee@c.example" {
		t.Errorf("somebody else's: %q, %v", text, err)
	}
	if !slices.Equal(f.types, []event.Type{event.PersonErased}) || !slices.Equal(f.kinds, []job.Kind{job.ScrubErased}) {
		t.Errorf("recorded %v, ordered %v", f.types, f.kinds)
	}
	if err := f.Erase(ctx, identity.Installation); fault.KindOf(err) != fault.NotFound {
		t.Errorf("the installation: %v", err)
	}
	if err := f.Erase(ctx, "prn_none"); fault.CodeOf(err) != "no_such_person" {
		t.Errorf("nobody: %v", err)
	}
}

// allowed grants everything to everybody.
type allowed struct{ access.Guard }

func (allowed) Require(context.Context, access.Action) (access.Grant, error) {
	return access.Grant{Actor: "prn_admin"}, nil
}

// Somebody of another organisation is answered like somebody who does not exist, whatever role asks.
func TestPersonalDataStaysInItsRealm(t *testing.T) {
	f := newFixture(t)
	f.Access = allowed{}
	f.Sources = []Source{{Name: "person", Export: func(context.Context, id.Principal) (any, error) { return "Kim", nil },
		Erase: func(context.Context, tx.Tx, id.Principal) (bool, error) { return false, nil }}}
	f.seal(t, kim, "kim@c.example")
	for _, c := range []struct {
		realm id.Organisation
		ok    bool
	}{{"org_k", true}, {"org_l", false}, {"", false}} {
		ctx := identity.As(t.Context(), identity.Principal{ID: "prn_admin", Realm: c.realm})
		told, err := f.Export(ctx, kim)
		if c.ok != (err == nil) || c.ok != (told["person"] == "Kim") || !c.ok && err.Error() != strings.ReplaceAll(unknownPerson("X").Error(), "X", string(kim)) {
			t.Errorf("exported for %q: %v, %v", c.realm, told, err)
		}
		if err := f.Erase(ctx, kim); !c.ok && fault.CodeOf(err) != "no_such_person" {
			t.Errorf("erased for %q: %v", c.realm, err)
		}
	}
}

// column is a column of the ledger in which values are sealed.
type column struct {
	values  map[string][]byte
	changes func() // by others, before values are replaced
}

func (c *column) Name() string { return "mail" }

func (c *column) Older(_ context.Context, _ tx.Read, key uint32, limit int) (out []Sealed, err error) {
	for ref, v := range c.values {
		if secret.SealedWith(v) < key && len(out) < limit {
			out = append(out, Sealed{ref, v})
		}
	}
	return out, nil
}

func (c *column) Replace(_ context.Context, _ tx.Tx, ref string, was, now []byte) (bool, error) {
	if c.changes != nil {
		c.changes()
	}
	if !bytes.Equal(c.values[ref], was) {
		return false, nil
	}
	c.values[ref] = now
	return true, nil
}

// After a rotation everything is sealed with the newest key, and opens as before. What changed meanwhile is not overwritten.
func TestReseal(t *testing.T) {
	f := newFixture(t)
	ctx := access.AsLocalOperator(t.Context())
	c := &column{values: map[string][]byte{}}
	f.Columns = []Column{c}
	seal := func(ref, text string) []byte {
		ring, err := f.Ring()
		f.must(t, err)
		v, err := ring.Seal("mail/"+ref, []byte(text))
		f.must(t, err)
		return v
	}
	for _, ref := range []string{"a", "b", "c"} {
		c.values[ref] = seal(ref, "text of "+ref)
	}
	r, err := f.Rotate(ctx)
	f.must(t, err)
	if r.Key != 2 || !slices.Equal(f.kinds, []job.Kind{job.ResealValues}) {
		t.Fatalf("%+v, ordered %v", r, f.kinds)
	}
	for range 2 { // done again, it finds nothing to do
		_, err = f.Reseal(ctx, job.Job{Key: "2"})
		f.must(t, err)
	}
	ring, err := f.Ring()
	f.must(t, err)
	for ref, v := range c.values {
		if text, err := ring.Open("mail/"+ref, v); secret.SealedWith(v) != 2 || err != nil || string(text) != "text of "+ref {
			t.Errorf("%s: sealed with key %d, %q, %v", ref, secret.SealedWith(v), text, err)
		}
	}

	older := seal("a", "old")
	f.must(t, f.AddKey())
	c.values = map[string][]byte{"a": older}
	newer := seal("a", "new")
	c.changes = func() { c.values["a"] = newer }
	_, err = f.Reseal(ctx, job.Job{Key: "3"})
	if fault.CodeOf(err) != "values_moving" || !bytes.Equal(c.values["a"], newer) {
		t.Errorf("a value that changed meanwhile: %v", err)
	}
}

package event

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/scope"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// ledger keeps the log in memory. What is done in a transaction that fails is undone.
type ledger struct {
	list       []Event
	checkpoint Anchor
	answers    map[string][2]string
}

type transaction struct{}

func (transaction) CanRead()     {}
func (transaction) CanWrite()    {}
func (transaction) After(func()) {}

func (s *ledger) View(ctx context.Context, f func(context.Context, tx.Read) error) error {
	return f(ctx, transaction{})
}

func (s *ledger) Do(ctx context.Context, f func(context.Context, tx.Tx) error) error {
	list, answers := slices.Clone(s.list), maps.Clone(s.answers)
	err := f(ctx, transaction{})
	if err != nil {
		s.list, s.answers = list, answers
	}
	return err
}

func (s *ledger) Last(context.Context, tx.Read) (e Event, err error) {
	if len(s.list) > 0 {
		e = s.list[len(s.list)-1]
	}
	return e, nil
}

func (s *ledger) Insert(_ context.Context, _ tx.Tx, e Event) error {
	s.list = append(s.list, e)
	return nil
}

func (s *ledger) Events(_ context.Context, _ tx.Read, _ scope.Scope, f Filter) (out []Event, err error) {
	for _, e := range s.list {
		if e.Number > f.After && (f.Limit == 0 || len(out) < f.Limit) {
			out = append(out, e)
		}
	}
	return out, nil
}

func (s *ledger) Checkpoint(context.Context, tx.Read) (Anchor, error) { return s.checkpoint, nil }

func (s *ledger) Prune(_ context.Context, _ tx.Tx, c Anchor) error {
	s.checkpoint = c
	s.list = slices.DeleteFunc(s.list, func(e Event) bool { return e.Number <= c.Count })
	return nil
}

func (s *ledger) Remembered(_ context.Context, _ tx.Read, key string) (string, []byte, bool, error) {
	a, ok := s.answers[key]
	return a[0], []byte(a[1]), ok, nil
}

func (s *ledger) Remember(_ context.Context, _ tx.Tx, key, digest string, answer []byte) error {
	s.answers[key] = [2]string{digest, string(answer)}
	return nil
}

func (s *ledger) Forget(_ context.Context, _ tx.Tx, drop func([]byte) bool) (n int, err error) {
	for key, a := range s.answers {
		if drop([]byte(a[1])) {
			delete(s.answers, key)
			n++
		}
	}
	return n, nil
}

func day(d int) time.Time { return time.Date(2026, 9, d, 12, 0, 0, 0, time.UTC) }

// newLog is a log with records of the first days of September, one each.
func newLog(t *testing.T, records int) (Log, *ledger) {
	t.Helper()
	s := &ledger{answers: map[string][2]string{}}
	l := Log{Store: s}
	for d := range records {
		l.Now = func() time.Time { return day(d + 1) }
		if err := l.Append(t.Context(), transaction{}, ClockMoved, "prn_1", "clock", map[string]int{"day": d + 1}); err != nil {
			t.Fatal(err)
		}
	}
	return l, s
}

func TestChainNamesTheFirstRecordThatIsWrong(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func([]Event) []Event
		want   string
	}{
		{"untouched", func(l []Event) []Event { return l }, ""},
		{"data changed", func(l []Event) []Event { l[1].Data = []byte(`{"day":9}`); return l }, "event 2 breaks the event log: it was changed"},
		{"another actor", func(l []Event) []Event { l[2].Actor = "prn_2"; return l }, "event 3 breaks the event log: it was changed"},
		{"another instant", func(l []Event) []Event { l[0].At = day(2); return l }, "event 1 breaks the event log: it was changed"},
		{"taken out", func(l []Event) []Event { return slices.Delete(l, 1, 2) }, "event 2 breaks the event log: it is missing"},
		{"the first taken out", func(l []Event) []Event { return l[1:] }, "event 1 breaks the event log: it is missing"},
		{"written anew with a hash of its own", func(l []Event) []Event {
			l[1].Actor = "prn_2"
			l[1].Hash, _ = l[1].digest()
			return l
		}, "event 3 breaks the event log: it does not follow"},
	} {
		l, s := newLog(t, 4)
		s.list = c.change(s.list)
		_, _, err := l.Verify(t.Context(), transaction{})
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || fault.CodeOf(err) != CodeChainBroken) {
			t.Errorf("%s: %v, and not %q", c.name, err, c.want)
		}
	}
}

// A tail that is cut off leaves a chain that holds; only the anchor shows it.
func TestAnchorShowsACutTail(t *testing.T) {
	l, s := newLog(t, 4)
	anchor, err := l.Anchor(t.Context(), transaction{})
	if err != nil || anchor.Count != 4 {
		t.Fatal(anchor, err)
	}
	whole := slices.Clone(s.list)
	for name, list := range map[string][]Event{"cut": whole[:3], "cut and grown again": nil} {
		if s.list = slices.Clone(list); list == nil {
			s.list = slices.Clone(whole[:3])
			if err := l.Append(t.Context(), transaction{}, ClockMoved, "prn_2", "clock", nil); err != nil {
				t.Fatal(err)
			}
		}
		if _, _, err := l.Verify(t.Context(), transaction{}); err != nil {
			t.Errorf("%s: the chain itself: %v", name, err)
		}
		if err := l.Covers(t.Context(), transaction{}, anchor); fault.CodeOf(err) != CodeChainBroken {
			t.Errorf("%s: covers the anchor: %v", name, err)
		}
		if err := l.Extends(t.Context(), transaction{}, anchor); fault.CodeOf(err) != CodeChainBroken {
			t.Errorf("%s: extends the anchor: %v", name, err)
		}
		v, err := l.Verification(t.Context(), transaction{}, anchor)
		if err != nil || v.Holds || v.Broken == "" {
			t.Errorf("%s: %+v, %v", name, v, err)
		}
	}
	s.list = whole
	if err := l.Append(t.Context(), transaction{}, ClockMoved, "prn_1", "clock", nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(l.Covers(t.Context(), transaction{}, anchor), l.Extends(t.Context(), transaction{}, anchor)); err != nil {
		t.Errorf("a log that grew: %v", err)
	}
}

func TestAnchorIsSigned(t *testing.T) {
	public, key, _ := ed25519.GenerateKey(strings.NewReader(strings.Repeat("a", 64)))
	other, _, _ := ed25519.GenerateKey(strings.NewReader(strings.Repeat("b", 64)))
	a, err := Anchor{Count: 3, Head: "x", At: day(1)}.Sign(key)
	if err != nil || a.Check(public) != nil {
		t.Fatal(a, err)
	}
	for name, c := range map[string]struct {
		anchor Anchor
		key    ed25519.PublicKey
	}{
		"another key":           {a, other},
		"another count":         {Anchor{Count: 2, Head: a.Head, At: a.At, Signature: a.Signature}, public},
		"passed for checkpoint": {Anchor{Count: a.Count, Head: a.Head, At: a.At, Prunes: true, Signature: a.Signature}, public},
		"no signature":          {Anchor{Count: a.Count, Head: a.Head, At: a.At}, public},
	} {
		if err := c.anchor.Check(c.key); fault.CodeOf(err) != CodeNotGenuine {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Old records are taken out once an export holds exactly them, and never the newest.
func TestCheckpoint(t *testing.T) {
	l, s := newLog(t, 4)
	l.Now = func() time.Time { return day(30) }
	l.Genuine = func(a Anchor) error { return nil }
	exported := func(until int64) string {
		sum := sha256.New()
		for _, e := range s.list {
			if e.Number <= until {
				if err := e.writeLine(sum); err != nil {
					t.Fatal(err)
				}
			}
		}
		return hex.EncodeToString(sum.Sum(nil))
	}
	for code, p := range map[string]Pruning{
		"too_young":    {Until: 3, Export: exported(3), Keep: 28},
		"not_exported": {Until: 3, Export: exported(2), Keep: 20},
		"nothing_left": {Until: 4, Export: exported(4), Keep: 20},
	} {
		if _, err := l.Checkpoint(t.Context(), transaction{}, p); fault.CodeOf(err) != code {
			t.Errorf("%+v: %v, and not %s", p, err, code)
		}
	}
	p := Pruning{Until: 2, Export: exported(2), Keep: 20}
	c, err := l.Checkpoint(t.Context(), transaction{}, p)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Prune(t.Context(), transaction{}, "prn_1", c, p); err != nil {
		t.Fatal(err)
	}
	if _, _, err := l.Verify(t.Context(), transaction{}); err != nil || s.list[0].Number != 3 || s.list[len(s.list)-1].Type != LogPruned {
		t.Errorf("pruned: %v, %+v", err, s.list)
	}
	if _, err := l.Checkpoint(t.Context(), transaction{}, p); fault.CodeOf(err) != "pruned_already" {
		t.Errorf("pruned twice: %v", err)
	}
	l.Genuine = func(Anchor) error { return fault.New(fault.Invalid, CodeNotGenuine, "another key's") }
	if _, _, err := l.Verify(t.Context(), transaction{}); fault.CodeOf(err) != CodeChainBroken {
		t.Errorf("a checkpoint of somebody else's: %v", err)
	}
}

// Doing it twice is doing it once: by the same key and input the first answer, by other input a conflict.
func TestOnce(t *testing.T) {
	l, _ := newLog(t, 0)
	ran := 0
	do := func(key, digest string, result error) (string, bool, error) {
		answer, replayed, err := l.Once(t.Context(), transaction{}, key, digest, func(context.Context, tx.Tx) ([]byte, error) {
			ran++
			return []byte("done"), result
		})
		return string(answer), replayed, err
	}
	failed := errors.New("failed")
	if _, _, err := do("k", "d", failed); !errors.Is(err, failed) {
		t.Error(err)
	}
	for _, replayed := range []bool{false, true, true} { // what failed is not remembered
		if answer, again, err := do("k", "d", nil); answer != "done" || again != replayed || err != nil {
			t.Error(answer, again, err)
		}
	}
	if _, _, err := do("k", "other", nil); fault.CodeOf(err) != "key_reused" {
		t.Errorf("other input: %v", err)
	}
	if ran != 2 {
		t.Errorf("ran %d times", ran)
	}
	do("", "d", nil)
	if _, again, _ := do("", "d", nil); again || ran != 4 {
		t.Errorf("without a key: %v, ran %d times", again, ran)
	}
}

// Every command leaves a record with what came of it; what only reads leaves one when it was denied.
func TestAuditorRecord(t *testing.T) {
	for _, c := range []struct {
		name   string
		reads  bool
		result error
		want   string
	}{
		{"done", false, nil, `{"command":"draft","outcome":"done"}`},
		{"refused", false, fault.New(fault.Conflict, "not_draft", "no draft"), `{"command":"draft","outcome":"refused","error_kind":"conflict","error_code":"not_draft"}`},
		{"failed", false, errors.New("disk"), `"outcome":"failed"`},
		{"unavailable", false, fault.New(fault.Unavailable, "busy", "busy"), `"outcome":"failed"`},
		{"read", true, nil, ""},
		{"not found", true, fault.New(fault.NotFound, "none", "none"), ""},
		{"read, denied", true, fault.New(fault.Denied, "denied", "denied"), `"outcome":"refused"`},
	} {
		l, s := newLog(t, 0)
		a := Auditor{DB: s, Log: l.at(day(1))}
		if err := a.Record(t.Context(), Request{Actor: "prn_1", Command: Command{Name: "draft"}, Reads: c.reads, Result: c.result}); err != nil {
			t.Fatal(err)
		}
		got := ""
		for _, e := range s.list {
			got += string(e.Data)
		}
		if (c.want == "") != (got == "") || !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, and not %s", c.name, got, c.want)
		}
	}
}

func (l Log) at(now time.Time) Log {
	l.Now = func() time.Time { return now }
	return l
}

// Reading what is one's own, or nobody's, leaves no record; of others' each organisation is named once.
func TestAuditorRead(t *testing.T) {
	many := make([]Parties, maxNamed+7)
	for i := range many {
		many[i] = Parties{id.Organisation("org_" + strings.Repeat("x", i+1))}
	}
	for _, c := range []struct {
		name   string
		realm  id.Organisation
		things []Parties
		named  []id.Organisation
		more   int
	}{
		{"one's own as the buyer", "org_b", []Parties{{"org_a", "org_b"}}, nil, 0},
		{"nobody's", "org_p", []Parties{{""}, {}}, nil, 0},
		{"the local operator's reading", "", []Parties{{"org_a"}}, nil, 0},
		{"another's, twice, and one's own", "org_p", []Parties{{"org_b", "org_a"}, {"org_p"}, {"org_a"}}, []id.Organisation{"org_a", "org_b"}, 0},
		{"of very many", "org_p", many, nil, 7},
	} {
		l, s := newLog(t, 0)
		a := Auditor{DB: s, Log: l.at(day(1))}
		if err := a.ReadMany(t.Context(), Reader{Actor: "prn_1", Realm: c.realm}, "invoices", c.things); err != nil {
			t.Fatal(err)
		}
		if wanted := c.named != nil || c.more > 0; wanted != (len(s.list) == 1) {
			t.Errorf("%s: %d records", c.name, len(s.list))
			continue
		}
		for _, e := range s.list {
			data := string(e.Data)
			for _, o := range c.named {
				if strings.Count(data, `"`+string(o)+`"`) != 1 {
					t.Errorf("%s: %s does not name %s once", c.name, data, o)
				}
			}
			if c.more > 0 && !strings.Contains(data, `"more":7`) {
				t.Errorf("%s: %s", c.name, data)
			}
		}
	}
}

// The digest of an input needs the key: who reads the log cannot try out what was meant.
func TestDigestNeedsTheKey(t *testing.T) {
	of := func(key, input string) string {
		d, err := Digest([]byte(key), map[string]string{"pin": input})
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	if again := of("a", "1234"); of("a", "1234") != again || of("a", "1234") == of("b", "1234") || of("a", "1234") == of("a", "1235") {
		t.Error("the digest does not name the input under its key")
	}
}

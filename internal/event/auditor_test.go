package event

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/id"
	"github.com/purveyor-csp/purveyor/internal/tx"
)

// ledger is a log in memory: a database and its store.
type ledger struct {
	Store   // what is not needed here
	records []Event
	answers map[string]string
	refuses error // of any transaction that writes
}

type open struct{}

func (open) CanRead()     {}
func (open) CanWrite()    {}
func (open) After(func()) {}

func (l *ledger) View(ctx context.Context, f func(context.Context, tx.Read) error) error {
	return f(ctx, open{})
}

func (l *ledger) Do(ctx context.Context, f func(context.Context, tx.Tx) error) error {
	if l.refuses != nil {
		return l.refuses
	}
	return f(ctx, open{})
}

func (l *ledger) Last(context.Context, tx.Read) (Event, error) {
	if len(l.records) == 0 {
		return Event{}, nil
	}
	return l.records[len(l.records)-1], nil
}

func (l *ledger) Insert(_ context.Context, _ tx.Tx, e Event) error {
	l.records = append(l.records, e)
	return nil
}

func (l *ledger) Remember(_ context.Context, _ tx.Tx, key, digest string, answer []byte) error {
	l.answers[key+" "+digest] = string(answer)
	return nil
}

func newAuditor() (Auditor, *ledger) {
	l := &ledger{answers: map[string]string{}}
	return Auditor{DB: l, Log: Log{Store: l, Now: func() time.Time { return time.Unix(0, 0) }}}, l
}

// TestWhatIsRecordedOfARequest: every command leaves a record, what only reads when it was denied.
func TestWhatIsRecordedOfARequest(t *testing.T) {
	denied, wrong := fault.New(fault.Denied, "denied", "no"), fault.New(fault.Invalid, "wrong", "no")
	for _, c := range []struct {
		reads  bool
		result error
		want   string // the data of the record, "" for none
	}{
		{false, nil, `{"command":"x","args":{"path":"/x"},"input":"d","outcome":"done"}`},
		{false, denied, `{"command":"x","args":{"path":"/x"},"input":"d","outcome":"refused","error_kind":"denied","error_code":"denied"}`},
		{false, fault.New(fault.Unavailable, "down", "no"), `{"command":"x","args":{"path":"/x"},"input":"d","outcome":"failed","error_kind":"unavailable","error_code":"down"}`},
		{true, nil, ""},
		{true, wrong, ""},
		{true, denied, `{"command":"x","args":{"path":"/x"},"input":"d","outcome":"refused","error_kind":"denied","error_code":"denied"}`},
	} {
		a, l := newAuditor()
		err := a.Record(t.Context(), Request{
			Actor: "prn_1", Command: Command{Name: "x", Args: map[string]string{"path": "/x"}, Input: "d"}, Reads: c.reads, Result: c.result,
			Answer: &Answer{Key: "k", Digest: "d", Text: []byte("answer")},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if len(l.records) > 0 {
			got = string(l.records[0].Data)
			if e := l.records[0]; e.Type != CommandRun || e.Actor != "prn_1" || e.Subject != "x" {
				t.Errorf("recorded %+v", e)
			}
		}
		if got != c.want || len(l.answers) != len(l.records) {
			t.Errorf("reads %t, %v: recorded %s with %d answers, want %s", c.reads, c.result, got, len(l.answers), c.want)
		}
	}
}

// TestWhatIsRecordedOfReading: things of which the reader's organisation is no party, each organisation once.
func TestWhatIsRecordedOfReading(t *testing.T) {
	const own, b, c, d = id.Organisation("org_a"), id.Organisation("org_b"), id.Organisation("org_c"), id.Organisation("org_d")
	staff := Reader{Actor: "prn_1", Realm: own}
	for name, x := range map[string]struct {
		by      Reader
		one     Parties   // read alone
		many    []Parties // read together
		want    []id.Organisation
		subject string
	}{
		"one's own":                 {by: staff, one: Parties{own}},
		"a party's":                 {by: staff, one: Parties{b, own}},
		"another's":                 {by: staff, one: Parties{b}, want: []id.Organisation{b}, subject: "org_b"},
		"others', as they are told": {by: staff, one: Parties{c, b}, want: []id.Organisation{c, b}},
		"others', one unknown":      {by: staff, one: Parties{b, ""}, want: []id.Organisation{b}, subject: "org_b"},
		"nobody's":                  {by: staff, one: Parties{""}},
		"by the local operator":     {by: Reader{Actor: "local-operator"}, one: Parties{b}, many: []Parties{{b}}},
		"a list":                    {by: staff, many: []Parties{{d}, {own}, {c, own}, {b, d}, {b}}, want: []id.Organisation{b, d}},
		"a list of one's own":       {by: staff, many: []Parties{{own}, {own, b}}},
		"an empty list":             {by: staff},
	} {
		a, l := newAuditor()
		if err := a.Read(t.Context(), x.by, "x-show", x.one); err != nil {
			t.Fatal(err)
		}
		if err := a.ReadMany(t.Context(), x.by, "x-show", x.many); err != nil {
			t.Fatal(err)
		}
		if len(l.records) != min(len(x.want), 1) {
			t.Errorf("%s: %d records", name, len(l.records))
			continue
		}
		if len(x.want) == 0 {
			continue
		}
		var r Reading
		if err := json.Unmarshal(l.records[0].Data, &r); err != nil {
			t.Fatal(err)
		}
		if e := l.records[0]; e.Type != DataRead || e.Actor != "prn_1" || e.Subject != x.subject || r.Command != "x-show" || r.Realm != own || !slices.Equal(r.Organisations, x.want) || r.More != 0 {
			t.Errorf("%s: recorded %q %+v", name, e.Subject, r)
		}
	}
}

// TestARecordOfReadingNamesSoMany: of more organisations it says how many there were.
func TestARecordOfReadingNamesSoMany(t *testing.T) {
	a, l := newAuditor()
	var things []Parties
	for i := range mostNamed + 7 {
		things = append(things, Parties{id.Organisation(fmt.Sprintf("org_%04d", i))})
	}
	if err := a.ReadMany(t.Context(), Reader{Actor: "prn_1", Realm: "org_a"}, "x-list", things); err != nil {
		t.Fatal(err)
	}
	var r Reading
	if err := json.Unmarshal(l.records[0].Data, &r); err != nil || len(r.Organisations) != mostNamed || r.More != 7 {
		t.Errorf("named %d and %d more: %v", len(r.Organisations), r.More, err)
	}
}

// TestWhatCannotBeRecordedIsNotRead: the reader is told the error, and shown nothing.
func TestWhatCannotBeRecordedIsNotRead(t *testing.T) {
	a, l := newAuditor()
	l.refuses = fault.New(fault.Unavailable, "read_only", "no")
	if err := a.Read(t.Context(), Reader{Actor: "prn_1", Realm: "org_a"}, "x-show", Parties{"org_b"}); fault.CodeOf(err) != "read_only" {
		t.Errorf("read with %v", err)
	}
}

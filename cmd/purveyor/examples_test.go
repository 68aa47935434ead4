package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/money"
)

// example is one thing that goes wrong around a normal month. The acceptance cases have other examples of the same kinds.
// Each reports what is wrong with the outcome; where several outcomes are right, each of them passes.
type example struct {
	name string
	run  func(s *scenario)
}

func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("examples of disturbed months are left out of short runs")
	}
	known := map[string]bool{}
	for _, e := range slices.Concat(dateExamples, fileExamples, statementExamples, priceExamples, correctionExamples, worldExamples) {
		if known[e.name] {
			t.Fatalf("two examples are called %q", e.name)
		}
		known[e.name] = true
		t.Run(e.name, func(t *testing.T) {
			s := newScenario(t)
			e.run(s)
			if len(s.wrong) > 0 {
				t.Error(strings.Join(s.wrong, "; "))
			}
		})
	}
}

// scenario is a data directory with a small world and its price books, and a list of unexpected outcomes.
type scenario struct {
	*testing.T
	dir         string
	wrong       []string
	directories int
}

func newScenario(t *testing.T, changes ...string) *scenario {
	t.Helper()
	dir, err := os.MkdirTemp("", "example") // without the test's name: "bill --usage" splits paths at commas
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &scenario{T: t, dir: dir}
	s.restart(changes...)
	return s
}

// restart continues with an empty data directory. The changes are pairs of old and new text in the world and book
// files.
func (s *scenario) restart(changes ...string) {
	s.Helper()
	s.directories++
	s.mustRun("init", s.data(), "--customers", "1", "--demo", "2026-11-05")
	s.mustRun("apply", "-f", s.world(changes...))
	s.mustRun("pricebook", "publish", "-f", s.book(changes...))
}

func (s *scenario) data() string { return filepath.Join(s.dir, fmt.Sprint("d", s.directories)) }

// world returns the path of the world file with changes; book does the same for the price books.
func (s *scenario) world(changes ...string) string { return s.changed("world.yaml", changes) }
func (s *scenario) book(changes ...string) string  { return s.changed("book.yaml", changes) }

func (s *scenario) changed(name string, changes []string) string {
	s.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "examples", name))
	if err != nil {
		s.Fatal(err)
	}
	return s.file(name, strings.NewReplacer(changes...).Replace(string(b)))
}

// file writes a new file of that name and returns its path.
func (s *scenario) file(name, content string) string {
	s.Helper()
	dir, err := os.MkdirTemp(s.dir, "f")
	if err != nil {
		s.Fatal(err)
	}
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		s.Fatal(err)
	}
	return path
}

// answer is what a command printed, and its exit code.
type answer struct {
	code int
	out  []byte
	text string // both outputs
}

func (s *scenario) do(args ...string) answer {
	s.Helper()
	var out, stderr bytes.Buffer
	p := program()
	p.Out, p.Err = &out, &stderr
	if args[0] != "init" && args[0] != "bill" {
		args = append(args, "--data", s.data())
	}
	code := p.Main(s.Context(), args)
	return answer{code, out.Bytes(), out.String() + stderr.String()}
}

// mustRun runs a command that always works.
func (s *scenario) mustRun(args ...string) answer {
	s.Helper()
	a := s.do(args...)
	if a.code != 0 {
		s.Fatalf("purveyor %q: exit code %d\n%s", args, a.code, a.text)
	}
	return a
}

// importResult is what an import reported.
type importResult struct {
	answer
	sealed, aside, refused int // rows
	files                  int // refused files; rows of a file in another encoding cannot be counted
}

// importFiles imports files; the import may fail.
func (s *scenario) importFiles(args ...string) importResult {
	s.Helper()
	t := importResult{answer: s.do(append([]string{"usage", "import", "-o", "json"}, args...)...)}
	var load struct {
		Rows  struct{ Sealed, Quarantined, Refused int }
		Files int `json:"files_refused"`
	}
	if json.Unmarshal(t.out, &load) == nil {
		t.sealed, t.aside, t.refused = load.Rows.Sealed, load.Rows.Quarantined, load.Rows.Refused
		t.files = load.Files
	}
	return t
}

// issue drafts, approves and issues a month. It returns what was printed, and whether every step succeeded.
func (s *scenario) issue(month string) (text string, succeeded bool) {
	s.Helper()
	succeeded = true
	for _, step := range []string{"draft", "approve", "issue"} {
		a := s.do("invoice", step, "--period", month)
		text, succeeded = text+a.text, succeeded && a.code == 0
	}
	return text, succeeded
}

// billing is one document in a list.
type billing struct{ Number, State, Kind, Period, Seller, Buyer, Net, Tax, ID string }

func (s *scenario) documents() []billing {
	s.Helper()
	var list struct{ Items []billing }
	if err := json.Unmarshal(s.mustRun("invoice", "list", "-o", "json").out, &list); err != nil {
		s.Fatal(err)
	}
	return list.Items
}

// billedTo is the sum of all documents of a buyer, drafts included: net and tax.
func (s *scenario) billedTo(buyer string) (net, tax string) {
	s.Helper()
	return total(s.documents(), buyer)
}

func total(list []billing, buyer string) (net, tax string) {
	var n, x money.Decimal
	for _, d := range list {
		if d.Buyer == buyer {
			n, x = n.Add(money.MustParse(d.Net)), x.Add(money.MustParse(d.Tax))
		}
	}
	return n.String(), x.String()
}

// cost is what a month's usage and charges cost, in euro.
func (s *scenario) cost(month string) string {
	s.Helper()
	var list struct {
		Items []struct{ Cost map[string]string }
	}
	if err := json.Unmarshal(s.mustRun("cost", "list", "--period", month, "-o", "json").out, &list); err != nil {
		s.Fatal(err)
	}
	var sum money.Decimal
	for _, x := range list.Items {
		if x.Cost["EUR"] != "" {
			sum = sum.Add(money.MustParse(x.Cost["EUR"]))
		}
	}
	return sum.String()
}

// months is how many rows count in each month.
func (s *scenario) months() map[string]int {
	s.Helper()
	var list struct {
		Items []struct {
			Rows int
			Slot struct{ Period string }
		}
	}
	if err := json.Unmarshal(s.mustRun("usage", "list", "-o", "json").out, &list); err != nil {
		s.Fatal(err)
	}
	m := map[string]int{}
	for _, x := range list.Items {
		m[x.Slot.Period] += x.Rows
	}
	return m
}

// billed is what the command "bill" wrote.
type billed struct {
	answer
	invoices   []billing
	unresolved int
	documents  []map[string]any
}

func (s *scenario) bill(usage, statement string, changes ...string) (b billed) {
	s.Helper()
	out, err := os.MkdirTemp(s.dir, "out")
	if err != nil {
		s.Fatal(err)
	}
	out = filepath.Join(out, "o")
	args := []string{"bill", "--usage", usage, "--world", s.world(changes...), "--book", s.book(changes...), "--period", "2026-09", "--out", out}
	if statement != "" {
		args = append(args, "--statement", statement)
	}
	b.answer = s.do(args...)
	var summary struct {
		Invoices   []billing
		Unresolved json.Number
	}
	if text, err := os.ReadFile(filepath.Join(out, "summary.json")); err == nil && json.Unmarshal(text, &summary) == nil {
		n, _ := summary.Unresolved.Int64()
		b.invoices, b.unresolved = summary.Invoices, int(n)
	}
	files, _ := filepath.Glob(filepath.Join(out, "invoices", "*", "*.json"))
	for _, f := range files {
		var d map[string]any
		if text, err := os.ReadFile(f); err == nil && json.Unmarshal(text, &d) == nil {
			b.documents = append(b.documents, d)
		}
	}
	return b
}

func (b billed) net(buyer string) string { n, _ := total(b.invoices, buyer); return n }

// wantEqual reports a problem unless two amounts are equal.
func (s *scenario) wantEqual(what, want, got string) {
	if w, err := money.Parse(want); err == nil {
		if g, err := money.Parse(got); err == nil && w.Equal(g) {
			return
		}
	}
	if want != got {
		s.problem("%s: %s, and should be %s", what, got, want)
	}
}

func (s *scenario) problem(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// expect reports a problem unless a condition is true.
func (s *scenario) expect(is bool, format string, args ...any) {
	if !is {
		s.problem(format, args...)
	}
}

// wantAlways compares amounts for the same input without the fault. That input must always be accepted.
func (s *scenario) wantAlways(what, want, got string) {
	s.Helper()
	before := len(s.wrong)
	if s.wantEqual(what, want, got); len(s.wrong) > before {
		s.Errorf("the input without the fault: %s", s.wrong[before])
		s.wrong = s.wrong[:before]
	}
}

// mentions reports whether a text matches a pattern, in any case of letters.
func mentions(text, pattern string) bool {
	return regexp.MustCompile(`(?i)` + pattern).MatchString(text)
}

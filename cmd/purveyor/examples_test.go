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

// Examples of what goes wrong around an undisturbed month: other ones than the acceptance cases have, of the same kinds.
// Each says what is wrong with the outcome, if anything; where more than one outcome is right, each of them passes.
type example struct {
	name string
	run  func(s *scene)
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
			s := newScene(t)
			e.run(s)
			if len(s.wrong) > 0 {
				t.Error(strings.Join(s.wrong, "; "))
			}
		})
	}
}

// scene is a data directory with a small world and its books, and what was wrong with what happened to it.
type scene struct {
	*testing.T
	dir   string
	wrong []string
	made  int
}

func newScene(t *testing.T, changes ...string) *scene {
	t.Helper()
	dir, err := os.MkdirTemp("", "example") // not named as the test: a comma in a path is two files to "bill --usage"
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	s := &scene{T: t, dir: dir}
	s.anew(changes...)
	return s
}

// anew begins once more with an empty directory; changes are of the texts of world and books, pairs of old and new.
func (s *scene) anew(changes ...string) {
	s.Helper()
	s.made++
	s.must("init", s.data(), "--customers", "1", "--demo", "2026-11-05")
	s.must("apply", "-f", s.world(changes...))
	s.must("pricebook", "publish", "-f", s.book(changes...))
}

func (s *scene) data() string { return filepath.Join(s.dir, fmt.Sprint("d", s.made)) }

// world is the world file with changes, and book that of the books.
func (s *scene) world(changes ...string) string { return s.changed("world.yaml", changes) }
func (s *scene) book(changes ...string) string  { return s.changed("book.yaml", changes) }

func (s *scene) changed(name string, changes []string) string {
	s.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "examples", name))
	if err != nil {
		s.Fatal(err)
	}
	return s.file(name, strings.NewReplacer(changes...).Replace(string(b)))
}

// file is a new file of that name.
func (s *scene) file(name, content string) string {
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

// answer is what a command printed, and how it ended.
type answer struct {
	code int
	out  []byte
	text string // both outputs
}

func (s *scene) do(args ...string) answer {
	s.Helper()
	var out, trouble bytes.Buffer
	p := program()
	p.Out, p.Err = &out, &trouble
	if args[0] != "init" && args[0] != "bill" {
		args = append(args, "--data", s.data())
	}
	code := p.Main(s.Context(), args)
	return answer{code, out.Bytes(), out.String() + trouble.String()}
}

// must is a command that always works.
func (s *scene) must(args ...string) answer {
	s.Helper()
	a := s.do(args...)
	if a.code != 0 {
		s.Fatalf("purveyor %q: exit code %d\n%s", args, a.code, a.text)
	}
	return a
}

// taken is how an import ended.
type taken struct {
	answer
	sealed, aside, refused int // rows
	files                  int // refused; no row of one in another encoding can be counted
}

// take imports files. Not well is any end that a script notices.
func (s *scene) take(args ...string) taken {
	s.Helper()
	t := taken{answer: s.do(append([]string{"usage", "import", "-o", "json"}, args...)...)}
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

// issue drafts, approves and issues a month, and is all that was printed; well says whether every step was.
func (s *scene) issue(month string) (text string, well bool) {
	s.Helper()
	well = true
	for _, step := range []string{"draft", "approve", "issue"} {
		a := s.do("invoice", step, "--period", month)
		text, well = text+a.text, well && a.code == 0
	}
	return text, well
}

// billing is one document of a list.
type billing struct{ Number, State, Kind, Period, Seller, Buyer, Net, Tax, ID string }

func (s *scene) documents() []billing {
	s.Helper()
	var list struct{ Items []billing }
	if err := json.Unmarshal(s.must("invoice", "list", "-o", "json").out, &list); err != nil {
		s.Fatal(err)
	}
	return list.Items
}

// owes is what a buyer is billed in all documents together, drafts included: net and tax.
func (s *scene) owes(buyer string) (net, tax string) {
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
func (s *scene) cost(month string) string {
	s.Helper()
	var list struct {
		Items []struct{ Cost map[string]string }
	}
	if err := json.Unmarshal(s.must("cost", "list", "--period", month, "-o", "json").out, &list); err != nil {
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
func (s *scene) months() map[string]int {
	s.Helper()
	var list struct {
		Items []struct {
			Rows int
			Slot struct{ Period string }
		}
	}
	if err := json.Unmarshal(s.must("usage", "list", "-o", "json").out, &list); err != nil {
		s.Fatal(err)
	}
	m := map[string]int{}
	for _, x := range list.Items {
		m[x.Slot.Period] += x.Rows
	}
	return m
}

// billed is what bill wrote.
type billed struct {
	answer
	invoices   []billing
	unresolved int
	documents  []map[string]any
}

func (s *scene) bill(usage, statement string, changes ...string) (b billed) {
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

// same says what is wrong unless two amounts are equal.
func (s *scene) same(what, want, got string) {
	if w, err := money.Parse(want); err == nil {
		if g, err := money.Parse(got); err == nil && w.Equal(g) {
			return
		}
	}
	if want != got {
		s.complain("%s: %s, and should be %s", what, got, want)
	}
}

func (s *scene) complain(format string, args ...any) {
	s.wrong = append(s.wrong, fmt.Sprintf(format, args...))
}

// wants complains unless something is so.
func (s *scene) wants(is bool, format string, args ...any) {
	if !is {
		s.complain(format, args...)
	}
}

// control is for the same input without the fault, which has to be taken, always.
func (s *scene) control(what, want, got string) {
	s.Helper()
	before := len(s.wrong)
	if s.same(what, want, got); len(s.wrong) > before {
		s.Errorf("nothing is wrong with it, and still: %s", s.wrong[before])
		s.wrong = s.wrong[:before]
	}
}

// names says whether a text speaks of something.
func names(text, pattern string) bool { return regexp.MustCompile(`(?i)` + pattern).MatchString(text) }

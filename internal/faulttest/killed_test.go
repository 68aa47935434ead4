package faulttest

import (
	"bufio"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/check"
	"github.com/purveyor-csp/purveyor/internal/document"
	"github.com/purveyor-csp/purveyor/internal/installtest"
	"github.com/purveyor-csp/purveyor/internal/invoice"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/sample/statement"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

const (
	monthRows, monthCustomers = 24_000, 6
	// Every stage is aimed at so often, and again as long as one was never hit.
	rounds, maxRounds = 5, 12
)

// stages are aimed at in this order, so that each kill finds something left to do.
func stages() []string {
	return []string{stageImport, stageRating, stageDraft, stageIssue, stageDocuments}
}

func generate(u, l io.Writer, rows, customers int) error {
	s := sample.Spec{Rows: rows, Customers: customers, Seed: 11, Format: "csv"}
	if _, err := sample.Generate(u, s); err != nil {
		return err
	}
	_, err := statement.Write(l, s, statement.Options{})
	return err
}

// reported is one line that a child printed, and when.
type reported struct {
	line string
	at   time.Time
}

// run lets a child close the month in a folder. With aim it is killed a while after it enters that stage; the stage it
// was in then is returned, "" when it ended by itself.
func run(t *testing.T, dir, aim string, wait time.Duration) (lines []reported, hit string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(os.Environ(), childDir+"="+dir)
	var stderr strings.Builder
	child.Stderr = &stderr
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewScanner(out)
	aimed := false
	for in.Scan() {
		lines = append(lines, reported{in.Text(), time.Now()})
		if in.Text() == "stage "+aim && !aimed {
			aimed = true
			timer := time.AfterFunc(wait, func() { _ = child.Process.Kill() })
			defer timer.Stop()
		}
		if s, ok := strings.CutPrefix(in.Text(), "stage "); ok {
			hit = s
		}
	}
	err = child.Wait()
	if err != nil && !aimed || stderr.Len() > 0 {
		t.Fatalf("the child failed: %v %s", err, stderr.String())
	}
	if err == nil {
		return lines, ""
	}
	return lines, hit
}

// A month is closed by processes that are killed 20 times and more, at moments spread over all stages. In the end it is
// closed as if nothing had happened: what was acknowledged is there, nothing counts twice, every document is the same,
// byte for byte, and all invariants hold.
func TestKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("a month closed two dozen times is left out of short runs")
	}
	files := t.TempDir()
	if err := write(files, monthRows, monthCustomers); err != nil {
		t.Fatal(err)
	}
	calm := filepath.Join(files, "calm")
	lines, _ := run(t, calm, "", 0)
	lasts := durations(lines)
	want := documents(t, calm, nil)
	hits := map[string]int{}
	chance := rand.New(rand.NewPCG(2026, 11))
	for round := range maxRounds {
		if round >= rounds && len(hits) == len(stages()) {
			break
		}
		dir := filepath.Join(files, fmt.Sprint("round-", round))
		acknowledged := &acknowledgedWork{loads: map[string]bool{}, issued: map[string]string{}}
		for _, aim := range stages() {
			lines, hit := run(t, dir, aim, time.Duration(chance.Int64N(int64(lasts[aim]))))
			acknowledged.take(t, lines)
			if hit != "" {
				hits[hit]++
			}
		}
		lines, _ := run(t, dir, "", 0)
		acknowledged.take(t, lines)
		got := documents(t, dir, acknowledged)
		if !maps.Equal(got, want) {
			t.Errorf("round %d: documents differ: %v", round, differing(got, want))
		}
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
	}
	total := 0
	for _, s := range stages() {
		t.Logf("killed in %s (%v long): %d times", s, lasts[s].Round(time.Millisecond), hits[s])
		total += hits[s]
		if hits[s] == 0 {
			t.Errorf("no kill hit %s", s)
		}
	}
	if total < 20 {
		t.Errorf("only %d kills", total)
	}
}

// durations is how long an undisturbed child was in each stage.
func durations(lines []reported) map[string]time.Duration {
	out := map[string]time.Duration{}
	stage, since := "", time.Time{}
	for _, l := range lines {
		if s, ok := strings.CutPrefix(l.line, "stage "); ok || l.line == "done" {
			if stage != "" {
				out[stage] += l.at.Sub(since)
			}
			if stage != s {
				stage, since = s, l.at
			}
		}
	}
	return out
}

// acknowledgedWork is what children reported as done: it must not be lost or done again.
type acknowledgedWork struct {
	loads  map[string]bool   // ids of loads that sealed rows
	files  map[string]bool   // names of files that are sealed
	issued map[string]string // seller and number → total
}

// take notes what a child reported, and checks that nothing is done a second time.
func (p *acknowledgedWork) take(t *testing.T, lines []reported) {
	t.Helper()
	if p.files == nil {
		p.files = map[string]bool{}
	}
	for _, l := range lines {
		var name, id, total string
		var sealed, skipped int64
		if n, _ := fmt.Sscanf(l.line, "loaded %s %s %d %d", &name, &id, &sealed, &skipped); n == 4 {
			if p.files[name] && sealed > 0 || sealed > 0 && skipped > 0 {
				t.Errorf("%s was sealed before, and again %d of its rows", name, sealed)
			}
			p.files[name] = true
			if sealed > 0 {
				p.loads[id] = true
			}
		}
		if n, _ := fmt.Sscanf(l.line, "issued %s %s", &name, &total); n == 2 {
			if p.issued[name] != "" {
				t.Errorf("%s was issued a second time", name)
			}
			p.issued[name] = total
		}
	}
}

// documents opens what the children left, holds it against what they promised and against every invariant, and reads
// each archived document: name → bytes.
func documents(t *testing.T, dir string, p *acknowledgedWork) map[string]string {
	t.Helper()
	ctx := installtest.Operator(t.Context())
	n, err := installtest.Open(ctx, dir, installtest.Wrap{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	counted(t, n)
	loads, err := n.Usage.Loads(ctx)
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, l := range loads {
		have[string(l.ID)] = true
	}
	list, err := n.Invoices.List(ctx, invoice.Filter{})
	if err != nil || len(list) < monthCustomers {
		t.Fatalf("%d documents, %v", len(list), err)
	}
	totals, out := map[string]string{}, map[string]string{}
	for _, s := range list {
		if s.State != invoice.Issued {
			t.Errorf("%s is %s", s.ID, s.State)
			continue
		}
		totals[s.Seller+"/"+s.Number] = s.Total.String()
		for _, f := range document.Formats() {
			_, file, err := n.Archive.Open(ctx, string(s.ID), f)
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(file)
			if err != nil || len(text) == 0 {
				t.Fatalf("%s.%s: %d bytes, %v", s.Number, f, len(text), err)
			}
			file.Close()
			out[s.Seller+"/"+s.Number+"."+string(f)] = string(text)
		}
	}
	if p != nil {
		for id := range p.loads {
			if !have[id] {
				t.Errorf("load %s was acknowledged and is lost", id)
			}
		}
		for number, total := range p.issued {
			if totals[number] != total {
				t.Errorf("%s over %s was acknowledged, and is %q", number, total, totals[number])
			}
		}
	}
	return out
}

// counted checks that every row counts once, and all invariants.
func counted(t *testing.T, n *installtest.Installation) {
	t.Helper()
	ctx := installtest.Operator(t.Context())
	r, err := n.Check.Run(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range r.Violations {
		t.Errorf("%s: %s: %s", v.Check, v.Subject, v.Text)
	}
	if r.Rows[check.Open] != 0 || r.Rows[check.Invoiced] < monthRows || r.Rows[check.Replaced] != 0 {
		t.Errorf("rows by state: %v", r.Rows)
	}
	batches := money.Decimal{}
	rows := int64(0)
	list, err := n.Usage.Batches(ctx, usage.BatchFilter{Dataset: usage.DailyUsage})
	for _, b := range list {
		batches, rows = batches.Add(b.Cost), rows+b.Rows
	}
	if unfinished, err := os.ReadDir(filepath.Join(n.Dir, "files", "tmp")); err != nil || len(unfinished) > 0 {
		t.Errorf("%d unfinished files are left, %v", len(unfinished), err)
	}
	left, lerr := n.Rows.Loads(ctx)
	if err != nil || lerr != nil || rows != monthRows || len(left) != 1 {
		t.Errorf("%d rows with %s are sealed in %d loads of the usage store: %v %v", rows, batches, len(left), err, lerr)
	}
}

// differing names what is not the same in both.
func differing(got, want map[string]string) (out []string) {
	for name := range want {
		if got[name] != want[name] {
			out = append(out, name)
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			out = append(out, name+" (not wanted)")
		}
	}
	slices.Sort(out)
	return out
}

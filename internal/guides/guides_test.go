package guides

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

var update = flag.Bool("update", false, "renew in the pages what commands print; read the diff afterwards")

const root = "../.."

// counted is what was done with the blocks of all pages.
type counted struct{ ran, compared, notRun, notCompared atomic.Int64 }

// TestGuides runs every command block of the guides and of the README, and compares what they print with what the page
// says.
func TestGuides(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join(root, "docs/guides/*.md"))
	if err != nil || len(pages) == 0 {
		t.Fatalf("no guides: %v", err)
	}
	bin := program(t)
	var all counted
	t.Run("pages", func(t *testing.T) {
		for _, file := range append(pages, filepath.Join(root, "README.md")) {
			t.Run(filepath.Base(file), func(t *testing.T) {
				t.Parallel()
				follow(t, file, bin, &all)
			})
		}
	})
	t.Logf("%d command blocks ran, %d lines of output were compared, %d blocks print what no page says; %d blocks are marked as not to be run",
		all.ran.Load(), all.compared.Load(), all.notCompared.Load(), all.notRun.Load())
	if all.ran.Load() == 0 || all.compared.Load() == 0 {
		t.Error("nothing was tested")
	}
}

// program is a folder with the program in it.
func program(t *testing.T) string {
	bin := t.TempDir()
	build := exec.Command("go", "build", "-o", filepath.Join(bin, "purveyor"), "./cmd/purveyor")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, said)
	}
	return bin
}

// follow runs one page.
func follow(t *testing.T, file, bin string, all *counted) {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	blocks, err := parse(string(text))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	f := follower{session: begin(t, bin), file: file, ids: map[string]string{}, all: all, page: strings.SplitAfter(string(text), "\n")}
	for i, b := range blocks {
		prints := i+1 < len(blocks) && blocks[i+1].language == output
		switch {
		case b.language == commands:
			f.runBlock(b, prints)
		case b.language == output && (i == 0 || blocks[i-1].language != commands):
			t.Errorf("%s:%d: this output follows no command block", file, b.line)
		case b.language == output && blocks[i-1].notes.notRun == "":
			f.compareBlock(b)
		case b.language == "":
			t.Errorf("%s:%d: the fence does not say whether it is commands (sh) or output (text)", file, b.line)
		}
	}
	if *update {
		if err := os.WriteFile(file, []byte(strings.Join(f.page, "")), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// follower is one page on its way through its blocks.
type follower struct {
	*session
	file   string
	page   []string          // the lines of the page
	ids    map[string]string // of the page → as they were printed in this run
	last   result            // of the last command block
	all    *counted
	behind int // by how many lines output that was renewed made the page longer
}

// runBlock runs a command block.
func (f *follower) runBlock(b block, prints bool) {
	if b.notes.notRun != "" {
		f.all.notRun.Add(1)
		f.t.Logf("%s:%d: not run: %s", f.file, b.line, b.notes.notRun)
		return
	}
	f.mail = b.notes.mail
	if b.notes.before != "" {
		if r := f.run(f.known(b.notes.before)); r.failed != "" {
			f.t.Errorf("%s:%d: what is run before it: %s\n%s", f.file, b.line, r.failed, r.printed)
		}
	}
	script := f.known(b.text)
	if b.notes.serves {
		f.last = f.serve(script)
	} else {
		f.last = f.run(script)
	}
	f.all.ran.Add(1)
	if !prints && f.last.printed != "" {
		f.all.notCompared.Add(1)
	}
	switch want := b.notes.exitCode; {
	case want == "" && f.last.failed != "":
		f.t.Errorf("%s:%d: %s\n%s", f.file, b.line, f.last.failed, f.last.printed)
	case want != "" && (f.last.code != want || commandsIn(b.text) != 1):
		f.t.Errorf("%s:%d: exit code %s of %d commands, and not %s of one\n%s", f.file, b.line, f.last.code, commandsIn(b.text), want, f.last.printed)
	}
	if b.notes.approves {
		f.approve(f.last.printed)
	}
}

// known writes the ids of this run into a script, in place of those of the page.
func (f *follower) known(script string) string {
	for said, printed := range f.ids {
		script = strings.ReplaceAll(script, said, printed)
	}
	return script
}

// commandsIn counts the commands of a block, one a line but for lines that go on.
func commandsIn(script string) int {
	return len(linesOf(strings.ReplaceAll(script, "\\\n", " ")))
}

// compareBlock holds what the page says against what the last command block printed.
func (f *follower) compareBlock(b block) {
	n, ok := compare(linesOf(b.text), linesOf(f.last.printed), f.ids)
	f.all.compared.Add(int64(n))
	if ok {
		return
	}
	f.t.Errorf("%s:%d: the page says that this is printed:\n%s\nand this is:\n%s", f.file, b.line, b.text, f.last.printed)
	if *update {
		f.renew(b)
	}
}

// renew writes what was printed into the page.
func (f *follower) renew(b block) {
	printed := f.last.printed
	for said, here := range f.ids {
		printed = strings.ReplaceAll(printed, here, said)
	}
	from, old := b.line+f.behind, len(strings.SplitAfter(b.text, "\n"))-1
	lead := f.page[from-1][:strings.Index(f.page[from-1], "`")]
	var lines []string
	for _, line := range linesOf(printed) {
		lines = append(lines, lead+strings.TrimRight(line, " ")+"\n")
	}
	f.page = append(append(append([]string{}, f.page[:from]...), lines...), f.page[from+old:]...)
	f.behind += len(lines) - old
}

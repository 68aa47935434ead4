package main

import (
	"bytes"
	"flag"
	"net"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/purveyor-csp/purveyor/internal/sqlstore/pgtest"
)

var update = flag.Bool("update", false, "renew the expected output in testdata; read the diff afterwards")

// cleaned runs the tests and takes the PostgreSQL cluster away that they made.
type cleaned struct{ *testing.M }

func (m cleaned) Run() int { return pgtest.Run(m.M) }

func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"purveyor": main, "person": person, "ready": ready})
}

// sequential says that a test gives one command after the other. Short runs, which are made under the race detector, leave it
// out: what runs side by side in the program has tests that do more of it.
func sequential(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("one command after the other: not with -short")
	}
}

// Each story in testdata is a stranger's afternoon: the whole program, on a data directory of its own. In short runs it is
// only that of a server and its callers.
func TestStories(t *testing.T) {
	stories, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(stories) < 10 {
		t.Fatalf("%d stories, %v", len(stories), err)
	}
	if testing.Short() {
		stories = []string{"testdata/serve.txtar"}
	}
	testscript.Run(t, testscript.Params{Files: stories, RequireExplicitExec: true, UpdateScripts: *update, Setup: func(e *testscript.Env) error {
		l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free, and stays so for a while
		if err != nil {
			return err
		}
		defer l.Close()
		e.Setenv("AT", l.Addr().String())
		return nil
	}})
}

// purveyor runs one command line of which all must be well.
func purveyor(t *testing.T, args ...string) {
	t.Helper()
	var said bytes.Buffer
	p := program()
	p.Out, p.Err = &said, &said
	if code := p.Main(t.Context(), args); code != 0 {
		t.Fatalf("purveyor %q: exit code %d\n%s", args, code, said.Bytes())
	}
}

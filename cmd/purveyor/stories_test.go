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

// cleaned runs the tests and removes the PostgreSQL cluster that they created.
type cleaned struct{ *testing.M }

func (m cleaned) Run() int { return pgtest.Run(m.M) }

func TestMain(m *testing.M) {
	testscript.Main(cleaned{m}, map[string]func(){"purveyor": main, "person": person, "ready": ready})
}

// sequential skips a test that gives one command after the other in short runs, which are made under the race detector: what
// the program does concurrently is covered by other tests.
func sequential(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("the commands of this test run one after the other")
	}
}

// TestStories runs the scripts in testdata: each uses the whole program on a data directory of its own, as a new user
// would. Short runs leave out all but the one of a server and its callers.
func TestStories(t *testing.T) {
	stories, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(stories) < 10 {
		t.Fatalf("%d stories, %v", len(stories), err)
	}
	if testing.Short() {
		stories = []string{"testdata/serve.txtar"}
	}
	testscript.Run(t, testscript.Params{Files: stories, RequireExplicitExec: true, UpdateScripts: *update, Setup: func(e *testscript.Env) error {
		l, err := net.Listen("tcp", "127.0.0.1:0") // a free port; nothing reserves it
		if err != nil {
			return err
		}
		defer l.Close()
		e.Setenv("AT", l.Addr().String())
		return nil
	}})
}

// purveyor runs a command line that must succeed.
func purveyor(t *testing.T, args ...string) {
	t.Helper()
	var output bytes.Buffer
	p := program()
	p.Out, p.Err = &output, &output
	if code := p.Main(t.Context(), args); code != 0 {
		t.Fatalf("purveyor %q: exit code %d\n%s", args, code, output.Bytes())
	}
}

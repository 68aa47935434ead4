package main

import (
	"bytes"
	"flag"
	"net"
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

// TestStories runs the scripts in testdata: each uses the whole program on a data directory of its own, as a new user
// would.
func TestStories(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata", RequireExplicitExec: true, UpdateScripts: *update, Setup: func(e *testscript.Env) error {
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

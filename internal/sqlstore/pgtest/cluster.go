package pgtest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
)

// cluster is a running server and the folder it lives in.
type cluster struct {
	dir    string // the socket is here, the data below
	server *exec.Cmd
	gone   chan struct{} // closed when the server has ended
}

// find is the folder of PostgreSQL's programs: of the one in PATH, or of the newest that Debian keeps; "" without one.
func find() string {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil && isFile(filepath.Join(filepath.Dir(path), "postgres")) {
			return filepath.Dir(path)
		}
	}
	best, newest := "", 0
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	for _, path := range found {
		bin := filepath.Dir(path)
		version, err := strconv.Atoi(filepath.Base(filepath.Dir(bin)))
		if err == nil && version > newest && isFile(filepath.Join(bin, "postgres")) {
			best, newest = bin, version
		}
	}
	return best
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// start makes a cluster and waits until it answers.
func start(bin string) (_ *cluster, err error) {
	// Not TMPDIR: a socket's path may have about 100 bytes, and the user it runs as must be able to come by.
	dir, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return nil, err
	}
	c := &cluster{dir: dir, gone: make(chan struct{})}
	defer func() {
		if err != nil {
			c.remove()
		}
	}()
	attributes, err := owner(dir)
	if err != nil {
		return nil, err
	}
	if err := c.initialise(bin, attributes); err != nil {
		return nil, err
	}
	return c, c.serve(bin, attributes)
}

// initialise makes the data folder: with a collation by language where the server was built with ICU.
func (c *cluster) initialise(bin string, attributes *syscall.SysProcAttr) error {
	var said []byte
	var err error
	for _, order := range [][]string{{"--locale-provider=icu", "--icu-locale=en", "--locale=C"}, {"--locale=C"}} {
		args := append([]string{"-D", c.data(), "-U", "purveyor", "-A", "trust", "-E", "UTF8", "-N"}, order...)
		said, err = command(filepath.Join(bin, "initdb"), c.dir, attributes, args...).CombinedOutput()
		if err == nil {
			return nil
		}
	}
	return fmt.Errorf("initdb: %w\n%s", err, said)
}

// serve starts the server and returns when it accepts connections, or with what it said before it ended.
func (c *cluster) serve(bin string, attributes *syscall.SysProcAttr) error {
	c.server = command(filepath.Join(bin, "postgres"), c.dir, attributes, "-D", c.data(), "-k", c.dir, "-p", "5432",
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=32MB", "-c", "timezone=Pacific/Kiritimati", "-c", "log_timezone=UTC")
	out, err := c.server.StderrPipe()
	if err != nil {
		return err
	}
	started := make(chan error, 1)
	go func() {
		defer close(c.gone)
		// The server ends with the thread that started it (see owner): this one stays until then.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := c.server.Start(); err != nil {
			c.server = nil
			started <- err
			return
		}
		started <- listen(out)
		_, _ = io.Copy(io.Discard, out)
		_ = c.server.Wait()
	}()
	return <-started
}

// listen reads the server's log until it says that it is ready.
func listen(log io.Reader) error {
	var said bytes.Buffer
	for lines := bufio.NewReader(log); ; {
		line, err := lines.ReadString('\n')
		said.WriteString(line)
		if strings.Contains(line, "ready to accept connections") {
			return nil
		}
		if err != nil {
			return fmt.Errorf("the server ended:\n%s", said.String())
		}
	}
}

// command runs without the environment of the tests: PGPORT, PGDATA and languages have no say.
func command(path, dir string, attributes *syscall.SysProcAttr, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, []string{"LC_ALL=C", "PATH=/usr/bin:/bin"}, attributes
	return cmd
}

func (c *cluster) data() string { return filepath.Join(c.dir, "data") }

func (c *cluster) address(database string) string {
	return fmt.Sprintf("host=%s port=5432 user=purveyor dbname=%s", c.dir, database)
}

// remove ends the server at once, for nothing in it is wanted, and deletes the folder.
func (c *cluster) remove() {
	if c.server != nil && c.server.Process != nil {
		_ = c.server.Process.Signal(syscall.SIGQUIT)
		<-c.gone
	}
	_ = os.RemoveAll(c.dir)
}

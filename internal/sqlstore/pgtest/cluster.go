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

// Cluster is a running server and the folder it lives in.
type Cluster struct {
	dir    string // the socket is here, the data below
	server *exec.Cmd
	gone   chan struct{} // closed when the server has ended
}

// Find is the folder of PostgreSQL's programs: of the one in PATH, or of the newest that Debian keeps; "" without one.
func Find() string {
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

// Start makes a cluster of the programs in a folder and waits until it answers. Settings ("work_mem=256MB") come after
// those for tests, which wait for no disk.
func Start(bin string, settings ...string) (_ *Cluster, err error) {
	// Not TMPDIR: a socket's path may have about 100 bytes, and the user it runs as must be able to come by.
	dir, err := os.MkdirTemp("/tmp", "pgtest")
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir, gone: make(chan struct{})}
	defer func() {
		if err != nil {
			c.Remove()
		}
	}()
	attributes, err := owner(dir)
	if err != nil {
		return nil, err
	}
	if err := c.initialise(bin, attributes); err != nil {
		return nil, err
	}
	return c, c.serve(bin, attributes, settings)
}

// initialise makes the data folder: with a collation by language where the server was built with ICU.
func (c *Cluster) initialise(bin string, attributes *syscall.SysProcAttr) error {
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
func (c *Cluster) serve(bin string, attributes *syscall.SysProcAttr, settings []string) error {
	args := []string{"-D", c.data(), "-k", c.dir, "-p", "5432",
		"-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off",
		"-c", "shared_buffers=32MB", "-c", "timezone=Pacific/Kiritimati", "-c", "log_timezone=UTC"}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	c.server = command(filepath.Join(bin, "postgres"), c.dir, attributes, args...)
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

func (c *Cluster) data() string { return filepath.Join(c.dir, "data") }

// Address is how to connect to a database of the cluster, as key=value words.
func (c *Cluster) Address(database string) string {
	return fmt.Sprintf("host=%s port=5432 user=purveyor dbname=%s", c.dir, database)
}

// Remove ends the server at once, for nothing in it is wanted, and deletes the folder.
func (c *Cluster) Remove() {
	if c.server != nil && c.server.Process != nil {
		_ = c.server.Process.Signal(syscall.SIGQUIT)
		<-c.gone
	}
	_ = os.RemoveAll(c.dir)
}

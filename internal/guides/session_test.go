package guides

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/signintest"
)

// written is the address that pages serve on.
const written = "127.0.0.1:8080"

// session is a shell in which the blocks of one page run, one after the other, in a folder of its own.
type session struct {
	t       *testing.T
	dir     string
	address string // in place of the written one
	in      io.Writer
	said    *bufio.Reader
	blocks  int
	servers int
	mail    string // who is at the browser
}

// begin starts the shell. Functions, variables and the working directory of one block are there in the next.
func begin(t *testing.T, bin string) *session {
	s := &session{t: t, dir: t.TempDir(), address: freeAddress(t)}
	shell := exec.Command("bash", "--norc", "--noprofile")
	shell.Dir = filepath.Join(s.dir, "home")
	if err := os.Mkdir(shell.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(bin, filepath.Join(shell.Dir, "bin")); err != nil { // as after "make build"
		t.Fatal(err)
	}
	shell.Env = []string{"PATH=" + bin + ":" + os.Getenv("PATH"), "HOME=" + s.dir, "TMPDIR=" + s.dir, "LC_ALL=C.UTF-8", "TZ=UTC", "PURVEYOR_LISTEN=" + s.address}
	in, err := shell.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, to, err := os.Pipe() // both streams in one, in the order in which they are written
	if err != nil {
		t.Fatal(err)
	}
	shell.Stdout, shell.Stderr = to, to
	if err := shell.Start(); err != nil {
		t.Fatal(err)
	}
	_ = to.Close()
	s.in, s.said = in, bufio.NewReader(out)
	t.Cleanup(func() {
		_ = in.Close()
		_ = shell.Wait()
		_ = out.Close()
	})
	s.send(`set -E -o pipefail; trap 'for server in $servers; do kill $server; done; wait' EXIT`)
	return s
}

// freeAddress is one on which nothing listens, and stays so for a while.
func freeAddress(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func (s *session) send(line string) {
	if _, err := fmt.Fprintln(s.in, line); err != nil {
		s.t.Fatalf("the shell has ended: %v", err)
	}
}

// result is what a script printed, its exit code, and the commands of it that failed.
type result struct {
	printed string
	code    string
	failed  string
}

// run runs a script in the shell, and reads what it prints until it is done.
func (s *session) run(script string) result {
	s.blocks++
	name := filepath.Join(s.dir, "block"+strconv.Itoa(s.blocks))
	script = strings.ReplaceAll(script, written, s.address)
	if err := os.WriteFile(name, []byte(script), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.send(`trap 'echo "exit code $?: $BASH_COMMAND" >>` + name + `.failed' ERR`)
	s.send(`source ` + name + ` </dev/null; printf '\x1e%d\n' $?`)
	var r result
	for r.code == "" {
		line, err := s.said.ReadString('\n')
		if err != nil {
			s.t.Fatalf("the shell ended: %v\n%s", err, r.printed)
		}
		if before, code, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "\x1e"); ok {
			line, r.code = before, code
		}
		s.atBrowser(line)
		r.printed += line
	}
	r.printed = s.normal(r.printed)
	failed, err := os.ReadFile(name + ".failed")
	if err != nil && !os.IsNotExist(err) {
		s.t.Fatal(err)
	}
	r.failed = string(failed)
	return r
}

// normal writes what belongs to this run as pages write it.
func (s *session) normal(text string) string {
	text = strings.ReplaceAll(text, s.address, written)
	return strings.ReplaceAll(text, filepath.Join(s.dir, "home"), "~")
}

// atBrowser signs in whoever is at the browser, where a line asks for it.
func (s *session) atBrowser(line string) {
	if page, code, ok := signintest.DevicePrompt(line); ok {
		if err := signintest.Demo(s.mail).AllowDevice(page, code); err != nil {
			s.t.Errorf("%q at the page: %v", s.mail, err)
		}
	}
}

var link = regexp.MustCompile(`http://\S+`)

// approve opens the link that was printed, as whoever is at the browser, and approves.
func (s *session) approve(printed string) {
	at := strings.ReplaceAll(link.FindString(printed), written, s.address)
	if err := signintest.Demo(s.mail).Approve(at); err != nil {
		s.t.Errorf("%s at %q: %v", s.mail, at, err)
	}
}

// probe asks a server whether it is ready. Whom it trusts is tried by the commands of the page.
var probe = &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}

// serve runs a script whose last command goes on in the background, until it answers. What the server prints is the
// result.
func (s *session) serve(script string) result {
	s.servers++
	said := filepath.Join(s.dir, fmt.Sprint("server", s.servers))
	script = strings.TrimRight(script, "\n")
	last := strings.LastIndex(script, "\n") + 1
	r := s.run(script[:last] + "{ exec " + script[last:] + "; } >" + said + " 2>&1 </dev/null &\nservers=\"$servers $!\"\n")
	scheme := "http"
	if strings.Contains(script, "--tls-host") {
		scheme = "https"
	}
	for range 600 {
		if res, err := probe.Get(scheme + "://" + s.address + "/readyz"); err == nil {
			_ = res.Body.Close()
			if res.StatusCode == http.StatusOK {
				break
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	text, err := os.ReadFile(said)
	if err != nil {
		s.t.Error(err)
	}
	r.printed += s.normal(string(text))
	return r
}

package main

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/api/native"
	"github.com/purveyor-csp/purveyor/internal/api/native/kernel"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/installation"
)

// siege is a served installation under load from callers who may do nothing, with an honest one who asks meanwhile.
type siege struct {
	*signedIn
	token  string
	port   string
	memory func() int64 // bytes that the server takes, at most so far
	honest atomic.Int64
	slow   atomic.Int64 // of those, answered after more than a second
	full   bool
}

// TestSiege: long bodies of every kind from a caller without rights, and bodies that do not come, take bounded memory, and an
// honest caller gets right answers meanwhile. "make siege" runs it against a process of its own, larger, and holds times too.
func TestSiege(t *testing.T) {
	s := newSiege(t)
	done := make(chan struct{})
	var asking sync.WaitGroup
	asking.Go(func() { s.ask(done) })
	s.longBodies()
	s.slowBodies()
	close(done)
	asking.Wait()
	limit := int64(700 << 20)
	t.Logf("%d honest requests were answered, %d after more than a second; the server took at most %d MiB", s.honest.Load(), s.slow.Load(), s.memory()>>20)
	if s.honest.Load() < 10 || s.memory() > limit || s.full && s.slow.Load() > 0 {
		t.Error("honest requests went unanswered, or the server took too much memory")
	}
}

func newSiege(t *testing.T) *siege {
	program := os.Getenv("PURVEYOR_SIEGE")
	s := &siege{full: program != ""}
	if s.full {
		s.signedIn = &signedIn{T: t}
		s.serve(program)
	} else {
		s.signedIn = newSignedIn(t)
		s.port = s.at[strings.LastIndex(s.at, ":")+1:]
		s.memory = func() int64 {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			return int64(m.HeapSys - m.HeapReleased)
		}
	}
	s.token = s.sign()
	return s
}

// serve starts a server as a process, whose memory can be told from that of this one.
func (s *siege) serve(program string) {
	dir := s.TempDir()
	purveyor(s.T, "demo", "--data", dir, "--customers", "4", "--rows", "400")
	settings := config.Settings{Memory: "512MB", TLSHost: []string{"localhost"}}
	s.prepare(dir, installation.Options{Settings: settings, Log: slog.New(slog.DiscardHandler), Now: time.Now})
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.Fatal(err)
	}
	_, s.port, _ = net.SplitHostPort(free.Addr().String())
	_ = free.Close()
	c := exec.Command(program, "serve", "--data", dir, "--tls-host", "localhost", "--listen", "127.0.0.1:"+s.port, "--log-level", "error", "--memory", "512MB", "--trusted-proxy", "127.0.0.1")
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() {
		_ = c.Process.Signal(os.Interrupt)
		if err := c.Wait(); err != nil {
			s.Errorf("the server ended: %v", err)
		}
	})
	socket := filepath.Join(dir, installation.SocketName)
	for range time.NewTicker(20 * time.Millisecond).C {
		if l, err := net.Dial("unix", socket); err == nil {
			_ = l.Close()
			break
		}
	}
	if s.web, err = trusting(filepath.Join(dir, "vault", "ca.pem")); err != nil {
		s.Fatal(err)
	}
	s.at = "https://localhost:" + s.port
	s.memory = func() int64 {
		status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", c.Process.Pid))
		kib, _ := strconv.ParseInt(string(bytes.TrimSpace(regexp.MustCompile(`VmHWM:\s+(\d+)`).FindSubmatch(status)[1])), 10, 64)
		return kib << 10
	}
}

// sign signs the program in.
func (s *siege) sign() string {
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {s.program.AppID()}, "client_secret": {s.secret}, "scope": {s.at + "/.default"}}
	answer, err := (&http.Client{Transport: s.web}).PostForm(s.at+"/"+s.tenant+"/oauth2/v2.0/token", form)
	if err != nil {
		s.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	token := regexp.MustCompile(`"access_token":"([^"]+)"`).FindSubmatch(text)
	if token == nil {
		s.Fatalf("no token: %d %s", answer.StatusCode, text)
	}
	return string(token[1])
}

// ask asks for documents until it is done; each answer must be right.
func (s *siege) ask(done <-chan struct{}) {
	for tick := time.NewTicker(50 * time.Millisecond); ; {
		begin := time.Now()
		answer, list := s.call("/api/v1/invoices", "Authorization", "Bearer "+s.token)
		if answer.StatusCode != http.StatusOK || len(list) == 0 {
			s.Errorf("an honest request: %d", answer.StatusCode)
			return
		}
		if s.honest.Add(1); time.Since(begin) > time.Second {
			s.slow.Add(1)
		}
		select {
		case <-done:
			return
		case <-tick.C:
		}
	}
}

// zeros is a body without content.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// longBodies sends 64 MB to every command. The caller has a right to none of them.
func (s *siege) longBodies() {
	const size = 64 << 20
	codes := map[int]int{}
	var mu sync.Mutex
	var sending sync.WaitGroup
	free := make(chan struct{}, 8)
	for _, route := range native.Routes() {
		if route.Method == http.MethodGet {
			continue
		}
		free <- struct{}{}
		sending.Go(func() {
			defer func() { <-free }()
			path := kernel.Prefix + regexp.MustCompile(`{\w+}`).ReplaceAllString(route.Path, "2026-09")
			r, _ := http.NewRequestWithContext(s.Context(), route.Method, s.at+path, io.LimitReader(zeros{}, size))
			r.ContentLength = size
			r.Header.Set("Authorization", "Bearer "+s.token)
			r.Header.Set("Content-Type", "application/json")
			answer, err := s.web.RoundTrip(r)
			code := 0 // the connection ended before the answer could be read
			if err == nil {
				code = answer.StatusCode
				_ = answer.Body.Close()
			}
			mu.Lock()
			codes[code]++
			mu.Unlock()
		})
	}
	sending.Wait()
	s.Logf("64 MB to each of the commands: %v", codes)
	if codes[403]+codes[413] < 10 || codes[200]+codes[500]+codes[503] > 0 {
		s.Errorf("answered as %v", codes)
	}
}

// slowBodies opens requests whose bodies do not come, known and unknown.
func (s *siege) slowBodies() {
	n := 100
	if s.full {
		n = 500
	}
	refused := make(chan bool, n)
	for i := range n {
		c, err := tls.Dial("tcp", "127.0.0.1:"+s.port, &tls.Config{ServerName: "localhost", RootCAs: s.web.TLSClientConfig.RootCAs, NextProtos: []string{"http/1.1"}})
		if err != nil {
			s.Fatal(err)
		}
		s.Cleanup(func() { _ = c.Close() })
		path := "/login/password"
		if i%2 == 0 {
			path = kernel.Prefix + "/imports"
		}
		fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: localhost:%s\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\na=1", path, s.port)
		go func() {
			head := make([]byte, 12)
			_ = c.SetReadDeadline(time.Now().Add(5 * time.Second))
			_, err := io.ReadFull(c, head)
			refused <- err == nil
		}()
	}
	count := 0
	for range n {
		if <-refused {
			count++
		}
	}
	s.Logf("%d of %d requests whose bodies do not come were answered at once", count, n)
	if count < n/2 {
		s.Errorf("only %d of %d were refused", count, n)
	}
}

package main

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/installation"
)

// TestCallersAreLimited: over a network a caller who sends too many requests is told so, with when to come back; on the data
// directory's socket nothing is counted. What a proxy forwards to a server without TLS is not the local operator's.
func TestCallersAreLimited(t *testing.T) {
	dir := t.TempDir()
	o := installation.Options{Settings: config.Settings{Memory: "512MB", Requests: 1, AtOnce: 8, Proxies: []string{"127.0.0.1"}}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	at := "http://127.0.0.1:" + serving(t, dir, o)
	get := func(path string, header ...string) *http.Response {
		t.Helper()
		r, _ := http.NewRequest(http.MethodGet, at+path, nil)
		for i := 0; i+1 < len(header); i += 2 {
			r.Header.Set(header[i], header[i+1])
		}
		res, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(io.Discard, res.Body)
		_ = res.Body.Close()
		return res
	}
	codes := map[int]int{}
	var last *http.Response
	for range 30 {
		last = get("/api/v1/status")
		codes[last.StatusCode]++
	}
	wait, _ := strconv.Atoi(last.Header.Get("Retry-After"))
	if codes[200] < 10 || codes[429] < 10 || wait < 1 || !strings.HasPrefix(last.Header.Get("Content-Type"), "application/problem+json") {
		t.Errorf("%v; Retry-After %q, %s", codes, last.Header.Get("Retry-After"), last.Header.Get("Content-Type"))
	}
	if got := get("/api/v1/status", "X-Forwarded-For", "192.0.2.9").StatusCode; got != http.StatusUnauthorized {
		t.Errorf("through a proxy, without TLS: %d", got)
	}
	for i := range 30 { // of addresses of their own, each has its own limit
		if got := get("/login", "X-Forwarded-For", fmt.Sprint("192.0.2.", i)).StatusCode; got != http.StatusOK {
			t.Fatalf("the sign-in page, from address %d: %d", i, got)
		}
	}
	socket, closing, err := installation.Connect(t.Context(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer closing()
	for range 30 {
		r, _ := http.NewRequest(http.MethodGet, "http://localhost/api/v1/status", nil)
		res, err := socket.RoundTrip(r)
		if err != nil || res.StatusCode != http.StatusOK {
			t.Fatal(res, err)
		}
		_ = res.Body.Close()
	}
}

// TestRequestsAtOnceAreLimited: bodies that do not come hold up so many requests of one caller and no more; others are
// answered meanwhile.
func TestRequestsAtOnceAreLimited(t *testing.T) {
	o := installation.Options{Settings: config.Settings{Memory: "512MB", AtOnce: 4, Proxies: []string{"127.0.0.1"}}, Log: slog.New(slog.DiscardHandler), Now: time.Now}
	port := serving(t, t.TempDir(), o)
	open := func() net.Conn {
		c, err := net.Dial("tcp", "127.0.0.1:"+port)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() })
		return c
	}
	slow := "POST /login/password HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\na=1"
	refused := 0
	answers := make(chan string, 20)
	for range 20 {
		c := open()
		if _, err := io.WriteString(c, slow); err != nil {
			t.Fatal(err)
		}
		go func() {
			head := make([]byte, 12)
			_, _ = io.ReadFull(c, head)
			answers <- string(head)
		}()
	}
	for range 16 { // the four others wait for the rest of their bodies
		if a := <-answers; strings.HasSuffix(a, " 429") {
			refused++
		}
	}
	if refused != 16 {
		t.Errorf("%d of 20 are refused", refused)
	}
	res, err := http.Get("http://127.0.0.1:" + port + "/login")
	if err != nil || res.StatusCode != http.StatusOK {
		t.Errorf("somebody else: %v %v", res, err)
	}
}

package callers

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestAddress: the forwarding header is believed of the proxies alone, and of what stands in it only the last address that
// is none of them.
func TestAddress(t *testing.T) {
	proxies, err := ParseProxies([]string{"127.0.0.1", "10.1.0.0/16", "fd00::/8"})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ from, header, want string }{
		{"192.0.2.7:4711", "", "192.0.2.7"},
		{"192.0.2.7:4711", "198.51.100.1", "192.0.2.7"},             // anybody may write it
		{"127.0.0.1:4711", "198.51.100.1", "198.51.100.1"},          // of the proxy
		{"127.0.0.1:4711", "6.6.6.6, 198.51.100.1", "198.51.100.1"}, // what the caller wrote stands before what the proxy added
		{"127.0.0.1:4711", "198.51.100.1, 10.1.2.3", "198.51.100.1"},
		{"127.0.0.1:4711", "198.51.100.1, x", "127.0.0.1"},
		{"127.0.0.1:4711", "", "127.0.0.1"},
		{"[::ffff:127.0.0.1]:4711", "198.51.100.1", "198.51.100.1"},
		{"[2001:db8:1:2:3:4:5:6]:4711", "", "2001:db8:1:2::"},
		{"[2001:db8:1:2:ffff:4:5:6]:4711", "", "2001:db8:1:2::"},
		{"[fd00::1]:4711", "2001:db8:9:9::7", "2001:db8:9:9::"},
		{"[fe80::1%eth0]:4711", "", "fe80::"},
		{"@", "", "@"},
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = c.from
		if c.header != "" {
			r.Header.Set("X-Forwarded-For", c.header)
		}
		if got := proxies.Address(r); got != c.want {
			t.Errorf("%s, %q: %s, want %s", c.from, c.header, got, c.want)
		}
	}
	if _, err := ParseProxies([]string{"proxy.example.com"}); fault.CodeOf(err) != "bad_proxy" {
		t.Errorf("a name: %v", err)
	}
}

// stalling is a body, and its connection, that yields until nothing more comes.
type stalling struct {
	bytes.Reader
	deadlines []time.Time
}

func (s *stalling) SetReadDeadline(t time.Time) error {
	s.deadlines = append(s.deadlines, t)
	return nil
}

func (s *stalling) Read(p []byte) (int, error) {
	if s.Len() == 0 {
		return 0, os.ErrDeadlineExceeded
	}
	return s.Reader.Read(p[:1])
}

// TestBodiesMakeProgress: each piece of a body is waited for by itself, and nobody waits while nobody reads.
func TestBodiesMakeProgress(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	s := &stalling{Reader: *bytes.NewReader(make([]byte, 3))}
	p := &progressReader{ReadCloser: io.NopCloser(s), connection: s, now: func() time.Time { now = now.Add(time.Hour); return now }}
	_, err := io.ReadAll(p)
	if fault.CodeOf(err) != "body_stalled" || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("a body that stalls: %v", err)
	}
	for i, at := range s.deadlines {
		if wait := time.Unix(1_800_000_000, 0).Add(time.Duration(i/2+1)*time.Hour + stalledAfter); i%2 == 0 && !at.Equal(wait) || i%2 == 1 && !at.IsZero() {
			t.Errorf("deadline %d is %s", i, at)
		}
	}
	if len(s.deadlines) != 7 {
		t.Errorf("%d deadlines were set", len(s.deadlines))
	}
}

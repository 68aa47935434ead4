package outside

import (
	"net"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// TestAddressesThatMayBeCalled: an address of this machine's interfaces counts as itself, as loopback does; private networks are
// called only where that is allowed.
func TestAddressesThatMayBeCalled(t *testing.T) {
	own := []net.Addr{
		&net.IPNet{IP: net.ParseIP("203.0.113.9"), Mask: net.CIDRMask(24, 32)},
		&net.IPNet{IP: net.ParseIP("10.1.2.3").To4(), Mask: net.CIDRMask(8, 32)},
		&net.IPNet{IP: net.ParseIP("2001:db8::9"), Mask: net.CIDRMask(64, 128)},
	}
	never := []string{
		"127.0.0.1:443", "127.9.9.9:443", "[::1]:443", "[::ffff:127.0.0.1]:443", "0.0.0.0:443", "[::]:443", "0.1.2.3:443", "169.254.169.254:80",
		"[fe80::1%eth0]:443", "224.0.0.1:443", "255.255.255.255:443", "[64:ff9b::127.0.0.1]:443", "[64:ff9b::a9fe:a9fe]:80",
		"203.0.113.9:443", "[::ffff:203.0.113.9]:8443", "10.1.2.3:443", "[2001:db8::9]:443", "[64:ff9b::203.0.113.9]:443", "nonsense", "",
	}
	where := []string{
		"10.1.2.4:443", "172.16.0.1:443", "192.168.1.1:443", "100.64.0.1:443", "198.18.0.1:443", "[fd00::1]:443", "[fec0::1]:443", "[::ffff:10.0.0.1]:443",
		"[64:ff9b::192.168.1.1]:443",
	}
	always := []string{"203.0.113.10:443", "198.51.100.1:443", "[2001:db8::10]:443"}
	for _, private := range []bool{false, true} {
		want := func(list []string, ok bool) {
			t.Helper()
			for _, a := range list {
				if err := reachable(a, own, private); (err == nil) != ok || !ok && fault.CodeOf(err) != "not_outside" {
					t.Errorf("%q, private networks allowed %v: %v", a, private, err)
				}
			}
		}
		want(never, false)
		want(where, private)
		want(always, true)
	}
}

// TestOwnInterfacesAreRefused dials a listener under every address that this machine has.
func TestOwnInterfacesAreRefused(t *testing.T) {
	called := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { called++ }))
	l, err := net.Listen("tcp", ":0")
	if err != nil {
		t.Fatal(err)
	}
	s.Listener = l
	s.Start()
	defer s.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		ip := a.(*net.IPNet).IP
		if ip.IsLinkLocalUnicast() && ip.To4() == nil {
			continue // needs a zone
		}
		res, err := BoundedClient(nil, Policy{Private: true}).Get("http://" + net.JoinHostPort(ip.String(), port))
		if err == nil {
			res.Body.Close()
			t.Errorf("%s answered", ip)
		}
	}
	if called > 0 {
		t.Errorf("%d calls reached this machine", called)
	}
	res, err := BoundedClient(nil, Policy{Local: true}).Get("http://127.0.0.1:" + port)
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
}

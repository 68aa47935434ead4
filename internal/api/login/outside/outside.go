// Package outside calls what somebody else has named: the provider an organisation signs in at.
//
// It does not know what is asked there: login does. Always true: a call ends soon, an answer is small, and over TLS it
// reaches nothing on this machine, under whichever of its addresses, and nothing in a private network unless that is allowed.
package outside

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

const (
	longest = 10 * time.Second
	largest = 1 << 20 // bytes of one answer; configurations and key sets are a few thousand
)

// Policy says which addresses may be called.
type Policy struct {
	Local   bool // everything is on this machine, and so whom we call may be too
	Private bool // addresses of private networks may be called
}

// BoundedClient is what others are called with: inner, where it is given, else a new one that keeps to a policy.
func BoundedClient(inner *http.Client, p Policy) *http.Client {
	if inner != nil {
		c := *inner
		c.Transport = bounded{c.Transport}
		return &c
	}
	d := &net.Dialer{Timeout: longest}
	if !p.Local {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			own, err := net.InterfaceAddrs()
			if err != nil {
				return err
			}
			return reachable(address, own, p.Private)
		}
	}
	return &http.Client{Timeout: longest, Transport: bounded{&http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: d.DialContext, TLSHandshakeTimeout: longest, DisableKeepAlives: true,
	}}}
}

// reachable is Denied for an address, as it is dialled, of this machine, whose interfaces have the addresses own, of the link it
// is connected to, or of no host; and for one of a private network unless those are allowed.
func reachable(address string, own []net.Addr, private bool) error {
	refused := fault.New(fault.Denied, "not_outside", "no provider is at %s", address)
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return refused
	}
	ip := host(at.Addr())
	if ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsMulticast() ||
		within(ip, "0.0.0.0/8", "192.0.0.0/24", "240.0.0.0/4") { // RFC 6890: of no host
		return refused
	}
	for _, o := range own {
		if n, ok := o.(*net.IPNet); ok {
			if local, ok := netip.AddrFromSlice(n.IP); ok && host(local) == ip {
				return refused
			}
		}
	}
	if !private && (ip.IsPrivate() || within(ip, "100.64.0.0/10", "198.18.0.0/15", "fec0::/10")) {
		return refused
	}
	return nil
}

// within says whether an address is of one of these networks.
func within(ip netip.Addr, networks ...string) bool {
	return slices.ContainsFunc(networks, func(n string) bool { return netip.MustParsePrefix(n).Contains(ip) })
}

// host is the address a packet arrives at: that of IPv4 behind one of IPv6 that only carries it, without a zone.
func host(ip netip.Addr) netip.Addr {
	ip = ip.Unmap().WithZone("")
	if within(ip, "64:ff9b::/96") { // RFC 6052
		b := ip.As16()
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return ip
}

// bounded cuts answers off.
type bounded struct{ http.RoundTripper }

// RoundTrip is that of the transport inside, or the usual one.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	inner := b.RoundTripper
	if inner == nil {
		inner = http.DefaultTransport
	}
	res, err := inner.RoundTrip(r)
	if err == nil {
		res.Body = http.MaxBytesReader(nil, res.Body, largest)
	}
	return res, err
}

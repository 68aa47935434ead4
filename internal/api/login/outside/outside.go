// Package outside calls what somebody else has named: the provider an organisation signs in at.
//
// It does not know what is asked there: login does. Always true: a call ends soon, an answer is small, and over TLS it
// reaches nothing on this machine or on the link it hangs on.
package outside

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

const (
	longest = 10 * time.Second
	largest = 1 << 20 // bytes of one answer; configurations and key sets are a few thousand
)

// BoundedClient is what others are called with: inner, where it is given, else a new one. alone says that everything is on this
// machine, and so whom we call may be too.
func BoundedClient(inner *http.Client, alone bool) *http.Client {
	if inner != nil {
		c := *inner
		c.Transport = bounded{c.Transport}
		return &c
	}
	d := &net.Dialer{Timeout: longest}
	if !alone {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return reachable(address) }
	}
	return &http.Client{Timeout: longest, Transport: bounded{&http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: d.DialContext, TLSHandshakeTimeout: longest, DisableKeepAlives: true,
	}}}
}

// reachable is Denied for an address, as it is dialled, of this machine or of the link it hangs on.
func reachable(address string) error {
	at, err := netip.ParseAddrPort(address)
	ip := at.Addr().Unmap()
	if err != nil || ip.IsLoopback() || ip.IsUnspecified() || ip.IsLinkLocalUnicast() || ip.IsMulticast() {
		return fault.New(fault.Denied, "not_outside", "no provider is at %s", address)
	}
	return nil
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

package login

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"syscall"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// An organisation names its provider itself, and anybody who types a mail address makes us call it. So a call ends soon,
// an answer is small, and it reaches nothing on this machine or on the link it hangs on.

const (
	providerTime   = 10 * time.Second
	providerAnswer = 1 << 20 // bytes of one answer; configurations and key sets are a few thousand
)

// client is what providers are called with.
func (s *Server) client() *http.Client {
	if s.HTTP != nil {
		c := *s.HTTP
		c.Transport = bounded{c.Transport}
		return &c
	}
	d := &net.Dialer{Timeout: providerTime}
	if s.secure() { // without TLS everything is on this machine, their provider too
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error { return outside(address) }
	}
	return &http.Client{Timeout: providerTime, Transport: bounded{&http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: d.DialContext, TLSHandshakeTimeout: providerTime, DisableKeepAlives: true,
	}}}
}

// outside is Denied for an address, as it is dialled, of this machine or of the link it hangs on.
func outside(address string) error {
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
		res.Body = http.MaxBytesReader(nil, res.Body, providerAnswer)
	}
	return res, err
}

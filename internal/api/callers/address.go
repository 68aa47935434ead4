package callers

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// forwardedFor is the header in which proxies name the address they were called from.
const forwardedFor = "X-Forwarded-For"

// Proxies are the reverse proxies whose forwarding header is believed; without any, none is.
type Proxies []netip.Prefix

// ParseProxies reads addresses and networks, such as 127.0.0.1 and 10.0.0.0/8.
func ParseProxies(list []string) (Proxies, error) {
	var p Proxies
	for _, text := range list {
		network, err := netip.ParsePrefix(text)
		if err != nil {
			var one netip.Addr
			if one, err = netip.ParseAddr(text); err == nil {
				network, err = one.Unmap().Prefix(one.Unmap().BitLen())
			}
		}
		if err != nil {
			return nil, fault.New(fault.Invalid, "bad_proxy", "%q is no address of a proxy: write 127.0.0.1 or 10.0.0.0/8", text).Because(err)
		}
		p = append(p, network.Masked())
	}
	return p, nil
}

func (p Proxies) contains(a netip.Addr) bool {
	for _, network := range p {
		if network.Contains(a) {
			return true
		}
	}
	return false
}

// Address is where a request comes from, as limits and failed sign-ins are counted by: an address, or the /64 network of one
// of IPv6. Of a request through proxies it is the last address that is none of them; what stands before it in the header
// anybody may have written.
func (p Proxies) Address(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	at, err := netip.ParseAddr(host)
	if err != nil {
		return host
	}
	at = at.Unmap()
	hops := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for i := len(hops) - 1; i >= 0 && p.contains(at); i-- {
		before, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		at = before.Unmap()
	}
	at = at.WithZone("")
	if at.Is6() {
		network, _ := at.Prefix(64) // an address of 128 bits has one
		return network.Addr().String()
	}
	return at.String()
}

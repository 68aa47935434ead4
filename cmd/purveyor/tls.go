package main

import (
	"crypto/tls"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/installation"
	"github.com/purveyor-csp/purveyor/internal/vault"
)

// certificates are how the server proves its identity: with a given certificate, which is read again when its file
// changes, or with one of the installation's own authority, which is renewed before it expires.
type certificates struct {
	authority *vault.Authority
	hosts     []string
	now       func() time.Time
	cert, key string // files

	mu      sync.Mutex
	current *tls.Certificate
	read    time.Time // when the file of the current certificate was written
}

// renewBefore is how long before its expiry a certificate of the own authority is renewed.
const renewBefore = 30 * 24 * time.Hour

// newCertificates prepares the certificates of the settings; nil if TLS is off.
func newCertificates(own *vault.Vault, s config.Settings) (*certificates, error) {
	c := &certificates{hosts: s.TLSHost, now: time.Now, cert: s.TLSCert, key: s.TLSKey}
	switch {
	case c.cert == "" && c.key == "" && len(c.hosts) == 0:
		return nil, nil
	case (c.cert == "") != (c.key == ""), c.cert != "" && len(c.hosts) > 0:
		return nil, fault.New(fault.Invalid, "bad_tls", "give --tls-cert and --tls-key together, or --tls-host alone for a certificate of the installation's own")
	case c.cert == "":
		var err error
		if c.authority, err = own.Authority(c.now()); err != nil {
			return nil, err
		}
	}
	_, err := c.get()
	return c, err
}

func (c *certificates) get() (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.authority == nil {
		return c.file()
	}
	if c.current != nil && c.now().Add(renewBefore).Before(c.current.Leaf.NotAfter) {
		return c.current, nil
	}
	fresh, err := c.authority.Issue(c.hosts, c.now())
	if err != nil {
		return nil, err
	}
	c.current = &fresh
	return c.current, nil
}

// file is the given certificate. If the file can no longer be read, the certificate read before stays in use.
func (c *certificates) file() (*tls.Certificate, error) {
	info, err := os.Stat(c.cert)
	if err == nil && c.current != nil && info.ModTime().Equal(c.read) {
		return c.current, nil
	}
	var fresh tls.Certificate
	if err == nil {
		fresh, err = tls.LoadX509KeyPair(c.cert, c.key)
	}
	switch {
	case err == nil:
		c.current, c.read = &fresh, info.ModTime()
	case c.current == nil:
		return nil, fault.New(fault.Invalid, "bad_certificate", "%s and %s are not a certificate and its key: %v", c.cert, c.key, err).Because(err)
	}
	return c.current, nil
}

// names are the hosts the certificate is for, without wildcards.
func (c *certificates) names() (list []string) {
	now, err := c.get()
	if err != nil {
		return nil
	}
	for _, name := range now.Leaf.DNSNames {
		if !strings.HasPrefix(name, "*") {
			list = append(list, name)
		}
	}
	for _, ip := range now.Leaf.IPAddresses {
		list = append(list, ip.String())
	}
	return list
}

// named reports whether the certificate is for a Host header.
func (c *certificates) named(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	now, err := c.get()
	return err == nil && now.Leaf.VerifyHostname(host) == nil
}

// config allows TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3.
func (c *certificates) config() *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.get() },
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
		},
	}
}

// hostsOf are the hosts that the server is reached at, each with its port unless that is 443; the main one first.
func hostsOf(at net.Addr, certs *certificates) []string {
	ip, port, _ := net.SplitHostPort(at.String())
	names := []string{ip, "localhost"}
	usual := "80"
	if certs != nil {
		names, usual = append(certs.names(), "localhost"), "443"
	}
	var hosts []string
	for _, name := range names {
		host := net.JoinHostPort(strings.ToLower(name), port)
		if port == usual {
			host = strings.TrimSuffix(host, ":"+port)
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// siteOf is an address in the form that clients use.
func siteOf(at net.Addr, certs *certificates) installation.Site {
	site := installation.Site{Hosts: hostsOf(at, certs), Named: func(string) bool { return false }}
	if certs != nil {
		site.TLS, site.Named = true, certs.named
	}
	return site
}

package vault

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// Authority is the installation's own certificate authority. Whoever trusts the file ca.pem trusts its servers.
type Authority struct {
	Certificate *x509.Certificate
	key         crypto.Signer
	random      io.Reader
}

const (
	caFile, caKeyFile = "ca.pem", "ca-key.pem"

	authorityYears = 10
	serverDays     = 90
)

// CAFile is where the certificate of the authority lies, for clients to trust.
func (v *Vault) CAFile() string { return filepath.Join(v.dir, caFile) }

// Authority is the one there is; it is made when it is first asked for. The key stays in the vault, for its owner only.
func (v *Vault) Authority(now time.Time) (*Authority, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	a := &Authority{random: v.random}
	key, err := os.ReadFile(filepath.Join(v.dir, caKeyFile))
	if errors.Is(err, os.ErrNotExist) {
		if err := v.newAuthority(now); err != nil {
			return nil, err
		}
		key, err = os.ReadFile(filepath.Join(v.dir, caKeyFile))
	}
	if err != nil {
		return nil, damaged(caKeyFile, err)
	}
	if a.key, err = parseKey(key); err != nil {
		return nil, damaged(caKeyFile, err)
	}
	text, err := os.ReadFile(v.CAFile())
	if err != nil {
		return nil, damaged(caFile, err)
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, damaged(caFile, nil)
	}
	if a.Certificate, err = x509.ParseCertificate(block.Bytes); err != nil {
		return nil, damaged(caFile, err)
	}
	if public, ok := a.key.Public().(*ecdsa.PublicKey); !ok || !public.Equal(a.Certificate.PublicKey) {
		return nil, damaged(caFile, nil)
	}
	return a, nil
}

func damaged(name string, err error) error {
	return fault.New(fault.Unavailable, "authority_damaged",
		"%s of the vault is missing or damaged: restore it from a backup, or move ca.pem and ca-key.pem away and have clients trust the new ca.pem", name).Because(err)
}

func parseKey(text []byte) (crypto.Signer, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	return x509.ParseECPrivateKey(block.Bytes)
}

// newAuthority writes a new one, its key last: without the key there is none.
func (v *Vault) newAuthority(now time.Time) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), v.random)
	if err != nil {
		return err
	}
	serial, err := newSerial(v.random)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "Purveyor installation " + serial.Text(16)[:8]},
		NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(authorityYears, 0, 0),
		IsCA: true, BasicConstraintsValid: true, MaxPathLenZero: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	cert, err := x509.CreateCertificate(v.random, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	secret, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		return err
	}
	if err := replace(v.dir, caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})); err != nil {
		return err
	}
	return replace(v.dir, caKeyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: secret}))
}

// Issue is a server's certificate for host names and addresses, for 90 days. Its key is never stored. Invalid without a
// name.
func (a *Authority) Issue(hosts []string, now time.Time) (tls.Certificate, error) {
	if len(hosts) == 0 || hosts[0] == "" {
		return tls.Certificate{}, fault.New(fault.Invalid, "no_host", "a certificate needs a host name")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), a.random)
	if err != nil {
		return tls.Certificate{}, err
	}
	serial, err := newSerial(a.random)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: hosts[0]}, NotBefore: now.Add(-time.Hour), NotAfter: now.AddDate(0, 0, serverDays),
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, h)
		}
	}
	cert, err := x509.CreateCertificate(a.random, template, a.Certificate, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fault.New(fault.Invalid, "bad_host", "no certificate can be made for %q", hosts).Because(err)
	}
	leaf, err := x509.ParseCertificate(cert)
	return tls.Certificate{Certificate: [][]byte{cert, a.Certificate.Raw}, PrivateKey: key, Leaf: leaf}, err
}

func newSerial(random io.Reader) (*big.Int, error) {
	b := make([]byte, 16)
	_, err := io.ReadFull(random, b)
	b[0] = b[0]&0x7f | 0x40 // positive, and of one length
	return new(big.Int).SetBytes(b), err
}

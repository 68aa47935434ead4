package login

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/purveyor-csp/purveyor/internal/identity/sessions"
)

const (
	keyBits  = 2048
	keysHeld = time.Minute // how long the keys are used without asking the ledger
)

// keyring holds the signing keys in memory.
type keyring struct {
	mu       sync.Mutex
	read     time.Time
	public   map[string]*rsa.PublicKey
	signer   jose.Signer // of access tokens
	idSigner jose.Signer // of id tokens
}

// loadKeys reads the keys if they were read too long ago, and creates a new one when one is due.
func (s *Server) loadKeys(ctx context.Context) (*keyring, error) {
	k := &s.keys
	k.mu.Lock()
	defer k.mu.Unlock()
	now := s.Now()
	if age := now.Sub(k.read); k.signer != nil && age >= 0 && age < keysHeld {
		return k, nil
	}
	all, sign, err := s.Sessions.SigningKeys(ctx, s.generateKey)
	if err != nil {
		return nil, err
	}
	public := map[string]*rsa.PublicKey{}
	for _, key := range all {
		private, err := parseKey(key)
		if err != nil {
			return nil, err
		}
		public[key.ID] = &private.PublicKey
		if key.ID != sign.ID {
			continue
		}
		if k.signer, err = newSigner(private, key.ID, accessType); err != nil {
			return nil, err
		}
		if k.idSigner, err = newSigner(private, key.ID, "JWT"); err != nil {
			return nil, err
		}
	}
	k.public, k.read = public, now
	return k, nil
}

func newSigner(key *rsa.PrivateKey, kid string, typ jose.ContentType) (jose.Signer, error) {
	return jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, (&jose.SignerOptions{}).WithType(typ))
}

// generateKey makes a key. Its name is its thumbprint.
func (s *Server) generateKey() (string, []byte, error) {
	key, err := rsa.GenerateKey(s.Random, keyBits)
	if err != nil {
		return "", nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return "", nil, err
	}
	sum := sha256.Sum256(x509.MarshalPKCS1PublicKey(&key.PublicKey))
	return base64.RawURLEncoding.EncodeToString(sum[:]), der, nil
}

func parseKey(k sessions.Key) (*rsa.PrivateKey, error) {
	any, err := x509.ParsePKCS8PrivateKey(k.Private)
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", k.ID, err)
	}
	key, ok := any.(*rsa.PrivateKey)
	if !ok {
		return nil, fmt.Errorf("signing key %s is a %T", k.ID, any)
	}
	return key, nil
}

// published is the keys as clients read them.
func (k *keyring) published() jose.JSONWebKeySet {
	k.mu.Lock()
	defer k.mu.Unlock()
	var set jose.JSONWebKeySet
	for kid, key := range k.public {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: key, KeyID: kid, Algorithm: string(jose.RS256), Use: "sig"})
	}
	return set
}

func (k *keyring) key(kid string) *rsa.PublicKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.public[kid]
}

package auth

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// Keys are those that a site has registered, or is about to. The first that
// the server takes signs.
type Keys []jose.JSONWebKey

// Algorithms are what SMART Backend Services signs with.
var Algorithms = []string{string(jose.ES384), string(jose.RS384)}

const (
	minRSA      = 2048  // bits; NIST SP 800-57 part 1, good until 2030
	maxRSA      = 8192  // bits; more takes seconds a signature
	minExponent = 65537 // NIST SP 800-56B, 6.2
)

// ParseKeys reads PEM (PKCS #8, PKCS #1, SEC 1; one block a key), a JWK or a
// JWK set. A JWK keeps the kid that it may be registered under; the others get
// their RFC 7638 thumbprint.
func ParseKeys(raw []byte) (Keys, error) {
	found, err := parsePEM(raw)
	if bytes.HasPrefix(bytes.TrimSpace(raw), []byte("{")) {
		found, err = parseJWK(raw)
	}
	if err != nil {
		return nil, err
	}
	for i := range found {
		if err := complete(&found[i]); err != nil {
			return nil, fmt.Errorf("key %d: %w", i+1, err)
		}
	}
	if !slices.ContainsFunc(found, func(k jose.JSONWebKey) bool { return !k.IsPublic() }) {
		return nil, errors.New("no private key is there; make one with `tilsyn jwks --new es384 FILE`")
	}
	return found, nil
}

func parsePEM(raw []byte) (Keys, error) {
	var found Keys
	for block, rest := pem.Decode(raw); block != nil; block, rest = pem.Decode(rest) {
		var key any
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			key, err = x509.ParsePKCS8PrivateKey(block.Bytes)
		case "RSA PRIVATE KEY":
			key, err = x509.ParsePKCS1PrivateKey(block.Bytes)
		case "EC PRIVATE KEY":
			key, err = x509.ParseECPrivateKey(block.Bytes)
		case "ENCRYPTED PRIVATE KEY":
			err = errors.New("it is encrypted; store it without a passphrase, readable by this service alone")
		default:
			continue // openssl writes EC PARAMETERS before the key
		}
		if _, encrypted := block.Headers["DEK-Info"]; encrypted {
			err = errors.New("it is encrypted; store it without a passphrase, readable by this service alone")
		}
		if err != nil {
			return nil, fmt.Errorf("key %d: %w", len(found)+1, err)
		}
		found = append(found, jose.JSONWebKey{Key: key})
	}
	return found, nil
}

// parseJWK says nothing of what the decoder found: it would quote the key.
func parseJWK(raw []byte) (Keys, error) {
	var set jose.JSONWebKeySet
	if json.Unmarshal(raw, &set) == nil && len(set.Keys) > 0 {
		return set.Keys, nil
	}
	var one jose.JSONWebKey
	if one.UnmarshalJSON(raw) != nil {
		return nil, errors.New("is neither PEM nor a JWK nor a JWK set")
	}
	return Keys{one}, nil
}

// complete fills in the algorithm and the kid, or says why a key cannot be used.
func complete(k *jose.JSONWebKey) error {
	alg := ""
	switch public := k.Public().Key.(type) {
	case *rsa.PublicKey:
		if err := strongRSA(public); err != nil {
			return err
		}
		alg = string(jose.RS384)
	case *ecdsa.PublicKey:
		if public.Curve != elliptic.P384() {
			return fmt.Errorf("an elliptic curve key must lie on P-384, not on %s", public.Curve.Params().Name)
		}
		alg = string(jose.ES384)
	default:
		return errors.New("must be an RSA key or an elliptic curve key on P-384")
	}
	if k.Algorithm != "" && k.Algorithm != alg {
		return fmt.Errorf("is meant for another algorithm than %s; make one with `tilsyn jwks --new`", alg)
	}
	if !fits(k.Key) {
		return errors.New("the private part does not belong to the public part")
	}
	k.Algorithm, k.Use = alg, "sig"
	if k.KeyID != "" {
		return nil
	}
	print, err := k.Thumbprint(crypto.SHA256)
	k.KeyID = base64.RawURLEncoding.EncodeToString(print)
	return err
}

func strongRSA(public *rsa.PublicKey) error {
	switch bits := public.N.BitLen(); {
	case bits < minRSA:
		return fmt.Errorf("an RSA key of %d bits is too short; use %d or more", bits, minRSA)
	case bits > maxRSA:
		return fmt.Errorf("an RSA key of %d bits is too long; use %d at most", bits, maxRSA)
	case public.E < minExponent:
		return fmt.Errorf("an RSA key with a public exponent of %d is too weak; make one with %d", public.E, minExponent)
	}
	return nil
}

// fits tells whether a key signs what its public part verifies: a JWK may say
// anything of both, and nobody else would find out before the server refuses.
func fits(key any) bool {
	switch private := key.(type) {
	case *rsa.PrivateKey:
		return private.Validate() == nil
	case *ecdsa.PrivateKey:
		number, err := private.Bytes()
		if err != nil {
			return false
		}
		derived, err := ecdsa.ParseRawPrivateKey(private.Curve, number)
		return err == nil && derived.PublicKey.Equal(&private.PublicKey)
	}
	return true // a public key alone
}

// signing is the first private key that the server can check; it may not have
// said which it can.
func (ks Keys) signing(taken []string) jose.JSONWebKey {
	var first jose.JSONWebKey
	for _, k := range slices.Backward(ks) {
		if !k.IsPublic() {
			first = k
		}
	}
	for _, k := range ks {
		if !k.IsPublic() && slices.Contains(taken, k.Algorithm) {
			return k
		}
	}
	return first
}

// JWKS is the public part of all keys, as a server is given it.
func (ks Keys) JWKS() ([]byte, error) {
	var set jose.JSONWebKeySet
	for _, k := range ks {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: k.Public().Key, KeyID: k.KeyID, Algorithm: k.Algorithm, Use: k.Use})
	}
	return json.MarshalIndent(set, "", "  ")
}

// NewKey makes a private key for one of Algorithms, as PEM.
func NewKey(algorithm string) ([]byte, error) {
	var key any
	var err error
	switch jose.SignatureAlgorithm(algorithm) {
	case jose.ES384:
		key, err = ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	case jose.RS384:
		key, err = rsa.GenerateKey(rand.Reader, 3072) // bits; as strong as what P-256 gives
	default:
		return nil, fmt.Errorf("%q is none of %v", algorithm, Algorithms)
	}
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

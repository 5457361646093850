package auth_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/tilsyn/tilsyn/fhir/auth"
)

// withField is a JWK with one field from another key.
func withField(t *testing.T, key, other, field string) string {
	t.Helper()
	var one, two map[string]any
	if err := json.Unmarshal([]byte(key), &one); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(other), &two); err != nil {
		t.Fatal(err)
	}
	one[field] = two[field]
	return jwk(t, one)
}

// rsaWithExponent makes an RSA key by hand: crypto/rsa knows 65537 alone.
func rsaWithExponent(t *testing.T, bits, e int) *rsa.PrivateKey {
	t.Helper()
	one := big.NewInt(1)
	for {
		p, err := rand.Prime(rand.Reader, bits/2)
		if err != nil {
			t.Fatal(err)
		}
		q, err := rand.Prime(rand.Reader, bits/2)
		if err != nil {
			t.Fatal(err)
		}
		phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
		n, d := new(big.Int).Mul(p, q), new(big.Int).ModInverse(big.NewInt(int64(e)), phi)
		if d != nil && n.BitLen() == bits {
			return &rsa.PrivateKey{PublicKey: rsa.PublicKey{N: n, E: e}, D: d, Primes: []*big.Int{p, q}}
		}
	}
}

func rsaJWK(t *testing.T, k *rsa.PrivateKey) string {
	t.Helper()
	number := func(n *big.Int) string { return base64.RawURLEncoding.EncodeToString(n.Bytes()) }
	return jwk(t, map[string]string{"kty": "RSA", "n": number(k.N), "e": number(big.NewInt(int64(k.E))), "d": number(k.D), "p": number(k.Primes[0]), "q": number(k.Primes[1])})
}

// rsaPEM is PKCS #1 by hand, as crypto/x509 writes no such key.
func rsaPEM(k *rsa.PrivateKey) string {
	one := big.NewInt(1)
	mod := func(p *big.Int) *big.Int { return new(big.Int).Mod(k.D, new(big.Int).Sub(p, one)) }
	der, err := asn1.Marshal(struct {
		Version               int
		N                     *big.Int
		E                     int
		D, P, Q, Dp, Dq, QInv *big.Int
	}{0, k.N, k.E, k.D, k.Primes[0], k.Primes[1], mod(k.Primes[0]), mod(k.Primes[1]), new(big.Int).ModInverse(k.Primes[1], k.Primes[0])})
	return block("RSA PRIVATE KEY", der, err)
}

// A key that signs what its public part does not verify, or that is easier to
// break than it looks, is refused before anybody registers it.
func TestAWeakOrPatchedKeyIsRefused(t *testing.T) {
	one, two := jwk(t, jose.JSONWebKey{Key: ec(t, elliptic.P384())}), jwk(t, jose.JSONWebKey{Key: ec(t, elliptic.P384())})
	big1, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	big2, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct{ content, want string }{
		"EC, another private part":   {withField(t, one, two, "d"), "private part does not belong"},
		"EC, no private number":      {withField(t, one, `{"d":"`+strings.Repeat("A", 64)+`"}`, "d"), "private part does not belong"},
		"EC, private part too large": {withField(t, one, `{"d":"`+strings.Repeat("_", 64)+`"}`, "d"), "private part does not belong"},
		"EC, off the curve":          {withField(t, one, two, "y"), "neither PEM nor a JWK"},
		"RSA, another private part":  {withField(t, rsaJWK(t, big1), rsaJWK(t, big2), "d"), "neither PEM nor a JWK"},
		"RSA, another modulus":       {withField(t, rsaJWK(t, big1), rsaJWK(t, big2), "n"), "neither PEM nor a JWK"},
		"RSA with e=3":               {rsaJWK(t, rsaWithExponent(t, 2048, 3)), "exponent of 3 "},
		"RSA with e=3 in PEM":        {rsaPEM(rsaWithExponent(t, 2048, 3)), "exponent of 3 "},
		"RSA with e=257":             {rsaJWK(t, rsaWithExponent(t, 2048, 257)), "exponent of 257 "},
		"RSA of 1024 bits":           {rsaJWK(t, rsaWithExponent(t, 1024, 65537)), "1024 bits is too short"},
		"RSA of 1024 bits in PEM":    {rsaPEM(rsaWithExponent(t, 1024, 65537)), "1024 bits is too short"},
		"a public key with e=3":      {`{"keys":[` + one + `,` + jwk(t, jose.JSONWebKey{Key: &rsa.PublicKey{N: big1.N, E: 3}}) + `]}`, "key 2"},
		"in a set":                   {`{"keys":[` + two + `,` + withField(t, one, two, "d") + `]}`, "key 2"},
	} {
		_, err := auth.ParseKeys([]byte(tt.content))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", name, err, tt.want)
		}
	}
	for name, content := range map[string]string{"EC": one, "RSA": rsaJWK(t, big1), "RSA by hand": rsaPEM(rsaWithExponent(t, 2048, 65537)), "PKCS #8": pkcs8(t, big1), "PKCS #1": block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(big1), nil)} {
		if _, err := auth.ParseKeys([]byte(content)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

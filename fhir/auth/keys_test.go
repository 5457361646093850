package auth_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"

	"github.com/tilsyn/tilsyn/fhir/auth"
)

func block(kind string, der []byte, err error) string {
	if err != nil {
		panic(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	return block("PRIVATE KEY", der, err)
}

func sec1(key *ecdsa.PrivateKey) string {
	der, err := x509.MarshalECPrivateKey(key)
	return block("EC PRIVATE KEY", der, err)
}

func ec(t *testing.T, curve elliptic.Curve) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func jwk(t *testing.T, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

type entry struct{ Kid, Alg, Kty, Use, D, P, K string }

func entries(t *testing.T, key string) []entry {
	t.Helper()
	var set struct{ Keys []entry }
	if err := json.Unmarshal(published(t, key), &set); err != nil {
		t.Fatal(err)
	}
	return set.Keys
}

// Whatever form a key has, it is published under the same name.
func TestAKeyInEveryForm(t *testing.T) {
	e := ec(t, elliptic.P384())
	r, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	for alg, forms := range map[string][]string{
		"ES384": {pkcs8(t, e), sec1(e), "-----BEGIN EC PARAMETERS-----\nBgUrgQQAIg==\n-----END EC PARAMETERS-----\n" + sec1(e), "# a note\n" + pkcs8(t, e),
			jwk(t, jose.JSONWebKey{Key: e}), jwk(t, jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: e, Algorithm: "ES384"}}})},
		"RS384": {pkcs8(t, r), block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(r), nil), jwk(t, jose.JSONWebKey{Key: r, Use: "sig"})},
	} {
		kid := entries(t, forms[0])[0].Kid
		for i, form := range forms {
			got := entries(t, form)
			if len(got) != 1 || got[0].Kid != kid || got[0].Alg != alg || got[0].Use != "sig" || got[0].D+got[0].P+got[0].K != "" {
				t.Errorf("%s in form %d: %+v", alg, i, got)
			}
		}
	}
}

// The example key of RFC 7638, 3.1.
func TestTheNameOfAKeyIsItsThumbprint(t *testing.T) {
	const example = `{"kty":"RSA","e":"AQAB","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}`
	set := `{"keys":[` + jwk(t, jose.JSONWebKey{Key: ec(t, elliptic.P384())}) + `,` + example + `]}`
	got := entries(t, set)
	if len(got) != 2 || got[1].Kid != "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs" {
		t.Errorf("got %+v", got)
	}
}

func TestAKeyKeepsTheNameThatItIsRegisteredUnder(t *testing.T) {
	got := entries(t, jwk(t, jose.JSONWebKey{Key: ec(t, elliptic.P384()), KeyID: "ward-2026"}))
	if got[0].Kid != "ward-2026" {
		t.Errorf("got %+v", got)
	}
}

func TestKeysThatCannotBeUsed(t *testing.T) {
	_, edwards, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	good := ec(t, elliptic.P384())
	for want, content := range map[string]string{
		"P-256":                     pkcs8(t, ec(t, elliptic.P256())),
		"must be an RSA key":        pkcs8(t, edwards),
		"no private key":            `{"keys":[` + jwk(t, jose.JSONWebKey{Key: good.Public()}) + `]}`,
		"encrypted":                 "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n",
		"it is encrypted":           "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n",
		"tilsyn jwks --new":         "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"make one with":             "",
		"key 2":                     pkcs8(t, good) + pkcs8(t, ec(t, elliptic.P521())),
		"another algorithm":         jwk(t, jose.JSONWebKey{Key: good, Algorithm: "ES256"}),
		"or an elliptic":            `{"kty":"oct","k":"AAAA"}`,
		"neither PEM nor a JWK":     `{"kty":"RSA"}`,
		"is neither PEM nor a JWK ": `{`,
	} {
		if _, err := auth.ParseKeys([]byte(content)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

func FuzzParseKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","crv":"P-384","x":"","y":"","d":""}]}`))
	f.Add([]byte("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		keys, err := auth.ParseKeys(raw)
		if err != nil {
			return
		}
		if _, err := keys.JWKS(); err != nil {
			t.Errorf("taken, but cannot be published: %v", err)
		}
	})
}

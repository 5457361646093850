package auth_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir/auth"
)

const (
	fhirBase  = "https://ehr.test/fhir"
	tokenURL  = "https://login.test/realms/ward/token"
	clientID  = "tilsyn-client"
	canary    = "kanarina-13116900216"
	assertion = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
)

// site is a FHIR server and its authorization server. It checks an assertion by
// the letter of SMART and with code of its own: none of the library that signs.
type site struct {
	mu       sync.Mutex
	t        *testing.T
	jwks     []byte                                        // as registered
	life     any                                           // expires_in
	scope    string                                        // granted; empty: what was asked for
	now      func() time.Time                              // its clock
	wellKnow string                                        // its SMART configuration; empty: 404
	token    func(http.ResponseWriter, *http.Request) bool // answers instead, if it says so

	valid    map[string]bool // access tokens
	used     map[string]bool // jti
	tokens   int             // requests for a token
	refused  []string        // why assertions were
	asked    []url.Values
	header   map[string]any // of the last assertion
	claims   map[string]any // of the last assertion
	fhir     []string       // Authorization headers that the FHIR server saw
	bodies   []string
	inFlight int
	most     int // token requests at once
}

func newSite(t *testing.T, jwks []byte) *site {
	return &site{t: t, jwks: jwks, life: 300, now: time.Now, valid: map[string]bool{}, used: map[string]bool{},
		wellKnow: `{"token_endpoint":"` + tokenURL + `","grant_types_supported":["client_credentials"],"capabilities":["permission-v2"]}`}
}

// RoundTrip is the network.
func (s *site) RoundTrip(r *http.Request) (*http.Response, error) {
	if err := r.Context().Err(); err != nil {
		return nil, err
	}
	w := httptest.NewRecorder()
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
	switch r.URL.Host {
	case "ehr.test":
		s.serveFHIR(w, r)
	case "login.test":
		s.serveToken(w, r)
	default:
		s.t.Errorf("a packet left for %s", r.URL.Host)
	}
	if r.Body != nil {
		_ = r.Body.Close()
	}
	return w.Result(), nil
}

func (s *site) serveFHIR(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/fhir/.well-known/smart-configuration" {
		if r.Header.Get("Authorization") != "" {
			s.t.Error("the SMART configuration is public: nothing is to be shown for it")
		}
		if s.wellKnow == "" {
			http.NotFound(w, r)
			return
		}
		io.WriteString(w, s.wellKnow)
		return
	}
	shown := r.Header.Get("Authorization")
	body := ""
	if r.Body != nil {
		raw, _ := io.ReadAll(r.Body)
		body = string(raw)
	}
	s.fhir, s.bodies = append(s.fhir, shown), append(s.bodies, body)
	if token, ok := strings.CutPrefix(shown, "Bearer "); !ok || !s.valid[token] {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	io.WriteString(w, "{}")
}

func (s *site) serveToken(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	s.tokens++
	s.inFlight++
	s.most = max(s.most, s.inFlight)
	s.mu.Unlock()
	time.Sleep(100 * time.Millisecond) // of a fake clock: so long a token takes
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inFlight--
	if s.token != nil && s.token(w, r) {
		return
	}
	if err := s.check(r); err != nil {
		s.refused = append(s.refused, err.Error())
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprintf(w, `{"error":"invalid_client","error_description":"%s"}`, canary)
		return
	}
	s.grant(w, r.PostForm.Get("scope"))
}

func (s *site) grant(w http.ResponseWriter, scope string) {
	token := fmt.Sprintf("token-%d", s.tokens)
	s.valid[token] = true
	if s.scope != "" {
		scope = s.scope
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"access_token": token, "token_type": "bearer", "expires_in": s.life, "scope": scope})
}

// withdraw makes every token that was given invalid.
func (s *site) withdraw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.valid = map[string]bool{}
}

func (s *site) check(r *http.Request) error {
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		return errors.New("a token is asked for by POST of a form")
	}
	if r.Header.Get("Authorization") != "" {
		return errors.New("private_key_jwt shows no Authorization header")
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	s.asked = append(s.asked, r.PostForm)
	for field, want := range map[string]string{"grant_type": "client_credentials", "client_assertion_type": assertion} {
		if got := r.PostForm[field]; !slices.Equal(got, []string{want}) {
			return fmt.Errorf("%s is %q", field, got)
		}
	}
	if r.PostForm.Get("scope") == "" {
		return errors.New("the scope is required")
	}
	return s.checkAssertion(r.PostForm.Get("client_assertion"))
}

func (s *site) checkAssertion(jwt string) error {
	parts := strings.Split(jwt, ".")
	if len(parts) != 3 {
		return errors.New("no JWS in compact form")
	}
	s.header, s.claims = map[string]any{}, map[string]any{}
	if err := errors.Join(decodePart(parts[0], &s.header), decodePart(parts[1], &s.claims)); err != nil {
		return err
	}
	if s.header["typ"] != "JWT" {
		return fmt.Errorf("typ is %v", s.header["typ"])
	}
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	if err := s.verify([]byte(parts[0]+"."+parts[1]), signature); err != nil {
		return err
	}
	return s.checkClaims()
}

func (s *site) checkClaims() error {
	now := float64(s.now().Unix())
	exp, _ := s.claims["exp"].(float64)
	iat, _ := s.claims["iat"].(float64)
	jti, _ := s.claims["jti"].(string)
	switch {
	case s.claims["iss"] != clientID || s.claims["sub"] != clientID:
		return errors.New("iss and sub must both be the client id")
	case s.claims["aud"] != tokenURL:
		return fmt.Errorf("aud is %v, not one string with the token endpoint", s.claims["aud"])
	case exp <= now || exp > now+300:
		return fmt.Errorf("exp is %v seconds away", exp-now)
	case iat > now:
		return errors.New("issued in the future")
	case len(jti) < 16 || s.used[jti]:
		return errors.New("jti is missing or was used before")
	}
	s.used[jti] = true
	return nil
}

// verify finds the registered key by its kid and checks the signature.
func (s *site) verify(signed, signature []byte) error {
	var set struct{ Keys []map[string]string }
	if err := json.Unmarshal(s.jwks, &set); err != nil {
		return err
	}
	for _, k := range set.Keys {
		if k["kid"] != s.header["kid"] || k["kid"] == "" {
			continue
		}
		digest := sha512.Sum384(signed)
		switch s.header["alg"] {
		case "RS384":
			return rsa.VerifyPKCS1v15(&rsa.PublicKey{N: number(k["n"]), E: int(number(k["e"]).Int64())}, crypto.SHA384, digest[:], signature)
		case "ES384":
			public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), slices.Concat([]byte{4}, number(k["x"]).FillBytes(make([]byte, 48)), number(k["y"]).FillBytes(make([]byte, 48))))
			if err != nil {
				return err
			}
			if len(signature) != 96 || !ecdsa.Verify(public, digest[:], new(big.Int).SetBytes(signature[:48]), new(big.Int).SetBytes(signature[48:])) {
				return errors.New("the signature is wrong")
			}
			return nil
		}
		return fmt.Errorf("alg is %v", s.header["alg"])
	}
	return fmt.Errorf("no registered key has the kid %v", s.header["kid"])
}

func decodePart(part string, into any) error {
	raw, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		return err
	}
	return json.Unmarshal(raw, into)
}

func number(part string) *big.Int {
	raw, _ := base64.RawURLEncoding.DecodeString(part)
	return new(big.Int).SetBytes(raw)
}

// keyPair makes a key, and what a site would register of it.
func keyPair(t *testing.T, algorithm string) (pem string, jwks []byte) {
	t.Helper()
	raw, err := auth.NewKey(algorithm)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw), published(t, string(raw))
}

func published(t *testing.T, key string) []byte {
	t.Helper()
	keys, err := auth.ParseKeys([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	set, err := keys.JWKS()
	if err != nil {
		t.Fatal(err)
	}
	return set
}

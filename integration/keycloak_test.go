//go:build unix

package integration_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir/auth"
	"github.com/tilsyn/tilsyn/integration/fhirserver"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/sandbox"
)

const envKeycloak = "TILSYN_TEST_KEYCLOAK"

// keycloak is a real authorization server with the realm of
// integration/keycloak, and the keys that are registered there.
type keycloak struct {
	realm string            // URL
	keys  map[string]string // key files by client
	jwks  []byte            // what it may fetch for the client by-url
	mu    sync.Mutex
}

// startKeycloak runs the distribution that the environment names.
func startKeycloak(t *testing.T) *keycloak {
	t.Helper()
	home := os.Getenv(envKeycloak)
	if home == "" {
		t.Skipf("THE FLOW AGAINST A REAL AUTHORIZATION SERVER DOES NOT RUN: %s names no Keycloak; see integration/keycloak/README.md", envKeycloak)
	}
	if !filepath.IsAbs(home) {
		home = filepath.Join("..", home) // go test runs here
	}
	port, err := fhirserver.FreePort()
	must(t, err)
	k := &keycloak{realm: fmt.Sprintf("http://127.0.0.1:%d/realms/tilsyn", port), keys: map[string]string{}}
	must(t, os.RemoveAll(filepath.Join(home, "data", "h2")))
	must(t, os.MkdirAll(filepath.Join(home, "data", "import"), 0o755))
	must(t, os.WriteFile(filepath.Join(home, "data", "import", "tilsyn-realm.json"), k.register(t), 0o600))
	k.run(t, home, port)
	return k
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// register makes the keys and gives the realm that knows them.
func (k *keycloak) register(t *testing.T) []byte {
	t.Helper()
	realm, err := os.ReadFile(filepath.Join("keycloak", "realm.json"))
	must(t, err)
	for i, algorithm := range auth.Algorithms {
		set := k.newKey(t, strings.ToLower(algorithm), algorithm)
		realm, err = sjson.SetBytes(realm, fmt.Sprintf("clients.%d.attributes.jwks\\.string", i), string(set))
		must(t, err)
	}
	k.jwks = k.newKey(t, "by-url", "ES384")
	mine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		k.mu.Lock()
		defer k.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write(k.jwks)
	}))
	t.Cleanup(mine.Close)
	realm, err = sjson.SetBytes(realm, "clients.2.attributes.jwks\\.url", mine.URL)
	must(t, err)
	return realm
}

// newKey writes a new key into the client's file and gives its public part.
func (k *keycloak) newKey(t *testing.T, client, algorithm string) []byte {
	t.Helper()
	if k.keys[client] == "" {
		k.keys[client] = filepath.Join(t.TempDir(), client+".pem")
	}
	key, err := auth.NewKey(algorithm)
	must(t, err)
	must(t, os.WriteFile(k.keys[client], key, 0o600))
	keys, err := auth.ParseKeys(key)
	must(t, err)
	set, err := keys.JWKS()
	must(t, err)
	return set
}

func (k *keycloak) run(t *testing.T, home string, port int) {
	t.Helper()
	log, err := os.Create(filepath.Join(t.TempDir(), "keycloak.log"))
	must(t, err)
	cmd := exec.Command(filepath.Join(home, "bin", "kc.sh"), "start-dev", "--import-realm", "--http-host", "127.0.0.1", "--http-port", fmt.Sprint(port))
	cmd.Env = append(os.Environ(), "JAVA_OPTS_KC_HEAP=-Xms128m -Xmx700m")
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // the script starts Java, which must end with it
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
		_ = cmd.Wait()
	})
	started := time.Now()
	ctx, cancel := context.WithTimeout(t.Context(), 15*time.Minute)
	defer cancel()
	err = hospital.Wait(ctx, func() (bool, error) {
		resp, err := http.Get(k.realm)
		if err != nil {
			return false, nil
		}
		resp.Body.Close()
		return resp.StatusCode == http.StatusOK, nil
	})
	if err != nil {
		text, _ := os.ReadFile(log.Name())
		t.Fatalf("Keycloak does not answer: %v\n%s", err, text)
	}
	t.Logf("Keycloak answers after %s", time.Since(started).Round(time.Second))
}

// guard is a FHIR server that asks for Keycloak's tokens, and lets nobody do
// what they do not grant.
type guard struct {
	fhir  http.Handler
	certs jose.JSONWebKeySet
	token string // the token endpoint

	mu        sync.Mutex
	seen      map[string]time.Time // tokens, and when they were issued
	withdrawn map[string]bool
	refused   []string
}

func (k *keycloak) guard(t *testing.T, fhir http.Handler) *guard {
	t.Helper()
	g := &guard{fhir: fhir, token: k.realm + "/protocol/openid-connect/token", seen: map[string]time.Time{}, withdrawn: map[string]bool{}}
	resp, err := http.Get(k.realm + "/protocol/openid-connect/certs")
	must(t, err)
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	must(t, err)
	must(t, json.Unmarshal(raw, &g.certs))
	return g
}

func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/fhir/.well-known/smart-configuration" {
		fmt.Fprintf(w, `{"token_endpoint":%q,"grant_types_supported":["client_credentials"],"token_endpoint_auth_methods_supported":["private_key_jwt"],"capabilities":["client-confidential-asymmetric","permission-v2"]}`, g.token)
		return
	}
	scopes, ok := g.admits(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	if !ok {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	for _, i := range interactions(r.Method, strings.TrimPrefix(r.URL.RequestURI(), "/fhir"), body) {
		if !granted(scopes, i) {
			g.mu.Lock()
			g.refused = append(g.refused, i)
			g.mu.Unlock()
			w.WriteHeader(http.StatusForbidden)
			return
		}
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	g.fhir.ServeHTTP(w, r)
}

// admits checks a token as any resource server would: signature, end, scope.
func (g *guard) admits(token string) (scopes []string, ok bool) {
	parsed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil {
		return nil, false
	}
	var own struct {
		Scope string `json:"scope"`
	}
	var claims jwt.Claims
	if parsed.Claims(g.certs, &claims, &own) != nil || claims.ValidateWithLeeway(jwt.Expected{}, 0) != nil {
		return nil, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.seen[token] = claims.IssuedAt.Time()
	return strings.Fields(own.Scope), !g.withdrawn[token]
}

// tokens counts those that were seen and issued since.
func (g *guard) tokens(since time.Time) (n int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, issued := range g.seen {
		if !issued.Before(since) {
			n++
		}
	}
	return n
}

// behindKeycloak is a hospital whose FHIR server asks for tokens. The hospital
// itself goes in by the back door.
func behindKeycloak(t *testing.T, k *keycloak) (*world, *guard, string) {
	s := sandbox.New()
	g := k.guard(t, s)
	back, front := httptest.NewServer(s), httptest.NewServer(g)
	t.Cleanup(func() { front.Close(); back.Close(); s.Close() })
	return open(t, back.URL+"/fhir", ""), g, front.URL + "/fhir"
}

func (k *keycloak) flags(base, client string) []string {
	return []string{"--fhir.base_url", base, "--fhir.auth.kind", "smart", "--fhir.auth.client_id", client, "--fhir.auth.key_file", k.keys[client]}
}

// The whole service on tokens of a real authorization server.
func TestKeycloak(t *testing.T) {
	k := startKeycloak(t)
	for _, client := range []string{"es384", "rs384"} {
		t.Run(client, func(t *testing.T) {
			w, g, base := behindKeycloak(t, k)
			w.serve(k.flags(base, client)...)
			a := w.admit(hospital.Stay{Person: woman})
			w.want(a, asked)
			w.must(w.hospital.Answer(w.ctx(), a, "completed", 2, 1, 1))
			w.want(a, hospital.Referred(4, "routine"))
			if n := g.tokens(time.Time{}); n != 1 || len(g.refused) > 0 {
				t.Errorf("%d tokens for one admission; refused were %v", n, g.refused)
			}
			g.withdrawAll()
			w.want(w.admit(hospital.Stay{Person: woman}), asked)
			if n := g.tokens(time.Time{}); n != 2 {
				t.Errorf("%d tokens; a withdrawn one is replaced once", n)
			}
		})
	}
	t.Run("a new key", func(t *testing.T) { k.rotates(t) })
	t.Run("refused", func(t *testing.T) { k.refuses(t) })
}

func (g *guard) withdrawAll() {
	g.mu.Lock()
	defer g.mu.Unlock()
	for token := range g.seen {
		g.withdrawn[token] = true
	}
}

// rotates replaces the key of a running service; Keycloak fetches the new one,
// though not within ten seconds of the last time.
func (k *keycloak) rotates(t *testing.T) {
	w, g, base := behindKeycloak(t, k)
	w.serve(k.flags(base, "by-url")...)
	w.want(w.admit(hospital.Stay{Person: woman}), asked)
	set := k.newKey(t, "by-url", "RS384")
	k.mu.Lock()
	k.jwks = set
	k.mu.Unlock()
	replaced := time.Now().Add(time.Second) // iat counts whole seconds
	w.must(hospital.Wait(w.ctx(), func() (bool, error) { return g.tokens(replaced) > 0, nil }))
	w.want(w.admit(hospital.Stay{Person: woman}), asked)
}

func (k *keycloak) refuses(t *testing.T) {
	w, _, base := behindKeycloak(t, k)
	for want, flags := range map[string][]string{
		"invalid_client": append(k.flags(base, "es384"), "--fhir.auth.key_file", k.keys["rs384"]),
		"fhir.auth.clie": append(k.flags(base, "es384"), "--fhir.auth.client_id", "nobody"),
		"invalid_scope":  append(k.flags(base, "es384"), "--fhir.auth.scopes", "system/*.cruds"),
	} {
		_, err := w.app(flags...).Client().Search(w.ctx(), "Task")
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	issuer := append(k.flags(base, "es384"), "--fhir.auth.audience", k.realm, "--fhir.auth.token_url", k.realm+"/protocol/openid-connect/token")
	if _, err := w.app(issuer...).Client().Search(w.ctx(), "Task"); err != nil {
		t.Errorf("the issuer as audience: %v", err)
	}
}

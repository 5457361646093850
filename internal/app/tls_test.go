package app_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// authority is a private CA with a directory for what it signs.
type authority struct {
	t    *testing.T
	dir  string
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{t: t, dir: t.TempDir()}
	a.key = a.newKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a hospital's CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, a.key.Public(), a.key)
	a.must(err)
	a.cert, err = x509.ParseCertificate(der)
	a.must(err)
	a.write("ca.pem", "CERTIFICATE", der)
	return a
}

func (a *authority) must(err error) {
	a.t.Helper()
	if err != nil {
		a.t.Fatal(err)
	}
}

func (a *authority) newKey() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	a.must(err)
	return key
}

func (a *authority) path(name string) string { return filepath.Join(a.dir, name) }

func (a *authority) write(name, kind string, der []byte) {
	a.t.Helper()
	a.must(os.WriteFile(a.path(name), pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
}

// issue writes cert.pem and key.pem for 127.0.0.1, with a serial number to know them by.
func (a *authority) issue(serial int64) {
	a.t.Helper()
	key := a.newKey()
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: "tilsyn"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	a.must(err)
	raw, err := x509.MarshalPKCS8PrivateKey(key)
	a.must(err)
	a.write("cert.pem", "CERTIFICATE", der)
	a.write("key.pem", "PRIVATE KEY", raw)
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// demanding is a FHIR server that wants a certificate of the same authority,
// and keeps the numbers of those that it saw.
func demanding(t *testing.T, a *authority) (base string, seen func() []int64) {
	t.Helper()
	var mu sync.Mutex
	var serials []int64
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		serials = append(serials, r.TLS.PeerCertificates[0].SerialNumber.Int64())
		io.WriteString(w, `{"resourceType":"CapabilityStatement"}`)
	}))
	a.issue(1)
	own, err := tls.LoadX509KeyPair(a.path("cert.pem"), a.path("key.pem"))
	a.must(err)
	srv.TLS = &tls.Config{Certificates: []tls.Certificate{own}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: a.pool()}
	srv.Config.ErrorLog = log.New(io.Discard, "", 0)
	srv.StartTLS()
	t.Cleanup(srv.Close)
	return srv.URL + "/fhir", func() []int64 {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(serials)
	}
}

func beside(t *testing.T, fhir config.FHIR) (*app.App, error) {
	t.Helper()
	a, err := app.New(app.Options{Policy: pathway.DefaultPolicy(), Log: zerolog.Nop(), Config: config.Config{FHIR: fhir}})
	if err == nil {
		t.Cleanup(a.Client().Close)
	}
	return a, err
}

func TestAPrivateAuthorityAndACertificateOfOurs(t *testing.T) {
	ca := newAuthority(t)
	base, seen := demanding(t, ca)
	ca.issue(2)
	a, err := beside(t, config.FHIR{BaseURL: base, TLS: config.OutboundTLS{CAFile: ca.path("ca.pem"), CertFile: ca.path("cert.pem"), KeyFile: config.Secret(ca.path("key.pem"))}})
	if err != nil {
		t.Fatal(err)
	}
	ask := func(serials ...int64) {
		t.Helper()
		a.Client().Close() // a new connection
		if _, err := a.Client().Capabilities(t.Context()); err != nil || !slices.Equal(seen(), serials) {
			t.Errorf("%v; the server saw %v, want %v", err, seen(), serials)
		}
	}
	ask(2)
	ca.issue(3)
	ask(2, 3)
	ca.must(os.WriteFile(ca.path("cert.pem"), []byte("half written"), 0o600))
	ask(2, 3, 3)
	ca.issue(4)
	ask(2, 3, 3, 4)
}

func TestWithoutThemTheServerIsNotReached(t *testing.T) {
	ca := newAuthority(t)
	base, seen := demanding(t, ca)
	for name, own := range map[string]config.OutboundTLS{
		"an authority that the system does not know": {},
		"no certificate of ours":                     {CAFile: ca.path("ca.pem")},
	} {
		a, err := beside(t, config.FHIR{BaseURL: base, TLS: own})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := a.Client().Capabilities(t.Context()); err == nil || len(seen()) != 0 {
			t.Errorf("%s: %v; the server saw %v", name, err, seen())
		}
	}
}

func TestFilesForTLSThatCannotBeUsed(t *testing.T) {
	ca := newAuthority(t)
	ca.issue(1)
	empty := string(written(t, "nothing"))
	for want, own := range map[string]config.OutboundTLS{
		"fhir.tls.ca_file":               {CAFile: ca.path("absent.pem")},
		"holds no certificate":           {CAFile: empty},
		"fhir.tls.key_file":              {CertFile: ca.path("cert.pem"), KeyFile: config.Secret(ca.path("absent.pem"))},
		"absent-cert.pem":                {CertFile: ca.path("absent-cert.pem"), KeyFile: config.Secret(ca.path("key.pem"))},
		"cert_file and key_file are no ": {CertFile: ca.path("cert.pem"), KeyFile: config.Secret(empty)},
	} {
		if _, err := beside(t, config.FHIR{BaseURL: "https://ehr.test/fhir", TLS: own}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

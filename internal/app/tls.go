package app

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
)

// outbound is what TLS to the FHIR server and its authorization server needs
// beyond the ordinary, or nil.
func outbound(c config.OutboundTLS, log zerolog.Logger) (*tls.Config, error) {
	if c == (config.OutboundTLS{}) {
		return nil, nil
	}
	t := &tls.Config{}
	if c.CAFile != "" {
		bundle, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("fhir.tls.ca_file: %w", err)
		}
		t.RootCAs = x509.NewCertPool()
		if !t.RootCAs.AppendCertsFromPEM(bundle) {
			return nil, fmt.Errorf("fhir.tls.ca_file: %s holds no certificate in PEM", c.CAFile)
		}
	}
	if c.CertFile != "" {
		own, err := newPair("fhir.tls", c.CertFile, c.KeyFile, log)
		if err != nil {
			return nil, err
		}
		t.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return own.now(), nil }
	}
	return t, nil
}

// pair is a certificate with its key. The files are read at every handshake, so
// those that are replaced count at once. While one of them is new and the other
// is not yet, or when they are broken, the last good pair serves on.
type pair struct {
	section string // of the configuration
	cert    string
	key     config.Secret
	log     zerolog.Logger

	mu   sync.Mutex
	good *tls.Certificate
	raw  [2][]byte // what was looked at last
}

func newPair(section, cert string, key config.Secret, log zerolog.Logger) (*pair, error) {
	p := &pair{section: section, cert: cert, key: key, log: log}
	if err := p.load(); err != nil {
		return nil, err
	}
	return p, nil
}

func (p *pair) now() *tls.Certificate {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.load(); err != nil {
		p.log.Warn().Err(err).Msg("a certificate cannot be renewed; the last good one serves on")
	}
	return p.good
}

// load takes the files as they are now, and tells of the same mistake once.
func (p *pair) load() error {
	cert, certErr := os.ReadFile(p.cert)
	key, keyErr := p.key.Read(p.section + ".key_file")
	raw := [2][]byte{cert, []byte(key)}
	if p.raw[0] != nil && bytes.Equal(raw[0], p.raw[0]) && bytes.Equal(raw[1], p.raw[1]) {
		return nil
	}
	p.raw = raw
	if err := errors.Join(certErr, keyErr); err != nil {
		return fmt.Errorf("%s: %w", p.section, err)
	}
	loaded, err := tls.X509KeyPair(raw[0], raw[1])
	if err != nil {
		return fmt.Errorf("%s: cert_file and key_file are no pair: %w", p.section, err)
	}
	p.good = &loaded
	return nil
}

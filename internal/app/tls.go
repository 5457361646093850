package app

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/internal/outside"
)

// outbound is what TLS to the FHIR server and its authorization server needs
// beyond the ordinary, or nil.
func outbound(c config.OutboundTLS, log zerolog.Logger) (*tls.Config, error) {
	if c == (config.OutboundTLS{}) {
		return nil, nil
	}
	t := &tls.Config{}
	if c.CAFile != "" {
		bundle, err := outside.Read(c.CAFile, outside.MaxPEM)
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
// is not yet, when they are broken, or while the file system does not answer, the
// last good pair serves on.
type pair struct {
	section string                               // of the configuration
	files   func() (cert, key []byte, err error) // as they are now
	log     zerolog.Logger
	good    atomic.Pointer[tls.Certificate]

	loading sync.Mutex // who holds it may touch what is below
	raw     [2][]byte  // what was read last
	mistake seldom
}

// glance is how long a handshake waits for the files. They are there within a
// millisecond, or another handshake reads them.
const glance = 100 * time.Millisecond

func newPair(section, cert string, key config.Secret, log zerolog.Logger) (*pair, error) {
	p := &pair{section: section, log: log, files: func() ([]byte, []byte, error) {
		chain, certErr := outside.Read(cert, outside.MaxPEM)
		secret, keyErr := key.Read(section + ".key_file")
		return chain, []byte(secret), errors.Join(certErr, keyErr)
	}}
	if err := p.load(); err != nil {
		return nil, err
	}
	return p, nil
}

// now reads the files unless somebody is at it, and gives the last good pair.
func (p *pair) now() *tls.Certificate {
	if !p.loading.TryLock() {
		return p.good.Load()
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer p.loading.Unlock()
		p.renew()
	}()
	select {
	case <-done:
	case <-time.After(glance):
	}
	return p.good.Load()
}

// renew says the same mistake once: whoever calls must not fill the log.
func (p *pair) renew() {
	err, what := p.load(), ""
	if err != nil {
		what = err.Error()
	}
	if p.mistake.due(what, time.Now(), 0) && err != nil {
		p.log.Warn().Err(err).Msg("a certificate cannot be renewed; the last good one serves on")
	}
}

// load takes the files as they are now.
func (p *pair) load() error {
	cert, key, err := p.files()
	if err != nil {
		return fmt.Errorf("%s: %w", p.section, err)
	}
	if p.raw[0] != nil && bytes.Equal(cert, p.raw[0]) && bytes.Equal(key, p.raw[1]) {
		return nil
	}
	p.raw = [2][]byte{cert, key}
	loaded, err := tls.X509KeyPair(cert, key)
	if err != nil {
		return fmt.Errorf("%s: cert_file and key_file are no pair: %w", p.section, err)
	}
	p.good.Store(&loaded)
	return nil
}

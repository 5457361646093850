package config

import (
	"errors"
	"fmt"
	"net"
	"strings"
)

// OutboundTLS is for servers whose certificate a private authority signed, or
// that ask for one of ours. The files are PEM.
type OutboundTLS struct {
	CAFile   string `mapstructure:"ca_file"` // empty: the system's
	CertFile string `mapstructure:"cert_file"`
	KeyFile  Secret `mapstructure:"key_file"`
}

func (f FHIR) validateTLS() error {
	err := wholePair("fhir.tls", f.TLS.CertFile, f.TLS.KeyFile)
	if f.TLS != (OutboundTLS{}) && strings.HasPrefix(f.BaseURL, "http://") {
		err = errors.Join(err, errors.New("configuration: fhir.tls: does nothing for an http server; write https in fhir.base_url"))
	}
	return err
}

// wholePair: a certificate and its key are of use only together.
func wholePair(section, cert string, key Secret) error {
	if (cert == "") != (key == "") {
		return fmt.Errorf("configuration: %s.cert_file and %s.key_file: one is set; set both or none", section, section)
	}
	return nil
}

// TLS is what callers see of us. The files are PEM.
type TLS struct {
	CertFile string `mapstructure:"cert_file"` // empty: no TLS
	KeyFile  Secret `mapstructure:"key_file"`
}

// Operator is where people and machines see how the work goes.
type Operator struct {
	Listen    string `mapstructure:"listen"`     // empty: nowhere
	TokenFile Secret `mapstructure:"token_file"` // bearer tokens of which a caller must show one
}

// Loopback tells whether the pages are for this machine alone.
func (o Operator) Loopback() bool {
	host, _, err := net.SplitHostPort(o.Listen)
	return err == nil && (host == "localhost" || net.ParseIP(host).IsLoopback())
}

func (o Operator) validate() error {
	if o.Listen == "" || o.TokenFile != "" || o.Loopback() {
		return nil
	}
	return errors.New("configuration: operator.token_file: needed unless operator.listen is on this machine alone, such as 127.0.0.1:8091")
}

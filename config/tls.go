package config

import (
	"errors"
	"fmt"
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

package fhir

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"syscall"
)

// unreached says why nobody was reached, without names: a link may have given the
// name of the host, and a name server may have said anything.
func unreached(e *net.OpError) error {
	what := e.Op + " " + e.Net
	if tcp, ok := e.Addr.(*net.TCPAddr); ok {
		what += " " + tcp.String()
	}
	var name *net.DNSError
	var number syscall.Errno
	var alert tls.AlertError
	switch {
	case errors.As(e, &name) && name.IsNotFound:
		return fmt.Errorf("%s: no such host", what)
	case errors.As(e, &name):
		return fmt.Errorf("%s: the name of the host could not be looked up", what)
	case errors.As(e, &number):
		return fmt.Errorf("%s: %w", what, number)
	case errors.As(e, &alert):
		return fmt.Errorf("%s: %w", what, alert)
	case e.Timeout():
		return fmt.Errorf("%s: i/o timeout", what)
	}
	return fmt.Errorf("%s: failed", what)
}

// distrusted says what is wrong with a server's certificate, and nothing that
// stands in it.
func distrusted(e *tls.CertificateVerificationError) error {
	var authority x509.UnknownAuthorityError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	why := "it cannot be verified"
	switch {
	case errors.As(e, &authority):
		why = "it is signed by an unknown authority"
	case errors.As(e, &host):
		why = "it is for another name than the host's"
	case errors.As(e, &invalid) && invalid.Reason == x509.Expired:
		why = "it has expired or is not yet valid"
	case errors.As(e, &invalid):
		why = "it is not valid for a server"
	}
	return errors.New("the server's certificate is not trusted: x509: " + why)
}

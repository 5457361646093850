package config

import (
	"maps"
	"net"
	"net/url"
	"path/filepath"
	"slices"

	"golang.org/x/net/http/httpproxy"

	"github.com/tilsyn/tilsyn/internal/outside"
)

// Warnings are what is allowed but unwise beside a hospital's server.
func (c Config) Warnings() []string {
	unwise := slices.Concat(c.unwiseFiles(), c.unwiseSecrets(), c.unwiseWays())
	slices.Sort(unwise)
	return unwise
}

// unwiseWays are URLs on whose way others read along.
func (c Config) unwiseWays() (unwise []string) {
	for key, u := range map[string]string{"fhir.base_url": c.FHIR.BaseURL, "fhir.auth.token_url": c.FHIR.Auth.TokenURL, "hook.public_url": c.Hook.PublicURL} {
		if inTheClear(u) {
			unwise = append(unwise, key+": what is sent can be read on the way; use https")
		}
	}
	for key, u := range map[string]string{"fhir.base_url": c.FHIR.BaseURL, "fhir.auth.token_url": c.FHIR.Auth.TokenURL} {
		if proxy := readingProxy(u); proxy != "" {
			unwise = append(unwise, key+": the proxy "+proxy+", which HTTP_PROXY names, reads all that is sent, tokens and patients; use https, or name the server in NO_PROXY")
		}
	}
	return unwise
}

// inTheClear tells of a URL without TLS that leaves this machine.
func inTheClear(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback()
}

// readingProxy is the proxy of the environment through which a request without TLS
// goes. With TLS it would see the name of the server alone.
func readingProxy(raw string) string {
	u, err := url.Parse(raw)
	if err != nil || u.Scheme != "http" {
		return ""
	}
	proxy, err := httpproxy.FromEnvironment().ProxyFunc()(u)
	if err != nil || proxy == nil {
		return ""
	}
	return outside.Text(proxy.Host, 100) // without its password
}

// files are what the configuration is made of, by their settings.
func (c Config) files() map[string]string {
	all := map[string]string{
		"the configuration file": c.File, "policy.file": c.Policy.File, "advice.file": c.Advice.File,
		"fhir.tls.ca_file": c.FHIR.TLS.CAFile, "fhir.tls.cert_file": c.FHIR.TLS.CertFile, "tls.cert_file": c.TLS.CertFile,
	}
	for key, s := range c.secrets() {
		all[key] = string(s)
	}
	for _, own := range c.Instruments.Own {
		for _, file := range []string{formFile, definitionFile} {
			all["instruments.dir: "+own.Definition.Name+"/"+file] = filepath.Join(filepath.Dir(own.File), file)
		}
	}
	maps.DeleteFunc(all, func(_, path string) bool { return path == "" })
	return all
}

// unwiseFiles are those that others read or write.
func (c Config) unwiseFiles() (unwise []string) {
	for key, s := range c.secrets() {
		if s.exposed() {
			unwise = append(unwise, key+": everybody on this machine can read the file; take that right away with chmod o-r")
		}
	}
	for key, path := range c.files() {
		if what := writable(path); what != "" {
			unwise = append(unwise, key+": others on this machine may write "+what+", and so decide what tilsyn does or who gets in; take that right away with chmod go-w")
		}
	}
	return unwise
}

// exposed tells of a file that everybody on this machine can read.
func (s Secret) exposed() bool {
	info, err := outside.Stat(string(s))
	return err == nil && info.Mode().Perm()&0o004 != 0
}

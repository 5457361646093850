package config

import (
	"maps"
	"net"
	"net/url"
	"os"
	"slices"
)

// Warnings are what is allowed but unwise beside a hospital's server.
func (c Config) Warnings() []string {
	var unwise []string
	all := c.secrets()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		if all[key].exposed() {
			unwise = append(unwise, key+": everybody on this machine can read the file; take that right away with chmod o-r")
		}
	}
	for key, u := range map[string]string{"fhir.base_url": c.FHIR.BaseURL, "fhir.auth.token_url": c.FHIR.Auth.TokenURL, "hook.public_url": c.Hook.PublicURL} {
		if inTheClear(u) {
			unwise = append(unwise, key+": what is sent can be read on the way; use https")
		}
	}
	slices.Sort(unwise)
	return unwise
}

// exposed tells of a file that everybody on this machine can read.
func (s Secret) exposed() bool {
	info, err := os.Stat(string(s))
	return err == nil && info.Mode().Perm()&0o004 != 0
}

// inTheClear tells of a URL without TLS that leaves this machine.
func inTheClear(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "http" && u.Hostname() != "localhost" && !net.ParseIP(u.Hostname()).IsLoopback()
}

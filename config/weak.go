package config

import (
	"slices"
	"strings"
)

const (
	shortest         = 20 // characters; 128 random bits are 22 in base64 and 32 in hex
	shortestPassword = 12 // of those that people choose
	fewest           = 8  // different characters
)

// unwiseSecrets are those that can be guessed. One that cannot be read is told by
// CheckSecrets.
func (c Config) unwiseSecrets() (unwise []string) {
	for key, s := range c.secrets() {
		if strings.HasSuffix(key, ".key_file") {
			continue // whoever reads the key measures it
		}
		content, err := s.Read(key)
		if err == nil && weak(key, content) {
			unwise = append(unwise, key+": it holds a secret that can be guessed, as it is short or of few different characters; use a random one, such as openssl rand -hex 32 makes")
		}
	}
	return unwise
}

// weak tells whether any of the secrets in a file is.
func weak(key, content string) bool {
	if key == "fhir.auth.basic_file" {
		_, password, _ := strings.Cut(content, ":")
		return few(password, shortestPassword)
	}
	return slices.ContainsFunc(strings.FieldsFunc(content, func(r rune) bool { return r == '\n' || r == '\r' }), func(line string) bool {
		line = strings.TrimSpace(line)
		return line != "" && few(line, shortest)
	})
}

func few(secret string, least int) bool {
	different := map[rune]bool{}
	for _, r := range secret {
		different[r] = true
	}
	return len([]rune(secret)) < least || len(different) < fewest
}

package auth

import (
	"context"
	"encoding/base64"
	"strings"
)

// Bearer shows a token that somebody else keeps fresh. read is asked for every
// request: a token that was replaced counts at once.
func Bearer(read func() (string, error)) Source {
	return kept(func() (string, error) {
		token, err := read()
		if err != nil {
			return "", err
		}
		return "Bearer " + token, oneWord(token)
	})
}

// Basic shows a name and a password, which read gives as name:password.
func Basic(read func() (string, error)) Source {
	return kept(func() (string, error) {
		pair, err := read()
		if err != nil {
			return "", err
		}
		if name, _, ok := strings.Cut(pair, ":"); !ok || name == "" {
			return "", problem("the file for basic authentication must hold one line, name:password")
		}
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)), nil
	})
}

// kept is a source whose secret is kept outside and only read here.
type kept func() (string, error)

func (k kept) Header(context.Context) (string, error) {
	header, err := k()
	if err != nil {
		return "", problem("%w", err)
	}
	return header, nil
}

// Another reads again: the secret may have been replaced a moment ago.
func (k kept) Another(ctx context.Context, _ string) (string, error) { return k.Header(ctx) }

// oneWord keeps what does not fit a header from being sent, or printed by
// net/http in its refusal.
func oneWord(token string) error {
	for _, c := range []byte(token) {
		if c <= ' ' || c > '~' {
			return problem("a bearer token must be one word of ASCII characters; this one holds something else")
		}
	}
	return nil
}

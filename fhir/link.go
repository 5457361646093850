package fhir

import (
	"errors"
	"net/url"
	"slices"
	"strings"
)

// errElsewhere is a link that is not followed: that would send the token there.
var errElsewhere = errors.New("the next page lies outside the configured base URL, or its link is too long; check fhir.base_url and the server's own idea of its address")

// next is the path of the next page under the base URL; from is the path of
// this one, as a link may be relative to it.
func (c *Client) next(bundle Resource, from string) (string, error) {
	link := bundle.Get(`link.#(relation=="next").url`).String()
	if link == "" {
		return "", nil
	}
	rest, ok := c.follow(link, from)
	if !ok || rest == "" || len(rest) > maxLink || climbs(rest) {
		return "", errElsewhere
	}
	return rest, nil
}

// follow resolves a link as RFC 3986 says. Canvas and some proxies leave the
// path of the base URL out: a link that begins with a type, or is a query
// alone, is meant to lie below it.
func (c *Client) follow(link, from string) (rest string, ok bool) {
	if rest, ok := c.under(link); ok {
		return rest, true
	}
	page, err := url.Parse(c.base + from)
	if err != nil {
		return "", false
	}
	ref, err := url.Parse(link)
	if err != nil || ref.Opaque != "" || ref.User != nil {
		return "", false
	}
	to := page.ResolveReference(ref)
	to.Fragment, to.RawFragment = "", ""
	if !c.sameHost(to) {
		return "", false
	}
	rest = below(to.RequestURI(), c.home.EscapedPath())
	typ, _, _ := strings.Cut(strings.TrimPrefix(pathOf(rest), "/"), "/")
	return rest, typ == "" && strings.Contains(rest, "?") || knownType(typ)
}

// pathOf is a path without its query.
func pathOf(rest string) string {
	path, _, _ := strings.Cut(rest, "?")
	return path
}

// below takes the path of the base URL off, where it is there.
func below(uri, base string) string {
	if rest, ok := strings.CutPrefix(uri, base); ok && base != "" && (rest == "" || strings.ContainsAny(rest[:1], "/?")) {
		return rest
	}
	return uri
}

// under is what comes behind the base URL in an absolute address of the server's
// own. A proxy may have put the default port in, or http for https: it is the
// same place, and what is asked for there is asked for under the base URL.
func (c *Client) under(address string) (rest string, ok bool) {
	if rest, ok = strings.CutPrefix(address, c.base); !ok {
		if rest, ok = c.alias(address); !ok {
			return "", false
		}
	}
	return rest, rest == "" || strings.ContainsAny(rest[:1], "/?")
}

func (c *Client) alias(address string) (rest string, ok bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || !c.sameHost(u) {
		return "", false
	}
	_, behind, _ := strings.Cut(address, "://")
	at := strings.IndexAny(behind, "/?#")
	if at < 0 {
		return "", false
	}
	return strings.CutPrefix(behind[at:], c.home.EscapedPath())
}

// sameHost tells that a URL names the server of the base URL: by its port, or by
// the default one of its scheme.
func (c *Client) sameHost(u *url.URL) bool {
	if u.Scheme != "http" && u.Scheme != "https" || !strings.EqualFold(u.Hostname(), c.home.Hostname()) {
		return false
	}
	return u.Port() == c.home.Port() || defaultPort(u) && defaultPort(c.home)
}

func defaultPort(u *url.URL) bool {
	return u.Port() == "" || u.Port() == map[string]string{"http": "80", "https": "443"}[u.Scheme]
}

// climbs tells whether a path leads out of where it stands, however it is
// spelt: encoded twice, with backslashes, or with the parameters of a segment
// that Tomcat drops (..;x). What stands in a query is the server's own business.
func climbs(rest string) bool {
	u, err := url.Parse(rest)
	if err != nil {
		return true
	}
	path := u.Path
	for again := ""; again != path; {
		again = path
		if path, err = url.PathUnescape(path); err != nil {
			return true
		}
	}
	segments := strings.FieldsFunc(path, func(r rune) bool { return r == '/' || r == '\\' })
	return slices.ContainsFunc(segments, func(s string) bool {
		name, _, _ := strings.Cut(s, ";")
		return name == ".."
	})
}

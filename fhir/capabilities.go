package fhir

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"
)

// Capabilities is what the server says about itself; it may be wrong.
type Capabilities struct {
	Software    string            // name and version, where it is a server that we know
	FHIR        string            // such as 4.0.1; "" where it is no version
	RevIncludes map[string]bool   // such as Task:encounter, stated for any type
	System      map[string]bool   // interactions with the whole server: transaction, batch
	Types       map[string]Stated // by resource type
	Ahead       time.Duration     // how far the server's clock is ahead of ours, to the second; it says so in every answer
}

// Stated is what the server says about one resource type.
type Stated struct {
	Interactions      []string // read, search-type, create, update, delete, …
	Versioning        string   // no-version, versioned, versioned-update, or ""
	ConditionalCreate bool
}

// Does tells whether an interaction is stated.
func (s Stated) Does(interaction string) bool { return slices.Contains(s.Interactions, interaction) }

const statement = "/metadata"

// Capabilities reads /metadata. It is also the cheapest question whether the
// server is up.
func (c *Client) Capabilities(ctx context.Context) (Capabilities, error) {
	const op = "read the capability statement"
	answer, err := c.roundTrip(ctx, op, http.MethodGet, statement, nil)
	if err != nil {
		return Capabilities{}, err
	}
	if !answer.IsSuccess() {
		return Capabilities{}, answerError(op, answer.StatusCode(), answer.Body())
	}
	res, err := Parse(answer.Body())
	if err != nil {
		return Capabilities{}, &Error{Op: op, cause: err}
	}
	if res.Type() != "CapabilityStatement" {
		return Capabilities{}, fmt.Errorf("%s is not a FHIR base URL: /metadata answers no CapabilityStatement", c.base)
	}
	caps := stated(res)
	if at, err := http.ParseTime(answer.Header().Get("Date")); err == nil {
		caps.Ahead = time.Until(at.Add(time.Second / 2)).Round(time.Second) // a Date drops the fraction
	}
	return caps, nil
}

func stated(res Resource) Capabilities {
	caps := Capabilities{
		Software:    software(res),
		FHIR:        fhirVersion.FindString(res.Get("fhirVersion").String()),
		RevIncludes: map[string]bool{}, System: map[string]bool{}, Types: map[string]Stated{},
	}
	for _, interaction := range texts(res.Get("rest.0.interaction.#.code")) {
		caps.System[interaction] = true
	}
	for _, typ := range res.Get("rest.0.resource").Array() {
		caps.Types[typ.Get("type").String()] = Stated{
			Interactions:      texts(typ.Get("interaction.#.code")),
			Versioning:        typ.Get("versioning").String(),
			ConditionalCreate: typ.Get("conditionalCreate").Bool(),
		}
		for _, name := range texts(typ.Get("searchRevInclude")) {
			caps.RevIncludes[name] = true
		}
	}
	return caps
}

var fhirVersion = regexp.MustCompile(`^[1-9]\.[0-9]{1,2}\.[0-9]{1,2}$`)

func texts(list gjson.Result) []string {
	var all []string
	for _, v := range list.Array() {
		all = append(all, v.String())
	}
	return all
}

// Elsewhere reads one page of a search and gives the addresses under which the
// server speaks of itself there, in links and full URLs, where they are not the
// configured base URL: neither its links nor its absolute references are
// followed. Without queries and ids, and without names and paths that are not ours.
func (c *Client) Elsewhere(ctx context.Context, query string) ([]string, error) {
	typ, _, _ := strings.Cut(query, "?")
	op := "search " + typ
	bundle, err := c.send(ctx, op, http.MethodGet, "/"+query, nil)
	if err != nil {
		return nil, err
	}
	var elsewhere []string
	for _, u := range append(texts(bundle.Get("link.#.url")), texts(bundle.Get("entry.#.fullUrl"))...) {
		if _, known := c.under(u); known {
			continue
		}
		base, ok := addressIn(u, typ)
		if shown := c.address(base); ok && !slices.Contains(elsewhere, shown) {
			elsewhere = append(elsewhere, shown)
		}
	}
	return elsewhere, nil
}

// addressIn is the base URL that stands at the beginning of a URL of the
// server's, whose rest may name anything.
func addressIn(u, typ string) (base string, ok bool) {
	u, _, _ = strings.Cut(u, "?")
	u, _, _ = strings.Cut(u+"/", "/"+typ+"/")
	scheme, _, absolute := strings.Cut(u, "://")
	return strings.TrimRight(u, "/"), absolute && (scheme == "http" || scheme == "https")
}

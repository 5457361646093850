package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/outside"
)

// Change is what setup did with one resource.
type Change struct {
	Name string // such as Questionnaire-audit-c
	Did  string // created, updated or unchanged
}

// Setup puts on the server what tilsyn needs there. Run twice, it changes
// nothing. A resource of the same version but with other content is an error:
// what was published is never changed in place.
func (a *App) Setup(ctx context.Context) ([]Change, error) {
	all, err := a.artifacts()
	if err != nil {
		return nil, err
	}
	var done []Change
	for _, art := range all {
		did, err := a.publish(ctx, art)
		if err != nil {
			return done, err
		}
		done = append(done, Change{art.Name, did})
	}
	subs, err := a.subscribe(ctx)
	return append(done, subs...), err
}

func (a *App) publish(ctx context.Context, art artifacts.Artifact) (string, error) {
	_, err := a.published(ctx, art)
	if !errors.Is(err, errMissing) {
		return "unchanged", err
	}
	want, err := fhir.Parse(art.JSON)
	if err != nil {
		return "", err
	}
	if want, err = want.Delete("id"); err != nil { // the server gives its own
		return "", err
	}
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), json.RawMessage(want.Raw()), key(want))
	err = a.client.Transact(ctx, &tx)
	if fhir.IsUnsure(err) { // it may stand behind an odd answer
		if _, missing := a.published(ctx, art); missing == nil {
			err = nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("put %s on the server: %w", art.Name, err)
	}
	return "created", nil
}

var errMissing = errors.New("it is not on the server")

// published finds a resource of ours on the server and compares it with the
// one this binary was built with.
func (a *App) published(ctx context.Context, art artifacts.Artifact) (fhir.Resource, error) {
	want, err := fhir.Parse(art.JSON)
	if err != nil {
		return fhir.Resource{}, err
	}
	found, err := a.client.Search(ctx, want.Type()+"?"+key(want))
	if err != nil && !fhir.IsCutShort(err) {
		return fhir.Resource{}, fmt.Errorf("look for %s: %w", art.Name, err)
	}
	for _, have := range found {
		if !same(have, want, "url") || !same(have, want, "version") {
			continue // a server that ignored the search parameters
		}
		if want.Get("url").Exists() && !equal(have.Raw(), want.Raw()) {
			return have, fmt.Errorf("%s on the server (%s) has version %s but other content than %s", art.Name, have.Shown(), want.Get("version"), meant(art))
		}
		return have, nil
	}
	if err != nil {
		return fhir.Resource{}, fmt.Errorf("look for %s: %w", art.Name, err)
	}
	return fhir.Resource{}, fmt.Errorf("%s: %w", art.Versioned(), errMissing)
}

// meant says what was to be there, and what to do.
func meant(art artifacts.Artifact) string {
	if art.File != "" {
		return outside.Text(art.File, 300) + "; answers rest on what was published, so give the changed form a new version"
	}
	return "this program was built with; remove it or run the release that published it"
}

// key is the search that finds a resource of ours: canonical ones by url and
// version, the Device by its identifier.
func key(r fhir.Resource) string {
	if !r.Get("url").Exists() {
		return fhir.ByIdentifier(artifacts.IdentifierSystem, r.Identifier(artifacts.IdentifierSystem))
	}
	return fhir.Query("", "url", r.Get("url").String(), "version", r.Get("version").String())[1:]
}

func same(a, b fhir.Resource, element string) bool {
	return a.Get(element).String() == b.Get(element).String()
}

// equal compares two resources but for what a server adds.
func equal(a, b []byte) bool {
	x, y := content(a), content(b)
	return x != nil && reflect.DeepEqual(x, y)
}

func content(raw []byte) map[string]any {
	var m map[string]any
	if json.NewDecoder(bytes.NewReader(raw)).Decode(&m) != nil {
		return nil
	}
	for _, own := range []string{"id", "meta", "text"} {
		delete(m, own)
	}
	return m
}

package fhir_test

import (
	"bytes"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/tilsyn/tilsyn/fhir"
)

// FuzzParse: what passes for a resource is JSON with a type, and stays so
// through an edit that is taken back.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{foreign, `{"resourceType":"Task"}`, `{}`, `[]`, `{"resourceType":"Task","status":null}`, "\xff", `{"resourceType":"A","status":"x","status":"y"}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		before := bytes.Clone(raw)
		r, err := fhir.Parse(raw)
		if err != nil {
			return
		}
		if r.Type() == "" || !json.Valid(r.Raw()) || !utf8.Valid(r.Raw()) {
			t.Fatalf("%q passed for a resource", raw)
		}
		edited, err := r.Set("tilsynStatus", "completed")
		if err != nil {
			t.Fatalf("set: %v", err)
		}
		if !json.Valid(edited.Raw()) || edited.Get("tilsynStatus").String() != "completed" || edited.Type() != r.Type() {
			t.Fatalf("the edit broke it: %q", edited.Raw())
		}
		if _, err = edited.Delete("tilsynStatus"); err != nil {
			t.Fatalf("delete: %v", err)
		}
		if !bytes.Equal(raw, before) {
			t.Fatal("the bytes that were read have changed")
		}
	})
}

// FuzzLocalRef: whatever a reference says, a request for it stays below the
// base URL.
func FuzzLocalRef(f *testing.F) {
	const base = "https://ehr.example/fhir"
	c, err := fhir.New(fhir.Options{BaseURL: base})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"Patient/1", base + "/Patient/1", "http://evil/Patient/1", "../x/1", "Patient/1/_history/2", "urn:uuid:1", "#p", "Patient/..", base + "/Patient/1/_history/../.."} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, ref string) {
		local, ok := c.LocalRef(ref)
		if !ok {
			if local != "" {
				t.Fatalf("%q is not ours, yet gives %q", ref, local)
			}
			return
		}
		u, err := url.Parse(base + "/" + local)
		if err != nil {
			t.Fatalf("%q gives %q: %v", ref, local, err)
		}
		typ, id, _ := strings.Cut(local, "/")
		if u.Host != "ehr.example" || u.JoinPath().Path != "/fhir/"+typ+"/"+id || !fhir.ValidID(id) || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
			t.Fatalf("%q gives %q, which leads to %s", ref, local, u)
		}
		if again, ok := c.LocalRef(local); !ok || again != local {
			t.Fatalf("%q is local, but %q is not", ref, local)
		}
	})
}

package fhirserver

import (
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// EnvShared names the directory of shared test data; ../shared beside the repository when empty.
const EnvShared = "TILSYN_TEST_SHARED"

// Refusal is a conformance resource that the server did not take.
type Refusal struct {
	File   string
	Reason error
}

// SharedDir is where test data lies that is not part of the repository; it need not exist.
func SharedDir() string {
	if dir := os.Getenv(EnvShared); dir != "" {
		return dir
	}
	root, err := repository()
	if err != nil {
		return ""
	}
	return filepath.Join(root, "..", "shared")
}

// ProfilesDir returns where the conformance resources lie, and false when this machine does not have them.
func ProfilesDir() (string, bool) {
	dir := filepath.Join(SharedDir(), "data", "profiles")
	info, err := os.Stat(dir)
	return dir, err == nil && info.IsDir()
}

// LoadProfiles puts the SDC profiles, and the extensions that they lean on, onto the server, so that a claimed profile
// is really checked. Do it before the first resource that claims one: a validator remembers that a profile was missing.
// A refusal of one resource is returned and stops nothing (a stock validating server refuses extensions without a
// snapshot); an error means that the server or the files could not be used at all.
func LoadProfiles(ctx context.Context, base, dir string) ([]Refusal, error) {
	files, err := profileFiles(dir)
	if err != nil {
		return nil, err
	}
	var refused []Refusal
	for _, f := range files {
		err := putProfile(ctx, base, f)
		if no := (*answer)(nil); errors.As(err, &no) && no.Status/100 == 4 {
			refused = append(refused, Refusal{File: f, Reason: err})
			continue
		}
		if err != nil {
			return refused, fmt.Errorf("load profile %s: %w", f, err)
		}
	}
	return refused, nil
}

// profileFiles lists what others refer to first: codes, value sets, extensions, then profiles.
func profileFiles(dir string) ([]string, error) {
	var files []string
	for _, pattern := range []string{"sdc/CodeSystem-*.json", "sdc/ValueSet-*.json", "ext/*.xml", "sdc/StructureDefinition-*.json"} {
		found, err := filepath.Glob(filepath.Join(dir, filepath.FromSlash(pattern)))
		if err != nil {
			return nil, fmt.Errorf("list profiles: %w", err)
		}
		files = slices.Concat(files, found)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("list profiles: none in %s", dir)
	}
	return files, nil
}

func putProfile(ctx context.Context, base, file string) error {
	body, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	contentType, name, err := identify(file, body)
	if err != nil {
		return err
	}
	_, err = call(ctx, http.MethodPut, base+"/"+name, contentType, body)
	return err
}

// identify returns the media type of a resource and its Type/id.
func identify(file string, body []byte) (contentType, name string, err error) {
	kind, _, _ := strings.Cut(filepath.Base(file), "-")
	if filepath.Ext(file) == ".json" {
		var r struct{ ID string }
		err = json.Unmarshal(body, &r)
		return fhirJSON, kind + "/" + r.ID, err
	}
	var r struct {
		ID struct {
			Value string `xml:"value,attr"`
		} `xml:"id"`
	}
	err = xml.Unmarshal(body, &r)
	return "application/fhir+xml", kind + "/" + r.ID.Value, err
}

package sandbox

import (
	"encoding/json"
	"fmt"
	"time"
)

type capabilityStatement struct {
	ResourceType   string            `json:"resourceType"`
	Status         string            `json:"status"`
	Date           string            `json:"date"`
	Kind           string            `json:"kind"`
	Software       map[string]string `json:"software"`
	Implementation map[string]string `json:"implementation"`
	FHIRVersion    string            `json:"fhirVersion"`
	Format         []string          `json:"format"`
	Rest           []capabilityRest  `json:"rest"`
}

type capabilityRest struct {
	Mode        string               `json:"mode"`
	Resource    []capabilityResource `json:"resource"`
	Interaction []capabilityCode     `json:"interaction"`
}

type capabilityResource struct {
	Type              string            `json:"type"`
	Interaction       []capabilityCode  `json:"interaction"`
	Versioning        string            `json:"versioning"`
	ReadHistory       bool              `json:"readHistory"`
	UpdateCreate      bool              `json:"updateCreate"`
	ConditionalCreate bool              `json:"conditionalCreate"`
	ConditionalUpdate bool              `json:"conditionalUpdate"`
	ConditionalDelete string            `json:"conditionalDelete"`
	SearchInclude     []string          `json:"searchInclude,omitempty"`
	SearchRevInclude  []string          `json:"searchRevInclude,omitempty"`
	SearchParam       []capabilityParam `json:"searchParam"`
}

type capabilityParam struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type capabilityCode struct {
	Code string `json:"code"`
}

// capability tells what the server does: every R4 type is stored, those with search parameters of their own are checked as well.
func (s *Server) capability(base string) []byte {
	statement := capabilityStatement{
		ResourceType: "CapabilityStatement", Status: "active", Date: instant(time.Now()), Kind: "instance",
		Software:       map[string]string{"name": "tilsyn sandbox"},
		Implementation: map[string]string{"description": "FHIR R4 in memory: nothing is kept", "url": base},
		FHIRVersion:    "4.0.1", Format: []string{"application/fhir+json", "json"},
		Rest: []capabilityRest{{Mode: "server", Interaction: codes("transaction", "batch")}},
	}
	reverse := s.catalogue.revIncludes()
	for _, name := range s.catalogue.names() {
		k := s.catalogue[name]
		r := k.capability()
		if k.listed {
			r.SearchRevInclude = reverse
		}
		statement.Rest[0].Resource = append(statement.Rest[0].Resource, r)
	}
	body, err := json.Marshal(statement)
	if err != nil {
		panic(fmt.Sprintf("sandbox: encode a CapabilityStatement of strings: %v", err))
	}
	return body
}

func (k *kind) capability() capabilityResource {
	r := capabilityResource{
		Type:        k.name,
		Interaction: codes("read", "vread", "update", "delete", "history-instance", "create", "search-type"),
		Versioning:  "versioned-update", ReadHistory: true, UpdateCreate: true,
		ConditionalCreate: true, ConditionalUpdate: true, ConditionalDelete: "single",
		SearchInclude: k.includes(),
		SearchParam:   []capabilityParam{{"_id", "token"}, {"_lastUpdated", "date"}},
	}
	for _, p := range k.params {
		r.SearchParam = append(r.SearchParam, capabilityParam{p.name, p.metaType()})
	}
	return r
}

// includes lists what _include takes for a type.
func (k *kind) includes() []string {
	names := []string{"*"}
	for _, p := range k.params {
		if p.refers() {
			names = append(names, k.name+":"+p.name)
		}
	}
	return names
}

// revIncludes lists what _revinclude takes. R4 does not say which references may point where, so it is the same for all.
func (c catalogue) revIncludes() []string {
	var names []string
	for _, name := range c.names() {
		if c[name].listed {
			names = append(names, c[name].includes()[1:]...)
		}
	}
	return names
}

func codes(names ...string) []capabilityCode {
	all := make([]capabilityCode, len(names))
	for i, name := range names {
		all[i] = capabilityCode{name}
	}
	return all
}

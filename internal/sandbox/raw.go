package sandbox

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// instant is how a FHIR instant is written here. HAPI writes the offset of its time zone, never "Z".
func instant(at time.Time) string { return at.UTC().Format("2006-01-02T15:04:05.000+00:00") }

// stamp writes what the server decides into a resource: id, meta.versionId and meta.lastUpdated. Every other byte stays.
func stamp(body []byte, id string, number int, at time.Time) []byte {
	meta := []byte(gjson.GetBytes(body, "meta").Raw)
	if len(meta) == 0 {
		meta = []byte("{}")
	}
	meta = setString(meta, "versionId", strconv.Itoa(number))
	meta = setString(meta, "lastUpdated", instant(at))
	body = setMember(body, "id", "resourceType", []byte(strconv.Quote(id)))
	return setMember(body, "meta", "id", meta)
}

func setString(object []byte, name, value string) []byte {
	out, err := sjson.SetBytes(object, name, value)
	if err != nil {
		panic("sandbox: set " + name + " in a checked object: " + err.Error())
	}
	return out
}

// setMember replaces a member of an object, or puts it behind another.
func setMember(object []byte, name, behind string, raw []byte) []byte {
	if v := gjson.GetBytes(object, name); v.Exists() {
		return splice(object, v.Index, v.Index+len(v.Raw), raw)
	}
	v := gjson.GetBytes(object, behind)
	end := v.Index + len(v.Raw)
	return splice(object, end, end, []byte(`,"`+name+`":`+string(raw)))
}

func splice(body []byte, from, to int, with []byte) []byte {
	out := make([]byte, 0, len(body)-(to-from)+len(with))
	out = append(out, body[:from]...)
	out = append(out, with...)
	return append(out, body[to:]...)
}

// sameResource compares two resources but for what the server writes. 1.50 is not 1.5, the order of members does not matter.
func sameResource(a, b []byte) bool {
	x, y := content(a), content(b)
	return x != nil && reflect.DeepEqual(x, y)
}

func content(body []byte) map[string]any {
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.UseNumber()
	var resource map[string]any
	if err := dec.Decode(&resource); err != nil {
		return nil
	}
	delete(resource, "id")
	if meta, ok := resource["meta"].(map[string]any); ok {
		delete(meta, "versionId")
		delete(meta, "lastUpdated")
		if len(meta) == 0 {
			delete(resource, "meta")
		}
	}
	return resource
}

// uriElements are the elements of type uri, url or canonical in which a transaction replaces a urn, besides Reference.reference.
// A string that happens to equal a urn, such as Identifier.value, stays as it is.
var uriElements = map[string]bool{
	"reference": true, "url": true, "uri": true, "system": true, "valueUri": true, "valueUrl": true, "valueCanonical": true,
	"valueUuid": true, "instantiatesUri": true, "instantiatesCanonical": true, "questionnaire": true, "policy": true,
	"endpoint": true, "derivedFrom": true, "profile": true, "definition": true, "source": true,
}

// replaceURIs asks replace about every uri-valued string of a compact resource, and puts in what it returns.
func replaceURIs(body []byte, replace func(element, uri string) string) []byte {
	var out []byte
	element, done := "", 0
	for i := 0; i < len(body); i++ {
		if body[i] != '"' {
			continue
		}
		end := stringEnd(body, i)
		text := string(body[i+1 : end])
		if end+1 < len(body) && body[end+1] == ':' {
			element = text
		} else if uriElements[element] {
			if with := replace(element, text); with != text {
				out = append(append(out, body[done:i+1]...), with...)
				done = end
			}
		}
		i = end
	}
	return append(out, body[done:]...)
}

// stringEnd returns the index of the quote that closes the JSON string opened at i.
func stringEnd(body []byte, i int) int {
	for i++; i < len(body) && body[i] != '"'; i++ {
		if body[i] == '\\' {
			i++
		}
	}
	return i
}

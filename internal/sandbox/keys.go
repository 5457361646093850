package sandbox

import (
	"strings"

	"github.com/tidwall/gjson"
)

// key is what the index knows a resource under: a search parameter and one value of it.
type key struct{ param, value string }

// anyCode marks a token's code on its own, whatever its system, apart from "system|code".
const anyCode = "\x00"

// keys calls emit with every index value that p finds in doc.
func (p *param) keys(doc gjson.Result, emit func(value string)) {
	p.each(doc, func(v gjson.Result, target string) {
		switch p.typ {
		case typeToken:
			tokenKeys(v, emit)
		case typeReference:
			referenceKeys(v.Get("reference").String(), target, emit)
		case typeCanonical:
			canonicalKeys(v.String(), emit)
		case typeURI:
			emit(v.String())
		}
	})
}

// tokenKeys reads a code, boolean, Coding, CodeableConcept, Identifier or ContactPoint.
func tokenKeys(v gjson.Result, emit func(string)) {
	if !v.IsObject() {
		emitToken("", v.String(), emit)
		return
	}
	if coding := v.Get("coding"); coding.IsArray() {
		coding.ForEach(func(_, c gjson.Result) bool {
			emitToken(c.Get("system").String(), c.Get("code").String(), emit)
			return true
		})
		return
	}
	if code := v.Get("code"); code.Exists() {
		emitToken(v.Get("system").String(), code.String(), emit)
		return
	}
	emitToken(v.Get("system").String(), v.Get("value").String(), emit)
}

func emitToken(system, code string, emit func(string)) {
	if code != "" {
		emit(anyCode + code)
		emit(system + "|" + code)
	}
	if system != "" {
		emit(system + "|")
	}
}

// referenceKeys emits "Type/id" and "id". A reference to elsewhere is its own key.
func referenceKeys(ref, target string, emit func(string)) {
	local := localReference(ref)
	if local == "" {
		if ref != "" && target == "" {
			emit(ref)
		}
		return
	}
	typ, id, _ := strings.Cut(local, "/")
	if target != "" && typ != target {
		return
	}
	emit(local)
	emit(id)
}

// canonicalKeys emits "url|version" and "url": a search without a version finds all of them, as on HAPI.
func canonicalKeys(canonical string, emit func(string)) {
	if canonical == "" {
		return
	}
	emit(canonical)
	if url, _, versioned := strings.Cut(canonical, "|"); versioned {
		emit(url)
	}
}

// localReference returns "Type/id" for a relative literal reference, versioned or not, and "" for anything else.
func localReference(ref string) string {
	parts := strings.Split(ref, "/")
	if len(parts) == 4 && parts[2] == "_history" {
		parts = parts[:2]
	}
	if len(parts) != 2 || parts[0] == "" || !validID(parts[1]) || !upperCase(parts[0][0]) {
		return ""
	}
	return parts[0] + "/" + parts[1]
}

func upperCase(c byte) bool { return 'A' <= c && c <= 'Z' }

// validID tells whether id has the form of a FHIR id: 1 to 64 letters, digits, hyphens and dots.
func validID(id string) bool {
	if id == "" || len(id) > 64 {
		return false
	}
	return strings.IndexFunc(id, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '.'
	}) < 0
}

func allDigits(id string) bool {
	return strings.IndexFunc(id, func(c rune) bool { return c < '0' || c > '9' }) < 0
}

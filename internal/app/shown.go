package app

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/tilsyn/tilsyn/fhir"
)

// shown is an admission as logs and pages name it: by its Encounter id. Whoever
// calls the hook, or writes on a resource, may put any word in its place, so an id
// that could be one is shown when the server has an Encounter with it, and else
// stands as a fingerprint, the same each time.
func shown(id string, known bool) string {
	if known || fhir.PlainID(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "unknown-" + hex.EncodeToString(sum[:4])
}

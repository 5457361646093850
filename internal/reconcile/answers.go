package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about the version of a response that people wrote. tilsyn edits
// responses too (labels, a status, what a renderer has dropped), and each edit makes a
// version and moves lastUpdated. So an edit leaves on the response which version holds
// the answers, when that was written, and a digest of what the response says now. As
// long as the digest fits, all that was written since is an edit of ours.

// answersExtension holds version, written and digest.
const answersExtension = "https://tilsyn.org/fhir/StructureDefinition/answers"

// edition is the version of a response that holds its answers.
type edition struct {
	version string // its id
	written time.Time
}

// editionOf finds it.
func editionOf(response fhir.Resource, content *instrument.Response) edition {
	parts := extension(response, answersExtension)
	part := func(url string) gjson.Result { return extension(parts, url) }
	at := stay.DateIn(part("written").Get("valueInstant").String(), time.UTC).First()
	if part("digest").Get("valueString").String() == digest(response, content) && !at.IsZero() {
		return edition{part("version").Get("valueString").String(), at}
	}
	return edition{response.VersionID(), written(response)}
}

// digest tells what a response says, and about whom, from anything else that it may say.
// It stands beside the answers, so it tells nobody more.
func digest(response fhir.Resource, content *instrument.Response) string {
	sum := sha256.Sum256([]byte(response.Get("subject.reference").String() + "\n" + content.Said()))
	return hex.EncodeToString(sum[:8])
}

// keepEdition leaves it on a response that is edited. What nobody has written on has
// none.
func keepEdition(e *edit, before fhir.Resource) {
	was, err := instrument.ParseResponse(before.Raw())
	if err != nil || was.Empty() {
		return
	}
	now, err := instrument.ParseResponse(e.Raw())
	if err != nil {
		return
	}
	kept := editionOf(before, was)
	e.extend(r4.Extension{Url: answersExtension, Extension: []r4.Extension{
		{Url: "version", ValueString: &kept.version},
		{Url: "written", ValueInstant: fhir.Instant(kept.written)},
		{Url: "digest", ValueString: fhir.Ptr(digest(e.Resource, now))},
	}})
}

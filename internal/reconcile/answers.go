package reconcile

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
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
	return shortSum(response.Get("subject.reference").String() + "\n" + content.Said())
}

// saidDigest tells what a response says, whoever it is about.
func saidDigest(content *instrument.Response) string { return shortSum(content.Said()) }

func shortSum(text string) string {
	sum := sha256.Sum256([]byte(text))
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

// asJudged is what was handed in of a form that is saved with fewer answers since it was
// scored. It is read when a pregnancy has been recorded lately: what was made of those
// answers is to know of it. A server that keeps no versions cannot tell.
func (l loader) asJudged(ctx context.Context, p *picture, r stay.Response, task stay.Task) (stay.Response, error) {
	judged, its := strings.CutPrefix(task.Judged, r.Ref+"/_history/")
	saved := its && task.Scored() && task.Judged != r.Version && !r.Submitted()
	if !p.stay.News || !saved || r.Form == nil || instrument.Judge(r.Form, r.Content).Status == instrument.Complete {
		return r, nil
	}
	res, err := l.client.ReadVersion(ctx, r.Ref, judged)
	if blames(err) || err == nil && res.VersionID() != judged {
		return r, nil
	}
	if err != nil {
		return r, err
	}
	p.gotten = append(p.gotten, res)
	then, err := l.response(ctx, res, task, p.stay.Admission.ID)
	then.Status = "completed"
	return then, err
}

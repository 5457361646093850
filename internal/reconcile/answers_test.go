package reconcile

import (
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// edited is the response as the server holds it after an edit of ours, as version 3.
func edited(t *testing.T, raw string, actions ...pathway.Action) string {
	t.Helper()
	r, s := desk(t, instead(awaited, raw)...)
	wrote(t, r, s, seen(t, r, s), actions...)
	after := sentOf(s, "QuestionnaireResponse")[0].Raw
	return with(after, "meta.versionId", `"3"`, "meta.lastUpdated", `"2031-05-17T12:00:00Z"`)
}

func editionIn(t *testing.T, raw string) edition {
	t.Helper()
	content, err := instrument.ParseResponse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return editionOf(parsed(t, raw), content)
}

// Whatever is edited of a response that tilsyn has edited, the version that people wrote
// counts, and when they wrote it. What they write later counts instead.
func TestWhichVersionHoldsTheAnswers(t *testing.T) {
	first := edition{"2", utc(10, 0).Add(5 * time.Second)}
	later := edition{"3", utc(12, 0)}
	label := &pathway.Labels{{Ref: "QuestionnaireResponse/r1", Add: codesOf("s|a")}}
	labelled := edited(t, answers, label)
	begun := with(answers, "status", `"in-progress"`)
	for name, test := range map[string]struct {
		raw  string
		want edition
	}{
		"not edited":                     {answers, first},
		"labelled":                       {labelled, first},
		"handed in":                      {edited(t, begun, ref[pathway.HandIn]("QuestionnaireResponse/r1")), first},
		"stopped":                        {edited(t, begun, &pathway.Stop{"QuestionnaireResponse/r1"}), first},
		"moved to another record":        {edited(t, about(answers, "p0"), &pathway.Move{"QuestionnaireResponse/r1"}), first},
		"labelled twice":                 {edited(t, with(labelled, "meta.versionId", `"9"`), &pathway.Labels{{Ref: "QuestionnaireResponse/r1", Add: codesOf("s|b")}}), first},
		"saved again as it was":          {with(labelled, "language", `"nb"`), first},
		"written in another order":       {with(labelled, "item", reversed(labelled)), first},
		"answered otherwise":             {with(labelled, "item.2.answer.0.valueCoding.code", `"LA6270-8"`), later},
		"one answer less":                {with(labelled, "item.2", ""), later},
		"declined":                       {with(labelled, "item.2", declinedItem), later},
		"entered in error":               {with(labelled, "status", `"entered-in-error"`), later},
		"about somebody else":            {with(labelled, "subject.reference", `"Patient/p2"`), later},
		"of another form":                {with(labelled, "questionnaire", `"https://example.org/q"`), later},
		"without what tilsyn left there": {with(labelled, "extension", ""), later},
		"with a date that is none":       {strings.Replace(labelled, "2031-05-17T10:00:05.000Z", "yesterday", 1), later},
	} {
		if got := editionIn(t, test.raw); got.version != test.want.version || !got.written.Equal(test.want.written) {
			t.Errorf("%s: version %s, written %s", name, got.version, got.written)
		}
	}
}

const declinedItem = `{"linkId":"3","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-declined"}]}`

func reversed(raw string) string {
	items := gjson.Get(raw, "item").Array()
	return "[" + items[2].Raw + "," + items[1].Raw + "," + items[0].Raw + "]"
}

// A form that nobody has written on is nobody's edition.
func TestAnEmptyFormKeepsNoVersion(t *testing.T) {
	after := edited(t, with(answers, "status", `"in-progress"`, "item", ""), &pathway.Stop{"QuestionnaireResponse/r1"})
	if strings.Contains(after, answersExtension) {
		t.Error(after)
	}
}

// A moment that a resource gives is never later than the server took the resource.
func TestStamps(t *testing.T) {
	r, _ := desk(t)
	for raw, want := range map[string]time.Time{
		`{"authoredOn":"2031-05-17T08:00:00Z","meta":{"lastUpdated":"2031-05-17T09:00:00Z"}}`:      utc(8, 0),
		`{"authoredOn":"2031-05-17T09:00:00.001Z","meta":{"lastUpdated":"2031-05-17T09:00:00Z"}}`:  utc(9, 0),
		`{"authoredOn":"2099","meta":{"lastUpdated":"2031-05-17T09:00:00Z"}}`:                      utc(9, 0),
		`{"authoredOn":"2031-05-17T10:00:00+02:00","meta":{"lastUpdated":"2031-05-17T09:00:00Z"}}`: utc(8, 0),
		`{"authoredOn":"2031-05-17T08:00:00Z"}`:                                                    utc(8, 0),
		`{"meta":{"lastUpdated":"2031-05-17T09:00:00Z"}}`:                                          {},
	} {
		res := parsed(t, `{"resourceType":"Task","id":"1",`+raw[1:])
		if got := r.loader.stamp(res, "authoredOn"); !got.Equal(want) {
			t.Errorf("%s: %s", raw, got)
		}
	}
}

// Of a patient who is here, the start is not still to come.
func TestAStartThatRunsAhead(t *testing.T) {
	r, _ := desk(t)
	for status, want := range map[string]time.Time{"in-progress": utc(9, 0), "arrived": utc(9, 0), "planned": utc(8, 0).AddDate(0, 0, 1), "finished": utc(8, 0).AddDate(0, 0, 1)} {
		raw := with(admission, "status", `"`+status+`"`, "period.start", `"2031-05-18T08:00:00Z"`, "meta.lastUpdated", `"2031-05-17T09:00:00Z"`)
		if got := r.loader.admission(parsed(t, raw)).Start; !got.Equal(want) {
			t.Errorf("%s: %s", status, got)
		}
	}
}

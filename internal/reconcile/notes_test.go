package reconcile

import (
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
	"github.com/tilsyn/tilsyn/internal/words"
)

func wordsOf(language string) *words.Catalogue { return words.In(language) }

// noted is a note of ours.
func noted(part, text string) string {
	return `{"extension":[{"url":"https://ehr.example/x","valueString":"1"},{"url":"https://tilsyn.org/fhir/StructureDefinition/letter-part","valueCoding":{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"letter-` +
		part + `"}}],"time":"2031-05-16T08:00:00Z","text":"` + text + `"}`
}

// A part of the letter is put, changed and taken away as a whole, and nothing else is.
func TestPuttingAPart(t *testing.T) {
	const theirs = `{"text":"Ward: by a person","authorString":"Ola"}`
	for name, test := range map[string]struct{ there, text, want string }{
		"into nothing":       {"", "Ward: B.", "place: Ward: B."},
		"nothing":            {"", "", ""},
		"beside others":      {theirs, "Ward: B.", "Ward: by a person|place: Ward: B."},
		"again":              {noted("place", "Ward: B.") + "," + theirs, "Ward: B.", "place: Ward: B.|Ward: by a person"},
		"another":            {noted("place", "Ward: A.") + "," + theirs, "Ward: B.", "place: Ward: B.|Ward: by a person"},
		"away":               {noted("reason", "x") + "," + noted("place", "Ward: A.") + "," + theirs, "", "reason: x|Ward: by a person"},
		"away, the only one": {noted("place", "Ward: A."), "", ""},
		"one of two":         {noted("place", "Ward: A.") + "," + theirs + "," + noted("place", "Ward: C."), "Ward: B.", "place: Ward: B.|Ward: by a person"},
		"both away":          {noted("place", "Ward: A.") + "," + noted("place", "Ward: C."), "", ""},
	} {
		order := consult
		if order = with(order, "note", ""); test.there != "" {
			order = with(order, "note", "["+test.there+"]")
		}
		r, _ := desk(t)
		w, e := &writing{Reconciler: r, words: wordsOf("en"), now: at12}, &edit{Resource: parsed(t, order)}
		w.put(e, stay.LetterPlace, test.text)
		if got := strings.ReplaceAll(notesIn(e.Get("@this")), "\n", "|"); got != test.want || e.err != nil {
			t.Errorf("%s: %s, %v; want %s", name, got, e.err, test.want)
		}
		if e.Get("note").Raw == "[]" {
			t.Errorf("%s: FHIR knows no empty lists", name)
		}
		kept := test.text == "Ward: B." && strings.Contains(test.there, "Ward: B.")
		if at := e.Get(`note.#(text=="Ward: B.").time`).String(); test.text != "" && (at == "2031-05-16T08:00:00Z") != kept {
			t.Errorf("%s: it is of %s", name, at)
		}
	}
}

// A letter that is written anew says what holds now. The score that it told of is told
// in a line that stays, and what people wrote is left.
func TestRewritingALetter(t *testing.T) {
	there := `[` + noted("reason", "AUDIT-C: 5 of 12 points.") + `,{"text":"<b> ring først"},` + noted("place", "Ward: Surgery 2.") + `,` + noted("left", "gone") + `,` + noted("event", "The score was corrected: it was 3 of 12 points.") + `]`
	for name, test := range map[string]struct {
		note, status string // of the score that was
		sum          int
		want         string
	}{
		"another score": {there, "final", 5, limit4[:strings.Index(limit4, "answers:")] + `<b> ring først
			` + surgery + `event: The score was corrected: it was 3 of 12 points.
			` + withTime + open + `event: The score was corrected: it was 5 of 12 points.`},
		"the same score": {there, "final", 8, limit4[:strings.Index(limit4, "answers:")] + `<b> ring først
			` + surgery + `event: The score was corrected: it was 3 of 12 points.
			` + withTime + open},
		"a score that was withdrawn": {`[` + noted("event", "The answers were withdrawn") + `]`, "entered-in-error", 5, `event: The answers were withdrawn
			` + limit4 + open + surgery},
		"of one who has gone home now": {`[` + noted("reason", "x") + `]`, "gone", 8, limit4 + open},
		"of one who was said to be gone": {`[` + noted("reason", "x") + `,` + noted("left", "y") + `]`, "gone", 8, limit4[:strings.Index(limit4, "answers:")] + `left: The answers came after the discharge: the patient is no longer in the hospital
			The patient has been discharged.
			` + withTime + open},
		"one of an older release": {`[{"text":"AUDIT-C: 5 av 12 poeng. Grensen på 4 er passert (Tilsyn rus). Regelverk: x.\nAvdeling: Kirurgi 2."},{"text":"AUDIT-C tatt på nytt, ring meg"},{"text":"AUDIT-C: 12 of 12 by my reckoning","authorString":"Ola"}]`, "final", 5,
			"AUDIT-C tatt på nytt, ring meg\nAUDIT-C: 12 of 12 by my reckoning\n" + limit4 + open + surgery + "event: The score was corrected: it was 5 of 12 points."},
	} {
		there := instead(referred, with(consult, "note", test.note))
		if test.status == "gone" {
			there = instead(there, with(admission, "status", `"finished"`))
		}
		r, s := desk(t, there...)
		p := seen(t, r, s)
		p.stay.Score = stay.Result{Ref: "Observation/o1", Status: test.status, Sum: test.sum}
		changed := forWomen
		changed.Changes = "ServiceRequest/s1"
		wrote(t, r, s, p, scored(t, answers, func(a *pathway.Score) {
			a.Amends, a.Response.Ref = "Observation/o1", "QuestionnaireResponse/r1"
		}), &changed)
		if got, want := letterSent(s), untabbed(test.want); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
}

// A letter that an older release wrote as one text tells of a protected patient neither
// the ward nor who asked there, in whichever language and words. What people wrote stays.
func TestOldLettersOfTheProtected(t *testing.T) {
	const begin = "AUDIT-C: 8 av 12 poeng. Grensen på 4 er passert (Tilsyn rus). Regelverk: policy-1."
	for letter, want := range map[string]string{
		begin: begin,
		begin + "\n1. Hvor ofte? – Aldri (0)\n2. Hvor mange, typisk? – 1-2 (0)\nBesvart 2031-05-17 10:00, Kari N..\nPasienten ønsker tilsyn.\nAvdeling: Kirurgi 2.\nTidligere tilsyn: 2030-02-03 (utført).": begin + "\n1. Hvor ofte? – Aldri (0)\n2. Hvor mange, typisk? – 1-2 (0)",
		"AUDIT-C: 8 of 12 points. The limit was passed.\nSomewhere: Ward – 2 (3)":                            "AUDIT-C: 8 of 12 points. The limit was passed.",
		"AUDIT-C: 8 of 12 points.\na/1. Q – A (4)\nb\n2. Where? – Surgery (2)":                               "AUDIT-C: 8 of 12 points.\na/1. Q – A (4)",
		"AUDIT-C in an earlier admission: 9 of 12 points. Policy: x. Answered 2031-05-14.\nWard: Surgery 2.": "AUDIT-C in an earlier admission: 9 of 12 points. Policy: x. Answered 2031-05-14.",
		"AUDIT-C i ei tidlegare innlegging: 4 av 12 poeng.\nAvdeling: K.":                                    "AUDIT-C i ei tidlegare innlegging: 4 av 12 poeng.",
		"AUDIT-C vid ett tidigare vårdtillfälle: 4 av 12 poäng.\nAvdelning: K.":                              "AUDIT-C vid ett tidigare vårdtillfälle: 4 av 12 poäng.",
		"AUDIT-C: 12 af 12 point.\nAfdeling: K.":                                                             "AUDIT-C: 12 af 12 point.",
		"Ring Kari: AUDIT-C: 8 av 12\nAvdeling: hos oss":                                                     "Ring Kari: AUDIT-C: 8 av 12\nAvdeling: hos oss",
		"AUDIT-C er tatt på nytt:\nAvdeling: hos oss":                                                        "AUDIT-C er tatt på nytt:\nAvdeling: hos oss",
		"Svarene kom etter utskrivning: pasienten er ikke lenger på sykehuset":                               "Svarene kom etter utskrivning: pasienten er ikke lenger på sykehuset",
	} {
		w, e := &writing{}, &edit{Resource: parsed(t, `{"resourceType":"ServiceRequest","note":[`+note(letter)+`,{"text":"first"},`+strings.Replace(note(letter), "{", `{"authorReference":{"reference":"Practitioner/1"},`, 1)+`]}`)}
		w.shortenOldLetters(e)
		if got := e.Get("note.0.text").String(); got != want {
			t.Errorf("%q: %q, want %q", letter, got, want)
		}
		if e.Get("note.1.text").String() != "first" || e.Get("note.2.text").String() != letter {
			t.Errorf("%q: what people wrote is changed: %s", letter, e.Get("note"))
		}
	}
}

func note(text string) string {
	return `{"text":"` + strings.ReplaceAll(text, "\n", `\n`) + `"}`
}

package reconcile

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// screenedIn is the Task of a screening in another admission, and its score.
func screenedIn(admission, end, score string) []string {
	task := with(nurse, "id", `"t`+admission+`"`, "identifier.0.value", `"screening:`+admission+`"`, "businessStatus", `{"coding":[{"system":"https://tilsyn.org/fhir/CodeSystem/tilsyn","code":"scored"}]}`,
		"output", `[`+remembers("score", to("Observation/o"+admission))+`]`)
	if end != "" {
		task = with(task, "executionPeriod", `{"end":"`+end+`"}`)
	}
	return []string{task, `{"resourceType":"Observation","id":"o` + admission + `","status":"final","identifier":[{"system":"https://tilsyn.org/fhir/identifier","value":"score:` + admission + `"}],"subject":{"reference":"Patient/p1"},"valueQuantity":{"value":` + score + `},"effectiveDateTime":"` + end + `"}`}
}

// What a letter tells of earlier screenings is read by their Tasks, the latest first, and
// no more of them than it tells of.
func TestReadingTheHistory(t *testing.T) {
	all := append(screenedIn("a1", "2030-01-01T08:00:00Z", "1"), screenedIn("a2", "2031-01-01T08:00:00Z", "2")...)
	elses := screenedIn("x", "2031-02-01T08:00:00Z", "12")
	for i, change := range []string{"for", "subject"} {
		elses[i] = with(elses[i], change+".reference", `"Patient/p2"`)
	}
	all = append(all, elses...)
	all = append(all, with(screenedIn("a3", "", "3")[0], "output", `[`+remembers("score", to("Observation/gone"))+`]`))
	for i := range 6 {
		all = append(all, screenedIn(fmt.Sprintf("b%d", i), fmt.Sprintf("2020-01-0%dT08:00:00Z", i+1), "4")...)
	}
	for name, test := range map[string]struct {
		g    guess
		want string
	}{
		"nothing is known":          {guess{}, "a2 a1 b5 b4 b3; Task?patient Observation?_id=oa2,oa1,ob5,ob4,ob3"},
		"known from the first look": {guess{patient: "Patient/p1", screened: true, scores: "Observation/oa1"}, "a1; Observation?_id=oa1"},
		"known that there are none": {guess{patient: "Patient/p1", screened: true}, "; "},
		"known of another patient":  {guess{patient: "Patient/p2", screened: true}, "a2 a1 b5 b4 b3; Task?patient Observation?_id=oa2,oa1,ob5,ob4,ob3"},
		"another's under that name": {guess{patient: "Patient/p1", screened: true, scores: "Observation/ox"}, "; Observation?_id=ox"},
		"deleted since":             {guess{patient: "Patient/p1", screened: true, scores: "Observation/gone"}, "; Observation?_id=gone"},
	} {
		r, s := desk(t, append([]string{admission, woman}, all...)...)
		p := lookedAt(t, r, s)
		p.byRef = map[string]fhir.Resource{"Encounter/e1": p.byRef["Encounter/e1"], "Patient/p1": p.byRef["Patient/p1"]} // the shelf gives more than it is asked for
		p.guess = test.g
		if err := r.loader.fetch(t.Context(), &p, []pathway.Need{{Part: stay.History}}); err != nil {
			t.Fatal(err)
		}
		var scores, asked []string
		for _, score := range p.stay.Scores {
			scores = append(scores, strings.TrimPrefix(score.Ref, "Observation/o"))
		}
		for _, query := range s.asked {
			query, _, _ = strings.Cut(query, "=Patient")
			asked = append(asked, strings.ReplaceAll(query, "%2C", ","))
		}
		if got := strings.Join(scores, " ") + "; " + strings.Join(asked, " "); got != test.want {
			t.Errorf("%s: %s\nwant %s", name, got, test.want)
		}
		if len(p.stay.Scores) > 1 && (!p.stay.Scores[0].At.Equal(time.Date(2031, 1, 1, 8, 0, 0, 0, time.UTC)) || p.stay.Scores[0].Sum != 2) {
			t.Errorf("%s: %+v", name, p.stay.Scores[0])
		}
	}
}

// Which scores there are is remembered from the look that asked the patient until the
// letter is written.
func TestEarlierScoresAreRemembered(t *testing.T) {
	before := screenedIn("a1", "2030-01-01T08:00:00Z", "1")
	r, s := desk(t, append([]string{admission, woman}, before...)...)
	p := lookedAt(t, r, s)
	if _, err := r.loader.decide(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	if g := r.loader.seen.of("e1"); !g.screened || g.scores != "Observation/oa1" {
		t.Fatalf("after the first look: %+v", g)
	}
	s.held["Task/nurse"] = parsed(t, nurse)
	delete(s.held, before[0])
	p = lookedAt(t, r, s)
	if _, err := r.loader.decide(t.Context(), &p); err != nil {
		t.Fatal(err)
	}
	if g := r.loader.seen.of("e1"); !g.screened || g.scores != "Observation/oa1" {
		t.Errorf("while the answer is awaited: %+v", g)
	}
	r.Policy.Screening.RescreenAfter.Duration = 0 // nothing is asked for: nothing is known
	r.Forget()
	delete(s.held, "Task/nurse")
	p = lookedAt(t, r, s)
	if _, err := r.loader.decide(t.Context(), &p); err != nil || r.loader.seen.of("e1").screened {
		t.Errorf("not looked for: %+v, %v", r.loader.seen.of("e1"), err)
	}
}

package integration_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/integration/fhirserver"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// replayed is an Encounter of the loaded data.
type replayed struct {
	hospital.Admission
	class  string
	gender string
	points []int // what the nurse will answer; nil: she is not to be asked
}

// Twenty synthetic patients with their whole history are loaded, their
// inpatient stays replayed as if they happened now, and some outpatient and
// emergency contacts too. Every inpatient stay is asked exactly once, no other
// encounter is, and the consults are those that the policy says.
func TestSyntheaStays(t *testing.T) {
	onEachServer(t, func(w *world) {
		encounters := w.replay()
		w.policy.Screening.RescreenAfter.Duration = 0 // every stay, also of one patient
		w.serve()
		for _, e := range encounters {
			if e.points != nil {
				w.must(w.hospital.SetStatus(w.ctx(), e.Admission, "in-progress"))
			}
		}
		n := 0
		for i, e := range encounters {
			if e.points == nil {
				continue
			}
			n++
			if i%2 == 0 { // one way or the other of handing in
				w.answer(e.Admission, e.points...)
				continue
			}
			w.must(w.hospital.Answer(w.ctx(), e.Admission, "in-progress", e.points...))
			w.must(w.hospital.CloseTask(w.ctx(), e.Admission))
		}
		w.judgeReplay(encounters)
		w.Logf("%d encounters, %d inpatient stays asked and scored", len(encounters), n)
	})
}

func (w *world) judgeReplay(encounters []replayed) {
	w.Helper()
	inpatients := map[string]bool{}
	for _, e := range encounters {
		if e.points == nil {
			continue
		}
		inpatients[e.Encounter] = true
		w.want(e.Admission, expected(e))
		w.must(w.hospital.SetStatus(w.ctx(), e.Admission, "finished"))
	}
	tasks, err := w.client.Search(w.ctx(), fhir.Query("Task", "code", "complete-questionnaire", "_count", "500"))
	w.must(err)
	askedHere := map[string]int{}
	for _, task := range tasks {
		askedHere[task.Get("encounter.reference").String()]++
	}
	for _, e := range encounters {
		if n := askedHere[e.Encounter]; (n == 1) != inpatients[e.Encounter] || n > 1 {
			w.Errorf("%s of class %s was asked %d times", e.Encounter, e.class, n)
		}
	}
}

// expected is the default policy written once more, from the sources and not
// from the code under test. None of these patients is pregnant now.
func expected(e replayed) hospital.Outcome {
	sum := 0
	for _, p := range e.points {
		sum += p
	}
	consult := 5
	if e.gender == "female" {
		consult = 4
	}
	switch {
	case sum >= 8:
		return referred(sum, "urgent")
	case sum >= consult:
		return referred(sum, "routine")
	}
	return scored(sum)
}

// replay loads the data, or admissions of our own where it is absent.
func (w *world) replay() []replayed {
	w.Helper()
	files, _ := filepath.Glob(filepath.Join(fhirserver.SharedDir(), "data", "synthea", "patient-*.json"))
	if len(files) == 0 {
		w.Log("the Synthea bundles are not on this machine; admissions of our own generator instead")
		return w.generated(25)
	}
	var all []replayed
	for _, file := range files {
		raw, err := os.ReadFile(file)
		w.must(err)
		all = append(all, w.load(raw)...)
	}
	score(all)
	return all
}

// score gives every inpatient stay other answers: 25 stays see every sum.
func score(all []replayed) {
	n := 0
	for i, e := range all {
		if e.class != "IMP" {
			continue
		}
		all[i].points = []int{0}
		if sum := n % 13; sum > 0 {
			all[i].points = []int{min(sum, 4), max(min(sum-4, 4), 0), max(sum-8, 0)}
		}
		n++
	}
}

// generated are admissions of the small generator: every class, both sexes.
func (w *world) generated(n int) []replayed {
	w.Helper()
	var all []replayed
	for i := range n {
		for _, class := range []string{"IMP", "AMB", "EMER"} {
			p := woman
			if i%2 == 0 {
				p = man
			}
			status := "in-progress"
			if class == "IMP" {
				status = "planned"
			}
			a := w.admit(hospital.Stay{Person: p, Class: class, Status: status, Ward: i})
			all = append(all, replayed{Admission: a, class: class, gender: p.Gender})
		}
	}
	score(all)
	return all
}

// load puts one patient's Bundle on the server: inpatient stays planned and
// starting now, every other tenth contact still going on.
func (w *world) load(bundle []byte) []replayed {
	w.Helper()
	var loaded []replayed
	var at []int
	gender := gjson.GetBytes(bundle, `entry.#(resource.resourceType=="Patient").resource.gender`).String()
	for i, e := range gjson.GetBytes(bundle, "entry").Array() {
		if e.Get("resource.resourceType").String() != "Encounter" {
			continue
		}
		class := e.Get("resource.class.code").String()
		status := map[bool]string{true: "planned", false: "in-progress"}[class == "IMP"]
		if class == "IMP" || i%10 == 0 {
			bundle = w.reopen(bundle, i, status)
		}
		at = append(at, i)
		loaded = append(loaded, replayed{class: class, gender: gender})
	}
	answer := w.post(bundle)
	for k, i := range at {
		location := gjson.GetBytes(answer, fmt.Sprintf("entry.%d.response.location", i)).String()
		parts := strings.Split(location, "/")
		where := slices.Index(parts, "Encounter")
		if where < 0 {
			w.Fatalf("no location for an Encounter: %s", answer)
		}
		loaded[k].Encounter = "Encounter/" + parts[where+1]
	}
	return loaded
}

func (w *world) reopen(bundle []byte, entry int, status string) []byte {
	w.Helper()
	at := fmt.Sprintf("entry.%d.resource.", entry)
	bundle, err := sjson.SetBytes(bundle, at+"status", status)
	w.must(err)
	bundle, err = sjson.SetBytes(bundle, at+"period", map[string]string{"start": *fhir.Instant(time.Now())})
	w.must(err)
	return bundle
}

func (w *world) post(bundle []byte) []byte {
	w.Helper()
	if !json.Valid(bundle) {
		w.Fatal("the bundle is not JSON")
	}
	resp, err := http.Post(w.base, fhir.ContentType, bytes.NewReader(bundle))
	w.must(err)
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	w.must(err)
	if resp.StatusCode != http.StatusOK {
		w.Fatalf("the server answered %d: %.500s", resp.StatusCode, answer)
	}
	return answer
}

package integration_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// A label that the policy adds stands on the form and on what follows from its
// answers, and not on the nurse's task, which must not be hidden from her.
func TestALabelOfThePolicy(t *testing.T) {
	onEachServer(t, func(w *world) {
		w.policy.Labels.Add = []pathway.Coding{{System: "http://terminology.hl7.org/CodeSystem/v3-ActCode", Code: "ETHUD", Display: "alcohol"}}
		a := w.admit(hospital.Stay{Person: woman})
		w.settle(a, 0)
		w.answer(a, 4, 4, 4)
		w.settle(a, 0)
		w.want(a, referred(12, "urgent"))
		nurses := w.find("Task", stay.ScreeningTask, a)
		for _, r := range w.ours(a) {
			got, want := r.Get("meta.security.#.code").Raw, `["ETHUD"]`
			if r.Ref() == nurses.Ref() {
				want = ""
			}
			if got != want && got != "[]"+want {
				w.Errorf("%s carries %s, want %s", r.Ref(), got, want)
			}
		}
	})
}

// What somebody says of the answers alone, the score and the order carry too.
func TestALabelOfTheAnswers(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.settle(a, 0)
		w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 4, 4, 4))
		w.labels(w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "R")
		w.set("QuestionnaireResponse", stay.Draft, a, "status", "completed")
		w.settle(a, 0)
		w.want(a, referred(12, "urgent"))
		for _, r := range []string{"Observation", "ServiceRequest"} {
			kind := map[string]stay.Kind{"Observation": stay.Score, "ServiceRequest": stay.Consult}[r]
			if got := w.find(r, kind, a).Get("meta.security.0.code").String(); got != "R" {
				w.Errorf("%s carries %q", r, got)
			}
		}
		w.stands(w.find("Task", stay.ConsultTask, a), w.hospital.Liaison, w.hospital.Wards[0].Location) // the patient is not protected
	})
}

// A form that says only by its last version when it was handed in is labelled
// afterwards without becoming the newest of two.
func TestALabelDoesNotMakeAnswersNewer(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.settle(a, 0)
		draft := w.find("QuestionnaireResponse", stay.Draft, a)
		w.edit(draft.Ref(), "item", json.RawMessage(neverItem))
		w.edit(draft.Ref(), "status", "completed") // and no date
		w.settle(a, 0)
		w.answerElsewhere(a, draft)
		w.settle(a, 0)
		counted := w.find("Observation", stay.Score, a).Get("derivedFrom.0.reference").String()
		w.labels(a.Patient, "N")
		w.settle(a, 0)
		if got := w.find("Observation", stay.Score, a).Get("derivedFrom.0.reference").String(); got != counted || got == draft.Ref() {
			w.Errorf("counted %s, and with the label %s", counted, got)
		}
		w.carry(a, "N")
	})
}

// stripping is a server's that keeps no labels.
type stripping struct{ writes int }

func (s *stripping) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method != http.MethodPost || r.Body == nil {
		return http.DefaultTransport.RoundTrip(r)
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var bundle struct{ Entry []json.RawMessage }
	_ = json.Unmarshal(body, &bundle)
	for i := range bundle.Entry {
		body, _ = sjson.DeleteBytes(body, fmt.Sprintf("entry.%d.resource.meta.security", i))
	}
	s.writes++
	out := r.Clone(r.Context())
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return http.DefaultTransport.RoundTrip(out)
}

// A server that does not keep labels is not written to for ever: a person is
// told, and the patient is asked, scored and referred.
func TestAServerThatKeepsNoLabels(t *testing.T) {
	onEachServer(t, func(w *world) {
		s := &stripping{}
		rec, err := w.appOver(s).Reconciler(w.ctx())
		w.must(err)
		a := w.admit(hospital.Stay{Person: woman})
		w.labels(a.Patient, "V")
		look := func() (failed error) {
			for range 9 {
				_, failed = rec.Reconcile(w.ctx(), a.ID())
			}
			return failed
		}
		if err := look(); !errors.Is(err, reconcile.ErrPermanent) || !strings.Contains(err.Error(), "meta.security") {
			w.Errorf("got %v", err)
		}
		version := w.find("Task", stay.ScreeningTask, a).VersionID()
		w.must(ignore(look(), reconcile.ErrPermanent))
		if got := w.find("Task", stay.ScreeningTask, a).VersionID(); got != version {
			w.Error("it is written to again and again")
		}
		w.answer(a, 4, 4, 4)
		w.must(ignore(look(), reconcile.ErrPermanent))
		w.want(a, referred(12, "urgent"))
	})
}

func ignore(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

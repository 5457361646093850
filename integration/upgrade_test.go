package integration_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about an upgrade with patients in their beds: of tilsyn, of its
// form, of the policy. Nobody is stranded, and nothing is written for its sake.

// release is tilsyn with something different.
func (w *world) release(different func(*reconcile.Options)) *reconcile.Reconciler {
	w.Helper()
	rec, err := w.app().Reconciler(w.ctx())
	w.must(err)
	o := rec.Options
	different(&o)
	return reconcile.New(o)
}

// settledBy looks until there is nothing to do, and counts the writes.
func (w *world) settledBy(rec *reconcile.Reconciler, a hospital.Admission) (writes int) {
	w.Helper()
	for ; writes < 6; writes++ {
		done, err := rec.Reconcile(w.ctx(), a.ID())
		w.must(err)
		if !done.Wrote {
			return writes
		}
	}
	w.Fatalf("%s is written to again and again", a.Encounter)
	return writes
}

// publish puts a version of the form on the server.
func (w *world) publish(raw []byte) *instrument.Form {
	w.Helper()
	form, err := fhir.Parse(raw)
	w.must(err)
	version := form.Get("version").String()
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), json.RawMessage(raw), fhir.Query("", "url", artifacts.QuestionnaireURL, "version", version)[1:])
	w.must(w.client.Transact(w.ctx(), &tx))
	parsed, err := instrument.AuditC().Form(raw)
	w.must(err)
	return parsed
}

// published is the release that had an earlier form of ours, in Norwegian.
func (w *world) published(version string, different func(*reconcile.Options)) *reconcile.Reconciler {
	w.Helper()
	raw, err := os.ReadFile("testdata/questionnaire-audit-c-" + version + ".json")
	w.must(err)
	form := w.publish(raw)
	return w.release(func(o *reconcile.Options) {
		o.Forms, o.Language = []*instrument.Form{form}, "nb"
		different(o)
	})
}

// before is the release that had form 1.0.0 and another policy.
func (w *world) before() *reconcile.Reconciler {
	w.Helper()
	return w.published("1.0.0-nb", func(o *reconcile.Options) {
		policy := *o.Policy
		policy.Version = "before"
		o.Policy = &policy
	})
}

func (w *world) formOf(r fhir.Resource) string {
	return r.Get("questionnaire").String() + r.Get(`input.#(type.coding.0.code=="questionnaire").valueCanonical`).String()
}

// Who was asked with an older form, or with one in another language, is scored
// by the weights of that one. Who is asked again is asked with today's, and the
// Task names the form that its response answers.
func TestUpgradeOfTheForm(t *testing.T) {
	onEachServer(t, func(w *world) {
		_, err := w.app("--questionnaire.language", "sv").Setup(w.ctx())
		w.must(err)
		swedish, err := w.app("--questionnaire.language", "sv").Reconciler(w.ctx())
		w.must(err)
		last := w.published("1.1.0-nb", func(*reconcile.Options) {})
		now := w.release(func(*reconcile.Options) {})
		for version, earlier := range map[string]*reconcile.Reconciler{"1.0.0-nb": w.before(), "1.1.0-nb": last, "1.2.0-sv": swedish} {
			a := w.admit(hospital.Stay{Person: woman})
			w.settledBy(earlier, a)
			if got := w.formOf(w.find("Task", stay.ScreeningTask, a)); !strings.HasSuffix(got, "|"+version) {
				w.Fatalf("asked with %s, want %s", got, version)
			}
			w.answer(a, 2, 1, 1)
			w.settledBy(now, a)
			w.want(a, referred(4, "routine"))

			draft := w.find("QuestionnaireResponse", stay.Draft, a)
			w.edit(draft.Ref(), "status", "entered-in-error")
			w.settledBy(now, a)
			task := w.find("Task", stay.ScreeningTask, a)
			anew, err := w.client.Read(w.ctx(), task.Get(`output.#(type.coding.0.code=="questionnaire-response").valueReference.reference`).String())
			w.must(err)
			if got := w.formOf(task); anew.Ref() == draft.Ref() || got != w.formOf(anew) || !strings.HasSuffix(got, "|1.2.0-en") {
				w.Errorf("asked again by %s with %s", anew.Ref(), got)
			}
			w.answer(a, 1, 1, 0)
			w.settledBy(now, a)
			if score := w.find("Observation", stay.Score, a); score.Get("valueQuantity.value").Int() != 2 {
				w.Errorf("asked again: %s", score.Get("valueQuantity"))
			}
		}
	})
}

// The policy in force when the answers are judged counts. What was judged before
// stands: nobody's consult comes or goes with a limit.
func TestUpgradeOfThePolicy(t *testing.T) {
	onEachServer(t, func(w *world) {
		stricter := w.release(func(o *reconcile.Options) {
			policy := *o.Policy
			policy.Version, policy.Tiers = "stricter", pathway.Tiers{Consult: []pathway.Limit{{From: 2, Source: "test"}}}
			o.Policy = &policy
		})
		before := w.before()
		open, judged := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.settledBy(before, open)
		w.settledBy(before, judged)
		w.answer(judged, 1, 1, 0)
		w.settledBy(before, judged)
		w.want(judged, scored(2))
		if n := w.settledBy(stricter, open) + w.settledBy(stricter, judged); n != 0 {
			w.Errorf("the new policy wrote %d times by itself", n)
		}
		w.answer(open, 1, 1, 0)
		w.settledBy(stricter, open)
		w.want(open, referred(2, "routine"))
		if tag := w.find("Observation", stay.Score, open).Get("meta.tag.0.code").String(); tag != "stricter" {
			w.Errorf("judged by policy %s", tag)
		}
		w.want(judged, scored(2))
	})
}

// An upgrade writes nothing for its own sake, wherever an admission stands, and
// two releases side by side leave each other's work alone.
func TestUpgradeWritesNothing(t *testing.T) {
	onEachServer(t, func(w *world) {
		before, now := w.before(), w.release(func(*reconcile.Options) {})
		for name, bring := range map[string]func(hospital.Admission){
			"asked": func(hospital.Admission) {},
			"begun": func(a hospital.Admission) { w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 3)) },
			"incomplete": func(a hospital.Admission) {
				w.must(w.hospital.Answer(w.ctx(), a, "in-progress", 3))
				w.must(w.hospital.CloseTask(w.ctx(), a))
			},
			"scored":   func(a hospital.Admission) { w.answer(a, 0) },
			"advised":  func(a hospital.Admission) { w.answer(a, 1, 1, 1) },
			"referred": func(a hospital.Admission) { w.answer(a, 4, 4, 4) },
			"declined": func(a hospital.Admission) { w.rejects(a, aNo) },
			"put away": func(a hospital.Admission) { w.rejects(a, "") },
			"unable": func(a hospital.Admission) {
				w.edit(w.find("Task", stay.ScreeningTask, a).Ref(), "statusReason", fhir.Concept(artifacts.CodeSystemURL, pathway.UnableReasons[0], ""))
				w.set("Task", stay.ScreeningTask, a, "status", "rejected")
			},
			"accepted": func(a hospital.Admission) {
				w.answer(a, 4, 4, 4)
				w.settledBy(before, a)
				w.set("Task", stay.ConsultTask, a, "status", "accepted")
			},
			"gone home": func(a hospital.Admission) { w.must(w.hospital.SetStatus(w.ctx(), a, "finished")) },
			"withdrawn": func(a hospital.Admission) {
				w.answer(a, 4, 4, 4)
				w.settledBy(before, a)
				w.edit(w.find("QuestionnaireResponse", stay.Draft, a).Ref(), "status", "entered-in-error")
			},
		} {
			a := w.admit(hospital.Stay{Person: woman})
			w.settledBy(before, a)
			bring(a)
			w.settledBy(before, a)
			for turn, release := range []*reconcile.Reconciler{now, before, now} {
				if n := w.settledBy(release, a); n != 0 {
					w.Errorf("%s: %d writes on turn %d after the upgrade", name, n, turn)
				}
			}
		}
	})
}

// strip takes from a Task what an older release did not write.
func (w *world) strip(ref string) {
	w.Helper()
	w.must(w.hospital.Edit(w.ctx(), ref, func(r fhir.Resource) (fhir.Resource, error) {
		var kept []json.RawMessage
		for _, out := range r.Get("output").Array() {
			switch out.Get("type.coding.0.code").String() {
			case "questionnaire-response", "score", "consult":
				kept = append(kept, json.RawMessage(out.Raw))
			}
		}
		r, err := r.Set("output", kept)
		for _, later := range []string{"businessStatus", "executionPeriod", "location"} {
			if err == nil {
				r, err = r.Delete(later)
			}
		}
		return r, err
	}))
}

// What an older release wrote, with less on it, is understood: nothing is asked,
// scored or ordered a second time, and what happens next is followed.
func TestTasksOfAnOlderRelease(t *testing.T) {
	onEachServer(t, func(w *world) {
		before, now := w.before(), w.release(func(*reconcile.Options) {})
		open, positive := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		w.settledBy(before, open)
		w.strip(w.find("Task", stay.ScreeningTask, open).Ref())
		w.settledBy(before, positive)
		w.answer(positive, 4, 4, 4)
		w.settledBy(before, positive)
		w.strip(w.find("Task", stay.ScreeningTask, positive).Ref())
		score, order := w.find("Observation", stay.Score, positive), w.find("ServiceRequest", stay.Consult, positive)

		w.settledBy(now, open)
		if n := w.settledBy(now, positive); n > 1 {
			w.Errorf("%d writes to note what was judged", n)
		}
		w.want(positive, referred(12, "urgent"))
		if w.find("Observation", stay.Score, positive).VersionID() != score.VersionID() || w.find("ServiceRequest", stay.Consult, positive).VersionID() != order.VersionID() {
			w.Error("score or order was written again")
		}
		w.set("Task", stay.ConsultTask, positive, "status", "completed")
		w.settledBy(now, positive)
		if got := w.find("ServiceRequest", stay.Consult, positive).Get("status").String(); got != "completed" {
			w.Errorf("the team is done, and the order is %s", got)
		}
		w.answer(open, 2, 1, 1)
		w.settledBy(now, open)
		w.want(open, referred(4, "routine"))
	})
}

// What a newer release wrote and this one does not know is left as it is, so
// that both can run side by side.
func TestTasksOfANewerRelease(t *testing.T) {
	onEachServer(t, func(w *world) {
		now := w.release(func(*reconcile.Options) {})
		later := fhir.Concept(artifacts.CodeSystemURL, "code-of-a-later-release", "")
		for name, change := range map[string]map[string]any{
			"waits":      {"businessStatus": later},
			"ended":      {"businessStatus": later, "status": "cancelled"},
			"put aside":  {"statusReason": later, "status": "rejected"},
			"given up":   {"statusReason": later, "businessStatus": later, "status": "failed"},
			"remembered": {"output.-1": fhir.Parameter{Type: later, ValueString: fhir.Ptr("x")}},
		} {
			a := w.admit(hospital.Stay{Person: woman})
			w.settledBy(now, a)
			task := w.find("Task", stay.ScreeningTask, a)
			for element, value := range change {
				w.edit(task.Ref(), element, value)
			}
			version := w.find("Task", stay.ScreeningTask, a).VersionID()
			if n := w.settledBy(now, a); n != 0 {
				w.Errorf("%s: %d writes", name, n)
			}
			if got := w.find("Task", stay.ScreeningTask, a).VersionID(); got != version {
				w.Errorf("%s: the Task was changed", name)
			}
		}
	})
}

// An output of somebody else's that bears one of our codes in a system of its
// own is not ours to replace.
func TestOutputsOfOthers(t *testing.T) {
	onEachServer(t, func(w *world) {
		a := w.admit(hospital.Stay{Person: woman})
		w.look(a, 0)
		theirs := fhir.Parameter{Type: fhir.Concept("https://ehr.example.no/codes", "score", ""), ValueString: fhir.Ptr("theirs")}
		w.edit(w.find("Task", stay.ScreeningTask, a).Ref(), "output.-1", theirs)
		w.answer(a, 4, 4, 4)
		w.settle(a, 0)
		w.want(a, referred(12, "urgent"))
		outputs := w.find("Task", stay.ScreeningTask, a).Get("output")
		if got := outputs.Get(`#(type.coding.0.system=="https://ehr.example.no/codes").valueString`).String(); got != "theirs" {
			w.Errorf("the other's output is gone: %s", outputs)
		}
	})
}

// A form that this release cannot read gives no score, and is said so once. It
// is scored as soon as it can be read, by this release or by another.
func TestFormThatCannotBeReadYet(t *testing.T) {
	onEachServer(t, func(w *world) {
		raw, err := artifacts.Questionnaire("en")
		w.must(err)
		form, err := fhir.Parse(raw)
		w.must(err)
		form, err = form.Set("version", fmt.Sprintf("9.0.%d-en", time.Now().UnixNano()))
		w.must(err)
		later, err := instrument.AuditC().Form(form.Raw())
		w.must(err)
		now := w.release(func(*reconcile.Options) {})
		newer := w.release(func(o *reconcile.Options) { o.Forms = []*instrument.Form{later} })
		a, b := w.admit(hospital.Stay{Person: woman}), w.admit(hospital.Stay{Person: woman})
		for _, asked := range []hospital.Admission{a, b} {
			w.settledBy(newer, asked)
			draft := w.find("QuestionnaireResponse", stay.Draft, asked).Ref()
			w.edit(draft, "item", json.RawMessage(neverItem))
			w.edit(draft, "status", "completed")
			if n := w.settledBy(now, asked); n != 1 {
				w.Errorf("said %d times that the form cannot be read", n)
			}
			w.want(asked, hospital.Outcome{Asked: 1, Task: "requested", Business: "invalid", Draft: "completed"})
		}
		w.settledBy(newer, a)
		w.want(a, scored(0))
		w.publish(form.Raw())
		w.settledBy(now, b)
		w.want(b, scored(0))
		if n := w.settledBy(now, a) + w.settledBy(newer, b); n != 0 {
			w.Errorf("%d writes over what the other release had scored", n)
		}
	})
}

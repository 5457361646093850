package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
)

// ward is the hospital's part, which both runs have alike: it registers people
// and answers the form, one request each, past the tap.
type ward struct {
	base     string
	http     *http.Client
	prefix   string // keeps the people of several runs on one server apart
	number   atomic.Int64
	hospital *hospital.Hospital
	answers  string // the items of a form that passes the limit, JSON
}

// admission is somebody who has come in.
type admission struct {
	patient, encounter string // ids
	task, response     string // ids of what was made, once it was
	order              string // id of the liaison team's task
	made               chan made
}

func openWard(ctx context.Context, base string) (*ward, error) {
	client, err := fhir.New(fhir.Options{BaseURL: base})
	if err != nil {
		return nil, err
	}
	defer client.Close()
	w := &ward{base: base, http: &http.Client{Transport: pool()}, prefix: fmt.Sprintf("load-%d-", time.Now().UnixMilli())}
	if w.hospital, err = hospital.Open(ctx, client, w.prefix); err != nil {
		return nil, err
	}
	form, err := artifacts.Questionnaire("nb")
	if err != nil {
		return nil, err
	}
	w.answers, err = answers(gjson.ParseBytes(form))
	return w, err
}

// answers are two points for each item: six in all, a routine consult.
func answers(form gjson.Result) (string, error) {
	var items []any
	for _, item := range form.Get(`item.#(type=="choice")#`).Array() {
		for _, o := range item.Get("answerOption").Array() {
			if o.Get(`extension.#(url=="http://hl7.org/fhir/StructureDefinition/ordinalValue").valueDecimal`).Int() == 2 {
				items = append(items, map[string]any{"linkId": item.Get("linkId").String(),
					"answer": []any{map[string]any{"valueCoding": json.RawMessage(o.Get("valueCoding").Raw)}}})
				break
			}
		}
		if len(items) == 3 {
			break
		}
	}
	out, err := json.Marshal(items)
	return string(out), err
}

// person gives ids that no text contains by chance, so that a recorded request
// can be turned into a template. HAPI takes no id of digits alone.
func (w *ward) person() *admission {
	n := w.number.Add(1)
	return &admission{patient: fmt.Sprintf("%sp%dx", w.prefix, n), encounter: fmt.Sprintf("%se%dx", w.prefix, n)}
}

// admit registers them in one transaction.
func (w *ward) admit(ctx context.Context, people ...*admission) error {
	var entries []string
	for _, a := range people {
		entries = append(entries, w.patient(a), w.encounter(a, "in-progress", `"start":"`+*fhir.Instant(time.Now())+`"`))
	}
	return w.transact(ctx, entries)
}

func (w *ward) patient(a *admission) string {
	return put("Patient", a.patient, `"meta":{"tag":[{"system":"`+hospital.System+`","code":"synthetic"}]},`+
		`"name":[{"family":"Syntetisk","given":["Kari"]}],"gender":"female","birthDate":"1961-03-14"`)
}

func (w *ward) encounter(a *admission, status, period string) string {
	return put("Encounter", a.encounter, fmt.Sprintf(`"status":%q,"class":{"system":"http://terminology.hl7.org/CodeSystem/v3-ActCode","code":"IMP"},`+
		`"subject":{"reference":"Patient/%s"},"period":{%s},"location":[{"location":{"reference":%q}}],"serviceProvider":{"reference":%q}`,
		status, a.patient, period, w.hospital.Wards[0].Location, w.hospital.Organization))
}

// bulk is how many people go into one transaction.
const bulk = 200

// register admits many, who are told apart by nobody.
func (w *ward) register(ctx context.Context, n int) ([]*admission, error) {
	people := make([]*admission, n)
	for i := range people {
		people[i] = w.person()
	}
	for some := range slices.Chunk(people, bulk) {
		if err := w.admit(ctx, some...); err != nil {
			return nil, err
		}
	}
	return people, nil
}

// discharge sends them home and takes what was made for them off all lists, so
// that the next census finds the ward empty.
func (w *ward) discharge(ctx context.Context, people []*admission) error {
	for some := range slices.Chunk(people, bulk) {
		var entries []string
		for _, a := range some {
			entries = append(entries, w.encounter(a, "finished", ended))
			for _, id := range []string{a.task, a.order} {
				if id != "" {
					entries = append(entries, put("Task", id, `"status":"completed","intent":"order"`))
				}
			}
			if a.response != "" {
				entries = append(entries, put("QuestionnaireResponse", a.response, `"status":"completed"`))
			}
		}
		if err := w.transact(ctx, entries); err != nil {
			return err
		}
	}
	return nil
}

// ended is the period of a stay that is over.
const ended = `"start":"2026-01-05T08:00:00Z","end":"2026-01-09T12:00:00Z"`

// put is a transaction entry that writes a resource under an id of ours.
func put(typ, id, rest string) string {
	return fmt.Sprintf(`{"fullUrl":"urn:load:%[1]s-%[2]s","request":{"method":"PUT","url":"%[1]s/%[2]s"},"resource":{"resourceType":%[1]q,"id":%[2]q,%[3]s}}`, typ, id, rest)
}

func (w *ward) transact(ctx context.Context, entries []string) error {
	return w.send(ctx, http.MethodPost, "", `{"resourceType":"Bundle","type":"transaction","entry":[`+strings.Join(entries, ",")+`]}`)
}

// answer hands in the draft that was prepared, with all its items.
func (w *ward) answer(ctx context.Context, a *admission, draft string) error {
	for _, set := range [][2]string{{"id", `"` + a.response + `"`}, {"status", `"completed"`}, {"authored", `"` + *fhir.Instant(time.Now()) + `"`}, {"item", w.answers}} {
		var err error
		if draft, err = sjson.SetRaw(draft, set[0], set[1]); err != nil {
			return err
		}
	}
	return w.send(ctx, http.MethodPut, "/QuestionnaireResponse/"+a.response, draft)
}

func (w *ward) send(ctx context.Context, method, path, body string) error {
	req, err := http.NewRequestWithContext(ctx, method, w.base+path, bytes.NewBufferString(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", fhir.ContentType)
	req.Header.Set("Prefer", "return=minimal")
	resp, err := w.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("the ward: %s %s: HTTP %d: %.500s", method, path, resp.StatusCode, answer)
	}
	return err
}

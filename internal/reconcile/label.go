package reconcile

import (
	"encoding/json"
	"slices"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file puts security labels on what is ours.

// labels are those of a resource. One without a code says nothing.
func labels(res fhir.Resource) (codes []stay.Code) {
	for _, label := range res.Get("meta.security").Array() {
		if label.Get("code").Type == gjson.String {
			codes = append(codes, code(label))
		}
	}
	return codes
}

// source is what the results in a decision rest on.
func source(s stay.Stay, d pathway.Decision) *pathway.Source {
	if score := pathway.Of[pathway.Score](d); score != nil {
		return pathway.From(s, score.Response.Ref)
	}
	if minimum := pathway.Of[pathway.Minimum](d); minimum != nil && minimum.Response.Ref != "" {
		return pathway.From(s, minimum.Response.Ref)
	}
	task, _ := s.ScreeningTask()
	return pathway.From(s, task.Response)
}

// marked is what stands on something new: its labels, and under which policy it
// came to be.
func (w *writing) marked(source *pathway.Source) *r4.Meta {
	return &r4.Meta{
		Tag:      []r4.Coding{fhir.Coding(PolicySystem, w.Policy.Version, "")},
		Security: w.codings(pathway.Wanted(w.p.stay, w.Policy, source)),
	}
}

// codings are labels as they stand where they came from, with their words.
func (w *writing) codings(codes []stay.Code) []r4.Coding {
	if len(codes) == 0 {
		return nil
	}
	worded := map[stay.Code]r4.Coding{}
	for _, c := range append(w.Policy.Labels.Add, w.Policy.Protected.Add...) {
		worded[stay.Code{System: c.System, Code: c.Code}] = fhir.Coding(c.System, c.Code, c.Display)
	}
	for _, res := range sorted(w.p.byRef) {
		for _, label := range res.Get("meta.security").Array() {
			var c r4.Coding
			if json.Unmarshal([]byte(label.Raw), &c) == nil {
				worded[code(label)] = c
			}
		}
	}
	list := make([]r4.Coding, 0, len(codes))
	for _, c := range codes {
		coding, ok := worded[c]
		if !ok {
			coding = fhir.Coding(c.System, c.Code, "") // its words could not be read
		}
		list = append(list, coding)
	}
	return list
}

// labelling puts on what is ours the labels that it lacks.
type labelling struct{ *pathway.Labels }

func (a labelling) describe() (lines []string) {
	for _, l := range *a.Labels {
		lines = append(lines, "put on "+l.Ref+" the labels that have come since")
	}
	return lines
}

func (labelling) record(*writing) (activity, from string) { return "protection", "" }

func (a labelling) shown() pathway.Action {
	labels := slices.Clone(*a.Labels)
	for i := range labels {
		labels[i].Add = nil
	}
	return &labels
}

func (a labelling) write(w *writing) {
	for _, l := range *a.Labels {
		w.edit(l.Ref, func(e *edit) { w.label(e, l.Add) })
		w.touched(l.Ref)
	}
}

func (w *writing) label(e *edit, add []stay.Code) {
	for _, c := range w.codings(add) {
		e.set("meta.security.-1", c)
	}
	if e.Type() == "Task" {
		w.modified(e)
	}
}

// marks are the codes in extensions of a Patient and of her addresses: where a
// site says that an address is secret. A bare code is known by its extension.
func marks(patient fhir.Resource) (codes []stay.Code) {
	lists := append(patient.Get("address.#.extension").Array(), patient.Get("extension"))
	for len(lists) > 0 {
		list := lists[0]
		lists = lists[1:]
		for _, ext := range list.Array() {
			codes = append(codes, marksOf(ext)...)
			if nested := ext.Get("extension"); nested.IsArray() {
				lists = append(lists, nested)
			}
		}
	}
	return codes
}

func marksOf(ext gjson.Result) (codes []stay.Code) {
	for _, c := range append(ext.Get("valueCodeableConcept.coding").Array(), ext.Get("valueCoding").Array()...) {
		codes = append(codes, code(c))
	}
	if bare := ext.Get("valueCode"); bare.Exists() {
		codes = append(codes, stay.Code{System: ext.Get("url").String(), Code: bare.String()})
	}
	return codes
}

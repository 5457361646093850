package reconcile

import (
	"slices"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// saidOn is why a Task has its status, in anybody's codes and words. Screens write the
// words as text, or as the display of a code.
func saidOn(task fhir.Resource) (s stay.Said) {
	for _, element := range []string{"statusReason", "businessStatus"} {
		concept := task.Get(element)
		s.Codes = append(s.Codes, codes(concept)...)
		for _, words := range append(concept.Get("coding.#.display").Array(), concept.Get("text")) {
			if words.String() != "" {
				s.Texts = append(s.Texts, words.String())
			}
		}
	}
	return s
}

// putAside is how a person has put questions aside, by instrument, where a decision is the
// first to say so.
func putAside(s stay.Stay, d pathway.Decision) map[string]string {
	said := map[string]string{}
	for _, one := range d.All() {
		task, _ := s.About(one.Instrument).ScreeningTask()
		change := pathway.Of[pathway.TaskChange](one)
		if change != nil && change.Business != task.BusinessStatus && slices.Contains(pathway.WithoutAnswer, change.Business) {
			said[one.Instrument] = change.Business
		}
	}
	return said
}

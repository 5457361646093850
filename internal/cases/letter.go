package cases

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
)

// This file is what may be said of the letter to the team, a note for each part of it.

func letters(v *vocabulary[bool]) {
	v.say("consult has one letter", true)
	v.say("letter says: <words>", true)
	v.say("letter names <ward>", true)
	v.say("letter names <titles>", true)
	v.say("letter names no ward", true)
	v.say("letter tells of nothing earlier", true)
}

// letter tells of the notes on a consult that are of tilsyn.
func (f *facts) letter(consult fhir.Resource) {
	n, place, before := 0, "", false
	for _, note := range consult.Get("note").Array() {
		switch partOf(note) {
		case "":
			continue
		case "letter-reason":
			n++
			f.names(note.Get("text").String())
		case "letter-place":
			place = note.Get("text").String()
		case "letter-before":
			before = true
		}
		for line := range strings.SplitSeq(note.Get("text").String(), "\n") {
			f.say("letter says: %s", line)
		}
	}
	f.say("consult has %s", several(n, "letter"))
	if !before {
		f.say("letter tells of nothing earlier")
	}
	if place == "" {
		f.say("letter names no ward")
	}
	for i, w := range f.p.hospital.Wards {
		if strings.Contains(place, w.Name) {
			f.say("letter names ward %s", string(rune('A'+i)))
		}
	}
}

func partOf(note gjson.Result) string {
	return note.Get(`extension.#(url%"https://tilsyn.org/*").valueCoding.code`).String()
}

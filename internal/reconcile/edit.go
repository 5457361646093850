package reconcile

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
)

// edit changes a resource that was read; the transaction fails if somebody
// else has changed it since. A resource may be edited for several reasons.
func (w *writing) edit(ref string, change func(*edit)) {
	if w.edits[ref] == nil {
		w.edits[ref] = &edit{Resource: w.p.byRef[ref]}
		w.edited = append(w.edited, ref)
	}
	change(w.edits[ref])
}

// update writes each edited resource once: a transaction may not name one twice.
func (w *writing) update() {
	for _, ref := range w.edited {
		e, was := w.edits[ref], w.p.byRef[ref]
		if e.err == nil && bytes.Equal(e.Raw(), was.Raw()) {
			continue // a server makes no new version of it, so nobody could tell whether it was written
		}
		if e.Type() == "QuestionnaireResponse" {
			keepEdition(e, was)
		}
		if e.err != nil {
			w.err = errors.Join(w.err, e.err)
			continue
		}
		w.tx.Update(w.Client, e.Resource)
	}
}

// edit changes a Task's JSON and remembers the first error.
type edit struct {
	fhir.Resource
	err error
}

func (e *edit) set(path string, value any) {
	if e.err == nil {
		e.Resource, e.err = e.Resource.Set(path, value)
	}
}

func (e *edit) delete(path string) {
	if e.err == nil {
		e.Resource, e.err = e.Resource.Delete(path)
	}
}

// dropOutput removes our output of one type.
func (e *edit) dropOutput(kind param) {
	switch i := indexOf(e.Resource, "output", kind); {
	case i == 0 && len(e.Get("output").Array()) == 1:
		e.delete("output") // FHIR knows no empty lists
	case i >= 0:
		e.delete(fmt.Sprintf("output.%d", i))
	}
}

// dropNeverMade removes outputs that point to what was never made.
func (e *edit) dropNeverMade(kinds ...param) {
	for _, kind := range kinds {
		if neverMade(outputReference(e.Resource, kind)) {
			e.dropOutput(kind)
		}
	}
}

// extend replaces the extension with this URL, or adds it.
func (e *edit) extend(x r4.Extension) {
	at := slices.IndexFunc(e.Get("extension").Array(), func(have gjson.Result) bool { return have.Get("url").String() == x.Url })
	e.set(fmt.Sprintf("extension.%d", at), x) // at -1 it is one more
}

// output replaces our output of the same type, or adds one.
func (e *edit) output(p fhir.Parameter) { e.replace("output", p) }

func (e *edit) replace(list string, p fhir.Parameter) {
	coding := p.Type.Coding[0]
	if i := indexOf(e.Resource, list, param{*coding.System, *coding.Code}); i >= 0 {
		e.set(fmt.Sprintf("%s.%d", list, i), p)
		return
	}
	e.set(list+".-1", p)
}

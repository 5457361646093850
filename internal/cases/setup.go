package cases

import (
	"encoding/json"
	"errors"
	"strings"
	"sync"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// This file is what a server holds before the first admission.

// language is that of the form: the one that it is kept in.
const language = "nb"

// setting is what a server holds before the first admission, and our form in it.
type setting struct {
	artifacts []fhir.Resource
	form      *instrument.Form
	err       error
}

// shipped is read once for all cases.
var shipped = sync.OnceValue(func() (s setting) {
	all, err := artifacts.All(language)
	s.err = err
	for _, a := range all {
		r, err := slim(a.JSON)
		if r.Type() == "CodeSystem" {
			continue // nobody asks for it here
		}
		s.artifacts, s.err = append(s.artifacts, r), errors.Join(s.err, err)
		if r.Type() == "Questionnaire" {
			s.form, err = instrument.AuditC().Form(a.JSON)
			s.err = errors.Join(s.err, err)
		}
	}
	return s
})

// setUp puts on the server what `tilsyn setup` does.
func (p *play) setUp(o *reconcile.Options) error {
	s := shipped()
	if s.err != nil {
		return s.err
	}
	var tx fhir.Transaction
	for _, r := range s.artifacts {
		tx.Create(fhir.NewRef(), rawOf(r), "")
	}
	if err := p.client.Transact(p.ctx, &tx); err != nil {
		return err
	}
	devices, err := p.client.Search(p.ctx, "Device?")
	if err == nil {
		o.Device, o.Forms, p.canonical = devices[0].Ref(), []*instrument.Form{s.form}, s.form.Canonical()
	}
	return err
}

// slim leaves out the translations and what a form says of itself: most of it, and
// nobody reads it here.
func slim(text []byte) (fhir.Resource, error) {
	var whole map[string]any
	if err := json.Unmarshal(text, &whole); err != nil {
		return fhir.Resource{}, err
	}
	untranslated(whole)
	for _, prose := range []string{"text", "description", "purpose", "copyright", "contained"} {
		delete(whole, prose)
	}
	text, err := json.Marshal(whole)
	if err != nil {
		return fhir.Resource{}, err
	}
	return fhir.Parse(text)
}

func untranslated(v any) {
	switch v := v.(type) {
	case []any:
		for _, below := range v {
			untranslated(below)
		}
	case map[string]any:
		for key, below := range v {
			if strings.HasPrefix(key, "_") {
				delete(v, key)
			}
			untranslated(below)
		}
	}
}

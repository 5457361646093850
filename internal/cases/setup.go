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

// setting is what a server holds before the first admission, and our forms in it.
type setting struct {
	artifacts []fhir.Resource
	forms     []*instrument.Form // in the order in which they are asked
	err       error
}

// settings are those that were read, by the instruments that are asked.
var settings sync.Map

// shipped is read once for all cases that ask with the same instruments.
func shipped(names ...string) setting {
	key := strings.Join(names, " ")
	if s, ok := settings.Load(key); ok {
		return s.(setting)
	}
	s := unpack(names)
	settings.Store(key, s)
	return s
}

func unpack(names []string) (s setting) {
	all, err := artifacts.All(language, names...)
	s.err = err
	for _, a := range all {
		r, err := slim(a.JSON)
		if r.Type() == "CodeSystem" {
			continue // nobody asks for it here
		}
		s.artifacts, s.err = append(s.artifacts, r), errors.Join(s.err, err)
		if r.Type() == "Questionnaire" {
			of, _ := instrument.Named(names[len(s.forms)])
			form, err := of.Form(a.JSON)
			s.forms, s.err = append(s.forms, form), errors.Join(s.err, err)
		}
	}
	return s
}

// setUp puts on the server what `tilsyn setup` does.
func (p *play) setUp(o *reconcile.Options) error {
	s := shipped(o.Policy.Instruments()...)
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
		o.Device, o.Forms, p.canonical = devices[0].Ref(), s.forms, s.forms[0].Canonical()
		p.others = otherViews(s.forms[1:])
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

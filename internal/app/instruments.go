package app

import (
	"fmt"
	"slices"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file is about the forms that the policy asks with: ours, or the site's own.

// Artifacts are what the server needs for what the policy asks. An instrument of which
// there is no form is an error.
func Artifacts(cfg config.Config, policy *pathway.Policy) ([]artifacts.Artifact, error) {
	all, err := artifacts.Base(cfg.Questionnaire.Language)
	if err != nil {
		return nil, err
	}
	for _, name := range policy.Instruments() {
		form, err := formOf(cfg, name)
		if step := policy.About(name).Step(); err == nil && step != nil {
			form, err = artifacts.ReadOnly(form, policy.About(step.After).Definition().Codes()) // what was asked before is only shown
		}
		if err != nil {
			return nil, fmt.Errorf("the policy asks %s: %w", name, err)
		}
		all = append(all, form)
	}
	return all, nil
}

// formOf is the form of an instrument: the site's own goes before ours.
func formOf(cfg config.Config, name string) (artifacts.Artifact, error) {
	if own, brought := cfg.Instruments.Of(name); brought {
		return artifacts.Artifact{Name: "Questionnaire-" + name, JSON: own.Form, Instrument: name, File: own.File}, nil
	}
	return artifacts.Form(name, cfg.Questionnaire.Language)
}

// former is our form of an instrument of which the site has brought its own: who was asked
// before that was asked with ours.
func former(cfg config.Config, name string) (form artifacts.Artifact, ok bool) {
	if _, brought := cfg.Instruments.Of(name); !brought {
		return form, false
	}
	form, err := artifacts.Form(name, cfg.Questionnaire.Language)
	return form, err == nil
}

func (a *App) artifacts() ([]artifacts.Artifact, error) { return Artifacts(a.cfg, a.policy) }

// readForms reads a form of an instrument, and that which it takes the place of.
func (a *App) readForms(art artifacts.Artifact) (all []*instrument.Form, err error) {
	at := slices.IndexFunc(a.policy.Definitions(), func(d *instrument.Definition) bool { return d.Name == art.Instrument })
	if at < 0 {
		return nil, fmt.Errorf("%s belongs to no instrument that the policy asks with", art.Name)
	}
	forms := []artifacts.Artifact{art}
	if before, ok := former(a.cfg, art.Instrument); ok {
		forms = append(forms, before)
	}
	for _, form := range forms {
		read, err := a.policy.Definitions()[at].Form(form.JSON)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", form.Name, err)
		}
		all = append(all, read)
	}
	return all, nil
}

// questionnaires are the urls of all forms that are, or were, asked with.
func (a *App) questionnaires() (urls []string) {
	for _, name := range a.policy.Instruments() {
		if form, err := formOf(a.cfg, name); err == nil {
			urls = append(urls, gjson.GetBytes(form.JSON, "url").Str)
		}
		if form, ok := former(a.cfg, name); ok {
			urls = append(urls, gjson.GetBytes(form.JSON, "url").Str)
		}
	}
	return urls
}

// unasked are the instruments that the site has brought and no policy asks with.
func unasked(cfg config.Config, policy *pathway.Policy) (names []string) {
	for _, own := range cfg.Instruments.Own {
		if name := own.Definition.Name; !slices.Contains(policy.Instruments(), name) {
			names = append(names, name)
		}
	}
	return names
}

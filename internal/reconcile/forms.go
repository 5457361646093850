package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// forms finds the version of our Questionnaire that a response answers. A
// published version never changes, so one that was found is kept.
//
// A hospital that brings its own wording brings a form of another url. Who was asked with
// ours before that, and has not answered, has it open still; and answers may be corrected.
type forms struct {
	client  *fhir.Client
	current *instrument.Form
	former  []*instrument.Form // of other urls, in the version that is meant where none is named
	now     func() time.Time

	mu       sync.Mutex
	known    map[string]*instrument.Form // by url|version
	referred map[string]stated           // by Questionnaire/id and version
}

func newForms(c *fhir.Client, current *instrument.Form, now func() time.Time) *forms {
	return &forms{client: c, current: current, now: now,
		known: map[string]*instrument.Form{current.Canonical(): current}, referred: map[string]stated{}}
}

func (f *forms) takeFormer(form *instrument.Form) {
	f.former = append(f.former, form)
	f.known[form.Canonical()] = form
}

// under is the form that is, or was, asked with under a url; nil: none.
func (f *forms) under(url string) *instrument.Form {
	for _, form := range append([]*instrument.Form{f.current}, f.former...) {
		if form.URL == url {
			return form
		}
	}
	return nil
}

// formFound is a form, or why there is none: for who reads the Task, and in
// English for who runs the system.
type formFound struct {
	form    *instrument.Form
	problem instrument.Problem
	detail  string
}

func noForm(why instrument.ProblemCode, detail string) formFound {
	return formFound{problem: instrument.Problem{Code: why}, detail: detail}
}

// of finds the form of a response, in whichever way it names it; asked is the one that
// its Task asks for.
func (f *forms) of(ctx context.Context, response fhir.Resource, asked string) (formFound, error) {
	s, err := f.stated(ctx, response)
	if err != nil || !s.problem.IsZero() {
		return s.formFound, err
	}
	found, err := f.answered(ctx, s.canonical, asked)
	if err == nil && found.form == nil && s.form != nil && s.form.Canonical() == s.canonical {
		found = formFound{form: s.form} // only there, for instance in an earlier version of what lies there
	}
	return found, err
}

// ours tells whether a response says that it answers our form, in whichever version.
func (f *forms) ours(ctx context.Context, response fhir.Resource) (bool, error) {
	s, err := f.stated(ctx, response)
	return err == nil && s.problem.IsZero() && f.under(urlOf(s.canonical)) != nil, err
}

// urlOf is a canonical without its version.
func urlOf(canonical string) string {
	url, _, _ := strings.Cut(canonical, "|")
	return url
}

// answered finds the form of a response by its canonical. One without a version can only
// mean the version that its Task asked for. Where there is no form the answer says why;
// another attempt finds a form that came later.
func (f *forms) answered(ctx context.Context, canonical, asked string) (found formFound, err error) {
	url, version, _ := strings.Cut(canonical, "|")
	if url != "" && f.under(url) == nil {
		return noForm(instrument.OtherForm, ""), nil
	}
	if version == "" {
		canonical = f.meant(url, asked)
	}
	f.mu.Lock()
	found.form = f.known[canonical]
	f.mu.Unlock()
	if found.form != nil {
		return found, nil
	}
	return f.fetch(ctx, canonical)
}

// meant is the canonical of a response that states no version, or nothing.
func (f *forms) meant(url, asked string) string {
	switch {
	case asked != "" && (url == "" || url == urlOf(asked)):
		return asked
	case url == "":
		return f.current.Canonical()
	}
	return f.under(url).Canonical()
}

func (f *forms) fetch(ctx context.Context, canonical string) (formFound, error) {
	url, version, _ := strings.Cut(canonical, "|")
	res, err := f.find(ctx, fhir.Query("Questionnaire", "url", url, "version", version), func(res fhir.Resource) bool {
		return res.Get("url").String() == url && res.Get("version").String() == version
	})
	switch {
	case errors.Is(err, errNoForm):
		return noForm(instrument.FormMissing, ""), nil
	case err != nil:
		return formFound{}, err
	}
	form, err := f.current.Of.Form(res.Raw())
	if err != nil {
		return noForm(instrument.FormUnreadable, err.Error()), nil
	}
	f.mu.Lock()
	f.known[canonical] = form
	f.mu.Unlock()
	return formFound{form: form}, nil
}

var errNoForm = errors.New("the form is not on the server")

// find gives the first Questionnaire that a search finds and that is one: servers ignore
// parameters that they do not know. errNoForm: there surely is none.
func (f *forms) find(ctx context.Context, query string, is func(fhir.Resource) bool) (fhir.Resource, error) {
	found, err := f.client.Search(ctx, query)
	if err == nil || fhir.IsCutShort(err) {
		for _, res := range found {
			if res.Type() == "Questionnaire" && is(res) {
				return res, nil
			}
		}
	}
	if err == nil {
		err = errNoForm
	}
	return fhir.Resource{}, fmt.Errorf("find the form that was answered: %w", err)
}

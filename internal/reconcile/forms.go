package reconcile

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// forms finds the version of our Questionnaire that a response answers. A
// published version never changes, so one that was found is kept.
type forms struct {
	client  *fhir.Client
	current *instrument.Form

	mu    sync.Mutex
	known map[string]*instrument.Form // by url|version
}

func newForms(c *fhir.Client, current *instrument.Form) *forms {
	return &forms{client: c, current: current, known: map[string]*instrument.Form{current.Canonical(): current}}
}

// answered finds the form of a response. One without a version can only mean
// the version that its Task asked for. Where there is no form the answer says why;
// another attempt finds a form that came later.
func (f *forms) answered(ctx context.Context, stated, asked string) (found formFound, err error) {
	canonical := stated
	if url, version, _ := strings.Cut(stated, "|"); version == "" {
		canonical = asked
		if asked == "" {
			canonical = f.current.Canonical()
		}
		if askedURL, _, _ := strings.Cut(canonical, "|"); url != "" && url != askedURL {
			return noForm(instrument.OtherForm, ""), nil
		}
	}
	f.mu.Lock()
	found.form = f.known[canonical]
	f.mu.Unlock()
	if found.form != nil {
		return found, nil
	}
	return f.fetch(ctx, canonical)
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

func (f *forms) fetch(ctx context.Context, canonical string) (formFound, error) {
	url, version, _ := strings.Cut(canonical, "|")
	found, err := f.client.Search(ctx, fhir.Query("Questionnaire", "url", url, "version", version))
	if err != nil && !fhir.IsCutShort(err) {
		return formFound{}, fmt.Errorf("find the form that was answered: %w", err)
	}
	for _, res := range found {
		if res.Type() != "Questionnaire" || res.Get("url").String() != url || res.Get("version").String() != version {
			continue
		}
		form, err := instrument.ParseForm(res.Raw())
		if err != nil {
			return noForm(instrument.FormUnreadable, err.Error()), nil
		}
		f.mu.Lock()
		f.known[canonical] = form
		f.mu.Unlock()
		return formFound{form: form}, nil
	}
	if err != nil {
		return formFound{}, fmt.Errorf("find the form that was answered: %w", err)
	}
	return noForm(instrument.FormMissing, ""), nil
}

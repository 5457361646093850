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
// the version that its Task asked for. problem says why there is no form; it
// is for a person, and another attempt finds a form that came later.
func (f *forms) answered(ctx context.Context, stated, asked string) (form *instrument.Form, problem string, err error) {
	canonical := stated
	if url, version, _ := strings.Cut(stated, "|"); version == "" {
		canonical = asked
		if asked == "" {
			canonical = f.current.Canonical()
		}
		if askedURL, _, _ := strings.Cut(canonical, "|"); url != "" && url != askedURL {
			return nil, "the response answers another form", nil
		}
	}
	f.mu.Lock()
	form = f.known[canonical]
	f.mu.Unlock()
	if form != nil {
		return form, "", nil
	}
	return f.fetch(ctx, canonical)
}

func (f *forms) fetch(ctx context.Context, canonical string) (*instrument.Form, string, error) {
	url, version, _ := strings.Cut(canonical, "|")
	found, err := f.client.Search(ctx, fhir.Query("Questionnaire", "url", url, "version", version))
	if err != nil && !fhir.IsCutShort(err) {
		return nil, "", fmt.Errorf("find the form that was answered: %w", err)
	}
	for _, res := range found {
		if res.Type() != "Questionnaire" || res.Get("url").String() != url || res.Get("version").String() != version {
			continue
		}
		form, err := instrument.ParseForm(res.Raw())
		if err != nil {
			return nil, err.Error(), nil
		}
		f.mu.Lock()
		f.known[canonical] = form
		f.mu.Unlock()
		return form, "", nil
	}
	if err != nil {
		return nil, "", fmt.Errorf("find the form that was answered: %w", err)
	}
	return nil, "the version of the form that was answered is not on the server", nil
}

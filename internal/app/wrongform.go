package app

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/doctor"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/reconcile"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// wrongForms are, by admission, the responses that a screen has sent to another form, or
// to one that cannot be read. Each is as good as the last reconcile of its admission.
type wrongForms map[string]wrongFormsOf

type wrongFormsOf struct {
	Responses []reconcile.WrongForm `json:"responses"`
	Since     time.Time             `json:"since"`

	seen time.Time
}

const (
	maxWrongForms  = 1000           // admissions; more at once is one fault of the EHR's
	wrongFormsKept = 24 * time.Hour // after they were last seen: the census sees who is in the hospital
)

// put keeps what was found in an admission and gives what is new of it.
func (w wrongForms) put(id string, found []reconcile.WrongForm, now time.Time) (news []reconcile.WrongForm) {
	before, known := w[id]
	for _, one := range found {
		if !slices.Contains(before.Responses, one) {
			news = append(news, one)
		}
	}
	switch {
	case len(found) == 0:
		delete(w, id)
	case known:
		w[id] = wrongFormsOf{found, before.Since, now}
	default:
		w[id] = wrongFormsOf{found, now, now}
	}
	maps.DeleteFunc(w, func(_ string, e wrongFormsOf) bool { return now.Sub(e.seen) > wrongFormsKept })
	if len(w) > maxWrongForms {
		delete(w, slices.MinFunc(slices.Collect(maps.Keys(w)), func(a, b string) int { return w[a].Since.Compare(w[b].Since) }))
	}
	return news
}

// shown is a copy in which every admission has the name that people may see. The server
// has shown each.
func (w wrongForms) shown() wrongForms { return maps.Clone(w) }

// formed keeps what is wrong with the forms of an admission and gives what is new of it.
func (s *status) formed(id string, found []reconcile.WrongForm, now time.Time) (news []reconcile.WrongForm) {
	s.locked(func() {
		news = s.wrongForms.put(id, found, now)
		s.metrics.wrongForms.Add(float64(len(news)))
	})
	return news
}

// saysWrongForms logs each once. The nurse's Task says that it is not for her to mend.
func (a *App) saysWrongForms(id, name string, found []reconcile.WrongForm) {
	for _, one := range a.status.formed(id, found, a.now()) {
		a.log.Warn().Str("admission", name).Str("response", one.Response).Str("problem", string(one.Problem)).Str("detail", one.Detail).
			Msg("a screen sends another form than the ward was asked with, or one that cannot be read: until that is mended in the EHR the answers say nothing")
	}
}

// manyWaiting admissions show what is wrong with a screen.
const manyWaiting = 50

var errEnough = errors.New("enough")

// seesScreens looks at the nurse's Tasks of which the answers cannot be scored, and says
// where that is for the EHR to mend and not for her.
func (a *App) seesScreens(ctx context.Context, found *[]doctor.Finding) error {
	const what = "screens"
	ids, err := a.unscored(ctx)
	var wrong []string
	if err == nil {
		err = a.visitAll(ctx, ids, func(_ string, e reconcile.Explanation, _ error) error {
			if !(stay.Admission{Status: e.Status}).Present() {
				return nil // nobody waits for them any more
			}
			for _, w := range e.WrongForms {
				wrong = append(wrong, strings.TrimSpace(w.Response+" "+string(w.Problem)+" "+w.Detail))
			}
			return nil
		})
	}
	switch {
	case err != nil && !errors.As(err, new(*fhir.Error)):
		return err
	case err != nil:
		doctor.Add(found, doctor.Note, what, "see what is wrong with that search", "%v", err)
	case len(wrong) > 0:
		doctor.Add(found, doctor.Unsafe, what, "their answers are not scored: let the EHR's screen answer the form that the Task asks for, and name it by url|version",
			"%d responses to another form than the ward was asked with, or to one that cannot be read: %s", len(wrong), strings.Join(wrong[:min(len(wrong), 5)], "; "))
	default:
		doctor.Add(found, doctor.Fine, what, "", "no answers wait for their form")
	}
	return nil
}

// unscored are the admissions in which answers cannot be scored, or as many as show why.
func (a *App) unscored(ctx context.Context) ([]string, error) {
	var ids list
	query := fhir.Query("Task", "business-status", a.names().CodeSystem+"|"+pathway.Invalid,
		"status", "requested,received,accepted,ready,in-progress,on-hold", "_count", "50")
	err := a.client.Each(ctx, query, func(task fhir.Resource) error {
		ref, _ := a.client.LocalRef(task.Get("encounter.reference").String())
		if id, ok := strings.CutPrefix(ref, "Encounter/"); ok && task.Type() == "Task" {
			ids.Backlog(id)
		}
		if len(ids.all) == manyWaiting {
			return errEnough
		}
		return nil
	})
	if err == errEnough || fhir.IsNotWhole(err) {
		err = nil
	}
	return ids.all, err
}

package app

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// What a screen has sent to another form is logged and counted once, and shown until it
// is mended, or nobody has seen it for a day.
func TestWrongFormsAreSaid(t *testing.T) {
	s, now, get := pages(0)
	var log bytes.Buffer
	a := &App{status: s, log: zerolog.New(&log), now: func() time.Time { return *now }}
	foreign := reconcile.WrongForm{Response: "QuestionnaireResponse/12", Problem: instrument.OtherForm, Detail: "Questionnaire/9 is another one"}
	lost := reconcile.WrongForm{Response: "QuestionnaireResponse/13", Problem: instrument.FormMissing}
	for _, step := range []struct {
		name  string
		id    string
		found []reconcile.WrongForm
		later time.Duration
		said  int
		total string
		shown string
	}{
		{"first", "7", []reconcile.WrongForm{foreign}, 0, 1, "1", "7"},
		{"again", "7", []reconcile.WrongForm{foreign}, time.Hour, 0, "1", "7"},
		{"one more", "7", []reconcile.WrongForm{foreign, lost}, time.Hour, 1, "2", "7"},
		{"another admission", "8", []reconcile.WrongForm{foreign}, time.Hour, 1, "3", "7 8"},
		{"mended", "7", nil, time.Hour, 0, "3", "8"},
		{"broken anew", "7", []reconcile.WrongForm{lost}, time.Hour, 1, "4", "7 8"},
		{"not seen for a day", "9", nil, 24 * time.Hour, 0, "4", "7"},
		{"nor this one", "9", nil, time.Hour, 0, "4", ""},
	} {
		*now = now.Add(step.later)
		log.Reset()
		a.saysWrongForms(step.id, step.id, step.found)
		if got := strings.Count(log.String(), "a screen sends another form"); got != step.said {
			t.Errorf("%s: said %d times", step.name, got)
		}
		_, metrics := get("/metrics")
		_, status := get("/status")
		shown := strings.Join(strings.Fields(strings.NewReplacer("[", "", "]", "", `"`, "", ",", " ").Replace(gjson.Get(status, "wrong_forms.@keys").Raw)), " ")
		if !strings.Contains(metrics, "\ntilsyn_wrong_forms_total "+step.total+"\n") || shown != step.shown {
			t.Errorf("%s: shown %q, %s", step.name, shown, gjson.Get(status, "wrong_forms"))
		}
	}
	a.saysWrongForms("7", "7", []reconcile.WrongForm{foreign})
	if got := log.String(); !strings.Contains(got, `"admission":"7","response":"QuestionnaireResponse/12","problem":"other-form","detail":"Questionnaire/9 is another one"`) {
		t.Error(got)
	}
	for i := range 2 * maxWrongForms {
		s.formed(fmt.Sprint("e", i), []reconcile.WrongForm{lost}, now.Add(time.Duration(i)*time.Millisecond))
	}
	if kept := len(s.wrongForms); kept > maxWrongForms {
		t.Errorf("%d are kept", kept)
	}
}

package cases

import (
	"time"

	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what EHRs do with the nurse's Task and with what is kept on it.

func ehrs(v *vocabulary[doing]) {
	v.say("the EHR writes done on the completed task", func(p *play, _ []string) error {
		return p.onTask(stay.ScreeningTask, "status", "completed", "output", []any{output("done", "valueString", "done")})
	})
	v.say("the EHR points the completed task to the form", func(p *play, _ []string) error {
		return p.onTask(stay.ScreeningTask, "status", "completed", "output", []any{pointer(p.form)})
	})
	v.say("the EHR has answers on a form of its own <points>", func(p *play, b []string) error { return p.ownForm(b[0]) })
	v.say("answers in a portal <points>", func(p *play, b []string) error { return p.portal(b[0]) })
	v.say("answers given by somebody else", func(p *play, _ []string) error {
		return p.onForm("source", map[string]any{"reference": p.hospital.Liaison})
	})
	v.say("another admission waits too", func(p *play, _ []string) error { return p.second() })
	v.say("the EHR drops the <kept> of the task", func(p *play, b []string) error { return p.onTask(stay.ScreeningTask, keptOn[b[0]], nil) })
	v.say("the EHR drops all that is kept on the task", func(p *play, _ []string) error { return p.forget(stay.ScreeningTask) })
	v.say("the EHR drops all that is kept on the team's task", func(p *play, _ []string) error { return p.forget(stay.ConsultTask) })
	v.say("the EHR drops all that is kept on the advice", func(p *play, _ []string) error { return p.forget(stay.Advice) })
}

var keptOn = map[string]string{"output": "output", "identifier": "identifier", "business status": "businessStatus", "reason": "statusReason"}

func output(text, element string, value any) map[string]any {
	return map[string]any{"type": map[string]any{"text": text}, element: value}
}

func pointer(ref string) map[string]any {
	return output("QuestionnaireResponse", "valueReference", map[string]any{"reference": ref})
}

func (p *play) forget(kind stay.Kind) error {
	return p.onTask(kind, "output", nil, "identifier", nil, "businessStatus", nil, "statusReason", nil)
}

// ownForm is a response that the EHR makes for the Task: it names no admission, and only
// the Task's output tells of it.
func (p *play) ownForm(words string) (err error) {
	p.form, err = p.hospital.AnswerUntied(p.ctx, p.admission, p.canonical, "", "in-progress", points(words)...)
	if err == nil {
		err = p.onTask(stay.ScreeningTask, "output", []any{pointer(p.form)})
	}
	return err
}

// portal is a response that the patient hands in herself: it names no admission.
func (p *play) portal(words string) (err error) {
	p.form, err = p.hospital.AnswerUntied(p.ctx, p.admission, p.canonical, p.admission.Patient, "completed", points(words)...)
	return err
}

// second is another admission of the patient, in which she is asked too.
func (p *play) second() error {
	other, err := p.hospital.Readmit(p.ctx, p.admission, hospital.Stay{Start: time.Now()})
	if err == nil {
		_, err = p.tilsyn.Reconcile(p.ctx, other.ID())
	}
	return err
}

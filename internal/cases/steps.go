package cases

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what may happen to a patient in a case.

// doing is what a phrase does; blanks is what stands in its blanks.
type doing func(p *play, blanks []string) error

// stepOf reads a step. What is joined by and happens before tilsyn looks again.
func stepOf(words string) ([]doing, error) {
	return doingsOf(append(slices.Clone(steps), ofAnother...), strings.Split(words, " and "))
}

var steps = func() (v vocabulary[doing]) {
	v.say("asked", func(p *play, _ []string) error { return p.asked() })
	v.say("<time>", func(p *play, b []string) error { return p.pass(duration(b[0])) })
	nurse(&v)
	forms(&v)
	team(&v)
	registry(&v)
	admissionEnds(&v)
	oddities(&v)
	ehrs(&v)
	return v
}()

// asked lets tilsyn look, and makes sure that the ward has been asked.
func (p *play) asked() error {
	if err := p.settle(); err != nil {
		return err
	}
	task, err := p.task(stay.ScreeningTask)
	if err == nil && task.Get("status").String() != "requested" {
		err = fmt.Errorf("the nurse's task is %s", task.Get("status"))
	}
	return err
}

// task is the last Task of a kind.
func (p *play) task(kind stay.Kind) (fhir.Resource, error) {
	found, err := p.hospital.All(p.ctx, "Task", kind, p.admission)
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("there is no task (%s)", kind)
	}
	if err != nil {
		return fhir.Resource{}, err
	}
	return found[len(found)-1], nil
}

func (p *play) consult() (fhir.Resource, error) {
	found, err := p.hospital.All(p.ctx, "ServiceRequest", stay.Consult, p.admission)
	if err == nil && len(found) == 0 {
		err = errors.New("there is no consult")
	}
	if err != nil {
		return fhir.Resource{}, err
	}
	return found[len(found)-1], nil
}

// nurse says what a nurse does with her task.
func nurse(v *vocabulary[doing]) {
	v.say("task <task>", func(p *play, b []string) error { return p.hospital.SetTask(p.ctx, p.admission, coded(b[0]), "") })
	v.say("task <task> because <code>", func(p *play, b []string) error {
		return p.hospital.SetTask(p.ctx, p.admission, coded(b[0]), coded(b[1]))
	})
	v.say("task <task> with the code <words>", func(p *play, b []string) error {
		system, code, _ := strings.Cut(b[1], "|")
		return p.onTask(stay.ScreeningTask, "status", coded(b[0]), "statusReason", codeable(system, code))
	})
	v.say("task <task> saying: <words>", func(p *play, b []string) error {
		return p.onTask(stay.ScreeningTask, "status", coded(b[0]), "statusReason", map[string]any{"text": b[1]})
	})
	v.say("declined", func(p *play, _ []string) error {
		return p.hospital.SetTask(p.ctx, p.admission, "rejected", pathway.Declined)
	})
	v.say("unable because <code>", func(p *play, b []string) error {
		return p.hospital.SetTask(p.ctx, p.admission, "rejected", coded(b[0]))
	})
	v.say("task removed", func(p *play, _ []string) error { return p.removeTask(stay.ScreeningTask) })
	v.say("task claimed by another nurse", func(p *play, _ []string) error {
		return p.onTask(stay.ScreeningTask, "owner.reference", p.hospital.Liaison)
	})
	v.say("advice <task>", func(p *play, b []string) error { return p.onTask(stay.Advice, "status", coded(b[0])) })
	v.say("advice removed", func(p *play, _ []string) error { return p.removeTask(stay.Advice) })
}

func (p *play) onTask(kind stay.Kind, pathValues ...any) error {
	task, err := p.task(kind)
	if err != nil {
		return err
	}
	return p.hospital.Set(p.ctx, task.Ref(), pathValues...)
}

func (p *play) removeTask(kind stay.Kind) error {
	task, err := p.task(kind)
	if err != nil {
		return err
	}
	return p.hospital.Remove(p.ctx, task.Ref())
}

// forms says what is written on the form that the task belongs with.
func forms(v *vocabulary[doing]) {
	v.say("answers <points>", func(p *play, b []string) error { return p.fill("completed", b[0]) })
	v.say("answers amended to <points>", func(p *play, b []string) error { return p.fill("amended", b[0]) })
	v.say("begins <points>", func(p *play, b []string) error { return p.fill("in-progress", b[0]) })
	v.say("declines in the form", func(p *play, _ []string) (err error) {
		p.form, err = p.hospital.Decline(p.ctx, p.admission)
		return err
	})
	v.say("declines the rest", func(p *play, _ []string) error {
		return p.onForm("item.-1", map[string]any{"linkId": "3", "extension": []any{map[string]any{
			"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "asked-declined"}}})
	})
	v.say("answers on another screen <points>", func(p *play, b []string) (err error) {
		p.form, err = p.hospital.AnswerElsewhere(p.ctx, p.admission, p.canonical, points(b[0])...)
		return err
	})
	v.say("<wish> the consult", func(p *play, b []string) error { return p.hospital.Wish(p.ctx, p.form, wishes[b[0]]) })
	v.say("question <question> marked <reason>", func(p *play, b []string) error {
		return p.hospital.Mark(p.ctx, p.form, b[0], reason(b[1]))
	})
	v.say("form marked <reason>", func(p *play, b []string) error { return p.hospital.MarkWhole(p.ctx, p.form, reason(b[0])) })
	v.say("answers <form>", func(p *play, b []string) error { return p.onForm("status", coded(b[0])) })
	v.say("answers saved again", func(p *play, _ []string) error { return p.onForm("language", "nb") })
	v.say("answers dated <time> ago", func(p *play, b []string) error {
		return p.onForm("authored", stamp(time.Now().Add(-duration(b[0]))))
	})
	v.say("answers dated in <time>", func(p *play, b []string) error {
		return p.onForm("authored", stamp(time.Now().Add(duration(b[0]))))
	})
	v.say("form amended to <points>", func(p *play, b []string) error {
		form, err := p.hospital.All(p.ctx, "QuestionnaireResponse", stay.Draft, p.admission)
		if err != nil {
			return err
		}
		authored := form[0].Get("authored").String()
		p.form = form[0].Ref()
		return errors.Join(p.hospital.FillIn(p.ctx, p.form, p.canonical, "amended", points(b[0])...), p.onForm("authored", authored))
	})
	v.say("answers labelled <label>", func(p *play, b []string) error { return p.label(p.form, b[0]) })
	v.say("answers about nobody", func(p *play, _ []string) error { return p.onForm("subject", nil) })
	v.say("answers about another patient", func(p *play, _ []string) error {
		if err := p.somebody(); err != nil {
			return err
		}
		return p.onForm("subject", map[string]any{"reference": p.other})
	})
	v.say("answers about the other record", func(p *play, _ []string) error {
		return p.onForm("subject", map[string]any{"reference": p.other})
	})
	v.say("answers about the patient", func(p *play, _ []string) error {
		return p.onForm("subject", map[string]any{"reference": p.admission.Patient})
	})
	v.say("answers of a form that is not here", func(p *play, _ []string) error {
		return p.onForm("questionnaire", strings.Replace(p.canonical, "|", "|0.", 1))
	})
	v.say("answers of the form by where it lies", func(p *play, _ []string) error { return p.liesAt(artifacts.QuestionnaireURL) })
	v.say("answers of another form by where it lies", func(p *play, _ []string) error { return errors.Join(p.another(), p.liesAt(foreignForm)) })
	v.say("answers of a form that has been removed", func(p *play, _ []string) error { return p.onForm("questionnaire", "Questionnaire/4711") })
	v.say("that form put on the server", func(p *play, _ []string) error { return p.publish() })
	v.say("the EHR drops what ties the form to the stay", func(p *play, _ []string) error {
		return p.onForm("identifier", nil, "subject", nil, "encounter", nil)
	})
}

var wishes = map[string]string{"wants": "accepted", "does not want": "declined", "was not asked about": "not-asked"}

// reason is R4's code for why there is no answer.
func reason(words string) string {
	if words == "declined" {
		return "asked-declined"
	}
	return coded(words)
}

func (p *play) fill(status, words string) (err error) {
	p.form, err = p.hospital.Fill(p.ctx, p.admission, status, points(words)...)
	return err
}

func (p *play) onForm(pathValues ...any) error {
	if p.form == "" {
		return errors.New("nobody has written on a form")
	}
	return p.hospital.Set(p.ctx, p.form, pathValues...)
}

// publish puts the version of the form on the server that was answered and is not
// there.
func (p *play) publish() error {
	r, err := shippedForm()
	if err == nil {
		r, err = r.Set("version", "0."+r.Get("version").String())
	}
	if err != nil {
		return err
	}
	return p.create(r)
}

func shippedForm() (fhir.Resource, error) {
	for _, r := range shipped(stay.AuditC).artifacts {
		if r.Type() == "Questionnaire" {
			return r, nil
		}
	}
	return fhir.Resource{}, errors.New("there is no form")
}

// another puts a form of the EHR's own on the server, which asks the same.
func (p *play) another() error {
	r, err := shippedForm()
	if err == nil {
		r, err = r.Set("url", foreignForm)
	}
	if err != nil {
		return err
	}
	return p.create(r)
}

const foreignForm = "https://ehr.example.no/fhir/Questionnaire/alcohol"

// liesAt has the response say where the form with this url lies.
func (p *play) liesAt(url string) error {
	found, err := p.client.Search(p.ctx, fhir.Query("Questionnaire", "url", url))
	if err == nil && len(found) != 1 {
		err = fmt.Errorf("%d forms lie there", len(found))
	}
	if err != nil {
		return err
	}
	return p.onForm("questionnaire", found[0].Ref())
}

func (p *play) create(r fhir.Resource) error {
	var tx fhir.Transaction
	tx.Create(fhir.NewRef(), rawOf(r), "")
	return p.client.Transact(p.ctx, &tx)
}

// team says what the liaison team does, and clinicians with the consult.
func team(v *vocabulary[doing]) {
	for _, does := range [][2]string{{"accepts", "accepted"}, {"begins", "in-progress"}, {"completes", "completed"}, {"rejects", "rejected"},
		{"fails", "failed"}, {"puts it on hold", "on-hold"}, {"cancels", "cancelled"}, {"gives it back", "requested"}} {
		v.say("team "+does[0], func(p *play, _ []string) error { return p.onTask(stay.ConsultTask, "status", does[1]) })
	}
	for _, does := range [][2]string{{"rejects", "rejected"}, {"fails", "failed"}, {"cancels", "cancelled"}} {
		v.say("team "+does[0]+" because: <words>", func(p *play, b []string) error {
			return p.onTask(stay.ConsultTask, "status", does[1], "statusReason.text", b[0])
		})
	}
	v.say("team says why: <words>", func(p *play, b []string) error { return p.onTask(stay.ConsultTask, "statusReason.text", b[0]) })
	v.say("team notes: <words>", func(p *play, b []string) error { return p.onTask(stay.ConsultTask, "note.-1.text", b[0]) })
	v.say("the team's task says no due time", func(p *play, _ []string) error { return p.onTask(stay.ConsultTask, "restriction", nil) })
	v.say("reply <task>", func(p *play, b []string) error { return p.onTask(stay.Reply, "status", coded(b[0])) })
	v.say("consult <order>", func(p *play, b []string) error {
		return p.onOrder(func(ref string) error { return p.hospital.Set(p.ctx, ref, "status", coded(b[0])) })
	})
	v.say("consult removed", func(p *play, _ []string) error {
		return p.onOrder(func(ref string) error { return p.hospital.Remove(p.ctx, ref) })
	})
	v.say("team task removed", func(p *play, _ []string) error { return p.removeTask(stay.ConsultTask) })
	v.say("clinician orders the consult", func(p *play, _ []string) (err error) {
		p.order, err = p.hospital.Order(p.ctx, p.admission, artifacts.CodeSystemURL, "tilsyn-rus")
		return err
	})
	v.say("clinician's order is <intent>", func(p *play, b []string) error { return p.hospital.Set(p.ctx, p.order, "intent", coded(b[0])) })
	v.say("clinician's order says not to", func(p *play, _ []string) error { return p.hospital.Set(p.ctx, p.order, "doNotPerform", true) })
}

func (p *play) onOrder(change func(ref string) error) error {
	order, err := p.consult()
	if err != nil {
		return err
	}
	return change(order.Ref())
}

// registry says what is recorded about the patient and where she lies.
func registry(v *vocabulary[doing]) {
	v.say("transferred to <ward>", func(p *play, b []string) error {
		return p.hospital.Transfer(p.ctx, p.admission, wardOf(p.hospital, b[0]))
	})
	v.say("lies on no ward for now", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "location.0.period.end", stamp(time.Now()))
	})
	v.say("becomes <class>", func(p *play, b []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "class.code", classes[b[0]])
	})
	expecting(v)
	v.say("dies", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Patient, "deceasedDateTime", stamp(time.Now()))
	})
	v.say("is not dead after all", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Patient, "deceasedDateTime", nil)
	})
	v.say("record merged into another", func(p *play, _ []string) (err error) {
		p.other, err = p.hospital.Merge(p.ctx, p.admission)
		return err
	})
	v.say("admission moved to that record", func(p *play, _ []string) error { return p.move() })
	v.say("another record takes hers over", func(p *play, _ []string) error { return p.takeOver() })
	v.say("admission is another patient's", func(p *play, _ []string) error {
		if err := p.somebody(); err != nil {
			return err
		}
		return p.move()
	})
	v.say("patient labelled <label>", func(p *play, b []string) error { return p.label(p.admission.Patient, b[0]) })
	v.say("patient no longer labelled", func(p *play, _ []string) error { return p.unlabel(p.admission.Patient) })
	v.say("admission labelled <label>", func(p *play, b []string) error { return p.label(p.admission.Encounter, b[0]) })
	v.say("admission no longer labelled", func(p *play, _ []string) error { return p.unlabel(p.admission.Encounter) })
}

func (p *play) unlabel(ref string) error { return p.hospital.Set(p.ctx, ref, "meta.security", nil) }

// move makes the other person, or record, the admission's patient.
func (p *play) move() error {
	p.admission.Patient, p.other = p.other, p.admission.Patient
	return p.hospital.Move(p.ctx, p.admission, p.admission.Patient)
}

func (p *play) takeOver() error {
	survivor, err := p.hospital.TakeOver(p.ctx, p.admission)
	p.other, p.admission.Patient = p.admission.Patient, survivor
	return err
}

// somebody is another person who lies nowhere.
func (p *play) somebody() (err error) {
	p.other, err = p.hospital.Register(p.ctx, hospital.Person{Given: "Annen", Gender: "male", Birth: "1970-01-01"})
	return err
}

// admissionEnds says how a stay goes on and ends.
func admissionEnds(v *vocabulary[doing]) {
	v.say("admission <stay>", func(p *play, b []string) error { return p.hospital.SetStatus(p.ctx, p.admission, coded(b[0])) })
	v.say("discharged", func(p *play, _ []string) error { return p.hospital.SetStatus(p.ctx, p.admission, "finished") })
	v.say("discharged <time> ago", func(p *play, b []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "status", "finished", "period.end", stamp(time.Now().Add(-duration(b[0]))))
	})
	v.say("discharged without a time", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "status", "finished")
	})
	v.say("admission goes on after all", func(p *play, _ []string) error { return p.hospital.Reopen(p.ctx, p.admission) })
	v.say("readmitted", func(p *play, _ []string) (err error) {
		p.admission, err = p.hospital.Readmit(p.ctx, p.admission, hospital.Stay{Start: time.Now()})
		p.looked, p.order, p.form = false, "", ""
		for _, v := range p.others {
			v.form = ""
		}
		return err
	})
}

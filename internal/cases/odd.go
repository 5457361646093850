package cases

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what servers and other releases of tilsyn do.

func oddities(v *vocabulary[doing]) {
	v.say("a later release ends the task because <code>", func(p *play, b []string) error {
		return p.onTask(stay.ScreeningTask, "status", "cancelled", "businessStatus", codeable(artifacts.CodeSystemURL, coded(b[0])))
	})
	v.say("tilsyn ends when the server has left out the <thing>", func(p *play, b []string) error { return p.leaveOut(b[0], http.MethodPost) })
	v.say("tilsyn ends when the server has left out the change of the <thing>", func(p *play, b []string) error { return p.leaveOut(b[0], http.MethodPut) })
	v.say("tilsyn looks once", func(p *play, _ []string) error { return p.once() })
	v.say("all is there twice", func(p *play, _ []string) error { return p.twin() })
	v.say("the form is there twice", func(p *play, _ []string) error { return p.twinForm() })
	v.say("answers on the other form <points>", func(p *play, b []string) error { return p.answerTwin(b[0]) })
}

func rawOf(r fhir.Resource) json.RawMessage { return json.RawMessage(r.Raw()) }

// copies creates resources again, as a server does that lets two make the same
// thing at once. What they say of one another they say of the copies.
func (p *play) copies(originals ...fhir.Resource) (err error) {
	var tx fhir.Transaction
	texts, news := make([]string, len(originals)), make([]string, len(originals))
	for i, r := range originals {
		for _, lost := range []string{"id", "meta.versionId", "meta.lastUpdated"} {
			if r, err = r.Delete(lost); err != nil {
				return err
			}
		}
		texts[i], news[i] = string(r.Raw()), fhir.NewRef()
	}
	for i := range texts {
		for j, r := range originals {
			texts[i] = strings.ReplaceAll(texts[i], `"`+r.Ref()+`"`, `"`+news[j]+`"`)
		}
		tx.Create(news[i], json.RawMessage(texts[i]), "")
	}
	return p.client.Transact(p.ctx, &tx)
}

// once is a single look, where what comes next needs another one.
func (p *play) once() error {
	done, err := p.tilsyn.Reconcile(p.ctx, p.admission.ID())
	p.looked, p.next = true, done.Next
	return err
}

// made is what tilsyn makes: the type of resource of each kind.
var made = []struct {
	of   string
	kind stay.Kind
}{{"QuestionnaireResponse", stay.Draft}, {"Observation", stay.Score}, {"ServiceRequest", stay.Consult},
	{"Task", stay.ConsultTask}, {"Task", stay.Advice}, {"Task", stay.Reply}, {"Task", stay.ScreeningTask}}

// twin makes all once more that tilsyn has made.
func (p *play) twin() error {
	var all []fhir.Resource
	for _, m := range made {
		for _, name := range p.options.Policy.Instruments() {
			if name != stay.AuditC && stay.For(m.kind, name) == stay.For(m.kind, stay.AuditC) {
				continue // the admission's
			}
			found, err := p.hospital.All(p.ctx, m.of, m.kind, p.admission.With(name))
			if err != nil {
				return err
			}
			all = append(all, found...)
		}
	}
	return p.copies(all...)
}

func (p *play) twinForm() error {
	forms, err := p.hospital.All(p.ctx, "QuestionnaireResponse", stay.Draft, p.admission)
	if err != nil {
		return err
	}
	return p.copies(forms...)
}

// answerTwin fills in the copy of the form.
func (p *play) answerTwin(words string) error {
	forms, err := p.hospital.All(p.ctx, "QuestionnaireResponse", stay.Draft, p.admission)
	if err != nil {
		return err
	}
	p.form = forms[len(forms)-1].Ref()
	return p.hospital.FillIn(p.ctx, p.form, p.canonical, "completed", points(words)...)
}

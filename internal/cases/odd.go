package cases

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is what servers and other releases of tilsyn do.

func oddities(v *vocabulary[doing]) {
	v.say("a later release ends the task because <code>", func(p *play, b []string) error {
		return p.onTask(stay.Screening, "status", "cancelled", "businessStatus", codeable(artifacts.CodeSystemURL, coded(b[0])))
	})
	v.say("the question was made twice", func(p *play, _ []string) error { return p.twin() })
	v.say("answers on the other form <points>", func(p *play, b []string) error { return p.answerTwin(b[0]) })
	v.say("the consult was made twice", func(p *play, _ []string) error { return p.twinConsult() })
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

// twin makes the nurse's Task and its form once more.
func (p *play) twin() error {
	task, err := p.task(stay.Screening)
	if err != nil {
		return err
	}
	drafts, err := p.hospital.All(p.ctx, "QuestionnaireResponse", stay.Draft, p.admission)
	if err == nil {
		err = p.copies(task, drafts[len(drafts)-1])
	}
	return err
}

// answerTwin fills in the form of the copy, which was written last.
func (p *play) answerTwin(words string) error {
	drafts, err := p.hospital.All(p.ctx, "QuestionnaireResponse", stay.Draft, p.admission)
	if err != nil {
		return err
	}
	last := drafts[0]
	for _, d := range drafts {
		if d.ID() > last.ID() {
			last = d
		}
	}
	p.form = last.Ref()
	return p.hospital.FillIn(p.ctx, p.form, p.canonical, "completed", points(words)...)
}

// twinConsult makes the order and the team's Task once more.
func (p *play) twinConsult() error {
	order, err := p.consult()
	if err != nil {
		return err
	}
	team, err := p.task(stay.ConsultTask)
	if err != nil {
		return fmt.Errorf("the consult has no task: %w", err)
	}
	err = p.copies(order, team)
	return err
}

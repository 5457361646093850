package cases

import (
	"time"
)

// This file is what may be said of a pregnancy.

// pregnancies says how one is recorded about a patient who comes.
func pregnancies(v *vocabulary[doing]) {
	recorded := func(pathValues ...any) func(*play) error {
		return func(p *play) error {
			if err := p.conceives(); err != nil || len(pathValues) == 0 {
				return err
			}
			return p.hospital.Set(p.ctx, p.condition, pathValues...)
		}
	}
	ago := func(d string) string { return now.Add(-duration(d)).Format(time.DateOnly) }
	v.say("pregnant", func(p *play, _ []string) error { return recorded()(p) })
	v.say("pregnant for <time>", func(p *play, b []string) error { return recorded("onsetDateTime", ago(b[0]))(p) })
	v.say("pregnant for <time> and recorded <time> ago", func(p *play, b []string) error {
		return recorded("onsetDateTime", ago(b[0]), "recordedDate", ago(b[1]))(p)
	})
	v.say("pregnant as recorded <time> ago", func(p *play, b []string) error { return recorded("recordedDate", ago(b[0]))(p) })
	v.say("pregnant without a status", func(p *play, _ []string) error { return recorded("clinicalStatus", nil)(p) })
	v.say("pregnant but <verified>", func(p *play, b []string) error {
		return recorded("verificationStatus", codeable("http://terminology.hl7.org/CodeSystem/condition-ver-status", coded(b[0])))(p)
	})
	v.say("with a pregnancy that is <clinical>", func(p *play, b []string) error { return recorded("clinicalStatus", clinical(b[0]))(p) })
	v.say("with a pregnancy labelled <label>", func(p *play, b []string) error {
		if err := p.conceives(); err != nil {
			return err
		}
		return p.label(p.condition, b[0])
	})
}

func clinical(status string) any {
	return codeable("http://terminology.hl7.org/CodeSystem/condition-clinical", coded(status))
}

// conceives records a pregnancy of the patient.
func (p *play) conceives() (err error) {
	p.condition, err = p.hospital.Pregnancy(p.ctx, p.admission.Patient)
	return err
}

// expecting says what is recorded of one while she is here. The census finds it.
func expecting(v *vocabulary[doing]) {
	v.say("becomes pregnant", func(p *play, _ []string) error {
		err := p.conceives()
		p.tilsyn.Pregnancy(p.admission.Patient)
		return err
	})
	v.say("becomes pregnant labelled <label>", func(p *play, b []string) error {
		if err := p.conceives(); err != nil {
			return err
		}
		p.tilsyn.Pregnancy(p.admission.Patient)
		return p.label(p.condition, b[0])
	})
	v.say("pregnancy is <clinical>", func(p *play, b []string) error {
		p.tilsyn.Pregnancy(p.admission.Patient)
		return p.hospital.Set(p.ctx, p.condition, "clinicalStatus", clinical(b[0]))
	})
}

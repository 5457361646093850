package cases

import (
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/internal/hospital"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// This file reads who the patient is, and how she lies here.

// now is when every case begins.
var now = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)

// who is the patient as she is when she comes.
type who struct {
	nobody bool
	hospital.Person
	more []doing // what is recorded about her besides
}

// stays is an admission as it is when the case begins.
type stays struct {
	hospital.Stay
	more []doing // what is recorded about it besides
}

var sexes = map[string]string{"woman": "female", "man": "male", "other": "other", "person": ""}

// patients begin a patient; notes may follow, each after a comma.
var patients = func() (v vocabulary[func([]string) who]) {
	person := func(words, birth string) who {
		return who{Person: hospital.Person{Given: "Nr", Gender: sexes[words], Birth: birth}}
	}
	v.say("<whom> <years>", func(b []string) who { return person(b[0], birthOf(b[1], 100)) })
	v.say("<whom> <years> today", func(b []string) who { return person(b[0], birthOf(b[1], 0)) })
	v.say("<whom> <years> tomorrow", func(b []string) who { return person(b[0], birthOf(b[1], -1)) })
	v.say("<whom> born <date>", func(b []string) who { return person(b[0], b[1]) })
	v.say("<whom> of unknown age", func(b []string) who { return person(b[0], "") })
	v.say("nobody", func([]string) who { return who{nobody: true, Person: hospital.Person{Given: "Nr"}} })
	return v
}()

// birthOf is the birth date of somebody who had a birthday some days ago.
func birthOf(years string, days int) string {
	y := 0
	for _, digit := range years {
		y = 10*y + int(digit-'0')
	}
	return now.AddDate(-y, 0, -days).Format(time.DateOnly)
}

var notes = func() (v vocabulary[doing]) {
	pregnancies(&v)
	v.say("dead", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Patient, "deceasedBoolean", true)
	})
	v.say("died <date>", func(p *play, b []string) error {
		return p.hospital.Set(p.ctx, p.admission.Patient, "deceasedDateTime", b[0])
	})
	v.say("flagged", func(p *play, _ []string) error {
		return p.hospital.Warn(p.ctx, p.admission.Patient, site, "do-not-ask", "active")
	})
	v.say("flagged until yesterday", func(p *play, _ []string) error {
		return p.hospital.Warn(p.ctx, p.admission.Patient, site, "do-not-ask", "inactive")
	})
	v.say("labelled <label>", func(p *play, b []string) error { return p.label(p.admission.Patient, b[0]) })
	v.say("with a secret address", func(p *play, _ []string) error {
		secret := map[string]any{"url": site, "valueCoding": map[string]any{"system": site, "code": "secret"}}
		return p.hospital.Set(p.ctx, p.admission.Patient, "address", []any{map[string]any{"extension": []any{secret}}})
	})
	return v
}()

// site is the code system of a hospital's own.
const site = "https://hospital.example.no"

func (p *play) label(ref, words string) error {
	return p.hospital.Label(p.ctx, ref, pathway.Confidentiality, labels[words])
}

func patientOf(words string) (who, error) {
	parts := strings.Split(words, ", ")
	begin, blanks, err := patients.find(parts[0])
	if err != nil {
		return who{}, err
	}
	w := begin(blanks)
	w.more, err = doingsOf(notes, parts[1:])
	return w, err
}

// doingsOf reads what is said after the commas.
func doingsOf(v vocabulary[doing], phrases []string) (all []doing, err error) {
	for _, phrase := range phrases {
		does, blanks, err := v.find(phrase)
		if err != nil {
			return nil, err
		}
		all = append(all, func(p *play, _ []string) error { return does(p, blanks) })
	}
	return all, nil
}

// admissions begin an admission; circumstances may follow, each after a comma.
var admissions = func() (v vocabulary[func([]string) stays]) {
	stay := func(status string, start time.Duration) stays {
		return stays{Stay: hospital.Stay{Status: coded(status), Start: now.Add(start)}}
	}
	v.say("<stay> since <time>", func(b []string) stays { return stay(b[0], -duration(b[1])) })
	v.say("<stay> in <time>", func(b []string) stays { return stay(b[0], duration(b[1])) })
	v.say("<stay>", func(b []string) stays { return stay(b[0], 0) })
	return v
}()

var circumstances = func() (v vocabulary[doing]) {
	v.say("<class>", func(p *play, b []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "class.code", classes[b[0]])
	})
	v.say("without a class", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "class", map[string]any{"display": "?"})
	})
	v.say("on <ward>", func(p *play, b []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "location.0.location", wardOf(p.hospital, b[0]).Reference())
	})
	v.say("on no ward", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "location", nil)
	})
	v.say("of the hospice", func(p *play, _ []string) error {
		return p.hospital.Set(p.ctx, p.admission.Encounter, "serviceType", codeable(site, "hospice"))
	})
	v.say("labelled <label>", func(p *play, b []string) error { return p.label(p.admission.Encounter, b[0]) })
	v.say("part of a stay that is <stay> (<class>)", func(p *play, b []string) error { return p.partOf(b[1], b[0]) })
	return v
}()

func (p *play) partOf(class, status string) error {
	whole, err := p.hospital.Readmit(p.ctx, p.admission, hospital.Stay{Class: classes[class], Status: coded(status), Start: now.Add(-24 * time.Hour)})
	if err != nil {
		return err
	}
	return p.hospital.Set(p.ctx, p.admission.Encounter, "partOf", map[string]any{"reference": whole.Encounter})
}

func codeable(system, code string) any {
	return map[string]any{"coding": []any{map[string]any{"system": system, "code": code}}}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func admissionOf(words string) (stays, error) {
	parts := strings.Split(words, ", ")
	begin, blanks, err := admissions.find(parts[0])
	if err != nil {
		return stays{}, err
	}
	s := begin(blanks)
	s.more, err = doingsOf(circumstances, parts[1:])
	return s, err
}

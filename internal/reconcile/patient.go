package reconcile

import (
	"context"
	"fmt"
	"strings"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// maxMerges bounds how many times a record may have been merged onwards:
// links can run in a circle.
const maxMerges = 8

// patient reads whose the admission is: the record that it names, or the one
// that this was merged into.
func (l loader) patient(ctx context.Context, p *picture) error {
	res, err := l.related(ctx, p, "subject")
	if err != nil || res.Type() != "Patient" {
		return err
	}
	survivor, formerly, err := l.survivor(ctx, p, res)
	if err != nil {
		return err
	}
	p.stay.Patient = l.person(survivor)
	for _, ref := range append(formerly, survivor.Ref()) {
		p.stay.Patient.Labels = append(p.stay.Patient.Labels, labels(p.byRef[ref])...) // a label survives a merge
	}
	p.stay.Patient.Formerly = append(formerly, l.links(survivor, "replaces")...)
	p.stay.News = l.seen.heardOf(p.stay.Patient)
	task, _ := p.stay.ScreeningTask()
	return l.former(ctx, p, task.For)
}

// survivor follows replaced-by to the record that is in use.
func (l loader) survivor(ctx context.Context, p *picture, res fhir.Resource) (fhir.Resource, []string, error) {
	var formerly []string
	for range maxMerges {
		next := l.links(res, "replaced-by")
		if len(next) == 0 {
			return res, formerly, nil
		}
		formerly = append(formerly, res.Ref())
		var err error
		if res, err = l.get(ctx, p, next[0]); err != nil {
			if fhir.IsGone(err) {
				err = broken(p.encounter, "subject", "was merged into a record that is not on the server")
			}
			return res, nil, err
		}
	}
	return res, nil, broken(p.encounter, "subject", fmt.Sprintf("was merged more than %d times, or in a circle", maxMerges))
}

// former looks whether a record that our Task, or a response, names was merged into the
// admission's, where that record does not say so itself.
func (l loader) former(ctx context.Context, p *picture, ref string) error {
	who := &p.stay.Patient
	if typeOf(ref) != "Patient" || who.Ref == "" || who.Is(ref) {
		return nil
	}
	res, err := l.get(ctx, p, ref)
	if fhir.IsGone(err) {
		return nil // nothing says that it was the same person
	}
	if err != nil {
		return err
	}
	survivor, formerly, err := l.survivor(ctx, p, res)
	if err == nil && survivor.Ref() == who.Ref {
		who.Formerly = append(who.Formerly, formerly...)
	}
	return err
}

// mostRecords bounds how many records of one person are asked about: they must fit a URL.
const mostRecords = 40

// records are all records of the patient as a search asks for any of them, such as
// Patient/1,Patient/2: also those that one of hers had taken over before it was merged.
// One that cannot be read tells of no other.
func (l loader) records(ctx context.Context, p *picture) (string, error) {
	who := &p.stay.Patient
	for i := 0; i < len(who.Formerly) && len(who.Records()) < mostRecords; i++ {
		res, err := l.get(ctx, p, who.Formerly[i])
		if err != nil && !blames(err) {
			return "", err
		}
		for _, ref := range l.links(res, "replaces") {
			if !who.Is(ref) {
				who.Formerly = append(who.Formerly, ref)
			}
		}
	}
	return allRecords(*who), nil
}

func allRecords(who stay.Patient) string {
	all := who.Records()
	return strings.Join(all[:min(len(all), mostRecords)], ",")
}

func (l loader) links(patient fhir.Resource, kind string) []string {
	var refs []string
	for _, link := range patient.Get("link").Array() {
		if ref, ok := l.client.LocalRef(link.Get("other.reference").String()); ok && link.Get("type").String() == kind {
			refs = append(refs, ref)
		}
	}
	return refs
}

// get gives a resource that was read already, or reads it.
func (l loader) get(ctx context.Context, p *picture, ref string) (fhir.Resource, error) {
	if res, ok := p.byRef[ref]; ok {
		return res, nil
	}
	res, err := l.client.Read(ctx, ref)
	if err == nil {
		p.byRef[res.Ref()] = res
		p.gotten = append(p.gotten, res)
	}
	return res, err
}

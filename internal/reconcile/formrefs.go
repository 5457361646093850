package reconcile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
)

// This file is about responses that name their form by a reference. R4 has a canonical
// there (url|version); some screens write where the form lies: Questionnaire/id, the same
// with the server's address or a version of the resource, or #id for one that they carry
// along. Such a response answers our form when that resource bears the url of ours.

// stated is what a response says of its form: a canonical, "" for none, or why there is
// none that could be looked for.
type stated struct {
	canonical string
	formFound           // its problem, or the form that lies there
	until     time.Time // when it must be read again; zero: never
}

func notStated(why instrument.ProblemCode, detail string, args ...any) stated {
	return stated{formFound: noForm(why, fmt.Sprintf(detail, args...))}
}

// stated reads it.
func (f *forms) stated(ctx context.Context, response fhir.Resource) (stated, error) {
	text := response.Get("questionnaire").String()
	address, version, _ := strings.Cut(text, "|")
	if f.under(address) != nil {
		return stated{canonical: text}, nil
	}
	if id, ok := strings.CutPrefix(address, "#"); ok {
		return f.contained(response, id), nil
	}
	ref, at, ok := f.client.LocalVersion(address)
	if !ok {
		return stated{canonical: text}, nil
	}
	if typ, _, _ := strings.Cut(ref, "/"); typ != "Questionnaire" {
		return notStated(instrument.OtherForm, "it names a %s as its form", typ), nil
	}
	s, err := f.refer(ctx, ref, at)
	if version != "" && s.canonical != "" {
		s.canonical = urlOf(s.canonical) + "|" + version
	}
	return s, err
}

// contained is the form that a response carries along. Of that only its name is believed:
// the weights are those of the version as it was published.
func (f *forms) contained(response fhir.Resource, id string) stated {
	for _, held := range response.Get("contained").Array() {
		if strings.TrimPrefix(held.Get("id").String(), "#") != id || id == "" {
			continue
		}
		if held.Get("resourceType").String() != "Questionnaire" {
			return notStated(instrument.OtherForm, "what it carries along as its form is none")
		}
		return f.named(held.Get("url").String(), held.Get("version").String(), "the form that it carries along")
	}
	return notStated(instrument.FormMissing, "it does not carry along the form that it names")
}

// named is the canonical of a Questionnaire, where it is ours.
func (f *forms) named(url, version, what string) stated {
	switch {
	case f.under(url) == nil:
		return notStated(instrument.OtherForm, "%s is another one", what)
	case version == "":
		return stated{canonical: url}
	}
	return stated{canonical: url + "|" + version}
}

const (
	keepReferred = time.Minute // what stands under an id may be changed, and put right
	manyReferred = 1000        // forms that a hospital has, many times over
)

// refer is what a Questionnaire of this server says of itself. It is asked for at most
// once a minute, however many answer it; a version of it never changes.
func (f *forms) refer(ctx context.Context, ref, version string) (stated, error) {
	key := ref + "/_history/" + version
	f.mu.Lock()
	s, known := f.referred[key]
	f.mu.Unlock()
	if known && (s.until.IsZero() || f.now().Before(s.until)) {
		return s, nil
	}
	was := s
	s, err := f.readReferred(ctx, ref, version)
	switch {
	case err != nil && known:
		return was, nil // a server that is unwell has not changed its forms
	case err != nil:
		return stated{}, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.referred) >= manyReferred {
		clear(f.referred)
	}
	f.referred[key] = s
	return s, nil
}

func (f *forms) readReferred(ctx context.Context, ref, version string) (stated, error) {
	until := f.now().Add(keepReferred)
	res, err := f.lying(ctx, ref, version)
	var s stated
	switch {
	case errors.Is(err, errNoForm), fhir.IsGone(err):
		s = notStated(instrument.FormMissing, "it names %s, which is not on the server", shownForm(ref, version))
	case fhir.IsRefused(err): // nobody's work is to stop for it
		s = notStated(instrument.FormMissing, "it names %s, which the server does not show", shownForm(ref, version))
	case err != nil:
		return s, err
	default:
		s = f.named(res.Get("url").String(), res.Get("version").String(), shownForm(ref, version))
		if s.problem.IsZero() {
			s.form, _ = f.current.Of.Form(res.Raw())
		}
		if version != "" && res.VersionID() == version {
			until = time.Time{}
		}
	}
	s.until = until
	return s, nil
}

// lying reads the Questionnaire that lies under an id, in the version that is named. A
// server that shows no earlier versions of anything shows what is there now; HAPI takes
// the version off the reference.
func (f *forms) lying(ctx context.Context, ref, version string) (fhir.Resource, error) {
	_, id, _ := strings.Cut(ref, "/")
	now, err := f.find(ctx, fhir.Query("Questionnaire", "_id", id), func(res fhir.Resource) bool { return res.ID() == id })
	switch {
	case version == "", err == nil && now.VersionID() == version, err != nil && !errors.Is(err, errNoForm):
		return now, err
	case !fhir.ValidID(version):
		return now, errNoForm
	}
	then, failed := f.client.ReadVersion(ctx, ref, version)
	if fhir.IsRefused(failed) {
		return now, err
	}
	return then, failed
}

// shownForm names a Questionnaire as it may be shown: an id that is a word may be
// somebody's.
func shownForm(ref, version string) string {
	if _, id, _ := strings.Cut(ref, "/"); !fhir.PlainID(id) {
		ref = "a Questionnaire"
	}
	if version == "" {
		return ref
	}
	return "a version of " + ref
}

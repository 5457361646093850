package cases

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is about a case in which more than AUDIT-C is asked. What is said of the
// nurse's task, of the form and of the answers is about AUDIT-C, and with another
// instrument's name before it about that.

// limits are those of each instrument in a case, until it says otherwise; those of AUDIT-C
// are those of the policy that it changes.
var limits = map[string]string{
	"audit": `{advice: [{from: 8, source: WHO}], consult: [{from: 16, source: WHO}], urgent: [{from: 20, source: WHO}]}`,
}

// asking is a policy with the instruments that a case asks with.
func asking(whole map[string]any, asks yaml.MapSlice) map[string]any {
	var all []any
	for _, ask := range asks {
		name := fmt.Sprint(ask.Key)
		tiers, change := whole["tiers"], map[string]any{}
		if text, ok := limits[name]; ok {
			tiers = nil
			_ = yaml.Unmarshal([]byte(text), &tiers) // ours
		}
		if says, ok := ask.Value.(map[string]any); ok {
			change = says
		}
		all = append(all, over(map[string]any{"instrument": name, "tiers": tiers}, change))
	}
	whole["screenings"] = all
	delete(whole, "tiers")
	return whole
}

// spoken is a rule as a case expects it: with the instrument before it, where it speaks of
// another than AUDIT-C.
func spoken(instrument, rule string) string {
	if instrument == stay.AuditC {
		return rule
	}
	return instrument + " " + rule
}

// Rule is the rule that is expected, whatever it speaks of.
func (p Phrase) Rule() string {
	for _, name := range instruments {
		if rule, ok := strings.CutPrefix(p.Words, name+" "); ok {
			return rule
		}
	}
	return p.Words
}

// view is what a play keeps of an instrument that is asked after the first.
type view struct{ instrument, canonical, form string }

func otherViews(forms []*instrument.Form) (all []*view) {
	for _, f := range forms {
		all = append(all, &view{instrument: f.Of.Name, canonical: f.Canonical()})
	}
	return all
}

// seen does something with another instrument in view.
func (p *play) seen(name string, do func() error) error {
	for _, v := range p.others {
		if v.instrument != name {
			continue
		}
		canonical, form, was := p.canonical, p.form, p.admission.Instrument
		p.canonical, p.form, p.admission.Instrument = v.canonical, v.form, name
		err := do()
		v.form = p.form
		p.canonical, p.form, p.admission.Instrument = canonical, form, was
		return err
	}
	return fmt.Errorf("%s is not asked in this case", name)
}

// ofAnother are the steps with another instrument's name before them.
var ofAnother = func() (v vocabulary[doing]) {
	var about vocabulary[doing]
	nurse(&about)
	forms(&about)
	ehrs(&about)
	oddities(&about)
	about.say("asked", func(p *play, _ []string) error { return p.asked() })
	for _, s := range about {
		words := strings.NewReplacer("<points>", "<more points>", "<question>", "<number>").Replace(s.words)
		v.say("<instrument> "+words, func(p *play, b []string) error {
			return p.seen(b[0], func() error { return s.means(p, b[1:]) })
		})
	}
	return v
}()

// standsOf finds what is said of what stands, also of another instrument.
func standsOf(words string) error {
	for _, name := range instruments {
		words = strings.TrimPrefix(words, name+" ")
	}
	_, _, err := standing.find(words)
	return err
}

// instruments are those that may be asked beside AUDIT-C.
var instruments = slices.Sorted(maps.Keys(limits))

// results are the Observations of a kind, of all that is asked: by reference, the title of
// the instrument.
func (f *facts) results(kind stay.Kind) map[string]string {
	titles := map[string]string{}
	for _, d := range f.p.options.Policy.Definitions() {
		found, err := f.p.hospital.All(f.p.ctx, "Observation", kind, f.p.admission.With(d.Name))
		if err != nil {
			f.err = err
		}
		for _, o := range found {
			titles[o.Ref()] = d.Title
		}
	}
	return titles
}

// restsOn tells which instruments' answers a consult names as its reasons.
func (f *facts) restsOn(consult fhir.Resource) {
	scores, least := f.results(stay.Score), f.results(stay.AtLeast)
	var on []string
	for _, reason := range consult.Get("reasonReference.#.reference").Array() {
		if title := cmp.Or(scores[reason.String()], least[reason.String()]); title != "" {
			on = append(on, title)
		}
	}
	f.say("consult rests on %s", strings.Join(on, " and "))
}

// names tells of which instruments the part of the letter speaks that says why.
func (f *facts) names(reason string) {
	var titles []string
	for line := range strings.SplitSeq(reason, "\n") {
		for _, d := range f.p.options.Policy.Definitions() {
			if strings.HasPrefix(line, d.Title+":") || strings.HasPrefix(line, d.Title+" ") {
				titles = append(titles, d.Title)
			}
		}
	}
	f.say("letter names %s", strings.Join(titles, " and "))
}

// another tells of what was made with each of the other instruments.
func (f *facts) another() {
	for _, v := range f.p.others {
		theirs := &facts{p: f.p}
		err := f.p.seen(v.instrument, func() error {
			theirs.screening()
			return theirs.err
		})
		for _, fact := range theirs.list {
			f.say("%s %s", v.instrument, fact)
		}
		if err != nil {
			f.err = err
		}
	}
}

package pathway

import (
	_ "embed"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/tilsyn/tilsyn/internal/instrument"
)

// Policy is what a hospital approves: who is asked, and what a score leads to.
type Policy struct {
	Version    string     `yaml:"version"`
	Screening  Screening  `yaml:"screening"`
	UnknownSex UnknownSex `yaml:"unknown_sex"`
	Pregnancy  Codings    `yaml:"pregnancy"`
	Screenings []Asked    `yaml:"screenings"` // in this order; none: AUDIT-C, by Tiers
	Tiers      Tiers      `yaml:"tiers"`      // of the screening in view
	Consult    Consulting `yaml:"consult"`
	Labels     Labelling  `yaml:"labels"`
	Protected  Protected  `yaml:"protected"`

	AfterDischarge string `yaml:"after_discharge"` // refer or record
	CertainMinimum string `yaml:"certain_minimum"` // ReferMinimum or IgnoreMinimum: what incomplete answers that pass a limit lead to
	Item1Only      string `yaml:"item1_only"`      // AsScored or AsAdvice: what points from item 1 alone lead to
	OnWish         string `yaml:"on_wish"`         // WishConsult, WishAdvice or WishRecord

	of    *instrument.Definition // of the screening in view: the first, until About
	step  *Step                  // after which other screening it is asked; nil: after none
	whole *Policy                // as it was written; nil: it has no screenings

	performer  string // as in Asked
	patientDue time.Duration
}

// What a hospital can make of a patient who wants to see the team, and whose score has
// reached no limit for it.
const (
	WishConsult = "consult" // a routine consult
	WishAdvice  = "advice"  // advice by the ward
	WishRecord  = "record"  // it stands on record: so it was before the question was asked
)

// wished is what the policy makes of a wish.
func (p *Policy) wished() Tier {
	return map[string]Tier{WishConsult: Consult, WishAdvice: Advice}[p.OnWish]
}

// What a hospital can make of a score whose points all come from item 1.
const (
	AsScored = "as_scored" // as of any other
	AsAdvice = "advice"    // advice where a routine consult is due, and not in pregnancy
)

// Consulting says how the liaison team is asked.
type Consulting struct {
	Intent             string   `yaml:"intent"`               // order or proposal
	AcceptWithin       Duration `yaml:"accept_within"`        // a routine consult, before it is raised
	AcceptWithinUrgent Duration `yaml:"accept_within_urgent"` // an urgent one
	Rejected           string   `yaml:"rejected"`             // TellOnly or AdviceThere: what the ward does when the team says no
	AtDischarge        string   `yaml:"at_discharge"`         // KeepConsult or EndConsult: what becomes of one that is open then
	Codings            []Coding `yaml:"codings"`              // ServiceRequest.code; any of them is the consult
}

// Screening says who is asked, and by when.
type Screening struct {
	Classes  []string `yaml:"classes"`   // of Encounter.class: code, or system|code
	MinAge   int      `yaml:"min_age"`   // whole years
	DueAfter Duration `yaml:"due_after"` // after admission

	ExcludedLocations    []string `yaml:"excluded_locations"`     // Location/id
	ExcludedServiceTypes []Coding `yaml:"excluded_service_types"` // Encounter.serviceType
	DoNotAsk             []Coding `yaml:"do_not_ask"`             // Flag.code
	RescreenAfter        Duration `yaml:"rescreen_after"`         // after a completed screening; 0s: always asked

	RaiseAfter  Duration `yaml:"raise_after"`  // between the first raise, at due time, and the second
	DraftGrace  Duration `yaml:"draft_grace"`  // after the end of the stay, for a form that was begun
	RetryAfter  Duration `yaml:"retry_after"`  // after the nurse said: unable now
	MaxAttempts int      `yaml:"max_attempts"` // tasks in one admission, the first included
	AskedAgain  []string `yaml:"asked_again"`  // of UnableReasons: those that pass

	CountsAsDeclined      Refusal `yaml:"counts_as_declined"`      // beside what always does
	RejectedWithoutReason string  `yaml:"rejected_without_reason"` // AsPutAway or AsDeclined
}

// Refusal is how a site's own screens say that the patient does not want to answer.
type Refusal struct {
	Codings []Coding `yaml:"codings"`
	Texts   []string `yaml:"texts"` // the whole of one, whatever its case and spaces
}

// What a hospital can make of a rejection that does not say that the patient declined.
const (
	AsPutAway  = "put_away" // the ward has put the question away
	AsDeclined = "declined" // the patient has declined: so it was before the question was asked
)

// Duration is written as 24h or 30m. One that cannot be read is kept for
// validate, which knows the name of the key.
type Duration struct {
	time.Duration
	unread string
}

// UnmarshalText never fails.
func (d *Duration) UnmarshalText(text []byte) error {
	var err error
	if d.Duration, err = time.ParseDuration(string(text)); err != nil {
		d.unread = string(text)
	}
	return nil
}

// positive tells whether the duration can be read and is longer than 0.
func (d Duration) positive() bool { return d.unread == "" && d.Duration > 0 }

// Codings is a list of codes, any of which will do.
type Codings struct {
	Codings []Coding `yaml:"codings"`
}

// Coding is one code of a code system.
type Coding struct {
	System  string `yaml:"system"`
	Code    string `yaml:"code"`
	Display string `yaml:"display"`
}

// Tokens are the codes as a search asks for any of them: system|code,….
func Tokens(codings []Coding) string {
	tokens := make([]string, 0, len(codings))
	for _, c := range codings {
		tokens = append(tokens, c.System+"|"+c.Code)
	}
	return strings.Join(tokens, ",")
}

//go:embed policy.yaml
var defaultPolicy []byte

// DefaultPolicy is the suggestion that tilsyn ships with; each number in
// policy.yaml carries its source. It takes the site's instruments as ParsePolicy does.
func DefaultPolicy(others ...*instrument.Definition) *Policy {
	p, err := ParsePolicy(defaultPolicy, others...)
	if err != nil {
		panic("the embedded policy.yaml is broken: " + err.Error()) // a build that no test passes
	}
	return p
}

var longLine = regexp.MustCompile(`.{500}`)

// ParsePolicy reads a policy strictly: an unknown key, a limit that no score reaches, a
// group of patients without a limit is an error that says where and what. It may ask with
// the instruments that are embedded, and with others of the site: those come before ours of
// the same name.
func ParsePolicy(text []byte, others ...*instrument.Definition) (*Policy, error) {
	p := unnamed()
	if err := yaml.UnmarshalWithOptions(text, &p, yaml.Strict()); err != nil {
		// With the lines around it, unless they are none that anybody reads.
		return nil, fmt.Errorf("policy: %s", yaml.FormatError(err, false, !longLine.Match(text)))
	}
	if err := p.take(others); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	if err := p.validate(); err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return &p, nil
}

// unnamed is what holds for the keys that a policy does not name.
func unnamed() Policy {
	const day = 24 * time.Hour
	return Policy{
		Screening: Screening{
			RescreenAfter: Duration{Duration: 30 * day},
			RaiseAfter:    Duration{Duration: day},
			DraftGrace:    Duration{Duration: day},
			RetryAfter:    Duration{Duration: day},
			MaxAttempts:   3,
			AskedAgain:    []string{"intoxicated", "delirious", "no-common-language", "too-ill"},

			RejectedWithoutReason: AsDeclined,
		},
		AfterDischarge: "refer",
		CertainMinimum: IgnoreMinimum,
		Item1Only:      AsScored,
		OnWish:         WishRecord,
		Consult: Consulting{
			Intent:             "order",
			AcceptWithin:       Duration{Duration: day},
			AcceptWithinUrgent: Duration{Duration: 4 * time.Hour},
			Rejected:           TellOnly,
			AtDischarge:        KeepConsult,
		},
		Protected: Protected{Labels: []Coding{{System: Confidentiality, Code: "R"}, {System: Confidentiality, Code: "V"}}},
	}
}

// The version becomes a code and part of a URI.
var versionPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (p *Policy) validate() error {
	errs := []error{p.validateScreenings()}
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(versionPattern.MatchString(p.Version), "version: %q must be 1–64 letters, digits, dots, dashes or underscores", p.Version)
	check(len(p.Screening.Classes) > 0, "screening.classes: name at least one Encounter class, such as IMP")
	for i, class := range p.Screening.Classes {
		_, code, _ := cutLast(class, "|")
		check(code != "" && !strings.ContainsAny(class, ", \t\n"), "screening.classes[%d]: %q must be a code such as IMP, or system|code", i, class)
	}
	check(p.Screening.MinAge >= 0 && p.Screening.MinAge <= 120, "screening.min_age: %d is not an age in years (0–120)", p.Screening.MinAge)
	check(p.Screening.DueAfter.positive(), "screening.due_after: must be a duration longer than 0, such as 24h")
	check(p.Screening.RaiseAfter.positive(), "screening.raise_after: must be a duration longer than 0, such as 24h")
	check(p.Screening.DraftGrace.unread == "" && p.Screening.DraftGrace.Duration >= 0, "screening.draft_grace: must be a duration such as 24h, or 0s to stop at once")
	check(p.Screening.RetryAfter.positive(), "screening.retry_after: must be a duration longer than 0, such as 24h")
	check(p.Screening.MaxAttempts >= 1 && p.Screening.MaxAttempts <= 20, "screening.max_attempts: %d must be 1–20", p.Screening.MaxAttempts)
	p.Screening.checkReasons(check)
	check(slices.Contains(unknownSexRules, p.UnknownSex), "unknown_sex: %q must be one of %v", p.UnknownSex, unknownSexRules)
	check(len(p.Consult.Codings) > 0, "consult.codings: name at least one code for the consult")
	check(p.Screening.RescreenAfter.unread == "" && p.Screening.RescreenAfter.Duration >= 0, "screening.rescreen_after: must be a duration such as 720h, or 0s to ask in every admission")
	check(p.AfterDischarge == "refer" || p.AfterDischarge == "record", "after_discharge: %q must be refer or record", p.AfterDischarge)
	check(p.CertainMinimum == ReferMinimum || p.CertainMinimum == IgnoreMinimum, "certain_minimum: %q must be refer or ignore", p.CertainMinimum)
	check(p.Item1Only == AsScored || p.Item1Only == AsAdvice, "item1_only: %q must be as_scored or advice", p.Item1Only)
	check(p.OnWish == WishConsult || p.OnWish == WishAdvice || p.OnWish == WishRecord, "on_wish: %q must be consult, advice or record", p.OnWish)
	check(p.Consult.Intent == "order" || p.Consult.Intent == "proposal", "consult.intent: %q must be order or proposal", p.Consult.Intent)
	check(p.Consult.AcceptWithin.positive(), "consult.accept_within: must be a duration longer than 0, such as 24h")
	check(p.Consult.AcceptWithinUrgent.positive(), "consult.accept_within_urgent: must be a duration longer than 0, such as 4h")
	check(p.Consult.Rejected == TellOnly || p.Consult.Rejected == AdviceThere, "consult.rejected: %q must be nothing or advice", p.Consult.Rejected)
	check(p.Consult.AtDischarge == KeepConsult || p.Consult.AtDischarge == EndConsult, "consult.at_discharge: %q must be keep or end", p.Consult.AtDischarge)
	check(p.Protected.shows(), "protected.show: name of %v what is shown", Places)
	for name, list := range map[string][]Coding{
		"labels.add": p.Labels.Add, "protected.labels": p.Protected.Labels, "protected.add": p.Protected.Add,
		"pregnancy.codings": p.Pregnancy.Codings, "consult.codings": p.Consult.Codings,
		"screening.counts_as_declined.codings": p.Screening.CountsAsDeclined.Codings,
		"screening.do_not_ask":                 p.Screening.DoNotAsk, "screening.excluded_service_types": p.Screening.ExcludedServiceTypes,
	} {
		for i, c := range list {
			check(c.System != "" && c.Code != "", "%s[%d]: system and code are needed", name, i)
		}
	}
	return errors.Join(errs...)
}

// checkReasons is about what a ward says instead of an answer.
func (s Screening) checkReasons(check func(ok bool, format string, args ...any)) {
	for i, reason := range s.AskedAgain {
		check(slices.Contains(UnableReasons, reason), "screening.asked_again[%d]: %q must be one of %v", i, reason, UnableReasons)
	}
	for i, text := range s.CountsAsDeclined.Texts {
		check(plain(text) != "", "screening.counts_as_declined.texts[%d]: is empty", i)
	}
	check(s.RejectedWithoutReason == AsPutAway || s.RejectedWithoutReason == AsDeclined,
		"screening.rejected_without_reason: %q must be put_away or declined", s.RejectedWithoutReason)
}

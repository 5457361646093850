// Package stay is the picture of one admission and of our work in it: plain
// values, read from FHIR at the border, that the rules can decide on.
package stay

import (
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
)

// Stay is all that a decision about one admission may rest on.
type Stay struct {
	Admission Admission
	Parent    *Admission // the Encounter that this one is partOf, if it is
	Patient   Patient
	Tasks     []Task // ours in this admission, about whatever was asked, oldest first
	Owners    Owners // to whom the configuration gives the work as things stand
	Screening        // the one in view
	Others    []Screening

	// These are read only where a decision needs them.
	Consult    Result      // that the answers have led to; one that a person has deleted is absent
	Replaced   []Result    // consults of ours that a person had ended, and that Consult took the place of
	Conditions []Condition // of the patient
	Orders     []Order     // consults of the patient, whoever ordered them, oldest first
	Flags      []Flag      // of the patient

	// News tells that a pregnancy of the patient may have been recorded since her answers
	// were judged.
	News bool
}

// Part is something that is read only where a decision needs it.
type Part string

// The parts.
const (
	Twins         Part = "twins"         // what there is one too many of
	Scores        Part = "score"         // the score that the nurse's Task points to
	Minima        Part = "minimum"       // what incomplete answers sum to at least
	Consults      Part = "consult"       // the consult that it points to
	Background    Part = "background"    // of a judgement: a pregnancy, consults, what was made of the answers
	Portal        Part = "unplaced"      // responses of the patient that name no admission
	Memory        Part = "memory"        // what the nurse's Task held and an EHR has written over
	Spared        Part = "spared"        // what speaks against asking: flags, earlier screenings
	EarlierScores Part = "earlier score" // what came of the last screening, and the background
	History       Part = "history"       // the scores of earlier screenings
)

// Parts are all of them.
var Parts = []Part{Twins, Memory, Portal, Scores, Minima, Consults, Background, Spared, EarlierScores, History}

// Owners are who owns the nurse's Task and which team gets the consult, as the
// configuration names them; "": nobody in particular.
type Owners struct{ Ward, Liaison string }

// Earlier is the screening of another admission.
type Earlier struct {
	Admission      string    // Encounter/id
	At             time.Time // when it was answered; zero: it was not
	BusinessStatus string    // our code, of its Task
	Score, Consult string    // references, or ""
}

// Flag is a warning on the patient.
type Flag struct {
	Status string // R4 flag-status
	Codes  []Code
}

// Condition is a diagnosis of the patient.
type Condition struct {
	Codes                  []Code
	Clinical, Verification []string // codes of its statuses
	Begun, Recorded        Date
	Labels                 []Code // of meta.security
}

// Order is a ServiceRequest.
type Order struct {
	Ref, Status string
	Ours        bool
	Admission   string    // Encounter/id, or ""
	At          time.Time // when it was ordered
	Codes       []Code

	Intent       string // R4 request-intent, or ""
	DoNotPerform bool   // it says that the consult is not to be
}

// Location is one of an Encounter's.
type Location struct {
	Ref        string // "" where it is none of this server
	Display    string // its name, for people
	Status     string // R4 encounter-location-status, or ""
	Start, End time.Time
}

// Result is an Observation or a ServiceRequest of ours.
type Result struct {
	Ref          string // "" if it is not there
	Status       string
	Theirs       bool           // a clinician's own order, not made by us
	NoTask       bool           // of a consult: the team's Task was never made
	Priority     string         // of a consult: R4 request-priority
	Number       int            // of a consult of ours: 1, 2, … among those of the admission
	Tier         string         // our code: of an Observation for the tier on record, of a consult for what the answers asked for when they were last put on it; "" where it does not say
	Replied      bool           // of a consult: why the team said no stands on it
	Sum          int            // of an Observation: its score
	At           time.Time      // of an Observation: when it was answered
	From         string         // of an Observation: which response it rests on, as the reference stands there
	Items        map[string]int // of an Observation: points by the item's code
	Offer        instrument.Offer
	Labels       []Code    // of meta.security
	ClosedBefore bool      // of a score: a person had ended the question, for good, before the answers came
	Performers   []string  // of a consult, as they stand there: a reference, or system|value
	Notes        []string  // of a consult: which parts of our letter stand on it
	Left         time.Time // of a consult: when the letter says that she went home; zero: it does not say when
}

// Says tells of a consult that a part of our letter stands on it.
func (r Result) Says(part string) bool { return slices.Contains(r.Notes, part) }

// Urgent tells that its priority is above routine.
func (r Result) Urgent() bool { return aboveRoutine(r.Priority) }

// Live tells whether the result still says something.
func (r Result) Live() bool {
	return r.Ref != "" && r.Status != "entered-in-error" && r.Status != "revoked"
}

// Status is an Encounter's status. A code that R4 does not know stays what it
// is and matches no rule.
type Status string

// The statuses that rules name (R4 encounter-status).
const (
	Planned        Status = "planned"
	Arrived        Status = "arrived"
	Triaged        Status = "triaged"
	InProgress     Status = "in-progress"
	OnLeave        Status = "onleave"
	Finished       Status = "finished"
	Cancelled      Status = "cancelled"
	EnteredInError Status = "entered-in-error"
)

// Admission is an Encounter.
type Admission struct {
	ID              string
	Status          Status
	Classes         []Code // one in R4, such as IMP of v3-ActCode; some servers have several, or none
	Start, End      time.Time
	Locations       []string // references, where the patient is now, the latest first
	Ward            string   // the name of the latest that has one
	ServiceProvider string   // reference, or ""
	ServiceTypes    []Code
	Labels          []Code // of meta.security
}

// Code is one code of a code system.
type Code struct {
	System string `json:"system"`
	Code   string `json:"code"`
}

// Present tells whether the patient is in the hospital, on leave included.
func (a Admission) Present() bool {
	switch a.Status {
	case Arrived, Triaged, InProgress, OnLeave:
		return true
	}
	return false
}

// Void tells that the admission never was.
func (a Admission) Void() bool { return a.Status == Cancelled || a.Status == EnteredInError }

// Sex is administrative gender, as limits are keyed on it.
type Sex string

// Other and absent genders are UnknownSex: the policy says how to treat them.
const (
	Female     Sex = "female"
	Male       Sex = "male"
	UnknownSex Sex = ""
)

// Patient is the admission's subject.
type Patient struct {
	Ref      string // Patient/id; "" when the admission names none
	Sex      Sex
	Birth    Date
	Deceased bool
	Died     time.Time // the last moment that the date of death allows; zero: no date
	Pregnant bool      // as far as the policy's codes tell; the rules find it out
	Because  []Code    // security labels of the Conditions that say so
	Formerly []string  // records of the same person that were merged into this one
	Labels   []Code    // of meta.security
	Marks    []Code    // coded extensions of the record and of its addresses: a code says there what a label says elsewhere
}

// Is tells whether a reference names this person, by whichever record.
func (p Patient) Is(ref string) bool {
	return ref != "" && (ref == p.Ref || slices.Contains(p.Formerly, ref))
}

// Records are all those of the person, the one in use first.
func (p Patient) Records() (all []string) {
	for _, ref := range append([]string{p.Ref}, p.Formerly...) {
		if ref != "" && !slices.Contains(all, ref) {
			all = append(all, ref)
		}
	}
	return all
}

// Task is one of our Tasks.
type Task struct {
	Purpose
	Ref            string
	Number         int    // 1, 2, … among those for the same purpose
	For            string // Patient/id
	ByPatient      bool   // of a screening: the patient is to answer it herself
	Focus          string // reference of what it is about, or ""
	Cause          string // reference of the consult that the team said no to, and that it was made for, or ""
	Made           time.Time
	Status         string    // R4 task-status
	BusinessStatus string    // our code, or ""
	Form           string    // canonical|version that it asks for
	Response       string    // reference of the response that belongs to it
	Judged         string    // the response version that was judged last
	Score          string    // reference of the score that was written, or ""
	Minimum        string    // reference of what incomplete answers sum to at least, or ""
	Consult        string    // reference of the consult that was written, or ""
	Advice         string    // reference of the advice task that was written, or ""
	NoResponse     bool      // it points to a response that was never made
	NoResult       bool      // it points to a score, a consult or an advice task that was never made
	Withdrawn      bool      // the score no longer holds
	ClosedBefore   bool      // a person had ended it, for good, before the answers came
	Location       string    // where the patient was when it was last routed
	Reason         string    // statusReason, our code, or ""
	Reasoned       bool      // the team's: it says why it has its status
	Said           Said      // why it has this status, as it stands there
	UnableSince    time.Time // when a nurse said that the patient cannot be asked; zero: it is not kept
	Answers        []string  // references of all responses that its output points to
	WrittenOver    bool      // what tilsyn keeps on it is gone in part, and was found again
	Forgets        bool      // its output does not point to a response of ours, as it once did
	Due            time.Time
	Changed        time.Time // when it was last written, by anybody
	Raised         int       // how often we have raised its priority
	Priority       string    // R4 request-priority
	Notified       string    // our code: what the team was last told about a consult that they had begun on
	Carried        string    // the team's Task status that the consult was last brought in line with
	Pregnant       bool      // of advice: it is for a pregnant patient
	Routed         string    // to whom it was last given while the patient was protected; "": it was not
	Labels         []Code    // of meta.security
}

// Said is what statusReason and businessStatus say, in anybody's codes and words.
type Said struct {
	Codes []Code
	Texts []string
}

// Scored tells whether a score holds that the Task points to.
func (t Task) Scored() bool { return t.Score != "" && !t.Withdrawn }

// Open tells whether somebody is still expected to act on the Task.
func (t Task) Open() bool {
	switch t.Status {
	case "draft", "requested", "received", "accepted", "ready", "in-progress", "on-hold":
		return true
	}
	return false
}

// Urgent tells that its priority is above routine.
func (t Task) Urgent() bool { return aboveRoutine(t.Priority) }

func aboveRoutine(priority string) bool {
	return slices.Contains([]string{"urgent", "asap", "stat"}, priority)
}

// Begun tells whether the team has taken the Task on, or is done with it.
func (t Task) Begun() bool {
	switch t.Status {
	case "accepted", "in-progress", "on-hold", "completed":
		return true
	}
	return false
}

// Response is a QuestionnaireResponse to our form.
type Response struct {
	Ref           string
	Version       string // Type/id/_history/n: what exactly was read
	Status        string // R4 questionnaire-answers-status
	Ours          bool   // the draft that we made
	Number        int    // 1, 2, … among our drafts; 0 where it does not say
	Task          string // that it says it was made along with, or ""
	Poor          bool   // ours, and a renderer dropped what ties it to the admission
	NoTask        bool   // ours, and its Task was never made
	Prefilled     bool   // ours, and its answers are those that we have put there
	Returned      int    // ours, and how often its Task came back because nobody had written on it
	Questionnaire string // canonical, as the response states it
	Subject       string // Patient/id, or "" when it states none
	Authored      time.Time
	Author        string // reference, or ""
	Source        string // who answered: reference, or ""
	Content       *instrument.Response
	Form          *instrument.Form // the version that it answers; nil: see FormProblem
	FormProblem   instrument.Problem
	FormError     string // what its problem is about, in English: for who runs the system
	Labels        []Code // of meta.security
}

// Submitted tells that somebody has handed the answers in.
func (r Response) Submitted() bool { return r.Status == "completed" || r.Status == "amended" }

// ToAnotherForm tells that the answers are not to our form, in any version.
func (r Response) ToAnotherForm() bool { return r.FormProblem.Code == instrument.OtherForm }

// Untouched tells that nobody has written on the draft.
func (r Response) Untouched() bool {
	return r.Status == "in-progress" && (r.Prefilled || r.Content.Empty())
}

// Dead tells whether the patient has died in this admission. A date of death
// before it began contradicts it: somebody lies in that bed.
func (s Stay) Dead() bool {
	return s.Patient.Deceased && !s.DiedBefore()
}

// DiedBefore tells of a date of death before the admission began.
func (s Stay) DiedBefore() bool {
	died := s.Patient.Died
	return s.Patient.Deceased && !died.IsZero() && died.Before(s.Admission.Start)
}

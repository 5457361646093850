package pathway

import (
	"fmt"
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Decision is what is to be done with one admission. All of it is written in
// one transaction; a nil part means nothing of that kind.
type Decision struct {
	Ask        *Ask          `json:"ask,omitempty"`
	Score      *Score        `json:"score,omitempty"`
	Withdraw   string        `json:"withdraw,omitempty"` // the score that no longer holds
	Consult    *Referral     `json:"consult,omitempty"`
	Revoke     *Revocation   `json:"revoke,omitempty"`
	Tell       string        `json:"tell,omitempty"` // our code: what the team must know about a consult that they have begun on
	Task       *TaskChange   `json:"task,omitempty"`
	Stop       []string      `json:"stop,omitempty"`    // untouched drafts to stop, as references
	Restart    []string      `json:"restart,omitempty"` // drafts that were stopped and are needed again
	Carry      *Carriage     `json:"carry,omitempty"`
	Advice     *AdviceChange `json:"advice,omitempty"`
	HandOver   *HandOver     `json:"hand_over,omitempty"`
	Labels     []Labels      `json:"labels,omitempty"`  // that ours lack
	Follow     []string      `json:"follow,omitempty"`  // ours, to be put on the admission's patient
	Restore    string        `json:"restore,omitempty"` // the response to tie to the admission again
	Chase      string        `json:"chase,omitempty"`   // the team's Task that nobody has accepted in time
	Duplicates []Duplicate   `json:"duplicates,omitempty"`
	Reasons    []Reason      `json:"reasons"`
	Next       time.Time     `json:"next,omitzero"` // when to look again although nothing has changed; zero: never
}

// Carriage brings the consult in line with what the team did with their Task.
type Carriage struct {
	Order  string `json:"order"`  // the ServiceRequest
	Status string `json:"status"` // R4 request-status
	Team   string `json:"team"`   // the status of the team's Task
}

// HandOver gives the team's Task to the team that is to have it now.
type HandOver struct {
	Task  string `json:"task"`
	Order string `json:"order,omitempty"` // "" where somebody has deleted it, or it is theirs
	Keeps bool   `json:"keeps,omitempty"` // who has begun on it stays its owner
}

// Labels are the security labels that one resource of ours lacks.
type Labels struct {
	Ref string      `json:"ref"`
	Add []stay.Code `json:"add,omitempty"`
}

// AdviceChange is what the nurse's Task to give advice says from now on.
type AdviceChange struct {
	Ref     string `json:"ref,omitempty"`     // "" makes one
	Status  string `json:"status"`            // R4 task-status
	Why     string `json:"why,omitempty"`     // our code
	Reroute bool   `json:"reroute,omitempty"` // the patient lies elsewhere
}

// Reason is one rule that spoke, in the order in which they did.
type Reason struct {
	Rule string `json:"rule"`
	Text string `json:"text"` // for a person; holds no name, answer or score
}

// Ask puts the form and the task before the ward.
type Ask struct {
	Due     time.Time `json:"due"`
	Attempt int       `json:"attempt"` // 1, 2, …
	Draft   int       `json:"draft"`   // counts the responses prepared in this admission, from 1
}

// Score writes down what a response is worth.
type Score struct {
	Response stay.Response     `json:"-"`
	Result   instrument.Result `json:"result"`
	Tier     Tier              `json:"tier"`
	Limit    Limit             `json:"-"`                // the limit that was passed; zero for None
	Amends   string            `json:"amends,omitempty"` // the Observation that it changes; "" makes one
	Stands   bool              `json:"stands,omitempty"` // that one says it already, and the nurse's Task does not know of it
	Passed   bool              `json:"passed,omitempty"` // another response was handed in, and is older
}

// Referral asks the liaison team for a consult.
type Referral struct {
	Urgent  bool   `json:"urgent"`
	Renews  string `json:"renews,omitempty"`  // a consult of ours that was revoked; "" makes one
	Changes string `json:"changes,omitempty"` // a live consult whose urgency or score changed
	Earlier bool   `json:"earlier,omitempty"` // for the score of an earlier admission
	// Two of an order that stands: the nurse's Task does not know of it, or the team's
	// Task was never made.
	Stands    string `json:"stands,omitempty"`
	Completes string `json:"completes,omitempty"`
	Limit     Limit  `json:"-"` // that was passed
}

// Revocation takes back a consult that nobody has begun on.
type Revocation struct {
	Ref string `json:"ref,omitempty"` // "" where somebody has ended the order, and only the team's Task is left
	Why string `json:"why"`           // our code
}

// TaskChange is what the nurse's Task says from now on.
type TaskChange struct {
	Status   string        `json:"status"`           // R4 task-status
	Business string        `json:"business"`         // our code: what became of the screening
	Why      string        `json:"why,omitempty"`    // our code: why it has this status
	Detail   string        `json:"detail,omitempty"` // which item, in words
	Response stay.Response `json:"-"`                // the response that was judged; zero: none was
	Withdraw bool          `json:"withdraw,omitempty"`
	PutAside bool          `json:"put_aside,omitempty"` // keep that a person had ended it before the answers came
	Reroute  bool          `json:"reroute,omitempty"`   // the patient lies elsewhere: owner and location follow
	NewDraft int           `json:"new_draft,omitempty"` // prepare a response anew; counts them
	Draft    string        `json:"draft,omitempty"`     // the response that stands, and that the Task does not point to
	Raise    int           `json:"raise,omitempty"`     // raise the priority: 1 urgent, 2 asap
	Met      string        `json:"met,omitempty"`       // a clinician's order that meets the need
}

// Nothing tells whether the decision writes nothing.
func (d Decision) Nothing() bool {
	return d.Ask == nil && d.Score == nil && d.Withdraw == "" && d.Consult == nil && d.Revoke == nil && d.Tell == "" &&
		d.Task == nil && len(d.Stop) == 0 && len(d.Restart) == 0 && d.Carry == nil && d.Chase == "" &&
		d.Advice == nil && d.HandOver == nil && len(d.Labels) == 0 && len(d.Follow) == 0 && d.Restore == "" && len(d.Duplicates) == 0
}

// Follows tells whether the decision follows something that happened, and not
// only that time has passed.
func (d Decision) Follows() bool {
	asked := d.Ask != nil && d.Ask.Attempt == 1
	ended := d.Task != nil && d.Task.Raise == 0 && d.Task.Business != Unable
	return asked || ended || d.Score != nil || d.Withdraw != "" || d.Consult != nil || d.Revoke != nil || len(d.Follow) > 0
}

func (d *Decision) because(rule, format string, args ...any) {
	d.Reasons = append(d.Reasons, Reason{rule, fmt.Sprintf(format, args...)})
}

// Codes of the nurse's Task, in the code system of fhir/artifacts.
const (
	Unanswered   = "unanswered"
	Scored       = "scored"
	Incomplete   = "incomplete"
	Invalid      = "invalid"
	WrongPatient = "wrong-patient"
	Declined     = "declined"
	Unable       = "unable"

	Corrected          = "corrected"   // told to the team: the score has changed
	Withdrawn          = "withdrawn"   // told to the team: the score no longer holds
	OrderEnded         = "order-ended" // told to the team: somebody has cancelled the order
	OfferDeclined      = "offer-declined"
	ScreenedBefore     = "screened-before" // nobody was asked: an earlier screening still holds
	PatientChanged     = "patient-changed" // the admission turned out to be another patient's
	Discharged         = "discharged"
	AdmissionCancelled = "admission-cancelled"
	Deceased           = "deceased"
)

// Unfinished are the codes of a Task whose screening still waits for somebody,
// whatever the ward has done with the Task itself: the census asks for them.
var Unfinished = []string{Unanswered, Incomplete, Invalid, WrongPatient}

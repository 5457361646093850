package pathway

import (
	"time"

	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// This file is all that can be done with an admission.

// Action is one thing to do.
type Action interface {
	// Name is what `tilsyn explain --json` calls it.
	Name() string
}

// order is that in which actions are written: the nurse's Task remembers what was
// made of the answers, so it comes after it.
var order = []string{"ask", "score", "minimum", "withdraw", "consult", "revoke", "tell", "departure", "carry", "advice", "reply", "restore",
	"hand_over", "labels", "follow", "duplicates", "chase", "task", "stop", "restart", "hand_in"}

// Ask puts the form and the task before the ward.
type Ask struct {
	Due     time.Time `json:"due"`
	Attempt int       `json:"attempt"`           // 1, 2, …
	Draft   int       `json:"draft"`             // counts the responses prepared in this admission, from 1
	Patient bool      `json:"patient,omitempty"` // it is hers to answer
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

// Positive tells whether any limit was passed.
func (s Score) Positive() bool { return s.Tier > None }

// Withdrawal says of a score, an Observation, that it no longer holds.
type Withdrawal string

// Minimum puts on record what incomplete answers sum to at least, or changes that.
type Minimum struct {
	Ref      string            `json:"ref,omitempty"` // the Observation that it changes; "" makes one
	Status   string            `json:"status"`        // R4 observation-status
	Response stay.Response     `json:"-"`
	Result   instrument.Result `json:"-"`
	Sum      int               `json:"-"` // 1–12
	Tier     Tier              `json:"-"`
	Limit    Limit             `json:"-"` // that is passed
}

// Referral asks the liaison team for a consult.
type Referral struct {
	Urgent  bool      `json:"urgent"`
	Renews  string    `json:"renews,omitempty"`  // a consult of ours that we took back; "" makes one
	Changes string    `json:"changes,omitempty"` // a live consult whose urgency or score changed
	Earlier bool      `json:"earlier,omitempty"` // for the score of an earlier admission
	Wish    bool      `json:"wish,omitempty"`    // the patient asks for it, and no limit was passed
	Due     time.Time `json:"due,omitzero"`      // by when the team is to have accepted it; zero: as before
	// Two of one that is made.
	Number   int    `json:"-"`                  // counts the consults of the admission, from 1
	Replaces string `json:"replaces,omitempty"` // a consult that a person has ended, whose place it takes
	// Two of an order that stands: the nurse's Task does not know of it, or the team's
	// Task was never made.
	Stands    string `json:"stands,omitempty"`
	Completes string `json:"completes,omitempty"`
	Limit     Limit  `json:"-"` // that was passed

	Grounds []Ground `json:"-"` // where several things were asked
}

// Revocation takes back a consult that nobody has begun on.
type Revocation struct {
	Ref string `json:"ref,omitempty"` // "" where somebody has ended the order, and only the team's Task is left
	Why string `json:"why"`           // our code
}

// Notice is our code for what the team must know about a consult that they have
// begun on.
type Notice string

// Departure tells the team, on their Task and on the order, that the patient has gone
// home, and takes the place off both.
type Departure struct {
	Task   string `json:"task"`
	Order  string `json:"order"`
	Back   bool   `json:"back,omitempty"`   // she has not: the place comes back
	Renews bool   `json:"renews,omitempty"` // with the consult that was ended by it

	Due time.Time `json:"due,omitzero"` // by when the team is to have accepted that
}

// Carriage brings the consult in line with what the team did with their Task.
type Carriage struct {
	Order   string `json:"order"`             // the ServiceRequest
	Status  string `json:"status"`            // R4 request-status
	Team    string `json:"team"`              // the status of the team's Task
	Refused bool   `json:"refused,omitempty"` // the team does not come: why stands on the consult from now on
}

// AdviceChange is what the nurse's Task to give advice says from now on.
type AdviceChange struct {
	Ref     string `json:"ref,omitempty"`     // "" makes one
	Status  string `json:"status"`            // R4 task-status
	Why     string `json:"why,omitempty"`     // our code
	Cause   string `json:"cause,omitempty"`   // the consult in whose place it is: the team does not come, and why stands on it
	Reroute bool   `json:"reroute,omitempty"` // the patient lies elsewhere

	// Reworded: the words are those for a pregnant patient from now on.
	Reworded bool   `json:"reworded,omitempty"`
	Of       string `json:"-"`               // the instrument whose score asks for it, where several are asked
	Offer    bool   `json:"offer,omitempty"` // the ward is to offer the consult: the patient declined the rest of the form
}

// ReplyChange is the same of the nurse's Task that says that the team does not come.
type ReplyChange AdviceChange

// Restoration puts back what an EHR has dropped: what ties a response to the admission,
// and what tilsyn keeps on a Task.
type Restoration []string

// HandOver gives the team's Task to the team that is to have it now, and lets the place
// on it and on the order follow the patient.
type HandOver struct {
	Task  string `json:"task"`
	Order string `json:"order,omitempty"` // "" where somebody has deleted it, or it is theirs
	Keeps bool   `json:"keeps,omitempty"` // who has begun on it stays its owner
	Moved bool   `json:"moved,omitempty"` // the patient lies elsewhere
	Stays bool   `json:"stays,omitempty"` // the order names the team that is to have it
}

// Labels are the security labels that resources of ours lack.
type Labels []Label

// Label is what one of them lacks.
type Label struct {
	Ref string      `json:"ref"`
	Add []stay.Code `json:"add,omitempty"`
}

// Move puts the admission's patient on what is ours.
type Move []string

// Duplicates are what there is one too many of.
type Duplicates []Duplicate

// Duplicate is one too many of ours, and the one that survives.
type Duplicate struct {
	Ref  string `json:"ref"`
	Keep string `json:"keep"`
}

// Chase raises the team's Task, which nobody has accepted in time.
type Chase struct {
	Task     string
	Priority string // R4 request-priority
}

// MarshalText writes which Task.
func (a Chase) MarshalText() ([]byte, error) { return []byte(a.Task), nil }

// TaskChange is what the nurse's Task says from now on.
type TaskChange struct {
	Status       string             `json:"status"`          // R4 task-status
	Business     string             `json:"business"`        // our code: what became of the screening
	Why          string             `json:"why,omitempty"`   // our code: why it has this status
	Detail       instrument.Problem `json:"detail,omitzero"` // why there is no score
	Response     stay.Response      `json:"-"`               // the response that was judged; zero: none was
	Withdraw     bool               `json:"withdraw,omitempty"`
	ClosedBefore bool               `json:"put_aside,omitempty"`   // keep that a person had ended it before the answers came
	Reroute      bool               `json:"reroute,omitempty"`     // the patient lies elsewhere: owner and location follow
	NewDraft     int                `json:"new_draft,omitempty"`   // prepare a response anew; counts them
	Draft        string             `json:"draft,omitempty"`       // the response that stands, and that the Task does not point to
	Raise        int                `json:"raise,omitempty"`       // how often the priority has been raised: see Priority
	Due          time.Time          `json:"due,omitzero"`          // by when it is to be answered, from now on; how often it was raised counts no more
	Met          string             `json:"met,omitempty"`         // a clinician's order that meets the need
	UnableSince  time.Time          `json:"unable_since,omitzero"` // keep when the nurse said that the patient cannot be asked
	Returned     int                `json:"returned,omitempty"`    // how often it has come back with nothing on the form: kept on that
}

// Stop puts drafts out of the way.
type Stop []string

// Restart opens drafts that were stopped and are needed again.
type Restart []string

// HandIn completes the draft whose answers were scored.
type HandIn string

func (*Ask) Name() string          { return "ask" }
func (*Score) Name() string        { return "score" }
func (*Minimum) Name() string      { return "minimum" }
func (*Withdrawal) Name() string   { return "withdraw" }
func (*Referral) Name() string     { return "consult" }
func (*Revocation) Name() string   { return "revoke" }
func (*Notice) Name() string       { return "tell" }
func (*Departure) Name() string    { return "departure" }
func (*Carriage) Name() string     { return "carry" }
func (*AdviceChange) Name() string { return "advice" }
func (*ReplyChange) Name() string  { return "reply" }
func (*Restoration) Name() string  { return "restore" }
func (*HandOver) Name() string     { return "hand_over" }
func (*Labels) Name() string       { return "labels" }
func (*Move) Name() string         { return "follow" }
func (*Duplicates) Name() string   { return "duplicates" }
func (*Chase) Name() string        { return "chase" }
func (*TaskChange) Name() string   { return "task" }
func (*Stop) Name() string         { return "stop" }
func (*Restart) Name() string      { return "restart" }
func (*HandIn) Name() string       { return "hand_in" }

// Codes of the nurse's Task, in the code system of fhir/artifacts.
const (
	Unanswered   = "unanswered"
	Scored       = "scored"
	Incomplete   = "incomplete"
	Invalid      = "invalid"
	WrongPatient = "wrong-patient"
	Declined     = "declined" // by the patient
	PutAway      = "put-away" // by the ward: nothing says that the patient declined
	Unable       = "unable"
	ToWard       = "to-ward" // the patient did not answer, or gave it back: the ward is asked

	Pregnant           = "pregnant"    // told to the team: so it was recorded after the answers
	Corrected          = "corrected"   // told to the team: the score has changed
	Withdrawn          = "withdrawn"   // told to the team: the score no longer holds
	OrderEnded         = "order-ended" // told to the team: somebody has cancelled the order
	Reopened           = "reopened"    // told to the ward: the question is asked again
	TakenUp            = "taken-up"    // told to the ward: the team comes after all
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

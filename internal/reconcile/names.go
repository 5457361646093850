package reconcile

import (
	"strings"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// Systems that are ours.
const (
	// IdentifierSystem names what we create: see stay.Name.
	IdentifierSystem = artifacts.IdentifierSystem
	// CodeSystem holds our codes; setup puts it on the server.
	CodeSystem = artifacts.CodeSystemURL
	// PolicySystem tags what a policy version caused.
	PolicySystem = "https://tilsyn.org/fhir/policy"
	// taskExtension points from a draft, or from an order, to the Task that is made along
	// with it. Where a server carries out a part of a transaction, the reference stays a
	// urn:uuid: the Task was never made, and nobody has deleted it. No search finds an
	// extension, so that a server that minds references lets people delete the Task.
	taskExtension = "https://tilsyn.org/fhir/StructureDefinition/task"
	// tierExtension says on an order what the answers asked for when they were last put on
	// it: none where it was taken back, or the reason for it is gone. Its priority says less,
	// and people change that.
	tierExtension = "https://tilsyn.org/fhir/StructureDefinition/tier"
	// partExtension says on a note of the consult which part of the letter it is, by a
	// code of ours. One without it is somebody else's, or of a release that wrote the
	// letter as one text.
	partExtension = "https://tilsyn.org/fhir/StructureDefinition/letter-part"
	// leftExtension, on the note that she has gone home: when, as the Encounter says it.
	leftExtension = "https://tilsyn.org/fhir/StructureDefinition/left"
)

// Extensions that hold what must outlast an EHR's hand on the nurse's Task.
const (
	// closedExtension, on a score: how a person had ended the question before it was answered.
	closedExtension = "https://tilsyn.org/fhir/StructureDefinition/closed-before"
	// endedExtension, on a draft that was stopped along with its Task: why that was ended.
	endedExtension = "https://tilsyn.org/fhir/StructureDefinition/ended"
	// prefilledExtension, on a draft: a digest of the answers that were put there with it.
	prefilledExtension = "https://tilsyn.org/fhir/StructureDefinition/prefilled"
	// returnedExtension, on a draft: how often its Task came back with nothing written.
	returnedExtension = "https://tilsyn.org/fhir/StructureDefinition/returned"
)

// patientPerforms is SNOMED CT's Patient, as R4's example binding of Task.performerType
// has it.
var patientPerforms = stay.Code{System: "http://snomed.info/sct", Code: "116154003"}

const (
	sdcTemp   = "http://hl7.org/fhir/uv/sdc/CodeSystem/temp"
	taskCode  = "http://hl7.org/fhir/CodeSystem/task-code"
	ucum      = "http://unitsofmeasure.org"
	scoreUnit = "{score}"
)

// param is the type of a Task's input or output.
type param struct{ system, code string }

var (
	paramForm     = param{sdcTemp, "questionnaire"}
	paramEndpoint = param{sdcTemp, "response-endpoint"}
	paramResponse = param{sdcTemp, "questionnaire-response"}
	paramScore    = param{CodeSystem, "score"}
	paramMinimum  = param{CodeSystem, "audit-c-at-least"}
	paramConsult  = param{CodeSystem, "consult"}
	paramJudged   = param{CodeSystem, "judged"}
	// paramWithdrawn says when the score was taken back.
	paramWithdrawn = param{CodeSystem, "withdrawn"}
	// paramClosedBefore says how a person had ended the Task before the answers came.
	paramClosedBefore = param{CodeSystem, "declined"}
	// paramUnable says when the nurse said that the patient cannot be asked.
	paramUnable   = param{CodeSystem, "unable"}
	paramAdvice   = param{CodeSystem, "brief-advice"}
	paramNotified = param{CodeSystem, "told"}    // what the team was last told
	paramRaised   = param{CodeSystem, "raised"}  // how often we raised the priority
	paramRouted   = param{CodeSystem, "routed"}  // to whom a protected patient's Task was given
	paramCarried  = param{CodeSystem, "carried"} // the team's Task status that the consult shows
)

func madeWith(task string) []r4.Extension {
	return []r4.Extension{{Url: taskExtension, ValueReference: fhir.Ref(task)}}
}

func tierOf(t pathway.Tier) r4.Extension {
	return r4.Extension{Url: tierExtension, ValueCode: fhir.Ptr(t.String())}
}

func (p param) concept() r4.CodeableConcept { return fhir.Concept(p.system, p.code, "") }

func identifier(name stay.Name) r4.Identifier {
	return r4.Identifier{System: fhir.Ptr(IdentifierSystem), Value: fhir.Ptr(name.String())}
}

// byName finds what bears one of these names.
func byName(names ...stay.Name) string {
	var values []string
	for _, name := range names {
		values = append(values, name.String())
	}
	return fhir.ByIdentifier(IdentifierSystem, values...)
}

// present names the nurse's Task about who the patient is now: what is made of her answers
// bears its number.
func present(s stay.Stay) stay.Name {
	return stay.Name{Purpose: stay.For(stay.ScreeningTask, s.Instrument), Admission: s.Admission.ID, Number: pathway.Generation(s)}
}

// presents are those of all screenings.
func presents(s stay.Stay, instruments []string) (all []stay.Name) {
	for _, name := range instruments {
		view := s.About(name)
		view.Instrument = name
		all = append(all, present(view))
	}
	return all
}

// nameOf is that of a resource of ours; ok is false where it bears none.
func nameOf(res fhir.Resource) (stay.Name, bool) {
	return stay.ParseName(res.Identifier(IdentifierSystem))
}

// nameIn is that of something that is ours in this admission.
func nameIn(res fhir.Resource, admission string) (stay.Name, bool) {
	name, ok := nameOf(res)
	return name, ok && name.Admission == admission
}

// typeOf is the type of what a reference names.
func typeOf(ref string) string {
	typ, _, _ := strings.Cut(ref, "/")
	return typ
}

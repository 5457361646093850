package sandbox

import (
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"
	"github.com/tidwall/gjson"
)

// shapes knows what R4 allows in a resource, read from the types of golang-fhir-models by reflection.
// Those types drop data and are useless for storing, but as a table of elements they are complete.
type shapes struct{ known sync.Map }

// shape is the elements of one object, and which of them cannot be missing.
type shape struct {
	members  map[string]member
	required []string
	choices  []string // the value[x] that cannot be missing
}

// member is one element. An object has a type, a primitive has a check that returns what is wrong.
type member struct {
	list   bool
	choice string // "value" for a value[x], of which there can be only one
	object reflect.Type
	check  func(gjson.Result) string
}

// dateElements are the primitives that the models call strings but FHIR calls dates.
var dateElements = []string{
	"birthDate", "authoredOn", "lastModified", "authored", "issued", "recorded", "recordedDate", "sent", "received", "start", "end",
	"date", "lastUpdated", "valueDate", "valueDateTime", "valueInstant", "effectiveDateTime", "effectiveInstant", "deceasedDateTime",
	"occurrenceDateTime", "occurredDateTime", "onsetDateTime", "abatementDateTime", "performedDateTime", "approvalDate",
}

// taskIntents is the one required binding among our types that the models leave a plain string.
var taskIntents = []string{
	"unknown", "proposal", "plan", "order", "original-order", "reflex-order", "filler-order", "instance-order", "option",
}

func newShapes() *shapes { return &shapes{} }

// resourceTypes are the resources that are checked element by element.
var resourceTypes = map[string]reflect.Type{
	"AuditEvent": reflect.TypeFor[r4.AuditEvent](), "CareTeam": reflect.TypeFor[r4.CareTeam](),
	"CodeSystem": reflect.TypeFor[r4.CodeSystem](), "Communication": reflect.TypeFor[r4.Communication](),
	"Condition": reflect.TypeFor[r4.Condition](), "Device": reflect.TypeFor[r4.Device](),
	"Encounter": reflect.TypeFor[r4.Encounter](), "Flag": reflect.TypeFor[r4.Flag](),
	"Location": reflect.TypeFor[r4.Location](), "Observation": reflect.TypeFor[r4.Observation](),
	"Organization": reflect.TypeFor[r4.Organization](), "Patient": reflect.TypeFor[r4.Patient](),
	"Practitioner": reflect.TypeFor[r4.Practitioner](), "PractitionerRole": reflect.TypeFor[r4.PractitionerRole](),
	"Procedure": reflect.TypeFor[r4.Procedure](), "Provenance": reflect.TypeFor[r4.Provenance](),
	"Questionnaire": reflect.TypeFor[r4.Questionnaire](), "QuestionnaireResponse": reflect.TypeFor[r4.QuestionnaireResponse](),
	"ServiceRequest": reflect.TypeFor[r4.ServiceRequest](), "StructureDefinition": reflect.TypeFor[r4.StructureDefinition](),
	"Subscription": reflect.TypeFor[r4.Subscription](), "Task": reflect.TypeFor[r4.Task](),
	"ValueSet": reflect.TypeFor[r4.ValueSet](),
}

// of returns the shape of a model type.
func (s *shapes) of(t reflect.Type) *shape {
	if known, ok := s.known.Load(t); ok {
		return known.(*shape)
	}
	known, _ := s.known.LoadOrStore(t, newShape(t))
	return known.(*shape)
}

func newShape(t reflect.Type) *shape {
	sh := &shape{members: map[string]member{}}
	groups := choiceGroups(t)
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("json"), ",")
		m := newMember(field.Type, name)
		m.choice = groups[field.Name]
		sh.members[name] = m
		switch {
		case options == "omitempty" || slices.Contains(sh.choices, m.choice):
		case m.choice != "":
			sh.choices = append(sh.choices, m.choice)
		default:
			sh.required = append(sh.required, name)
		}
	}
	switch t {
	case reflect.TypeFor[r4.Task]():
		sh.members["intent"] = member{check: oneOf(taskIntents)}
	case reflect.TypeFor[r4.Identifier]():
		sh.members["system"] = member{check: absoluteCheck}
	}
	return sh
}

func newMember(t reflect.Type, name string) member {
	m := member{}
	if t.Kind() == reflect.Slice && t != reflect.TypeFor[json.RawMessage]() {
		m.list, t = true, t.Elem()
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t.Kind() == reflect.Struct {
		m.object = t
		return m
	}
	m.check = primitiveCheck(t, name)
	return m
}

// choiceGroups maps the Go fields of a value[x] to "value". A group has two fields or more, each named after its own type.
func choiceGroups(t reflect.Type) map[string]string {
	types := map[string]reflect.Type{}
	for field := range reflect.TypeFor[r4.Extension]().Fields() {
		if suffix, ok := strings.CutPrefix(field.Name, "Value"); ok {
			types[suffix] = field.Type.Elem()
		}
	}
	found := map[string][]string{}
	for field := range t.Fields() {
		for i := 1; i < len(field.Name); i++ {
			typ := field.Type
			if typ.Kind() == reflect.Pointer {
				typ = typ.Elem()
			}
			if want, ok := types[field.Name[i:]]; ok && want == typ {
				found[field.Name[:i]] = append(found[field.Name[:i]], field.Name)
			}
		}
	}
	groups := map[string]string{}
	for prefix, fields := range found {
		if len(fields) > 1 {
			for _, f := range fields {
				groups[f] = strings.ToLower(prefix[:1]) + prefix[1:]
			}
		}
	}
	return groups
}

func primitiveCheck(t reflect.Type, name string) func(gjson.Result) string {
	_, coded := reflect.New(t).Interface().(json.Unmarshaler)
	switch {
	case coded && t.Kind() == reflect.Int:
		return enumCheck(t)
	case t == reflect.TypeFor[json.Number]():
		return jsonType("a number", gjson.Number)
	case t.Kind() == reflect.Int:
		return integerCheck
	case t.Kind() == reflect.Bool:
		return jsonType("true or false", gjson.True, gjson.False)
	case t.Kind() != reflect.String:
		return func(gjson.Result) string { return "" }
	case slices.Contains(dateElements, name):
		return dateCheck
	default:
		return jsonType("a string", gjson.String)
	}
}

func jsonType(want string, types ...gjson.Type) func(gjson.Result) string {
	return func(v gjson.Result) string {
		if slices.Contains(types, v.Type) {
			return ""
		}
		return "must be " + want + ", not " + clip(v.Raw)
	}
}

// enumCheck asks the model type itself whether it knows a code.
func enumCheck(t reflect.Type) func(gjson.Result) string {
	return func(v gjson.Result) string {
		code := reflect.New(t).Interface().(json.Unmarshaler)
		if v.Type == gjson.String && code.UnmarshalJSON([]byte(strconv.Quote(v.Str))) == nil {
			return ""
		}
		return "unknown code " + clip(v.Raw) + " (value set " + t.Name() + ")"
	}
}

func oneOf(codes []string) func(gjson.Result) string {
	return func(v gjson.Result) string {
		if slices.Contains(codes, v.String()) {
			return ""
		}
		return "unknown code " + clip(v.Raw) + ", must be one of " + strings.Join(codes, ", ")
	}
}

func integerCheck(v gjson.Result) string {
	if v.Type == gjson.Number && !strings.ContainsAny(v.Raw, ".eE") {
		return ""
	}
	return "must be an integer, not " + clip(v.Raw)
}

func absoluteCheck(v gjson.Result) string {
	if v.Type == gjson.String && strings.Contains(v.Str, ":") {
		return ""
	}
	return "must be an absolute reference, not " + clip(v.Raw)
}

func dateCheck(v gjson.Result) string {
	if _, ok := parseDate(v.Str); v.Type == gjson.String && ok {
		return ""
	}
	return "must be a date or time, not " + clip(v.Raw)
}

// clip keeps a message short whatever was sent.
func clip(raw string) string {
	if len(raw) > 60 {
		return strings.ToValidUTF8(raw[:60], "") + "…"
	}
	return raw
}

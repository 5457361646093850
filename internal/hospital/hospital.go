// Package hospital plays a hospital on a FHIR server: wards, admissions, and a
// nurse who answers her tasks. Everybody in it is invented and marked so. The
// demo and the tests use it; the service does not.
package hospital

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	r4 "github.com/samply/golang-fhir-models/fhir-models/fhir"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

// System names what the hospital itself creates.
const System = "https://tilsyn.org/fhir/synthetic"

// Hospital is one synthetic hospital. It is safe for concurrent use.
type Hospital struct {
	client *fhir.Client
	prefix string // keeps the hospitals of several test runs on one server apart

	Organization string // Organization/id
	Liaison      string // CareTeam/id of the addiction liaison team
	Few          Few    // who may know of a protected patient
	Wards        []Ward

	mu       sync.Mutex
	next     int
	admitted []Admission
}

// Ward is where patients lie and who nurses them.
type Ward struct {
	Name     string
	Location string // Location/id
	Nurses   string // CareTeam/id
}

// Reference names the ward as an Encounter does.
func (w Ward) Reference() r4.Reference {
	return r4.Reference{Reference: &w.Location, Display: &w.Name}
}

// Few are those who may know of a protected patient: CareTeam/id.
type Few struct{ Nurses, Liaison string }

// Open builds the hospital on the server. prefix tells it from others there.
func Open(ctx context.Context, c *fhir.Client, prefix string) (*Hospital, error) {
	h := &Hospital{client: c, prefix: prefix}
	var err error
	if h.Organization, err = h.Create(ctx, "organization", r4.Organization{
		Identifier: h.Identifier("organization"), Active: fhir.Ptr(true), Name: fhir.Ptr("Syntetisk sykehus"),
	}); err != nil {
		return nil, err
	}
	teams, err := h.createAll(ctx, map[string]any{ // by themselves: Medplum takes eight such entries at most
		"rusteam": h.team("rusteam", "Rusteam (syntetisk)"), "few-nurses": h.team("few-nurses", "Sykepleiere som kan vite (syntetisk)"),
		"few-rusteam": h.team("few-rusteam", "Rusteam som kan vite (syntetisk)"),
	})
	if err != nil {
		return nil, err
	}
	h.Liaison, h.Few = teams["rusteam"], Few{teams["few-nurses"], teams["few-rusteam"]}
	built := map[string]any{}
	for _, name := range wards {
		built[key(name)] = h.ward(name)
		built[key(name)+"-nurses"] = h.team(key(name)+"-nurses", "Sykepleiere, "+name)
	}
	refs, err := h.createAll(ctx, built)
	if err != nil {
		return nil, err
	}
	for _, name := range wards {
		h.Wards = append(h.Wards, Ward{name, refs[key(name)], refs[key(name)+"-nurses"]})
	}
	return h, nil
}

var wards = []string{"Medisin 1", "Kirurgi 2", "Ortopedi 3"}

func key(ward string) string { return strings.ReplaceAll(strings.ToLower(ward), " ", "-") }

func (h *Hospital) ward(name string) r4.Location {
	return r4.Location{Identifier: h.Identifier(key(name)), Name: &name, ManagingOrganization: fhir.Ref(h.Organization)}
}

func (h *Hospital) team(key, name string) r4.CareTeam {
	return r4.CareTeam{
		Identifier: h.Identifier(key), Name: &name,
		Status: fhir.Ptr(r4.CareTeamStatusActive), ManagingOrganization: []r4.Reference{*fhir.Ref(h.Organization)},
	}
}

// Identifier marks a resource as this hospital's, so that Create finds it again.
func (h *Hospital) Identifier(key string) []r4.Identifier {
	return []r4.Identifier{{System: fhir.Ptr(System), Value: fhir.Ptr(h.prefix + key)}}
}

// Create writes a resource that carries h's identifier for key, once, and gives
// its reference.
func (h *Hospital) Create(ctx context.Context, key string, resource any) (string, error) {
	refs, err := h.createAll(ctx, map[string]any{key: resource})
	return refs[key], err
}

// createAll writes what is not there yet in one transaction, and gives the
// references by key.
func (h *Hospital) createAll(ctx context.Context, resources map[string]any) (map[string]string, error) {
	var tx fhir.Transaction
	var queries []string
	for key, resource := range resources {
		query := fhir.ByIdentifier(System, h.prefix+key)
		tx.Create(fhir.NewRef(), resource, query)
		queries = append(queries, strings.TrimPrefix(fmt.Sprintf("%T", resource), "fhir.")+"?"+query)
	}
	if err := h.client.Transact(ctx, &tx); err != nil {
		return nil, fmt.Errorf("build the hospital: %w", err)
	}
	found, err := h.client.SearchTogether(ctx, queries...)
	if err != nil {
		return nil, fmt.Errorf("find what was built: %w", err)
	}
	refs := map[string]string{}
	for _, r := range found {
		refs[strings.TrimPrefix(r.Identifier(System), h.prefix)] = r.Ref()
	}
	if len(refs) != len(resources) || len(found) != len(resources) {
		return nil, fmt.Errorf("%d on the server where %d are meant", len(found), len(resources))
	}
	return refs, nil
}

// Person is somebody invented.
type Person struct {
	Given  string
	Gender string // R4 administrative-gender; "" leaves it out
	Birth  string // FHIR date; "" leaves it out
}

// Stay says how somebody comes to the hospital.
type Stay struct {
	Person
	Class  string    // v3-ActCode; IMP if empty
	Status string    // R4 encounter-status; in-progress if empty
	Ward   int       // index into Wards
	Start  time.Time // now if zero
	PartOf string    // Encounter/id
}

// Admission is one Encounter that the hospital made.
type Admission struct {
	Encounter  string // Encounter/id
	Patient    string // Patient/id
	Instrument string // that a nurse's work is about; "": AUDIT-C
}

// With is the admission as a nurse sees it who asks with another instrument.
func (a Admission) With(instrument string) Admission {
	a.Instrument = instrument
	return a
}

// ID is the Encounter's logical id.
func (a Admission) ID() string { return strings.TrimPrefix(a.Encounter, "Encounter/") }

// Admit registers a patient and an Encounter.
func (h *Hospital) Admit(ctx context.Context, s Stay) (Admission, error) {
	n := h.number()
	patient, err := h.Create(ctx, fmt.Sprintf("patient-%d", n), h.patient(n, s.Person))
	if err != nil {
		return Admission{}, err
	}
	return h.register(ctx, n, s, patient)
}

// Readmit registers another Encounter of a patient who has been here before.
func (h *Hospital) Readmit(ctx context.Context, before Admission, s Stay) (Admission, error) {
	return h.register(ctx, h.number(), s, before.Patient)
}

func (h *Hospital) register(ctx context.Context, n int, s Stay, patient string) (Admission, error) {
	encounter, err := h.Create(ctx, fmt.Sprintf("encounter-%d", n), h.encounter(n, s, patient))
	a := Admission{Encounter: encounter, Patient: patient}
	if err == nil {
		h.mu.Lock()
		h.admitted = append(h.admitted, a)
		h.mu.Unlock()
	}
	return a, err
}

func (h *Hospital) number() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.next++
	return h.next
}

func (h *Hospital) patient(n int, p Person) r4.Patient {
	out := r4.Patient{
		Meta:       &r4.Meta{Tag: []r4.Coding{fhir.Coding(System, "synthetic", "Synthetic person")}},
		Identifier: append(h.Identifier(fmt.Sprintf("patient-%d", n)), nationalID(n, p.Birth)),
		Name:       []r4.HumanName{{Family: fhir.Ptr("Syntetisk"), Given: []string{p.Given}}},
	}
	if p.Birth != "" {
		out.BirthDate = &p.Birth
	}
	if g, ok := genders[p.Gender]; ok {
		out.Gender = &g
	}
	return out
}

var genders = map[string]r4.AdministrativeGender{
	"female": r4.AdministrativeGenderFemale, "male": r4.AdministrativeGenderMale,
	"other": r4.AdministrativeGenderOther, "unknown": r4.AdministrativeGenderUnknown,
}

func (h *Hospital) encounter(n int, s Stay, patient string) r4.Encounter {
	if s.Class == "" {
		s.Class = "IMP"
	}
	if s.Status == "" {
		s.Status = "in-progress"
	}
	if s.Start.IsZero() {
		s.Start = time.Now()
	}
	var status r4.EncounterStatus
	_ = status.UnmarshalJSON([]byte(`"` + s.Status + `"`))
	ward := h.Wards[s.Ward%len(h.Wards)]
	out := r4.Encounter{
		Identifier:      h.Identifier(fmt.Sprintf("encounter-%d", n)),
		Status:          status,
		Class:           fhir.Coding("http://terminology.hl7.org/CodeSystem/v3-ActCode", s.Class, ""),
		Subject:         fhir.Ref(patient),
		Period:          &r4.Period{Start: fhir.Instant(s.Start)},
		Location:        []r4.EncounterLocation{{Location: ward.Reference()}},
		ServiceProvider: fhir.Ref(h.Organization),
	}
	if s.PartOf != "" {
		out.PartOf = fhir.Ref(s.PartOf)
	}
	return out
}

// SetStatus moves the Encounter on; finished also ends its period.
func (h *Hospital) SetStatus(ctx context.Context, a Admission, status string) error {
	return h.Edit(ctx, a.Encounter, func(r fhir.Resource) (fhir.Resource, error) {
		r, err := r.Set("status", status)
		if err == nil && status == "finished" {
			r, err = r.Set("period.end", *fhir.Instant(time.Now()))
		}
		return r, err
	})
}

// Edit reads a resource, changes it and writes it back, again if somebody came
// between.
func (h *Hospital) Edit(ctx context.Context, ref string, change func(fhir.Resource) (fhir.Resource, error)) error {
	for {
		r, err := h.client.Read(ctx, ref)
		if err != nil {
			return err
		}
		if r, err = change(r); err != nil {
			return err
		}
		var tx fhir.Transaction
		tx.Update(h.client, r)
		if err = h.client.Transact(ctx, &tx); !fhir.IsConflict(err) {
			return err
		}
	}
}

// Close sends home everybody who is still here and takes their tasks off the
// lists.
func (h *Hospital) Close(ctx context.Context) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, a := range h.admitted {
		if err := h.SetStatus(ctx, a, "finished"); err != nil {
			return err
		}
		tasks, err := h.client.Search(ctx, fhir.Query("Task", "encounter", a.Encounter))
		if err != nil {
			return err
		}
		for _, task := range tasks {
			if task.Identifier(artifacts.IdentifierSystem) == "" {
				continue // a thousand of somebody else's
			}
			if err := h.Edit(ctx, task.Ref(), endTask); err != nil {
				return err
			}
		}
	}
	h.admitted = nil
	return nil
}

func endTask(task fhir.Resource) (fhir.Resource, error) {
	task, err := task.Set("status", "cancelled")
	if err != nil {
		return task, err
	}
	return task.Delete("businessStatus")
}

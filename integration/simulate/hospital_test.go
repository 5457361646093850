package simulate_test

import (
	"fmt"
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/config"
)

// hospital is the model: it admits, transfers, discharges and corrects itself,
// and writes the truth down.
type hospital struct {
	agenda
	sim       *simulation
	ehr       ehr
	chance    chance
	remembers bool    // one screening counts for the next stays too
	careless  bool    // its EHR writes over what the service keeps on the nurses' tasks
	records   bool    // answers that come after the stay are only put on record
	ends      bool    // a consult that nobody has begun on ends when she goes home
	item1     bool    // where all points are of item 1 the ward gives advice
	only      bool    // the ward is only told that the team does not come
	busy      float64 // share of patients whom no nurse comes to ask
	odd       float64 // how much more often than elsewhere people change their minds here
	org       string
	team      string
	wards     []ward
	stays     []*stay
	forms     []*form           // what it asks beside AUDIT-C
	unseen    []*stay           // whose answers came when the patient had gone home, and were only put on record
	became    map[string]string // records that were closed, and what replaces each
}

type ward struct{ location, nurses string }

const (
	identifiers = "https://tilsyn.org/fhir/identifier"
	codes       = "https://tilsyn.org/fhir/CodeSystem/tilsyn"
	actCodes    = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
)

func newHospital(sim *simulation, at records) *hospital {
	h := &hospital{agenda: agenda{pace: sim.pace}, sim: sim, ehr: ehr{at}, chance: draw(sim.seed, "hospital"), became: map[string]string{}}
	h.remembers = h.chance.happens(0.5)
	h.careless = draw(sim.seed, "careless").happens(0.4)
	h.records = draw(sim.seed, "records only").happens(0.5)
	h.ends = draw(sim.seed, "ends at discharge").happens(0.5)
	h.item1 = draw(sim.seed, "item 1").happens(0.5)
	h.only = draw(sim.seed, "told of a no").happens(0.5)
	h.busy = 0.06
	if h.remembers && h.records {
		h.busy = 0.5 // else nobody would come again whose answers were only put on record
	}
	h.odd = pick(h.chance, weighted[float64]{3, 1}, weighted[float64]{1, 6})
	h.org = h.ehr.create("Organization", `"name":"Syntetisk sykehus"`)
	h.team = h.ehr.create("CareTeam", `"status":"active","name":"Rusteam (syntetisk)"`)
	for n := range 6 {
		h.wards = append(h.wards, ward{
			h.ehr.create("Location", fmt.Sprintf(`"name":"Post %d"`, n)),
			h.ehr.create("CareTeam", fmt.Sprintf(`"status":"active","name":"Sykepleiere, post %d"`, n)),
		})
	}
	return h
}

func (h *hospital) routing() config.Routing {
	r := config.Routing{Default: config.Owners{Liaison: h.team}}
	for _, w := range h.wards {
		r.Rules = append(r.Rules, config.Rule{Location: w.location, Owners: config.Owners{Ward: w.nurses}})
	}
	return r
}

// lies is how long an admission takes on average.
const lies = 170 * time.Hour

// open begins with a hospital that is half full, and lets patients come so
// that the beds are mostly taken.
func (h *hospital) open() {
	h.forms = h.asksWith()
	for range h.sim.beds / 2 {
		h.in(h.chance.between(0, 2*time.Hour), h.admit)
	}
	h.arrive()
	if len(h.sim.replicas) == 0 {
		return // real processes are seen to elsewhere
	}
	for range int(h.sim.lasts / (3 * 24 * time.Hour)) {
		h.in(h.chance.between(0, h.sim.lasts), func() { h.anyReplica().restart() })
	}
}

func (h *hospital) anyReplica() *replica { return h.sim.replicas[h.chance.IntN(len(h.sim.replicas))] }

func (h *hospital) arrive() {
	every := time.Duration(float64(lies) / float64(h.sim.beds))
	h.in(h.chance.about(every), func() { h.admit(); h.arrive() })
}

// admit brings one patient, and plans her course.
func (h *hospital) admit() {
	s := h.newStay(len(h.stays))
	h.stays = append(h.stays, s)
	s.class = pick(s.chance, weighted[string]{80, "IMP"}, weighted[string]{6, "ACUTE"}, weighted[string]{2, "NONAC"}, weighted[string]{8, "EMER"}, weighted[string]{4, "AMB"})
	s.status = pick(s.chance, weighted[string]{85, "in-progress"}, weighted[string]{7, "arrived"}, weighted[string]{8, "planned"})
	h.protect(s)
	h.oddly(s)
	h.register(s)
	if s.chance.happens(0.02) {
		h.in(s.chance.about(24*time.Hour), func() { h.part(s) })
	}
	switch {
	case s.status == "planned":
		h.in(s.waits, func() { h.comes(s) })
	case s.class == "EMER":
		h.in(s.chance.about(4*time.Hour), func() { h.emergencyEnds(s) })
	case s.class == "AMB":
		h.in(s.chance.about(3*time.Hour), func() { h.goesHome(s) })
	default:
		h.course(s)
	}
}

func (h *hospital) newStay(n int) *stay {
	c := draw(h.sim.seed, "stay", number(int64(n)))
	s := h.questions(&stay{n: n, came: time.Now(), pace: h.pace}, c)
	s.ward = c.IntN(len(h.wards))
	if len(h.stays) > 0 && c.happens(0.3) {
		if before := h.earlier(c); before.over && !before.dead && h.lastOf(before) {
			s.patient = before.patient
			if h.remembers {
				s.before = before
			}
			return s
		}
	}
	s.patient = h.person(c, n)
	return s
}

// earlier is a stay whose patient may come again; where it is remembered, now and then one
// in which somebody was found whom the team has never seen.
func (h *hospital) earlier(c chance) *stay {
	if h.remembers && len(h.unseen) > 0 && c.happens(0.8) {
		return h.unseen[c.IntN(len(h.unseen))]
	}
	return h.stays[c.IntN(len(h.stays))]
}

// is tells that a reference is to a patient, or to the record that she has now:
// an earlier admission keeps the one that she had then.
func (h *hospital) is(ref, patient string) bool {
	for ref != patient && h.became[patient] != "" {
		patient = h.became[patient]
	}
	return ref == patient
}

// lastOf tells that a stay is its patient's last so far: nobody lies in two beds.
func (h *hospital) lastOf(s *stay) bool {
	return !slices.ContainsFunc(h.stays[s.n+1:], func(o *stay) bool { return o.patient.ref == s.patient.ref })
}

func (h *hospital) person(c chance, n int) patient {
	p := patient{sex: pick(c, weighted[string]{49, "female"}, weighted[string]{48, "male"}, weighted[string]{2, "other"}, weighted[string]{1, ""})}
	p.age = pick(c, weighted[int]{90, 19 + c.IntN(80)}, weighted[int]{8, c.IntN(17)}, weighted[int]{2, -1})
	body := fmt.Sprintf(`"meta":{"tag":[{"code":"synthetic"}]},"name":[{"family":"Syntetisk","given":["Nr %d"]}]`, n)
	if p.sex != "" {
		body += `,"gender":` + quoted(p.sex)
	}
	if p.age >= 0 {
		body += `,"birthDate":` + quoted(time.Now().AddDate(-p.age, 0, -1-c.IntN(300)).Format(time.DateOnly))
	}
	if c.happens(0.01) { // somebody else's: she lies in the bed
		body += `,"deceasedDateTime":` + quoted(time.Now().AddDate(-1, 0, 0).Format(time.DateOnly))
	}
	p.ref = h.ehr.create("Patient", body)
	h.flag(c, &p)
	if p.sex == "female" && p.age > 18 && p.age < 45 && c.happens(0.1) {
		p.pregnant = true
		h.pregnancy(p.ref)
	}
	return p
}

func (h *hospital) register(s *stay) {
	s.lies, s.item1, s.ends, s.records = h.wards[s.ward].location, h.item1, h.ends, h.records
	body := fmt.Sprintf(`"status":%q,"class":{"system":%q,"code":%q},"period":{"start":%q},"location":%s,"serviceProvider":{"reference":%q}`,
		s.status, actCodes, s.class, h.at(s.starts), h.firstPlace(s), h.org)
	if !s.nobody {
		body += fmt.Sprintf(`,"subject":{"reference":%q}`, s.patient.ref)
	}
	if s.excluded {
		body += fmt.Sprintf(`,"serviceType":{"coding":[{"system":%q,"code":"hospice"}]}`, approved)
	}
	if s.parent != nil {
		body += fmt.Sprintf(`,"partOf":{"reference":%q}`, s.parent.encounter)
	}
	if s.protected == fromTheStart {
		body += `,"meta":{"security":` + veryRestricted + `}`
	}
	s.encounter = h.ehr.create("Encounter", body)
	s.update()
}

// clock is what time the hospital's own system takes it to be.
func (h *hospital) clock() string { return h.at(0) }

// at is a time from now on, by that clock.
func (h *hospital) at(wait time.Duration) string {
	return time.Now().Add(h.sim.weather.ehr + h.pace.of(wait)).UTC().Format("2006-01-02T15:04:05.000Z")
}

// set moves an admission on.
func (h *hospital) set(s *stay, status string, more ...string) {
	s.status = status
	h.ehr.edit(s.encounter, append(more, "status", quoted(status))...)
	s.update()
	for _, part := range h.stays[s.n:] {
		if part.parent == s {
			part.update()
		}
	}
}

func (h *hospital) comes(s *stay) {
	if s.chance.happens(0.15) {
		h.set(s, "cancelled")
		s.over = true
		return
	}
	h.set(s, "in-progress", "period.start", quoted(h.clock()))
	if s.class == "EMER" || s.class == "AMB" {
		h.in(s.chance.about(3*time.Hour), func() { h.goesHome(s) })
		return
	}
	h.course(s)
}

// emergencyEnds: she goes home, or lies in a bed from now on.
func (h *hospital) emergencyEnds(s *stay) {
	if s.chance.happens(0.5) {
		h.goesHome(s)
		return
	}
	s.class = "IMP"
	h.set(s, "in-progress", "class.code", `"IMP"`)
	h.course(s)
}

// part is an Encounter of its own for a part of her stay.
func (h *hospital) part(of *stay) {
	if of.over || of.parent != nil || of.nobody || of.mistakes > 0 {
		return
	}
	s := h.questions(&stay{n: len(h.stays), pace: h.pace, patient: of.patient, ward: of.ward,
		class: "IMP", status: "in-progress", parent: of, before: of, over: true}, draw(h.sim.seed, "part", number(int64(of.n))))
	h.stays = append(h.stays, s)
	h.register(s)
	h.in(s.chance.about(12*time.Hour), func() { h.set(s, "finished") })
}

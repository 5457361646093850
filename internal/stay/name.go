package stay

import (
	"regexp"
	"strconv"
	"strings"
)

// Kind is what a resource of ours is: the first word of its identifier.
type Kind string

// The kinds. There are no others.
const (
	ScreeningTask Kind = "screening"    // the nurse's Task
	Draft         Kind = "response"     // the response that we prepare for her
	AtLeast       Kind = "at-least"     // the Observation of what incomplete answers sum to at least
	Score         Kind = "score"        // the Observation
	Consult       Kind = "consult"      // the ServiceRequest
	ConsultTask   Kind = "consult-task" // the liaison team's Task
	Advice        Kind = "advice"       // the nurse's Task to give brief advice
	Reply         Kind = "reply"        // the nurse's Task that says that the team does not come
)

// asked are the kinds of which each instrument has its own; of the others an admission
// has one, whatever was asked.
var asked = []Kind{ScreeningTask, Draft, AtLeast, Score}

// kinds are all of them, each before one that it begins with.
var kinds = []Kind{ConsultTask, Consult, ScreeningTask, Draft, AtLeast, Score, Advice, Reply}

// Purpose is what a resource of ours is for.
type Purpose struct {
	Kind       Kind
	Instrument string // whose answers it is about; "": the admission's as a whole
}

// AuditC is the instrument that identifiers do not name: it was the only one.
const AuditC = "auditc"

// Name is what the identifier of a resource of ours says.
type Name struct {
	Purpose
	Admission string // id of the Encounter
	Number    int    // 1, 2, … among those for the same purpose
}

var instrumentName = regexp.MustCompile(`^[a-z0-9]+$`)

// For is the purpose of a kind. Of an instrument only where each has its own.
func For(kind Kind, instrument string) Purpose {
	for _, k := range asked {
		if k == kind {
			return Purpose{kind, instrument}
		}
	}
	return Purpose{Kind: kind}
}

// ParseName reads <kind>[-<instrument>]:<Encounter id>[:n]. Whatever else it says is not
// ours, or a later release's.
func ParseName(identifier string) (n Name, ok bool) {
	purpose, rest, named := strings.Cut(identifier, ":")
	n.Purpose, ok = parsePurpose(purpose)
	admission, number, _ := strings.Cut(rest, ":")
	n.Admission, n.Number = admission, 1
	if count, err := strconv.Atoi(number); err == nil && count > 1 {
		n.Number = count
	}
	return n, ok && named && admission != ""
}

func parsePurpose(s string) (Purpose, bool) {
	for _, kind := range kinds {
		rest, is := strings.CutPrefix(s, string(kind))
		p := For(kind, AuditC)
		if !is {
			continue
		}
		if rest == "" {
			return p, true
		}
		instrument, named := strings.CutPrefix(rest, "-")
		if named && p.Instrument != "" && instrument != AuditC && instrumentName.MatchString(instrument) {
			return For(kind, instrument), true
		}
	}
	return Purpose{}, false
}

func (p Purpose) String() string {
	if p.Instrument == "" || p.Instrument == AuditC {
		return string(p.Kind)
	}
	return string(p.Kind) + "-" + p.Instrument
}

// String prints what ParseName reads.
func (n Name) String() string {
	s := n.Purpose.String() + ":" + n.Admission
	if n.Number > 1 {
		s += ":" + strconv.Itoa(n.Number)
	}
	return s
}

// As names what is of another kind, and else the same.
func (n Name) As(kind Kind) Name {
	n.Purpose = For(kind, n.Instrument)
	return n
}

// Next is the name of what takes the place of something so named.
func (n Name) Next() Name {
	n.Number = max(1, n.Number) + 1
	return n
}

package instrument

import (
	"strconv"
	"strings"
)

// Status tells whether a response has a score.
type Status string

const (
	Complete   Status = "complete"   // every item that counts has one valid answer
	Incomplete Status = "incomplete" // an answer is missing; never counted as 0
	Invalid    Status = "invalid"    // an answer that this form cannot have given
)

// Flag asks a person to look at a response whose score nevertheless stands.
type Flag string

const (
	// FlagStaleAnswers: answers on items that the form hides were left out.
	FlagStaleAnswers Flag = "stale-answers"
	// FlagItem1Only is of AUDIT-C's definition: all points come from item 1, so the
	// intake may lie below the recommended limits although the score is positive.
	FlagItem1Only Flag = "item-1-only"
	// FlagTotalDiffers: the total that the form shows is not the score.
	FlagTotalDiffers Flag = "total-differs"
	// FlagUnknownItem: an answer stands on an item that the form does not have.
	FlagUnknownItem Flag = "unknown-item"
	// FlagOfferUnclear: the answer to CodeOffer is none of the three, or there
	// are two that differ; there is no Offer.
	FlagOfferUnclear Flag = "offer-unclear"
)

// Result is the judgement of one response.
type Result struct {
	Status Status   `json:"status"`
	Score  *int     `json:"score"`  // 0 to the instrument's highest; nil unless complete
	Items  []Points `json:"items"`  // the items that counted, in the form's order
	Reason Problem  `json:"reason"` // why there is no score; zero when complete
	Flags  []Flag   `json:"flags"`
	Offer  Offer    `json:"offer,omitempty"` // never part of the score

	// Declined tells that asked-declined stands in place of an answer, on an
	// item other than CodeOffer, or that the response says so as a whole. It says
	// something only of a response that is Incomplete.
	Declined bool `json:"declined,omitempty"`
}

// Points are what one item contributed, from 0.
type Points struct {
	LinkID string `json:"linkId"`
	Points int    `json:"points"`
}

// Judge scores a response by the weights of the form that it answers.
//
// An answer beside which it says that there is none (data-absent-reason), and a complete
// form that says that the patient did not want to answer, are Invalid: one of the two is
// left over from before, and nobody can tell which. Taken as an answer it could be a score
// against her will, taken as none a patient who is missed; so a person looks.
func Judge(f *Form, r *Response) Result {
	j := judging{f: f, r: r, shown: shown{form: f, response: r, known: map[*item]bool{}}}
	j.result.Items, j.result.Flags = []Points{}, []Flag{}
	if j.wrongForm() {
		return j.none(Invalid, Problem{Code: OtherForm})
	}
	if r.unlinked {
		return j.none(Invalid, Problem{Code: NoLink})
	}
	j.result.Declined = j.declined()
	j.offer()
	return j.run()
}

type judging struct {
	f      *Form
	r      *Response
	shown  shown
	result Result
}

func (j *judging) none(s Status, reason Problem) Result {
	j.result.Status, j.result.Reason = s, reason
	return j.result
}

// wrongForm guards against weights of another version. A response without
// version, or without a questionnaire at all, is taken as the caller's word, and so is
// one that says where its form lies (Questionnaire/1, #1) and not which it is.
func (j *judging) wrongForm() bool {
	url, version, _ := strings.Cut(j.r.Questionnaire, "|")
	if !strings.Contains(url, ":") {
		url = ""
	}
	return url != "" && url != j.f.URL || version != "" && version != j.f.Version
}

func (j *judging) run() Result {
	sum, missing, invalid := 0, Problem{Code: Missing}, Problem{}
	for _, it := range j.f.items {
		if !it.scored() {
			continue
		}
		points, state, problem := j.item(it)
		switch state {
		case itemCounts:
			sum += points
			j.result.Items = append(j.result.Items, Points{it.linkID, points})
		case itemOpen:
			missing.Items = append(missing.Items, it.name())
		case itemInvalid:
			if invalid.IsZero() {
				invalid = problem
			}
		}
	}
	j.flagUnknown()
	if !invalid.IsZero() {
		return j.none(Invalid, invalid)
	}
	if len(missing.Items) > 0 {
		return j.none(Incomplete, missing)
	}
	if j.r.refused {
		return j.none(Invalid, Problem{Code: Refused})
	}
	return j.complete(sum)
}

// itemState is what an item contributes.
type itemState int

const (
	itemCounts itemState = iota
	itemOpen
	itemHidden
	itemInvalid // for a problem
)

func (j *judging) item(it *item) (points int, state itemState, problem Problem) {
	answers := j.r.answers[it.linkID]
	if !j.shown.item(it) {
		j.flagStale(answers)
		return 0, itemHidden, problem
	}
	problem.Items = []string{it.name()}
	switch {
	case len(answers) == 0:
		return 0, itemOpen, problem
	case j.r.absent[it.linkID] != notSaid:
		problem.Code = AnswerAbsent
	case len(answers) > 1:
		problem.Code, problem.Count = Several, len(answers)
	case answers[0].broken != "":
		problem.Code = answers[0].broken
	default:
		points, ok := it.pointsOf(answers[0].value)
		if ok {
			return points, itemCounts, problem
		}
		problem = j.f.explain(it, answers[0].value)
	}
	return 0, itemInvalid, problem
}

func (it *item) pointsOf(v value) (int, bool) {
	for _, o := range it.options {
		if o.value == v {
			return o.points, true
		}
	}
	return 0, false
}

// explain says why a value is none of the item's answers.
func (f *Form) explain(it *item, v value) Problem {
	if v.kind != it.options[0].value.kind {
		return Problem{Code: OtherType, Items: []string{it.name()}, Type: kindName(v.kind)}
	}
	for _, other := range f.items {
		if _, ok := other.pointsOf(v); ok {
			return Problem{Code: OtherItem, Items: []string{it.name(), other.name()}}
		}
	}
	return Problem{Code: NotOffered, Items: []string{it.name()}}
}

// kindName is the type of an answer, if FHIR R4 has it: it stands in the name of
// an element, and that may be anything.
func kindName(kind string) string {
	switch kind {
	case "boolean", "decimal", "integer", "date", "datetime", "time", "string", "uri", "attachment", "coding", "quantity", "reference":
		return kind
	}
	return ""
}

func (j *judging) complete(sum int) Result {
	j.result.Status, j.result.Score = Complete, &sum
	j.flagAlone(sum)
	for _, it := range j.f.items {
		if it.total && j.shown.item(it) && j.totalDiffers(it, sum) {
			j.flag(FlagTotalDiffers)
		}
	}
	return j.result
}

// flagAlone flags a score whose points all come from one item, where the instrument says so.
func (j *judging) flagAlone(sum int) {
	points := map[string]int{}
	for _, p := range j.result.Items {
		points[j.f.ItemCode(p.LinkID)] = p.Points
	}
	for _, a := range j.f.Of.Alone {
		if j.f.Of.AllFrom(a.Flag, points, sum) {
			j.flag(a.Flag)
		}
	}
}

// totalDiffers compares; a total is never a source. One that is absent, or
// not a number, says nothing.
func (j *judging) totalDiffers(it *item, sum int) bool {
	for _, a := range j.r.answers[it.linkID] {
		n, err := strconv.ParseFloat(a.value.text, 64)
		if err == nil && n != float64(sum) {
			return true
		}
	}
	return false
}

func (j *judging) flagStale(left []answer) {
	if len(left) > 0 {
		j.flag(FlagStaleAnswers)
	}
}

func (j *judging) flagUnknown() {
	for _, link := range j.r.documents {
		if j.f.byLink[link] == nil {
			j.flag(FlagUnknownItem)
		}
	}
}

func (j *judging) flag(f Flag) {
	for _, have := range j.result.Flags {
		if have == f {
			return
		}
	}
	j.result.Flags = append(j.result.Flags, f)
}

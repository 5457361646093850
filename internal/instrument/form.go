// Package instrument judges a returned form: how many points each answer
// carries, what they sum to, or why there is no score. What an instrument is
// (its items, its highest score) is data: a Definition.
//
// It is pure: a Questionnaire and a QuestionnaireResponse go in as JSON, a
// Result comes out. Points come from the weights of the Questionnaire version
// that was answered, by (linkId, system, code); never from a display text, a
// position, or a total that the form computed itself.
package instrument

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

// LOINC is the code system of items and totals, where an instrument names no other.
const LOINC = "http://loinc.org"

const (
	extOrdinal    = "http://hl7.org/fhir/StructureDefinition/ordinalValue"
	extWeight     = "http://hl7.org/fhir/StructureDefinition/itemWeight"
	extCalculated = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-calculatedExpression"
	extEnableExpr = "http://hl7.org/fhir/uv/sdc/StructureDefinition/sdc-questionnaire-enableWhenExpression"
)

// Form is what one version of a Questionnaire says about scoring.
type Form struct {
	Of           *Definition
	URL, Version string

	items  []*item // document order, every depth
	byLink map[string]*item
}

type item struct {
	linkID  string
	code    string // of the item in the instrument's code system, if it has one
	text    string // as it is read to people
	parent  *item
	place   int // in the form, from 1
	options []option
	when    []condition
	all     bool // enableBehavior: all conditions, not any
	total   bool // a sum that the renderer computes
	offer   bool // asks CodeOffer
}

// option is one allowed answer and its points.
type option struct {
	value  value
	text   string // as it is read to people
	points int
}

func (it *item) scored() bool { return len(it.options) > 0 }

// name is the item as a reason names it: a linkId that is a word or a long number
// may be anything, so then it is the place in the form.
func (it *item) name() string {
	if it.linkID == CodeOffer || len(it.linkID) <= 9 && strings.Trim(it.linkID, "0123456789./-") == "" {
		return it.linkID
	}
	return fmt.Sprintf("#%d", it.place)
}

// ItemName is the item with this linkId as it may be shown to anybody.
func (f *Form) ItemName(linkID string) string {
	if it := f.byLink[linkID]; it != nil {
		return it.name()
	}
	return "unknown"
}

// itemOf is the question that bears a code of the instrument's; nil: none does.
func (f *Form) itemOf(code string) *item {
	for _, it := range f.items {
		if it.code == code && it.scored() {
			return it
		}
	}
	return nil
}

// Canonical is the form's url|version, or its url where it has no version.
func (f *Form) Canonical() string {
	if f.Version == "" {
		return f.URL
	}
	return f.URL + "|" + f.Version
}

// Question is the text of an item as the form words it: for people. "" where it has none.
func (f *Form) Question(linkID string) string {
	if it := f.byLink[linkID]; it != nil {
		return it.text
	}
	return ""
}

// ItemCode is the code of the item with this linkId in the instrument's code system, or "".
func (f *Form) ItemCode(linkID string) string {
	if it := f.byLink[linkID]; it != nil {
		return it.code
	}
	return ""
}

// Words gives the question of an item and the answer that was chosen, as the
// form words them: for people, never for a decision. "" where it has none.
func (f *Form) Words(linkID string, r *Response) (question, answer string) {
	it := f.byLink[linkID]
	if it == nil {
		return "", ""
	}
	for _, o := range it.options {
		for _, a := range r.answers[linkID] {
			if a.value == o.value {
				answer = o.text
			}
		}
	}
	return it.text, answer
}

// Form reads a Questionnaire that asks for the instrument. It refuses one that cannot give
// its score with certainty: a weight that is missing or contradicts another, an item that
// is not there, a rule that this package cannot follow.
func (d *Definition) Form(questionnaire []byte) (*Form, error) {
	f, err := d.read(questionnaire)
	if err != nil {
		return nil, err
	}
	return f, f.check()
}

// read takes in the items, and refuses what cannot be understood of a single one.
func (d *Definition) read(questionnaire []byte) (*Form, error) {
	root, err := parseResource(questionnaire, "Questionnaire")
	if err != nil {
		return nil, err
	}
	f := &Form{
		Of:      d,
		URL:     root.Get("url").String(),
		Version: root.Get("version").String(),
		byLink:  map[string]*item{},
	}
	return f, f.add(root, nil)
}

func parseResource(raw []byte, want string) (gjson.Result, error) {
	// json.Valid, not gjson's: it bounds the nesting depth.
	if !json.Valid(raw) {
		return gjson.Result{}, fmt.Errorf("%s: not JSON", want)
	}
	root := gjson.ParseBytes(raw)
	if root.Get("resourceType").String() != want {
		return root, fmt.Errorf("a %s is needed; resourceType says something else", want)
	}
	return root, nil
}

func (f *Form) add(node gjson.Result, parent *item) error {
	for _, child := range node.Get("item").Array() {
		it, err := f.parseItem(child, parent)
		if err != nil {
			return err
		}
		if f.byLink[it.linkID] != nil {
			return fmt.Errorf("item %s: this linkId is used twice", it.name())
		}
		f.items = append(f.items, it)
		f.byLink[it.linkID] = it
		if err := f.add(child, it); err != nil {
			return err
		}
	}
	return nil
}

func (f *Form) parseItem(node gjson.Result, parent *item) (*item, error) {
	it := &item{linkID: node.Get("linkId").String(), parent: parent, place: len(f.items) + 1}
	if it.linkID == "" {
		return nil, errors.New("an item has no linkId")
	}
	it.code, it.text = codeOf(node, f.Of.System), node.Get("text").String()
	it.offer = it.linkID == CodeOffer || coded(node, artifacts.CodeSystemURL, CodeOffer)
	it.total = it.code == f.Of.Score.Code || extension(node, extCalculated).Exists()
	if extension(node, extEnableExpr).Exists() {
		return nil, fmt.Errorf("item %s: enableWhenExpression is not supported; use enableWhen", it.name())
	}
	it.all = node.Get("enableBehavior").String() == "all"
	for _, c := range node.Get("enableWhen").Array() {
		it.when = append(it.when, parseCondition(c))
	}
	return it, it.parseOptions(node, f.Of.highest(it.code))
}

func codeOf(node gjson.Result, system string) string {
	for _, c := range node.Get("code").Array() {
		if c.Get("system").String() == system {
			return c.Get("code").String()
		}
	}
	return ""
}

func coded(node gjson.Result, system, code string) bool {
	for _, c := range node.Get("code").Array() {
		if c.Get("system").String() == system && c.Get("code").String() == code {
			return true
		}
	}
	return false
}

// parseOptions keeps the answer options of an item that carries weights. An
// item without any weight is not scored; one with some of them is an error.
func (it *item) parseOptions(node gjson.Result, highest int) error {
	seen, unweighted := map[value]bool{}, 0
	for _, o := range node.Get("answerOption").Array() {
		v, _ := parseValue(o)
		points, ok, err := weight(o, highest)
		if err != nil {
			return fmt.Errorf("item %s: %w", it.name(), err)
		}
		if seen[v] {
			return fmt.Errorf("item %s: an answer option is listed twice", it.name())
		}
		seen[v] = true
		if !ok {
			unweighted++
			continue
		}
		it.options = append(it.options, option{v, o.Get("valueCoding.display").String(), points})
	}
	if len(it.options) > 0 && unweighted > 0 {
		return fmt.Errorf("item %s: %d of its answer options have no weight (ordinalValue or itemWeight)", it.name(), unweighted)
	}
	return nil
}

// weight reads the points of an answer option. Authors put them on the option
// or on its Coding, as ordinalValue or itemWeight; all that are there must agree.
func weight(o gjson.Result, highest int) (points int, ok bool, err error) {
	for _, at := range []gjson.Result{o, o.Get("valueCoding")} {
		for _, url := range []string{extOrdinal, extWeight} {
			w := extension(at, url).Get("valueDecimal")
			if !w.Exists() {
				continue
			}
			n := w.Float()
			if w.Type != gjson.Number || n != math.Trunc(n) || n < 0 || n > float64(highest) {
				return 0, false, fmt.Errorf("a weight is not a whole number of 0–%d", highest)
			}
			if ok && points != int(n) {
				return 0, false, errors.New("an answer option has two weights that differ")
			}
			points, ok = int(n), true
		}
	}
	return points, ok, nil
}

func extension(node gjson.Result, url string) gjson.Result {
	for _, e := range node.Get("extension").Array() {
		if e.Get("url").String() == url {
			return e
		}
	}
	return gjson.Result{}
}

// check makes sure that the form measures what the instrument measures. Published
// copies do not always: one of AUDIT-C asks 68517-2 in place of item 1 and can
// never reach 12.
func (f *Form) check() error {
	var links, codes []string
	for _, it := range f.items {
		for _, c := range it.when {
			if f.byLink[c.question] == nil {
				return fmt.Errorf("item %s: enableWhen points to an item that is not there", it.name())
			}
		}
		if !it.scored() {
			continue
		}
		links = append(links, it.name())
		if it.code != "" {
			codes = append(codes, it.code)
		}
		if err := it.checkRange(f.Of.highest(it.code)); err != nil {
			return err
		}
	}
	if len(links) != len(f.Of.Items) {
		return fmt.Errorf("%s has %d items with weighted answers; this form has %d [%s]", f.Of.Title, len(f.Of.Items), len(links), strings.Join(links, " "))
	}
	return f.checkCodes(codes)
}

func (it *item) checkRange(highest int) error {
	if low, high := it.lowest(), it.highest(); low != 0 || high != highest {
		return fmt.Errorf("item %s: its weights run from %d to %d, not from 0 to %d", it.name(), low, high, highest)
	}
	return nil
}

func (it *item) lowest() int {
	return slices.MinFunc(it.options, byPoints).points
}

func (it *item) highest() int {
	return slices.MaxFunc(it.options, byPoints).points
}

func byPoints(a, b option) int { return a.points - b.points }

// checkCodes allows a form whose items carry no codes of the instrument's, but not
// one whose codes say that it is something else.
func (f *Form) checkCodes(codes []string) error {
	if len(codes) == 0 {
		return nil
	}
	have := map[string]bool{}
	for _, c := range codes {
		have[c] = true
	}
	for _, it := range f.Of.Items {
		if !have[it.Code] {
			return fmt.Errorf("the form lacks the %s item with code %s of %s", f.Of.Title, it.Code, f.Of.System)
		}
	}
	return nil
}

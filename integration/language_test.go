package integration_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/tidwall/gjson"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// A site has one language. Whatever happens to the patients of a Norwegian one, no
// text that we write for people has an English sentence in it: neither of the
// English catalogue nor of the program. Only on the sandbox: texts are the same
// everywhere.
func TestOneLanguageAtATime(t *testing.T) {
	for _, chain := range chains {
		t.Run(chain.name, func(t *testing.T) {
			w := &norwegian{world: onSandbox(t), wrote: &texts{}}
			_, err := w.app("--questionnaire.language", "nb").Setup(t.Context())
			w.must(err)
			chain.play(w)
			if len(w.wrote.all) == 0 {
				t.Fatal("nothing was written")
			}
			english := englishSentences(t)
			for where, text := range w.wrote.all {
				for _, e := range english {
					if e.MatchString(text) {
						t.Errorf("%s says %q, which has %v", where, text, e)
					}
				}
			}
		})
	}
}

// What nurse and team read is true of where they read it.
func TestWordsFitWhereTheyStand(t *testing.T) {
	w := &norwegian{world: onSandbox(t), wrote: &texts{}}
	_, err := w.app("--questionnaire.language", "nb").Setup(t.Context())
	w.must(err)
	advised, referred, passed, begun := w.answered(1, 1, 1), w.answered(2, 1, 1), w.answered(4, 4, 4), w.answered(4, 4, 4)
	w.finish(advised, "finished")
	w.begun(begun)
	w.handIn(begun, twoOfThree)
	score, rule := w.find("Observation", stay.Score, referred), fhir.Resource{}
	found, err := w.client.Search(w.ctx(), fhir.Query("Provenance", "target", score.Ref()))
	w.must(err)
	if len(found) > 0 {
		rule = found[0]
	}
	for what, got := range map[string][2]string{
		"the limit itself":  {w.find("ServiceRequest", stay.Consult, referred).Get("note.0.text").String(), "Grensen på 4 for kvinner er nådd (Tilsyn rus)."},
		"above the limit":   {w.find("ServiceRequest", stay.Consult, passed).Get("note.0.text").String(), "Grensen på 8 for alle er passert (Tilsyn rus, haster)."},
		"advice not given":  {w.find("Task", stay.Advice, advised).Get("statusReason.text").String(), "Utskrevet før rådet var gitt"},
		"told to the team":  {w.find("Task", stay.ConsultTask, begun).Get("note.0.text").String(), "skåren gjelder ikke"},
		"the unit":          {score.Get("valueQuantity.unit").String(), "poeng"},
		"the unit's code":   {score.Get("valueQuantity.code").String(), "{score}"},
		"a component":       {score.Get("component.0.code.text").String(), "Hvor ofte drikker du alkohol?"},
		"LOINC's display":   {score.Get("code.coding.0.display").String(), "Total score [AUDIT-C]"},
		"a rule's words":    {rule.Get("reason.1.text").String(), "Skåren nådde grensen på 4 for tilsyn."},
		"a rule's code":     {rule.Get("reason.1.coding.0.code").String(), "tier-consult"},
		"a rule's system":   {rule.Get("reason.1.coding.0.system").String(), artifacts.RuleSystemURL},
		"what was recorded": {rule.Get("activity.text").String(), "Skåret"},
	} {
		if got[1] == "" || !strings.Contains(got[0], got[1]) {
			t.Errorf("%s: %q does not say %q", what, got[0], got[1])
		}
	}
}

// The sentences are found where they are: a search that finds nothing proves nothing.
func TestEnglishIsRecognised(t *testing.T) {
	for _, text := range []string{
		"Skjemaet er ikke fullstendig: ingen skår. Fyll ut resten (not answered: item 3)", // as it was before
		"invalid: an answer is not one of the form's; no score",
		"Grensen på 4: the limit of 4 was passed", "Declined", "Pasienten (unknown)", "4 points",
	} {
		if !matchesAny(englishSentences(t), text) {
			t.Errorf("%q is taken for Norwegian", text)
		}
	}
	for _, text := range []string{"Positiv", "Tilsyn rus", "AUDIT-C: spør pasienten om alkohol", "aktiv", "Takket nei"} {
		if matchesAny(englishSentences(t), text) {
			t.Errorf("%q is taken for English", text)
		}
	}
}

func matchesAny(all []*regexp.Regexp, text string) bool {
	for _, e := range all {
		if e.MatchString(text) {
			return true
		}
	}
	return false
}

// texts are what was sent to the server for people to read, by where it stood.
type texts struct {
	sync.Mutex
	all map[string]string
}

func (s *texts) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r = r.Clone(r.Context())
		r.Body = io.NopCloser(bytes.NewReader(body))
		s.Lock()
		defer s.Unlock()
		for _, entry := range gjson.GetBytes(body, "entry").Array() {
			s.read(entry.Get("resource.resourceType").String(), entry.Get("resource"))
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// read keeps the texts. A display of a code system of others is theirs, and one of
// ours must be what the code system says.
func (s *texts) read(path string, node gjson.Result) {
	node.ForEach(func(key, value gjson.Result) bool {
		at := path
		if key.Type == gjson.String {
			at += "." + key.String()
		}
		switch {
		case value.IsObject() || value.IsArray():
			s.read(at, value)
		case strings.HasPrefix(path, "QuestionnaireResponse.item"): // the patient's answers
		case key.String() == "display" && node.Get("system").Exists():
			if node.Get("system").String() == artifacts.CodeSystemURL && value.String() != displayOf(node.Get("code").String()) {
				s.keep(at, "the display of "+node.Get("code").String()+" is not the code system's: "+value.String())
			}
		case regexp.MustCompile(`^(text|display|description|unit|title|comment|patientInstruction|div)$`).MatchString(key.String()):
			s.keep(at, value.String())
		}
		return true
	})
}

func displayOf(code string) string {
	all, err := artifacts.All("nb")
	if err != nil {
		return err.Error()
	}
	return gjson.GetBytes(all[0].JSON, fmt.Sprintf("concept.#(code==%q).display", code)).String()
}

func (s *texts) keep(at, text string) {
	if s.all == nil {
		s.all = map[string]string{}
	}
	s.all[fmt.Sprintf("%s %d", at, len(s.all))] = text
}

var englishSentences = func() func(*testing.T) []*regexp.Regexp {
	var once sync.Once
	var all []*regexp.Regexp
	return func(t *testing.T) []*regexp.Regexp {
		once.Do(func() {
			norwegian := strings.Join(catalogue(t, "nb"), "\n")
			for _, sentence := range append(catalogue(t, "en"), literals(t)...) {
				if !strings.Contains(norwegian, sentence) {
					all = append(all, regexp.MustCompile(`(?:^|\W)`+regexp.QuoteMeta(sentence)+`(?:\W|$)`))
				}
			}
			all = append(all, regexp.MustCompile(`(?i)\b(the|of|was|were|not|item|items|answer|answers|question|score|patient's)\b`))
		})
		return all
	}
}()

var filledIn = regexp.MustCompile(`\{[^}]*\}|%[-+#0-9.]*[a-z]`)

// pieces are the parts of a text between what is filled in, if they say anything.
func pieces(text string, shortest int) (parts []string) {
	for _, part := range filledIn.Split(text, -1) {
		if part = strings.Trim(part, " .:;,()\"\n"); len(part) >= shortest {
			parts = append(parts, part)
		}
	}
	return parts
}

func catalogue(t *testing.T, language string) (parts []string) {
	raw, err := os.ReadFile("../internal/words/" + language + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	var sections map[string]map[string]string
	if err := yaml.Unmarshal(raw, &sections); err != nil {
		t.Fatal(err)
	}
	for _, section := range sections {
		for _, text := range section {
			parts = append(parts, pieces(text, 4)...)
		}
	}
	return parts
}

// literals are the sentences in the program from which a resource is made.
func literals(t *testing.T) (parts []string) {
	for _, dir := range []string{"pathway", "instrument", "stay", "reconcile"} {
		files, err := filepath.Glob("../internal/" + dir + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatal(dir, err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(parsed, func(n ast.Node) bool {
				if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
					text, _ := strconv.Unquote(lit.Value)
					for _, part := range pieces(text, 8) {
						if strings.Contains(part, " ") {
							parts = append(parts, part)
						}
					}
				}
				return true
			})
		}
	}
	return parts
}

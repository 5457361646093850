package instrument_test

import (
	"fmt"
	"testing"

	"github.com/tilsyn/tilsyn/internal/instrument"
)

// Two responses that say the same give the same text, and others another.
func TestSaid(t *testing.T) {
	const plain = `{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"q|1","item":[%s]}`
	said := func(response string) string {
		r, err := instrument.ParseResponse([]byte(response))
		if err != nil {
			t.Fatal(err)
		}
		return r.Said()
	}
	one, two := `{"linkId":"1","answer":[{"valueCoding":{"system":"s","code":"a"}}]}`, `{"linkId":"2","answer":[{"valueInteger":3}]}`
	first := said(fmt.Sprintf(plain, one+","+two))
	for _, same := range []string{
		fmt.Sprintf(plain, two+","+one),
		fmt.Sprintf(plain, `{"linkId":"0","item":[`+one+`]},`+two),
		`{"item":[` + one + "," + two + `],"questionnaire":"q|1","authored":"2031","status":"completed","resourceType":"QuestionnaireResponse"}`,
	} {
		if got := said(same); got != first {
			t.Errorf("%s\nsays %s\nand not %s", same, got, first)
		}
	}
	seen := map[string]string{first: "the first"}
	for _, other := range []string{
		fmt.Sprintf(plain, one), fmt.Sprintf(plain, ""),
		fmt.Sprintf(plain, one+`,{"linkId":"2","answer":[{"valueInteger":4}]}`),
		fmt.Sprintf(plain, one+`,{"linkId":"2","answer":[{"valueString":"3"}]}`),
		fmt.Sprintf(plain, one+`,{"linkId":"2","answer":[{"valueInteger":3},{"valueInteger":3}]}`),
		fmt.Sprintf(plain, one+`,{"linkId":"2","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"asked-declined"}]}`),
		fmt.Sprintf(plain, one+`,{"linkId":"2","extension":[{"url":"http://hl7.org/fhir/StructureDefinition/data-absent-reason","valueCode":"unknown"}]}`),
		whole(absentReasons, "asked-declined"),
		fmt.Sprintf(plain, one+","+two+`,{"answer":[{"valueInteger":1}]}`),
		`{"resourceType":"QuestionnaireResponse","status":"amended","questionnaire":"q|1","item":[` + one + "," + two + `]}`,
		`{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"q|2","item":[` + one + "," + two + `]}`,
	} {
		got := said(other)
		if before, known := seen[got]; known {
			t.Errorf("%s\nsays what %s says", other, before)
		}
		seen[got] = other
	}
}

package reconcile_test

import (
	"strings"
	"testing"

	"github.com/tidwall/gjson"
)

// That all points come from one question stands in the letter, for who reads it, and
// not on the score alone.
func TestTheLetterSaysWhatIsForReview(t *testing.T) {
	asked := strings.Replace(task, "2031-05-17T08:00:00Z", "2030-01-01T08:00:00Z", 1)
	often := strings.NewReplacer("AUTHORED", "2031-05-17T09:00:00Z", "LA18932-6", "LA15694-5", "LA18934-2", "LA6270-8").Replace(high)
	for language, want := range map[string]string{
		"nb": "Til gjennomsyn: alle poeng kommer fra spørsmål 1; inntaket kan være under anbefalt grense.",
		"nn": "Til gjennomsyn: alle poeng kjem frå spørsmål 1; inntaket kan vere under tilrådd grense.",
		"en": "For review: all points come from question 1; the intake may be below the recommended limit.",
		"sv": "För granskning: alla poäng kommer från fråga 1; intaget kan ligga under rekommenderad gräns.",
		"da": "Til gennemsyn: alle point kommer fra spørgsmål 1; indtaget kan ligge under den anbefalede grænse.",
	} {
		for answers, flagged := range map[string]bool{often: true, strings.Replace(often, "LA6270-8", "LA18933-4", 1): false} {
			var wrote []byte
			rec := inOslo(t, noon, [4]string{strings.Replace(encounter, `,"partOf":{"reference":"Encounter/1"}`, "", 1), patient, asked, answers}, &wrote)
			rec.Language = language
			_, _ = rec.Reconcile(t.Context(), "1") // the server says nothing of what it is sent
			letter := gjson.GetBytes(wrote, `entry.#(resource.resourceType=="ServiceRequest").resource.note.#.text`).String()
			if letter == "" || strings.Contains(letter, `"`+want+`"`) != flagged {
				t.Errorf("%s: flagged %v\n%s", language, flagged, letter)
			}
		}
	}
}

package intake

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

func pregnancyOf(patient, code string) string {
	return `"subject":{"reference":"` + patient + `"},"code":{"coding":[{"system":"http://loinc.example","code":"x"},{"system":"http://snomed.example","code":"` + code + `"}]}`
}

// expecting is a census that hears of pregnancies.
func expecting(c *fhir.Client) (census *Census, took func() string) {
	n := names
	n.Pregnancy = "http://snomed.example|1,http://snomed.example|2"
	var all []string
	census = NewCensus(c, &heard{}, n, nil)
	census.Pregnancy = func(patient string) { all = append(all, patient) }
	return census, func() string {
		slices.Sort(all)
		defer func() { all = nil }()
		return strings.Join(all, " ")
	}
}

func asksForConditions(s *server) (all []string) {
	for _, asked := range s.asked {
		if strings.HasPrefix(asked, "/Condition") {
			asked, _ = url.QueryUnescape(asked)
			all = append(all, asked)
		}
	}
	return all
}

// The census hears of each pregnancy that was recorded since the last, by one search for
// all patients, before anybody is named.
func TestTheCensusHearsOfPregnancies(t *testing.T) {
	s, c := serve(t)
	if err := c.Each(t.Context(), "Encounter?", func(fhir.Resource) error { return nil }); err != nil { // its clock is known
		t.Fatal(err)
	}
	s.asked = nil
	census, took := expecting(c)
	s.put("Condition/old", noon.Add(-31*24*time.Hour), pregnancyOf("Patient/0", "1"))
	s.put("Condition/1", noon.Add(-29*24*time.Hour), pregnancyOf("Patient/1", "1"))
	s.put("Condition/2", noon.Add(-time.Minute), pregnancyOf("Patient/2", "2"))
	s.put("Condition/other", noon, pregnancyOf("Patient/3", "3"))
	s.put("Condition/elsewhere", noon, pregnancyOf("http://elsewhere.example/Patient/4", "1"))
	take := func(want, why string) {
		t.Helper()
		if _, err := census.Take(t.Context()); err != nil {
			t.Error(err)
		}
		if got := took(); got != want {
			t.Errorf("%s: heard of %q, want %q", why, got, want)
		}
	}
	take("Patient/1 Patient/2", "the first goes back as far as a long stay")
	if !strings.HasPrefix(s.asked[0], "/Condition?") || len(asksForConditions(s)) != 1 {
		t.Errorf("asked for %q", s.asked)
	}
	s.now = s.now.Add(3 * time.Hour)
	take("", "nothing is news")
	s.put("Condition/3", s.now.Add(-150*time.Minute), pregnancyOf("Patient/5", "1"))
	take("Patient/5", "written behind its own stamp")
	s.put("Condition/3", s.now.Add(-200*time.Minute), pregnancyOf("Patient/6", "1"))
	take("", "longer ago than that")
	if got, want := asksForConditions(s)[0], "code=http://snomed.example|1,http://snomed.example|2&_lastUpdated=ge"; !strings.Contains(got, want) || strings.Contains(got, "patient") {
		t.Errorf("asked for %s", got)
	}
}

// A server that does not mind the window or the codes is not believed; one that cannot
// answer is asked for the same again, and one that refuses is noted.
func TestPregnanciesOnOddServers(t *testing.T) {
	s, c := serve(t)
	census, took := expecting(c)
	census.heard = noon.Add(-time.Hour)
	s.ignores = true
	s.put("Condition/1", noon.Add(-2*time.Hour), pregnancyOf("Patient/1", "1"))
	s.put("Condition/2", noon, pregnancyOf("Patient/2", "1"))
	s.fail = func(r *http.Request) bool { return r.URL.Path == "/Condition" }
	if _, err := census.Take(t.Context()); err == nil || took() != "" || !census.heard.Equal(noon.Add(-time.Hour)) {
		t.Error(err, census.heard)
	}
	s.fail = nil
	if _, err := census.Take(t.Context()); err != nil || took() != "Patient/2" || !census.heard.After(noon.Add(-time.Hour)) {
		t.Error(err, census.heard)
	}
	if census.heard.After(noon.Add(10 * time.Minute)) { // the server is an hour on
		t.Errorf("the next asks since %s: what becomes visible behind its own stamp is missed", census.heard)
	}
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusBadRequest) }))
	defer srv.Close()
	refusing, err := fhir.New(fhir.Options{BaseURL: srv.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer refusing.Close()
	census, _ = expecting(refusing)
	if err := census.pregnancies(t.Context(), noon); err != nil || !strings.Contains(strings.Join(refusing.Quirks(), " "), "pregnancy") {
		t.Error(err, refusing.Quirks())
	}
}

// Where it does not matter, nobody asks.
func TestNobodyAsksForPregnanciesInVain(t *testing.T) {
	s, c := serve(t)
	census, _ := expecting(c)
	census.Pregnancy = nil
	if _, err := census.Take(t.Context()); err != nil || asksForConditions(s) != nil {
		t.Error(err, s.asked)
	}
	census, _ = expecting(c)
	census.names.Pregnancy = ""
	if _, err := census.Take(t.Context()); err != nil || asksForConditions(s) != nil {
		t.Error(err, s.asked)
	}
	if strings.Contains(strings.Join(names.Searches(noon, "1"), " "), "Condition") || !strings.Contains(strings.Join(expectingNames().Searches(noon, "1"), " "), "Condition?code=") {
		t.Error("the doctor sends what the census does")
	}
}

func expectingNames() Names {
	n := names
	n.Pregnancy = "s|1"
	return n
}

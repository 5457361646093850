package config_test

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

const siteAdvice = `
say: |
  Takk for at du svarte.
  Det er du som bestemmer.
say_pregnant: Hva drikker du nå?
offers:
  - kind: self-help-group
    name: AA Trondheim
    phone: 911 77 770
    web: https://aa.example/grupper?by=trondheim#torsdag
    when: torsdager 19
    where: Kirkegata 5
    note: inngang fra gården
  - kind: web
    name: "  Nettkurset "
    web: http://kurs.example
    when:
    where: ""
`

// adviceFile writes a file and returns its path.
func adviceFile(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "advice.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func loadAdvice(t *testing.T, text string) (config.Advice, error) {
	t.Helper()
	path := adviceFile(t, text)
	c, err := load(t, "", "--advice.file", path)
	if err == nil && c.Advice.File != path {
		t.Errorf("the file is %q, want %q", c.Advice.File, path)
	}
	c.Advice.File = ""
	return c.Advice, err
}

func TestASiteWritesItsOwnAdvice(t *testing.T) {
	want := config.Advice{
		Say: "Takk for at du svarte.\nDet er du som bestemmer.", SayPregnant: "Hva drikker du nå?",
		Offers: []config.Offer{
			{
				Kind: "self-help-group", Name: "AA Trondheim", Phone: "911 77 770", Web: "https://aa.example/grupper?by=trondheim#torsdag",
				When: "torsdager 19", Where: "Kirkegata 5", Note: "inngang fra gården",
			},
			{Kind: "web", Name: "Nettkurset", Web: "http://kurs.example"},
		},
	}
	for name, text := range map[string]string{
		"as written":                  siteAdvice,
		"with a byte order mark":      "\ufeff" + siteAdvice,
		"with line ends of Windows":   strings.ReplaceAll(siteAdvice, "\n", "\r\n"),
		"with a comment and no order": "# ours\noffers:" + strings.SplitN(siteAdvice, "offers:", 2)[1] + strings.SplitN(siteAdvice, "offers:", 2)[0],
	} {
		t.Run(name, func(t *testing.T) {
			got, err := loadAdvice(t, text)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
			}
		})
	}
}

func TestEveryLanguageIsShippedWithAdvice(t *testing.T) {
	seen := map[string]string{}
	for _, language := range artifacts.Languages {
		a := mustLoad(t, "", "--questionnaire.language", language).Advice
		if n := strings.Count(a.Say, ".") + strings.Count(a.Say, "?"); n < 3 || n > 5 {
			t.Errorf("%s: %d sentences, want 3–5: %s", language, n, a.Say)
		}
		if twin := seen[a.Say]; twin != "" {
			t.Errorf("%s says the same as %s", language, twin)
		}
		seen[a.Say] = language
		if len(a.Offers) == 0 || a.Offers[0].Kind != "telephone" || a.Offers[0].Phone == "" {
			t.Errorf("%s does not begin with a number to ring: %+v", language, a.Offers)
		}
	}
	files, err := filepath.Glob("advice/*.yaml")
	if err != nil || len(files) != len(artifacts.Languages) {
		t.Errorf("found %v, %v; want one file for each of %v", files, err, artifacts.Languages)
	}
}

// Each offer that we ship stands below a comment that says where it was found,
// and each file begins with the request to replace it.
func TestWhatIsShippedNamesItsSourcesAndAsksToBeReplaced(t *testing.T) {
	for _, language := range artifacts.Languages {
		raw, err := os.ReadFile("advice/" + language + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		head, _, _ := strings.Cut(string(raw), "\nsay:")
		if !strings.Contains(head, "must check each number") || !strings.Contains(head, "advice.file") {
			t.Errorf("%s does not ask the hospital to check and replace it", language)
		}
		lines := strings.Split(string(raw), "\n")
		for i, line := range lines {
			if strings.HasPrefix(line, "  - ") && !strings.HasPrefix(lines[i-1], "  # ") {
				t.Errorf("%s:%d: no source above the offer", language, i+1)
			}
		}
	}
}

func TestTheSitesFileComesBeforeTheLanguage(t *testing.T) {
	path := adviceFile(t, siteAdvice)
	c := mustLoad(t, "questionnaire:\n  language: sv\nadvice:\n  file: "+path+"\n")
	if c.Advice.Offers[0].Name != "AA Trondheim" {
		t.Errorf("got %+v", c.Advice)
	}
}

func TestAnOfferIsOneLineForPeople(t *testing.T) {
	for _, tt := range []struct {
		offer config.Offer
		want  string
	}{
		{
			config.Offer{
				Kind: "self-help-group", Name: "AA Trondheim", Phone: "911 77 770", Web: "https://aa.example/",
				When: "torsdager 19", Where: "Kirkegata 5", Note: "inngang fra gården",
			},
			"AA Trondheim – 911 77 770 – torsdager 19 – Kirkegata 5 – https://aa.example/ – inngang fra gården",
		},
		{config.Offer{Kind: "telephone", Name: "Alkolinjen", Phone: "80 200 500"}, "Alkolinjen – 80 200 500"},
		{config.Offer{Kind: "web", Name: "Kurs", Web: "https://kurs.example", Note: "gratis"}, "Kurs – https://kurs.example – gratis"},
		{config.Offer{}, ""},
	} {
		if got := tt.offer.Line(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestThePageForTheSiteIsTrue(t *testing.T) {
	page, err := os.ReadFile("../docs/advice.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```")
	if len(blocks) != 5 {
		t.Fatalf("found %d code blocks, want 2", len(blocks)/2)
	}
	a, err := loadAdvice(t, strings.TrimPrefix(blocks[3], "yaml"))
	if err != nil || len(a.Offers) != 2 {
		t.Fatalf("got %+v, %v", a, err)
	}
	for _, o := range a.Offers {
		if !strings.Contains(string(page), "\n    "+o.Line()+"\n") {
			t.Errorf("the page does not show %s", o.Line())
		}
	}
}

// A file from before there was a text for pregnant patients has the shipped one of its
// language; nobody who is pregnant is told what is meant for others.
func TestAnOlderAdviceFileHasWordsForThePregnant(t *testing.T) {
	older := strings.Replace(siteAdvice, "say_pregnant: Hva drikker du nå?\n", "", 1)
	for language, says := range map[string]string{"nb": "Hva drikker du nå?", "nn": "Kva drikk du no?", "en": "What do you drink now?", "sv": "Vad dricker du nu?", "da": "Hvad drikker du nu?"} {
		c, err := load(t, "", "--advice.file", adviceFile(t, older), "--questionnaire.language", language)
		if err != nil || !strings.Contains(c.Advice.SayPregnant, says) || strings.HasPrefix(c.Advice.SayPregnant, c.Advice.Say) {
			t.Errorf("%s: %q, %v", language, c.Advice.SayPregnant, err)
		}
		shipped, err := load(t, "", "--questionnaire.language", language)
		if err != nil || !strings.Contains(shipped.Advice.SayPregnant, says) || shipped.Advice.SayPregnant != c.Advice.SayPregnant {
			t.Errorf("%s: %q, %v", language, shipped.Advice.SayPregnant, err)
		}
	}
	if _, err := loadAdvice(t, strings.Replace(siteAdvice, "Hva drikker du nå?", strings.Repeat("x", 2001), 1)); err == nil || !strings.Contains(err.Error(), "say_pregnant: 2001 characters are too many") {
		t.Error(err)
	}
}

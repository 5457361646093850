package app_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir/artifacts"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/instrument"
	"github.com/tilsyn/tilsyn/internal/pathway"
)

// owns is a hospital's own wording of one of our instruments.
func owns(t *testing.T, name, url string) config.Own {
	t.Helper()
	form, err := artifacts.Form(name, "en")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := sjson.SetBytes(form.JSON, "url", url)
	if err != nil {
		t.Fatal(err)
	}
	d, _ := instrument.Named(name)
	own := *d
	own.URL = url
	return config.Own{Definition: &own, Form: raw, Canonical: url + "|" + gjson.GetBytes(raw, "version").Str, File: "/etc/tilsyn/" + name}
}

const theirs = "https://hospital.example/Questionnaire/"

// What the site has brought goes before ours; what no policy asks with is not published.
func TestWhichFormsAreAskedWith(t *testing.T) {
	cfg := before(t, func(next http.Handler) http.Handler { return next })
	shipped := forms(t, cfg, pathway.DefaultPolicy())
	cfg.Instruments.Own = []config.Own{owns(t, "audit", theirs+"audit"), owns(t, "auditc", theirs+"audit-c")}
	policy := pathway.DefaultPolicy(cfg.Instruments.Definitions()...)
	own := forms(t, cfg, policy)
	if shipped != artifacts.QuestionnaireURL || own != theirs+"audit-c" || policy.Definition().URL != theirs+"audit-c" {
		t.Errorf("shipped: %s; with the site's own: %s, by the definition %s", shipped, own, policy.Definition().URL)
	}
	if got := strings.Join(app.Warnings(cfg, policy), "\n"); !strings.Contains(got, "instruments.dir: audit is asked by no screening") || strings.Contains(got, "auditc is asked by no") {
		t.Errorf("warnings: %s", got)
	}

	a, err := app.New(app.Options{Policy: policy, Log: zerolog.Nop(), Config: cfg})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Client().Close)
	if _, err := a.Setup(t.Context()); err != nil {
		t.Fatal(err)
	}
	rec, err := a.Reconciler(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var known []string
	for _, form := range rec.Options.Forms {
		known = append(known, form.URL)
	}
	if got := strings.Join(known, " "); got != theirs+"audit-c "+artifacts.QuestionnaireURL {
		t.Errorf("answers are taken to %s", got)
	}
}

// forms are the urls of what is published.
func forms(t *testing.T, cfg config.Config, policy *pathway.Policy) string {
	t.Helper()
	all, err := app.Artifacts(cfg, policy)
	if err != nil {
		t.Fatal(err)
	}
	var urls []string
	for _, art := range all {
		if art.Instrument != "" {
			urls = append(urls, gjson.GetBytes(art.JSON, "url").Str)
		}
	}
	return strings.Join(urls, " ")
}

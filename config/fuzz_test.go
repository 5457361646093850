package config_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzConfig: a configuration is taken or refused; what is taken holds to its
// limits.
func FuzzConfig(f *testing.F) {
	reference, err := os.ReadFile("tilsyn.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{string(reference), "workers: 0", "fhir: {base_url: [x]}", "a: &a [*a]", "routing: {rules: [{location: x}]}", "poll: {interval: 1e99}", "workers: 99999999999999999999"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if text == "" || strings.Contains(text, "_file") || strings.Contains(text, "file:") || strings.Contains(text, "dir") {
			return // it may name any file or folder of this machine
		}
		c, err := load(t, text)
		if err == nil && (c.Workers < 1 || c.Workers > 256 || c.Census.Interval <= 0 || c.FHIR.Timeout <= 0) {
			t.Errorf("%q was taken: %+v", text, c)
		}
	})
}

// FuzzAdvice: what a nurse is to read is text that can be shown, and not endless.
func FuzzAdvice(f *testing.F) {
	for _, seed := range []string{siteAdvice, plainAdvice, "say: &a [*a]", "offers: [{kind: web, name: x, web: 'http://[::1'}]", "{<<: {say: x}}", "\ufeffsay: x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		a, err := loadAdvice(t, text)
		if err != nil {
			return
		}
		if n := utf8.RuneCountInString(a.Say); n == 0 || n > 2000 || len(a.Offers) == 0 || len(a.Offers) > 30 {
			t.Errorf("%q was taken", text)
		}
		for _, o := range a.Offers {
			if line := o.Line(); !utf8.ValidString(line) || strings.Contains(line, "\n") || o.Phone+o.Web == "" {
				t.Errorf("%q was taken for an offer", line)
			}
		}
	})
}

// FuzzInstruments: what is put before patients gives a score by what it measures.
func FuzzInstruments(f *testing.F) {
	form := fmt.Sprintf(sleepForm, sleepItem("1", 2), sleepItem("2", 3))
	for _, seed := range [][2]string{{sleep, form}, {strings.Replace(sleep, "source", "unnecessary: [{items: [sleep-2], where: [sleep-1], has: 0}]\nsource", 1), form}, {sleep, "{}"}, {"a: &a [*a]", "["}, {"\ufeff" + sleep, "\ufeff" + form}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, definition, form string) {
		c, err := load(t, "", "--instruments.dir", folder(t, map[string]string{"sleep/definition.yaml": definition, "sleep/questionnaire.json": form}))
		if err != nil {
			if len(c.Instruments.Own) > 0 {
				t.Errorf("taken, with %v", err)
			}
			return
		}
		own, brought := c.Instruments.Of("sleep")
		if !brought {
			t.Fatal("it is not there")
		}
		if read, err := own.Definition.Form(own.Form); err != nil || read.Canonical() != own.Canonical {
			t.Errorf("%s is none: %v", own.Canonical, err)
		}
	})
}

package pathway

import (
	"strings"
	"testing"
	"time"
)

// What holds for the keys that a policy does not name.
func TestWhatAPolicyNeedNotSay(t *testing.T) {
	p, err := ParsePolicy([]byte(`
version: v1
screening: {classes: [IMP], due_after: 1h}
unknown_sex: lower
tiers: {consult: [{from: 4, source: x}]}
consult: {codings: [{system: s, code: c}]}
`))
	if err != nil {
		t.Fatal(err)
	}
	const day = 24 * time.Hour
	for key, ok := range map[string]bool{
		"rescreen_after": p.Screening.RescreenAfter.Duration == 30*day, "raise_after": p.Screening.RaiseAfter.Duration == day,
		"draft_grace": p.Screening.DraftGrace.Duration == day, "retry_after": p.Screening.RetryAfter.Duration == day, "max_attempts": p.Screening.MaxAttempts == 3,
		"after_discharge": p.AfterDischarge == "refer", "on_wish": p.OnWish == WishRecord, "item1_only": p.Item1Only == AsScored, "intent": p.Consult.Intent == "order", "at_discharge": p.Consult.AtDischarge == "keep", "accept_within": p.Consult.AcceptWithin.Duration == day,
		"accept_within_urgent": p.Consult.AcceptWithinUrgent.Duration == 4*time.Hour, "min_age": p.Screening.MinAge == 0, "show": p.Protected.Show == nil,
		"rejected":                p.Consult.Rejected == TellOnly,
		"rejected_without_reason": p.Screening.RejectedWithoutReason == AsDeclined, "counts_as_declined": len(p.Screening.CountsAsDeclined.Codings)+len(p.Screening.CountsAsDeclined.Texts) == 0,
		"asked_again": strings.Join(p.Screening.AskedAgain, " ") == "intoxicated delirious no-common-language too-ill",
		"protected":   Tokens(p.Protected.Labels) == Confidentiality+"|R,"+Confidentiality+"|V",
	} {
		if !ok {
			t.Errorf("%s: another default: %+v", key, p)
		}
	}
}

// A limit is there for every age, to the last.
func TestNoAgeIsForgotten(t *testing.T) {
	for from, to := range map[string]string{"": "", "sex: female, from: 4": "sex: female, max_age: 149, from: 4", "sex: male, from: 5": "sex: male, min_age: 19, from: 5"} {
		text := strings.Replace(strings.Replace(string(defaultPolicy), "{from: 8,", "{sex: male, min_age: 99, from: 8,", 1), from, to, 1)
		if _, err := ParsePolicy([]byte(text)); (err == nil) != (from == "") {
			t.Errorf("%s: %v", to, err)
		}
	}
}

// The outermost values that a policy may have, and the first beyond them.
func TestBoundsOfAPolicy(t *testing.T) {
	for key, values := range map[string][2]string{
		"max_attempts: 3":           {"max_attempts: 1", "max_attempts: 0"},
		"max_attempts: 3 ":          {"max_attempts: 20", "max_attempts: 21"},
		"min_age: 18":               {"min_age: 0", "min_age: -1"},
		"min_age: 18 ":              {"min_age: 120", "min_age: 121"},
		"due_after: 24h":            {"due_after: 1ns", "due_after: 0s"},
		"raise_after: 24h":          {"raise_after: 1ns", "raise_after: 0s"},
		"retry_after: 24h":          {"retry_after: 1ns", "retry_after: soon"},
		"draft_grace: 24h":          {"draft_grace: 0s", "draft_grace: -1s"},
		"rescreen_after: 720h":      {"rescreen_after: 0s", "rescreen_after: -1s"},
		"accept_within: 24h":        {"accept_within: 1ns", "accept_within: 0s"},
		"accept_within_urgent: 4h":  {"accept_within_urgent: 1ns", "accept_within_urgent: 0s"},
		"after_discharge: refer":    {"after_discharge: record", "after_discharge: both"},
		"rejected: advice":          {"rejected: nothing", "rejected: both"},
		"on_wish: consult":          {"on_wish: record", "on_wish: none"},
		"on_wish: consult ":         {"on_wish: advice", "on_wish: ''"},
		"intent: order":             {"intent: proposal", "intent: plan"},
		"{from: 8,":                 {"{from: 12,", "{from: 13,"},
		"{from: 8,  ":               {"{min_age: 50, max_age: 50, from: 8,", "{min_age: 51, max_age: 50, from: 8,"},
		"{from: 8,   ":              {"{max_age: 0, from: 8,", "{max_age: -1, from: 8,"},
		"{from: 8,    ":             {"{min_age: 0, from: 8,", "{min_age: -1, from: 8,"},
		"{from: 8, ":                {"{from: 1, ", "{from: 0, "},
		"show: []":                  {"show: [ward, location]", "show: [name]"},
		"version: suggested-2026.3": {"version: " + strings.Repeat("x", 64), "version: " + strings.Repeat("x", 65)},
	} {
		for i, value := range values {
			text := strings.Replace(string(defaultPolicy), strings.TrimSpace(key), strings.TrimSpace(value), 1)
			if text == string(defaultPolicy) {
				t.Fatalf("the default policy does not say %s", key)
			}
			if _, err := ParsePolicy([]byte(text)); (err != nil) != (i == 1) {
				t.Errorf("%s: %v", value, err)
			}
		}
	}
}

package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Each file in testdata holds one mistake; the error must name each of the
// words: the key, and what was probably meant or must be written instead.
func TestEachBadFileIsRefusedWithTheKeyAndAHint(t *testing.T) {
	tests := map[string][]string{
		"unknown-top.yaml":           {`"worker"`, `"workers"`},
		"unknown-section.yaml":       {`"fihr.base_url"`, `"fhir.base_url"`},
		"unknown-nested.yaml":        {`"fhir.base_ulr"`, `"fhir.base_url"`},
		"unknown-deep.yaml":          {`"routing.default.liason"`, `"routing.default.liaison"`},
		"unknown-in-rule.yaml":       {"routing.rules[1]", `"lokation"`, `"location"`},
		"unknown-twice.yaml":         {`"log.levle"`, `"log.level"`, `"census.intervall"`, `"census.interval"`},
		"value-for-section.yaml":     {`"fhir"`},
		"section-for-value.yaml":     {`"listen.port"`, `"listen"`},
		"duplicate-key.yaml":         {"workers"},
		"not-yaml.yaml":              {"not-yaml.yaml"},
		"duration-without-unit.yaml": {"fhir.timeout"},
		"overlap-without-unit.yaml":  {"poll.overlap"},
		"duration-in-words.yaml":     {"poll.interval"},
		"duration-zero.yaml":         {"fhir.timeout"},
		"duration-negative.yaml":     {"poll.interval"},
		"overlap-negative.yaml":      {"poll.overlap"},
		"poll-storm.yaml":            {"poll.interval", "100ms"},
		"census-off.yaml":            {"census.interval", "1s"},
		"url-without-scheme.yaml":    {"fhir.base_url", "https://"},
		"url-scheme.yaml":            {"fhir.base_url", "https://"},
		"url-query.yaml":             {"fhir.base_url", "query"},
		"url-user.yaml":              {"fhir.base_url", "user"},
		"workers-none.yaml":          {"workers", "1–256"},
		"workers-many.yaml":          {"workers", "1–256"},
		"workers-word.yaml":          {"workers"},
		"workers-fraction.yaml":      {"workers"},
		"concurrent-none.yaml":       {"fhir.max_concurrent", "1–256"},
		"time-zone.yaml":             {"time_zone", `"Europe/Olso"`, "Europe/Oslo"},
		"time-zone-local.yaml":       {"time_zone", `"Local"`, "Europe/Oslo"},
		"time-zone-none.yaml":        {"time_zone", "Europe/Oslo"},
		"language.yaml":              {"questionnaire.language", `"no"`, "nb nn en sv da"},
		"log-level.yaml":             {"log.level", "debug, info, warn or error"},
		"log-format.yaml":            {"log.format", "json or console"},
		"hook-word.yaml":             {"hook.enabled"},
		"hook-without-url.yaml":      {"hook.public_url"},
		"hook-without-token.yaml":    {"hook.token_file"},
		"owner-without-type.yaml":    {"routing.default.liaison", "CareTeam/id", "system|value"},
		"owner-wrong-type.yaml":      {"routing.default.ward", "CareTeam/id"},
		"owner-url.yaml":             {"routing.default.liaison"},
		"owner-identifier.yaml":      {"routing.default.liaison", "system|value"},
		"protected-owner.yaml":       {"routing.protected.ward", "CareTeam/id"},
		"protected-unknown.yaml":     {`"routing.protected.wards"`, `"routing.protected.ward"`},
		"rule-owner.yaml":            {"routing.rules[0].ward"},
		"rule-both.yaml":             {"routing.rules[1]", "either a location or a service_provider"},
		"rule-neither.yaml":          {"routing.rules[0]", "either a location or a service_provider"},
		"rule-without-owner.yaml":    {"routing.rules[0]", "ward", "liaison"},
		"rule-location.yaml":         {"routing.rules[0].location", "Location/id"},
		"rule-provider.yaml":         {"routing.rules[0].service_provider", "Organization/id"},
		"rule-word.yaml":             {"routing.rules[0]"},
		"rules-mapping.yaml":         {"routing.rules"},
		"tls-inbound-half.yaml":      {"tls.cert_file", "tls.key_file"},
		"operator-open.yaml":         {"operator.token_file", "127.0.0.1:8091"},
		"operator-everywhere.yaml":   {"operator.token_file"},
		"tls-half.yaml":              {"fhir.tls.key_file", "fhir.tls.cert_file"},
		"tls-over-http.yaml":         {"fhir.tls", "https"},
		"auth-kind.yaml":             {"fhir.auth.kind", `"oauth"`, "none, bearer, basic or smart"},
		"auth-without-client.yaml":   {"fhir.auth.client_id", "needed with fhir.auth.kind smart"},
		"auth-without-key.yaml":      {"fhir.auth.key_file", "needed with fhir.auth.kind smart"},
		"auth-without-kind.yaml":     {"fhir.auth.client_id", "only used with fhir.auth.kind smart", "none"},
		"auth-two-kinds.yaml":        {"fhir.token_file", "only used with fhir.auth.kind bearer", "basic"},
		"auth-none-with-token.yaml":  {"fhir.token_file", "none"},
		"auth-token-url.yaml":        {"fhir.auth.token_url", "https://"},
		"auth-scopes.yaml":           {"fhir.auth.scopes", "one space"},
	}
	for file, words := range tests {
		t.Run(file, func(t *testing.T) {
			_, err := load(t, "", "--config", filepath.Join("testdata", file))
			if err == nil {
				t.Fatal("was taken")
			}
			for _, w := range words {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("the error does not name %s: %v", w, err)
				}
			}
		})
	}
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if tests[filepath.Base(f)] == nil {
			t.Errorf("%s is not tried", f)
		}
	}
}

func TestAFileThatIsNotThereIsNamed(t *testing.T) {
	_, err := load(t, "", "--config", "testdata/absent.yaml")
	if err == nil || !strings.Contains(err.Error(), "testdata/absent.yaml") {
		t.Errorf("got %v", err)
	}
}

func TestAnUnknownVariableIsRefused(t *testing.T) {
	for name, meant := range map[string]string{
		"TILSYN_FHIR_BASEURL":    "TILSYN_FHIR_BASE_URL",
		"TILSYN_WORKER":          "TILSYN_WORKERS",
		"TILSYN_POLL_INTERVALL":  "TILSYN_POLL_INTERVAL",
		"TILSYN_CONFIG_FILE":     "TILSYN_CONFIG",
		"TILSYN_FHIR__BASE_URL":  "TILSYN_FHIR_BASE_URL",
		"TILSYN_ROUTING_LIAISON": "TILSYN_ROUTING_",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "1")
			_, err := load(t, "")
			if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "did you mean "+meant) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestVariablesOfOthersAreNoneOfOurBusiness(t *testing.T) {
	for _, name := range []string{"TILSYN_TEST_SERVER", "TILSYNX", "MY_TILSYN_WORKERS"} {
		t.Setenv(name, "x")
	}
	mustLoad(t, "")
}

func TestABadValueInTheEnvironmentNamesItsKey(t *testing.T) {
	for name, key := range map[string]string{
		"TILSYN_FHIR_TIMEOUT": "fhir.timeout", "TILSYN_WORKERS": "workers", "TILSYN_HOOK_ENABLED": "hook.enabled", "TILSYN_ROUTING_RULES": "routing.rules",
		"TILSYN_LOG_LEVEL": "log.level", "TILSYN_QUESTIONNAIRE_LANGUAGE": "questionnaire.language", "TILSYN_FHIR_BASE_URL": "fhir.base_url",
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(name, "30 apples")
			_, err := load(t, "")
			if err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := load(t, "workers: 0\nlog:\n  level: loud\nquestionnaire:\n  language: fi\nrouting:\n  default:\n    ward: x\n")
	if err == nil {
		t.Fatal("was taken")
	}
	for _, key := range []string{"workers", "log.level", "questionnaire.language", "routing.default.ward"} {
		if !strings.Contains(err.Error(), key) {
			t.Errorf("%s is missing: %v", key, err)
		}
	}
}

func TestTheExampleInTheReferenceFileIsValid(t *testing.T) {
	raw, err := os.ReadFile("tilsyn.yaml")
	if err != nil {
		t.Fatal(err)
	}
	text := strings.Replace(string(raw), "\n  rules: []", "", 1)
	at := strings.Index(text, "  # rules:")
	end := at + strings.Index(text[at:], "\n\n")
	text = text[:at] + strings.ReplaceAll(text[at:end], "  # ", "  ") + text[end:]
	if c := mustLoad(t, text); len(c.Routing.Rules) != 2 {
		t.Errorf("got %+v", c.Routing.Rules)
	}
}

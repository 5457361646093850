package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/fhir/artifacts"
)

func (c Config) validate() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf("configuration: "+format, args...))
		}
	}
	check(c.FHIR.BaseURL == "" || webURL(c.FHIR.BaseURL), "fhir.base_url: must look like https://ehr.example/fhir, without user, password or query")
	check(c.FHIR.Timeout > 0, "fhir.timeout: must be longer than 0, such as 30s")
	check(c.FHIR.MaxConcurrent >= 1 && c.FHIR.MaxConcurrent <= 256, "fhir.max_concurrent: %d must be 1–256", c.FHIR.MaxConcurrent)
	check(c.Workers >= 1 && c.Workers <= 256, "workers: %d must be 1–256", c.Workers)
	check(c.Poll.Interval == 0 || c.Poll.Interval >= 100*time.Millisecond, "poll.interval: must be 0 (off) or at least 100ms")
	check(c.Poll.Overlap >= 0, "poll.overlap: must not be negative")
	check(c.Poll.LookBack >= 0, "poll.look_back: must not be negative")
	check(c.Census.Interval >= time.Second, "census.interval: must be at least 1s; the census is what finds what everything else missed")
	check(c.Intake.UnreadyAfter >= 0, "intake.unready_after: must not be negative; 0 turns it off")
	check(slices.Contains(artifacts.Languages, c.Questionnaire.Language), "questionnaire.language: %q must be one of %v", c.Questionnaire.Language, artifacts.Languages)
	check(slices.Contains([]string{"debug", "info", "warn", "error"}, c.Log.Level), "log.level: %q must be debug, info, warn or error", c.Log.Level)
	check(slices.Contains([]string{"json", "console"}, c.Log.Format), "log.format: %q must be json or console", c.Log.Format)
	check(c.zoneErr() == nil, "time_zone: %q must be a zone of the IANA database, such as Europe/Oslo", c.TimeZone)
	if c.Hook.Enabled {
		check(webURL(c.Hook.PublicURL), "hook.public_url: needed with hook.enabled; how the FHIR server reaches this service, such as https://tilsyn.example:8090")
		check(c.Hook.TokenFile != "" || c.Hook.SecretFile != "", "hook.token_file: needed with hook.enabled, or hook.secret_file; a file with a random token that the FHIR server sends")
	}
	return errors.Join(append(errs, c.FHIR.validateAuth(), c.FHIR.validateTLS(),
		wholePair("tls", c.TLS.CertFile, c.TLS.KeyFile), c.Operator.validate(), c.Routing.validate())...)
}

func webURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && u.User == nil && u.RawQuery == "" && u.Fragment == "" &&
		(u.Scheme == "http" || u.Scheme == "https")
}

// NeedServer checks what the commands that talk to a server need.
func (c Config) NeedServer() error {
	if c.FHIR.BaseURL == "" {
		return errors.New("configuration: fhir.base_url is not set; give --fhir.base_url, TILSYN_FHIR_BASE_URL or a line in the configuration file")
	}
	return nil
}

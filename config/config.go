// Package config reads tilsyn's configuration: file, environment and flags, in
// that order of strength from weak to strong. tilsyn.yaml is the reference.
package config

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/agnivade/levenshtein"
	"github.com/go-viper/mapstructure/v2"
	"github.com/goccy/go-yaml"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/tilsyn/tilsyn/internal/outside"
)

// Config is everything that an operator can set. A Secret is only where it lies.
type Config struct {
	File string `mapstructure:"-"` // where it was read from; empty: no file

	FHIR          FHIR          `mapstructure:"fhir"`
	Listen        string        `mapstructure:"listen"`
	TimeZone      string        `mapstructure:"time_zone"`
	TLS           TLS           `mapstructure:"tls"`
	Operator      Operator      `mapstructure:"operator"`
	Hook          Hook          `mapstructure:"hook"`
	Poll          Poll          `mapstructure:"poll"`
	Census        Census        `mapstructure:"census"`
	Intake        Intake        `mapstructure:"intake"`
	Workers       int           `mapstructure:"workers"`
	Doctor        Doctor        `mapstructure:"doctor"`
	Audit         Audit         `mapstructure:"audit"`
	Policy        Policy        `mapstructure:"policy"`
	Advice        Advice        `mapstructure:"advice"`
	Questionnaire Questionnaire `mapstructure:"questionnaire"`
	Instruments   Instruments   `mapstructure:"instruments"`
	Routing       Routing       `mapstructure:"routing"`
	Log           Log           `mapstructure:"log"`
}

// FHIR is the server beside which tilsyn runs.
type FHIR struct {
	BaseURL       string        `mapstructure:"base_url"`
	Timeout       time.Duration `mapstructure:"timeout"`        // per request
	MaxConcurrent int           `mapstructure:"max_concurrent"` // requests under way at once
	TokenFile     Secret        `mapstructure:"token_file"`     // bearer token
	Auth          Auth          `mapstructure:"auth"`
	TLS           OutboundTLS   `mapstructure:"tls"`
}

// Hook is where the FHIR server may ring.
type Hook struct {
	Enabled    bool   `mapstructure:"enabled"`
	PublicURL  string `mapstructure:"public_url"`  // how the FHIR server reaches us, without path
	TokenFile  Secret `mapstructure:"token_file"`  // bearer tokens of which a caller must show one
	SecretFile Secret `mapstructure:"secret_file"` // keys of the signature that a caller must send
}

// Poll asks the FHIR server what has changed.
type Poll struct {
	Interval time.Duration `mapstructure:"interval"`  // 0: off
	Overlap  time.Duration `mapstructure:"overlap"`   // how far back each poll looks again
	LookBack time.Duration `mapstructure:"look_back"` // how far back the first poll after a start looks
}

// Census compares all open admissions with our work.
type Census struct {
	Interval time.Duration `mapstructure:"interval"`
}

// Intake is the poll and the census together.
type Intake struct {
	UnreadyAfter time.Duration `mapstructure:"unready_after"` // that neither has been whole; 0: never
}

// Doctor finds out what the FHIR server really does.
type Doctor struct {
	AtStart bool `mapstructure:"at_start"` // try it with throw-away resources whenever serve starts
}

// Audit is the trail of what tilsyn reads of a patient and does to the record.
type Audit struct {
	Enabled bool `mapstructure:"enabled"` // write AuditEvents
}

// Policy is where the hospital's approved policy lies.
type Policy struct {
	File string `mapstructure:"file"` // empty: the embedded suggestion
}

// Questionnaire says how the form is put on the server.
type Questionnaire struct {
	Language string `mapstructure:"language"` // nb, nn, en, sv, da
}

// Log says how much is logged, and how. No level logs patient data.
type Log struct {
	Level  string `mapstructure:"level"`  // debug, info, warn, error
	Format string `mapstructure:"format"` // json, console
}

// settings are all keys with their defaults: what has none here does not
// exist. viper binds the environment only to keys that it knows.
var settings = []struct {
	key   string
	value any
	help  string
}{
	{"fhir.base_url", "", "FHIR R4 base URL, such as https://ehr.example/fhir"},
	{"fhir.timeout", 30 * time.Second, "limit for one FHIR request"},
	{"fhir.max_concurrent", 8, "FHIR requests under way at once"},
	{"fhir.token_file", "", "file with the bearer token for the FHIR server"},
	{"fhir.auth.kind", "", "none, bearer, basic, smart; empty: bearer with fhir.token_file, else none"},
	{"fhir.auth.basic_file", "", "file with name:password for the FHIR server"},
	{"fhir.auth.client_id", "", "how the authorization server knows us"},
	{"fhir.auth.key_file", "", "file with the private keys (PEM, JWK or JWK set); the first signs"},
	{"fhir.auth.token_url", "", "token endpoint; empty: as the FHIR server's SMART configuration says"},
	{"fhir.auth.audience", "", "whom the assertion is for; empty: the token endpoint; wants token_url, unless that is at the host of fhir.base_url"},
	{"fhir.auth.scopes", "", "scopes to ask for; empty: what the command needs"},
	{"fhir.tls.ca_file", "", "certificates of those who may vouch for the server; empty: the system's"},
	{"fhir.tls.cert_file", "", "our certificate, for a server that asks for one"},
	{"fhir.tls.key_file", "", "its private key"},
	{"listen", ":8090", "address of the hook and of the health pages"},
	{"time_zone", "Europe/Oslo", "the hospital's, as the IANA database names it: times that people read, and what day a date is"},
	{"tls.cert_file", "", "our certificate for those who call; empty: no TLS"},
	{"tls.key_file", "", "its private key"},
	{"operator.listen", "127.0.0.1:8091", "address of /status and /metrics; empty: nowhere"},
	{"operator.token_file", "", "file with the bearer token for them; needed beyond this machine"},
	{"hook.enabled", false, "accept rest-hook notifications under /hooks/fhir"},
	{"hook.public_url", "", "URL under which the FHIR server reaches this service"},
	{"hook.token_file", "", "file with the bearer token that the FHIR server must send; two lines: both count"},
	{"hook.secret_file", "", "file with the key of the X-Signature that the FHIR server must send; two lines: both count"},
	{"poll.interval", 10 * time.Second, "how often to ask what changed; 0 turns polling off"},
	{"poll.overlap", 10 * time.Minute, "how far back each poll looks again, for writes that became visible late"},
	{"poll.look_back", 72 * time.Hour, "how far back the first poll after a start looks, for what changed while nobody did"},
	{"census.interval", 15 * time.Minute, "how often to compare all open admissions with our work"},
	{"intake.unready_after", time.Hour, "/readyz fails when neither a poll nor a census has read all that it asked for in this time; 0: never"},
	{"workers", 8, "admissions worked on at once"},
	{"doctor.at_start", false, "try at start, on throw-away resources, what the FHIR server really does"},
	{"audit.enabled", true, "write an AuditEvent with everything that is written; turn it off where the FHIR server keeps such a record itself"},
	{"policy.file", "", "the hospital's approved policy; empty: the built-in suggestion"},
	{"advice.file", "", "the site's advice content; empty: what is shipped for questionnaire.language"},
	{"questionnaire.language", "nb", "base language of the form: nb, nn, en, sv, da"},
	{"instruments.dir", "", "folder with the site's own instruments, and its own forms of ours; empty: none"},
	{"routing.default.ward", "", "who owns the nurse's task; empty: the admission's service provider"},
	{"routing.default.liaison", "", "which team gets the consult"},
	{"routing.protected.ward", "", "who owns the nurse's task of a protected patient; empty: as of others"},
	{"routing.protected.liaison", "", "which team gets the consult of a protected patient; empty: as of others"},
	{"routing.rules", []any{}, ""},
	{"log.level", "info", "debug, info, warn, error"},
	{"log.format", "json", "json, console"},
}

// Flags adds one flag for every setting, named as its key.
func Flags(fs *pflag.FlagSet) {
	fs.String("config", "", "configuration file (YAML); also TILSYN_CONFIG")
	for _, s := range settings {
		switch v := s.value.(type) {
		case string:
			fs.String(s.key, v, s.help)
		case int:
			fs.Int(s.key, v, s.help)
		case bool:
			fs.Bool(s.key, v, s.help)
		case time.Duration:
			fs.Duration(s.key, v, s.help)
		}
	}
}

const prefix = "TILSYN"

// Load reads the configuration, and the advice content and the instruments that it
// names. All that is wrong with them is in the error.
func Load(fs *pflag.FlagSet) (Config, error) {
	v := viper.New()
	for _, s := range settings {
		v.SetDefault(s.key, s.value)
	}
	file := path(fs)
	if err := readFile(v, file); err != nil {
		return Config{}, err
	}
	v.SetEnvPrefix(prefix)
	v.SetEnvKeyReplacer(strings.NewReplacer(".", "_"))
	v.AutomaticEnv()
	if err := v.BindPFlags(fs); err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	c := Config{File: file}
	if err := errors.Join(unknownEnv(os.Environ()), decode(v, &c)); err != nil {
		return Config{}, err
	}
	err := errors.Join(c.validate(), c.Advice.read(c.Questionnaire.Language), c.Instruments.read(c.Questionnaire.Language))
	return c, err
}

// path is where the configuration file lies; empty: there is none.
func path(fs *pflag.FlagSet) string {
	if f := fs.Lookup("config"); f != nil && f.Changed {
		return f.Value.String()
	}
	return os.Getenv(prefix + "_CONFIG")
}

func readFile(v *viper.Viper, path string) error {
	if path == "" {
		return nil
	}
	raw, err := outside.ReadYAML(path)
	if err != nil {
		return fmt.Errorf("configuration file: %w", err)
	}
	var file map[string]any
	if err := yaml.Unmarshal(raw, &file); err != nil {
		return fmt.Errorf("configuration file %s: %s", path, yaml.FormatError(err, false, false)) // without the lines: they may hold a secret
	}
	if err := v.MergeConfigMap(withoutEmpty(file)); err != nil {
		return fmt.Errorf("configuration file %s: %w", path, err)
	}
	return unknownKeys(path, v.AllKeys())
}

// mostTold are the mistakes of one kind that are told: nobody reads more, and a file
// that is no configuration may hold a hundred thousand.
const mostTold = 20

func unknownKeys(path string, found []string) error {
	known := keys()
	var errs []error
	for _, k := range found {
		if !slices.Contains(known, k) && len(errs) < mostTold {
			errs = append(errs, fmt.Errorf("configuration file %s: unknown key %.100q; did you mean %q?", path, k, nearest(k, known)))
		}
	}
	return errors.Join(errs...)
}

// withoutEmpty drops sections whose lines are all commented out: they say
// nothing, and must not hide the defaults below them.
func withoutEmpty(section map[string]any) map[string]any {
	for k, v := range section {
		if v == nil {
			delete(section, k)
		}
		if below, ok := v.(map[string]any); ok {
			section[k] = withoutEmpty(below)
		}
	}
	return section
}

func decode(v *viper.Viper, c *Config) error {
	settings := v.AllSettings()
	for _, own := range []string{"config", "help", "json"} {
		delete(settings, own)
	}
	d, err := mapstructure.NewDecoder(&mapstructure.DecoderConfig{
		Result:           c,
		WeaklyTypedInput: true, // the environment knows only text
		DecodeHook:       mapstructure.ComposeDecodeHookFunc(exactNumbers, mapstructure.StringToTimeDurationHookFunc()),
	})
	if err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	if err := d.Decode(settings); err != nil {
		return fmt.Errorf("configuration: %w", err)
	}
	return unknownRuleKeys(v.Get("routing.rules"))
}

// exactNumbers refuses what weak typing would bend: a duration without a unit
// would be nanoseconds, half a worker none.
func exactNumbers(from, to reflect.Type, value any) (any, error) {
	number := from.Kind() == reflect.Float64 || from.ConvertibleTo(reflect.TypeFor[int64]()) && from.Kind() != reflect.String
	switch {
	case to == reflect.TypeFor[time.Duration]() && from != to && number && !reflect.ValueOf(value).IsZero():
		return nil, fmt.Errorf("%v has no unit; write a duration as 30s, 10m or 24h", value)
	case to.Kind() == reflect.Int && from.Kind() == reflect.Float64:
		return nil, fmt.Errorf("%v is not a whole number", value)
	}
	return value, nil
}

func keys() []string {
	var ks []string
	for _, s := range settings {
		ks = append(ks, s.key)
	}
	return ks
}

// unknownEnv finds misspelt variables, which would else be silently unused.
func unknownEnv(environ []string) error {
	known := []string{prefix + "_CONFIG"}
	for _, k := range keys() {
		known = append(known, envName(k))
	}
	var errs []error
	sort.Strings(environ)
	for _, kv := range environ {
		name, _, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, prefix+"_") || strings.HasPrefix(name, prefix+"_TEST_") || slices.Contains(known, name) {
			continue
		}
		errs = append(errs, fmt.Errorf("environment: unknown variable %s; did you mean %s?", name, nearest(name, known)))
	}
	return errors.Join(errs...)
}

func envName(key string) string {
	return prefix + "_" + strings.ToUpper(strings.ReplaceAll(key, ".", "_"))
}

// Nearest is the setting whose key is most like this one.
func Nearest(key string) string { return nearest(key, keys()) }

func nearest(key string, known []string) string {
	key = key[:min(len(key), 100)] // what is longer is like none
	best, distance := "", 1<<30
	for _, k := range known {
		if d := levenshtein.ComputeDistance(key, k); d < distance {
			best, distance = k, d
		}
	}
	return best
}

package config_test

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"

	"github.com/tilsyn/tilsyn/config"
)

// load reads a configuration from the text of a file (none if empty) and
// command line arguments, with an environment of nothing of ours but what t
// has set itself.
func load(t *testing.T, yaml string, args ...string) (config.Config, error) {
	t.Helper()
	if yaml != "" {
		path := filepath.Join(t.TempDir(), "tilsyn.yaml")
		if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	fs := pflag.NewFlagSet("tilsyn", pflag.ContinueOnError)
	config.Flags(fs)
	if err := fs.Parse(args); err != nil {
		t.Fatal(err)
	}
	return config.Load(fs)
}

func mustLoad(t *testing.T, yaml string, args ...string) config.Config {
	t.Helper()
	c, err := load(t, yaml, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// defaults is what the documentation promises.
var defaults = config.Config{
	FHIR:          config.FHIR{Timeout: 30 * time.Second, MaxConcurrent: 8},
	Listen:        ":8090",
	TimeZone:      "Europe/Oslo",
	Poll:          config.Poll{Interval: 10 * time.Second, Overlap: 10 * time.Minute, LookBack: 72 * time.Hour},
	Operator:      config.Operator{Listen: "127.0.0.1:8091"},
	Census:        config.Census{Interval: 15 * time.Minute},
	Intake:        config.Intake{UnreadyAfter: time.Hour},
	Workers:       8,
	Audit:         config.Audit{Enabled: true},
	Questionnaire: config.Questionnaire{Language: "nb"},
	Routing:       config.Routing{Rules: []config.Rule{}},
	Log:           config.Log{Level: "info", Format: "json"},
}

// settings are what a configuration sets, without the content of advice.file.
func settings(c config.Config) config.Config {
	c.File, c.Advice.Say, c.Advice.SayPregnant, c.Advice.Offers = "", "", "", nil
	return c
}

func TestWithoutAnyConfigurationTheDefaultsHold(t *testing.T) {
	if got := settings(mustLoad(t, "")); !reflect.DeepEqual(got, defaults) {
		t.Errorf("got  %+v\nwant %+v", got, defaults)
	}
}

func TestTheReferenceFileSaysWhatTheDefaultsAre(t *testing.T) {
	if got := settings(mustLoad(t, "", "--config", "tilsyn.yaml")); !reflect.DeepEqual(got, defaults) {
		t.Errorf("got  %+v\nwant %+v", got, defaults)
	}
}

func TestEveryFieldIsInTheReferenceFileAndHasAFlag(t *testing.T) {
	reference, err := os.ReadFile("tilsyn.yaml")
	if err != nil {
		t.Fatal(err)
	}
	fs := pflag.NewFlagSet("tilsyn", pflag.ContinueOnError)
	config.Flags(fs)
	keys := leaves(reflect.TypeFor[config.Config](), "")
	if len(keys) < 20 {
		t.Fatalf("found only %v", keys)
	}
	for _, key := range keys {
		last := key[strings.LastIndex(key, ".")+1:]
		if !strings.Contains(string(reference), "\n"+strings.Repeat("  ", strings.Count(key, "."))+last+":") {
			t.Errorf("tilsyn.yaml does not mention %s", key)
		}
		if f := fs.Lookup(key); key != "routing.rules" && (f == nil || f.Usage == "") {
			t.Errorf("--%s does not exist or is not explained", key)
		}
	}
}

// leaves are the keys of all fields that are no groups of others.
func leaves(typ reflect.Type, at string) []string {
	var keys []string
	for f := range typ.Fields() {
		key := at + f.Tag.Get("mapstructure")
		if f.Tag.Get("mapstructure") == "-" {
			continue // read from a file of its own
		}
		if f.Type.Kind() == reflect.Struct {
			keys = append(keys, leaves(f.Type, key+".")...)
			continue
		}
		keys = append(keys, key)
	}
	return keys
}

// TestFileEnvironmentAndFlagsGrowStronger also shows that each setting can be
// given in each of the three ways.
func TestFileEnvironmentAndFlagsGrowStronger(t *testing.T) {
	for _, tt := range []struct {
		key             string
		file, env, flag string
	}{
		{"fhir.base_url", "http://file/fhir", "http://env/fhir", "http://flag/fhir"},
		{"fhir.timeout", "1s", "2s", "3s"},
		{"fhir.max_concurrent", "1", "2", "3"},
		{"fhir.token_file", "/file", "/env", "/flag"},
		{"fhir.auth.kind", "none", "none", ""},
		{"listen", ":1", ":2", ":3"},
		{"operator.listen", "127.0.0.1:1", "localhost:2", "[::1]:3"},
		{"hook.public_url", "http://file", "http://env", "http://flag"},
		{"hook.token_file", "/file", "/env", "/flag"},
		{"poll.interval", "1s", "2s", "0s"},
		{"poll.overlap", "1h0m0s", "2h0m0s", "0s"},
		{"poll.look_back", "1h0m0s", "2h0m0s", "0s"},
		{"census.interval", "1m0s", "2m0s", "3m0s"},
		{"workers", "1", "2", "3"},
		{"policy.file", "/file", "/env", "/flag"},
		{"advice.file", "advice/nn.yaml", "advice/en.yaml", "advice/sv.yaml"},
		{"questionnaire.language", "nn", "en", "nb"},
		{"routing.default.ward", "CareTeam/file", "CareTeam/env", "CareTeam/flag"},
		{"routing.default.liaison", "CareTeam/file", "CareTeam/env", "CareTeam/flag"},
		{"routing.protected.ward", "CareTeam/file", "CareTeam/env", "CareTeam/flag"},
		{"routing.protected.liaison", "CareTeam/file", "CareTeam/env", "CareTeam/flag"},
		{"log.level", "debug", "warn", "info"},
		{"log.format", "console", "console", "json"},
	} {
		t.Run(tt.key, func(t *testing.T) {
			yaml := nest(tt.key, tt.file)
			check := func(source, want string, c config.Config) {
				t.Helper()
				if got := value(c, tt.key); got != want {
					t.Errorf("with a %s it is %s, want %s", source, got, want)
				}
			}
			check("file", tt.file, mustLoad(t, yaml))
			t.Setenv("TILSYN_"+strings.ToUpper(strings.ReplaceAll(tt.key, ".", "_")), tt.env)
			check("variable", tt.env, mustLoad(t, yaml))
			check("variable and no file", tt.env, mustLoad(t, ""))
			// The flag counts also where it repeats the default.
			check("flag", tt.flag, mustLoad(t, yaml, "--"+tt.key+"="+tt.flag))
		})
	}
}

func nest(key, value string) string {
	var b strings.Builder
	parts := strings.Split(key, ".")
	for i, p := range parts {
		fmt.Fprintf(&b, "%s%s:", strings.Repeat("  ", i), p)
		if i == len(parts)-1 {
			fmt.Fprintf(&b, " %q", value)
		}
		b.WriteString("\n")
	}
	return b.String()
}

func value(c config.Config, key string) string {
	v := reflect.ValueOf(c)
	for _, part := range strings.Split(key, ".") {
		for f, field := range v.Fields() {
			if f.Tag.Get("mapstructure") == part {
				v = field
				break
			}
		}
	}
	if secret, ok := v.Interface().(config.Secret); ok {
		return string(secret) // which printing hides
	}
	return fmt.Sprint(v.Interface())
}

func TestASwitchIsReadFromEverySource(t *testing.T) {
	const rest = "hook:\n  enabled: true\n  public_url: https://t\n  token_file: /t\n"
	if !mustLoad(t, rest).Hook.Enabled {
		t.Error("the file does not count")
	}
	t.Setenv("TILSYN_HOOK_ENABLED", "false")
	if mustLoad(t, rest).Hook.Enabled {
		t.Error("the environment does not count")
	}
	if !mustLoad(t, rest, "--hook.enabled").Hook.Enabled {
		t.Error("the flag does not count")
	}
}

func TestTheFileMayBeNamedByTheEnvironmentAndTheFlagIsStronger(t *testing.T) {
	write := func(text string) string {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("TILSYN_CONFIG", write("workers: 3\n"))
	if got := mustLoad(t, "").Workers; got != 3 {
		t.Errorf("workers %d", got)
	}
	if got := mustLoad(t, "", "--config", write("workers: 4\n")).Workers; got != 4 {
		t.Errorf("workers %d", got)
	}
}

func TestASectionWhoseLinesAreAllCommentedOutKeepsItsDefaults(t *testing.T) {
	for _, section := range []string{"fhir", "hook", "poll", "census", "policy", "advice", "questionnaire", "routing", "log"} {
		got, err := load(t, section+":\n  # key: value\nworkers: 8\n")
		if err != nil || !reflect.DeepEqual(settings(got), defaults) {
			t.Errorf("%s: got %+v, %v", section, got, err)
		}
	}
}

func TestAnEmptyFileChangesNothing(t *testing.T) {
	for _, text := range []string{"\n", "# nothing\n", "---\n", "{}\n"} {
		if got := settings(mustLoad(t, text)); !reflect.DeepEqual(got, defaults) {
			t.Errorf("%q: got %+v", text, got)
		}
	}
}

func TestACommandThatTalksToAServerNeedsItsAddress(t *testing.T) {
	err := mustLoad(t, "").NeedServer()
	if err == nil || !strings.Contains(err.Error(), "fhir.base_url") || !strings.Contains(err.Error(), "TILSYN_FHIR_BASE_URL") {
		t.Errorf("got %v", err)
	}
	if err := mustLoad(t, "", "--fhir.base_url=http://h/fhir").NeedServer(); err != nil {
		t.Error(err)
	}
}

// Secrets are only ever paths; what lies there is read by others, later.
func TestNoSecretIsReadOrPrinted(t *testing.T) {
	const secret = "hunter2-canary"
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	c := mustLoad(t, "", "--fhir.token_file="+path, "--hook.token_file="+path)
	for _, format := range []string{"%v", "%+v", "%#v"} {
		if text := fmt.Sprintf(format, c); strings.Contains(text, secret) {
			t.Errorf("printed: %s", text)
		}
	}
}

func TestAMistakeWithASecretDoesNotPrintIt(t *testing.T) {
	const secret = "hunter2-canary"
	for name, try := range map[string]func(t *testing.T) error{
		"in the base URL": func(t *testing.T) error {
			_, err := load(t, "fhir:\n  base_url: https://u:"+secret+"@h/fhir\n")
			return err
		},
		"in a broken URL": func(t *testing.T) error {
			_, err := load(t, "fhir:\n  base_url: \"https://u:"+secret+"@h:x/%zz\"\n")
			return err
		},
		"in the query": func(t *testing.T) error {
			_, err := load(t, "", "--fhir.base_url=https://h/fhir?key="+secret)
			return err
		},
		"in the hook's URL": func(t *testing.T) error {
			_, err := load(t, "", "--hook.enabled", "--hook.token_file=/t", "--hook.public_url=https://u:"+secret+"@h")
			return err
		},
		"under a key of its own": func(t *testing.T) error { _, err := load(t, "fhir:\n  token: "+secret+"\n"); return err },
		"in the wrong shape":     func(t *testing.T) error { _, err := load(t, "fhir:\n  token_file: [ "+secret+" ]\n"); return err },
		"in broken YAML":         func(t *testing.T) error { _, err := load(t, "fhir:\n  token_file: \""+secret+"\n  x: 1"); return err },
		"in a variable":          func(t *testing.T) error { t.Setenv("TILSYN_FHIR_TOKEN", secret); _, err := load(t, ""); return err },
	} {
		t.Run(name, func(t *testing.T) {
			err := try(t)
			if err == nil {
				t.Fatal("no error")
			}
			if strings.Contains(err.Error(), secret) {
				t.Errorf("printed: %v", err)
			}
		})
	}
}

package process

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/rs/zerolog"
	"github.com/spf13/pflag"

	"github.com/tilsyn/tilsyn/config"
	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/app"
	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// turns gives one failure after the other, and a right answer between: else the
// server would soon be left alone.
func turns(fails []*failure) func(op string) *failure {
	n := 0
	return func(string) *failure {
		if n++; n%2 == 0 {
			return nil
		}
		return fails[(n/2)%len(fails)]
	}
}

// one gives one failure to one kind of request.
func one(f *failure, to string) func(op string) *failure {
	return func(op string) *failure {
		if op == to {
			return f
		}
		return nil
	}
}

// everyFailure has each kind of request of the client, and so whatever a command
// says of it, meet each failure.
func (c *canary) everyFailure() {
	c.Helper()
	var task fhir.Transaction
	task.Create(fhir.NewRef(), map[string]any{"resourceType": "Task"}, "identifier=x")
	a := c.all[0]
	out := c.of("the client")
	for _, f := range failures() {
		client, err := fhir.New(fhir.Options{BaseURL: c.at[1]}) // the last one may be at rest
		c.must(err)
		c.aside.change(func() { c.aside.fails = func(string) *failure { return f } })
		_, err = client.Read(c.ctx, a.Patient)
		fmt.Fprintln(out, err)
		_, err = client.Search(c.ctx, "Task?encounter="+a.ID())
		fmt.Fprintln(out, err)
		_, err = client.SearchTogether(c.ctx, "Task?encounter="+a.ID(), "Flag?patient="+a.ID())
		fmt.Fprintln(out, err)
		_, err = client.Capabilities(c.ctx)
		fmt.Fprintln(out, err)
		elsewhere, err := client.Elsewhere(c.ctx, "Task?_count=1")
		fmt.Fprintln(out, elsewhere, err, client.Transact(c.ctx, &task), client.Delete(c.ctx, a.Patient))
		client.Close()
	}
	c.aside.change(func() { c.aside.fails = nil })
}

// failing runs each command with each of its kinds of request failing, each time
// in another way.
func (c *canary) failing() {
	c.Helper()
	all, n := failures(), 0
	often := map[string]int{}
	for _, command := range [][]string{{"setup"}, {"doctor"}, {"doctor", "--write"}, {"report"}, {"quarantine"}, {"explain", c.all[5].Encounter}, {"quarantine", "--retry", c.all[5].Encounter}} {
		requests := map[string]int{}
		c.aside.change(func() { c.aside.fails, c.aside.requests = nil, requests })
		c.run(append(command, c.at...)...)
		for op := range requests {
			if command[len(command)-1] == "--write" && op == "GET Task" {
				continue // it would wait half a minute for what it has written
			}
			if often[op]++; often[op] > 2 {
				continue // the same words, whoever asks
			}
			n++
			c.aside.change(func() { c.aside.fails, c.aside.requests = one(all[n*7%len(all)], op), map[string]int{} })
			c.run(append(command, c.at...)...)
		}
	}
	for _, f := range overloads() {
		c.aside.change(func() { c.aside.fails = one(f, "GET metadata") })
		c.run(append([]string{"explain", c.all[5].Encounter}, c.at...)...)
	}
	c.aside.change(func() { c.aside.fails = nil })
}

// tokens has the ways to a token fail, each in every way.
func (c *canary) tokens() {
	c.Helper()
	key := filepath.Join(c.dir, "key.pem")
	c.run("jwks", "--new", "es384", key)
	smart := []string{"--fhir.auth.kind", "smart", "--fhir.auth.client_id", "tilsyn", "--fhir.auth.key_file", key}
	c.run(append([]string{"jwks"}, smart...)...)
	discovered := c.settings(append(c.at, smart...)...)
	configured := c.settings(append(c.at, append(smart, "--fhir.auth.token_url", c.at[1]+"/token")...)...)
	out := c.of("the way to a token")
	for _, f := range failures() {
		c.aside.change(func() { c.aside.fails = func(string) *failure { return f } })
		for _, cfg := range []config.Config{discovered, configured} {
			a := c.app(cfg, out)
			_, err := a.Client().Read(c.ctx, c.all[0].Patient)
			fmt.Fprintln(out, err)
			a.Client().Close()
		}
	}
	c.aside.change(func() { c.aside.fails = nil })
}

func (c *canary) settings(args ...string) config.Config {
	c.Helper()
	fs := pflag.NewFlagSet("canary", pflag.ContinueOnError)
	config.Flags(fs)
	c.must(fs.Parse(args))
	cfg, err := config.Load(fs)
	c.must(err)
	return cfg
}

func (c *canary) app(cfg config.Config, logs io.Writer) *app.App {
	c.Helper()
	a, err := app.New(app.Options{Config: cfg, Policy: pathway.DefaultPolicy(), Log: zerolog.New(logs)})
	c.must(err)
	return a
}

// files has score read marked files, each element wrong in each way.
func (c *canary) files() {
	c.Helper()
	c.run("artifacts", "--out", c.dir)
	form, response, other := filepath.Join(c.dir, "Questionnaire-audit-c.json"), filepath.Join(c.dir, "response.json"), filepath.Join(c.dir, "spoilt.json")
	right, err := os.ReadFile(form)
	c.must(err)
	given, err := c.hospital.Find(c.ctx, "QuestionnaireResponse", stay.Draft, c.all[3])
	c.must(err)
	if len(given) == 0 {
		c.Fatal("nobody has answered")
	}
	c.must(os.WriteFile(response, given[0].Raw(), 0o600))
	c.spoil(given[0].Raw(), other, form, other)
	c.spoil(right, other, other, response)
}

// spoil writes what a resource is when it is made wrong to a file, again and again,
// and scores.
func (c *canary) spoil(resource []byte, to, form, response string) {
	c.Helper()
	spoilt := newMarks()
	spoilt.names = 2
	for n := 0; !spoilt.settled(2); n++ {
		c.must(os.WriteFile(to, spoilt.mark(resource, true), 0o600))
		c.run("score", "--questionnaire", form, response, fmt.Sprintf("--json=%t", n%2 == 0))
	}
}

// plain is a text without the colours of a terminal.
func plain(text string) string {
	return strings.NewReplacer("\x1b", "", "[36m", "", "[0m", "").Replace(text)
}

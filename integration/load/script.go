package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
)

// shot is one request; in a script its ids are placeholders.
type shot struct {
	method, path, body string
	header             http.Header
}

// kept are the headers that change what the server does.
func kept(h http.Header) http.Header {
	k := http.Header{}
	for _, name := range []string{"Accept", "Cache-Control", "Content-Type", "Prefer", "User-Agent"} {
		if v := h.Get(name); v != "" {
			k.Set(name, v)
		}
	}
	return k
}

// script is what tilsyn sent for one admission: until the nurse was asked, and
// after she had answered.
type script struct{ ask, refer []shot }

// slots is how many admissions tilsyn works on at once, by default.
const slots = 8

// bare sends the script's requests for each admission, as many at once as
// tilsyn would, and does nothing else: no thinking, no queue, no second reconcile.
type bare struct {
	script
	base  string // the tap's scheme, host and port
	http  *http.Client
	slots chan struct{}
}

func newBare(s script, base string) *bare {
	root, _, _ := strings.Cut(strings.TrimPrefix(base, "http://"), "/")
	return &bare{s, "http://" + root, &http.Client{Transport: pool()}, make(chan struct{}, slots)}
}

func (b *bare) admitted(ctx context.Context, a *admission) error { return b.send(ctx, a, b.ask) }
func (b *bare) answered(ctx context.Context, a *admission) error { return b.send(ctx, a, b.refer) }

func (b *bare) send(ctx context.Context, a *admission, shots []shot) error {
	b.slots <- struct{}{}
	defer func() { <-b.slots }()
	fill := strings.NewReplacer("{patient}", a.patient, "{encounter}", a.encounter, "{task}", a.task, "{response}", a.response)
	for _, s := range shots {
		if err := b.shoot(ctx, s, fill); err != nil {
			return err
		}
	}
	return nil
}

func (b *bare) shoot(ctx context.Context, s shot, fill *strings.Replacer) error {
	req, err := http.NewRequestWithContext(ctx, s.method, b.base+fill.Replace(s.path), strings.NewReader(fill.Replace(s.body)))
	if err != nil {
		return err
	}
	req.Header = s.header
	resp, err := b.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode/100 != 2 {
		err = fmt.Errorf("the bare generator: HTTP %d: %.500s", resp.StatusCode, answer)
	}
	return err
}

// template puts placeholders where the ids of one admission stand.
func template(shots []shot, a *admission) []shot {
	out := make([]shot, 0, len(shots))
	for _, s := range shots {
		s.path, s.body = placeholders(s.path, a), placeholders(s.body, a)
		out = append(out, s)
	}
	return out
}

func placeholders(text string, a *admission) string {
	text = strings.NewReplacer(a.patient, "{patient}", a.encounter, "{encounter}").Replace(text)
	for typ, id := range map[string][2]string{"Task": {a.task, "{task}"}, "QuestionnaireResponse": {a.response, "{response}"}} {
		if id[0] == "" {
			continue // not made yet when this was sent
		}
		number := regexp.QuoteMeta(id[0])
		text = regexp.MustCompile(typ+`/`+number+`\b`).ReplaceAllString(text, typ+"/"+id[1])
		text = regexp.MustCompile(`"id":\s*"`+number+`"`).ReplaceAllString(text, `"id":"`+id[1]+`"`)
	}
	return text
}

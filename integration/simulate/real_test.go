package simulate_test

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"
)

var (
	realFor   = flag.Duration("real", 0, "for how long patients come and things go wrong beside a real server; 0: not at all")
	realBeds  = flag.Int("realbeds", 100, "beds of the hospital beside a real server")
	realProxy = flag.String("realproxy", "", "host:port of the one proxy, for a server that takes it for its own address")
)

// What holds in a simulated week holds beside a real server: processes that are
// killed, a network that breaks, a server that loses its power, and not one
// notification.
func TestRealServer(t *testing.T) {
	if *realFor == 0 {
		t.Skip("takes longer than tests may: -args -real 10m")
	}
	if end, ok := t.Deadline(); ok && time.Until(end) < *realFor+15*time.Minute {
		t.Fatalf("give it time: -timeout %v", *realFor+20*time.Minute)
	}
	r := newReality(t, options{seed: *firstSeed, lasts: *realFor, beds: *realBeds})
	r.play(t)
	fmt.Print(r)
	for _, f := range r.findings {
		t.Errorf("%s%s", f, r.said(f))
	}
	if t.Failed() {
		t.Logf("what the processes wrote: -artifacts keeps it, in %s", r.logs)
	}
}

// settle lets the work come to rest, then looks whether it did, and at what
// stands.
func (r *reality) settle() {
	time.Sleep(r.pace.of(quiet - still))
	before := r.versions()
	time.Sleep(r.pace.of(still))
	for ref, version := range r.versions() {
		if before[ref] != version {
			r.found("restless: %s is at version %s although nothing had happened for long", ref, version)
		}
	}
	for _, p := range r.places {
		r.idle(p)
	}
	r.check()
}

// idle tells that a process comes to rest between two censuses.
func (r *reality) idle(p *process) {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 10 * time.Second}
	err := idle("http://"+p.pages, client)
	for begun := time.Now(); err != nil && time.Since(begun) < r.pace.noticed; {
		time.Sleep(100 * time.Millisecond)
		err = idle("http://"+p.pages, client)
	}
	if err != nil {
		r.found("%s %v", p.name, err)
	}
}

// versions are those of all that the service writes, and of what people do.
func (r *reality) versions() map[string]string {
	all := map[string]string{}
	for _, typ := range []string{"Task", "QuestionnaireResponse", "Observation", "ServiceRequest", "Provenance"} {
		for _, res := range r.hospital.ehr.all(typ) {
			all[typ+"/"+res.Get("id").Str] = res.Get("meta.versionId").Str
		}
	}
	return all
}

func (r *reality) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "played %v on %s: %d admissions, %d consults, %d findings\n",
		r.lasts, r.server.Name, len(r.hospital.stays), r.consults, len(r.findings))
	for _, f := range slices.Sorted(maps.Keys(r.faults)) {
		fmt.Fprintf(&b, "%8d  %s\n", r.faults[f], f)
	}
	b.WriteString("what the service said:\n")
	said := map[string]int{}
	r.eachLine(func(line []byte) {
		if level := gjson.GetBytes(line, "level").Str; level != "debug" {
			said[level+": "+gjson.GetBytes(line, "message").Str]++
		}
	})
	for _, what := range slices.Sorted(maps.Keys(said)) {
		fmt.Fprintf(&b, "%8d  %s\n", said[what], what)
	}
	return b.String()
}

var admission = regexp.MustCompile(`^Encounter/(\S+):`)

// said is what the processes wrote about the admission of a finding.
func (r *reality) said(finding string) string {
	m := admission.FindStringSubmatch(finding)
	if m == nil {
		return ""
	}
	var lines []string
	r.eachLine(func(line []byte) {
		if gjson.GetBytes(line, "admission").Str == m[1] && (gjson.GetBytes(line, "wrote").Bool() || gjson.GetBytes(line, "error").Exists()) {
			lines = append(lines, gjson.GetBytes(line, "time").Str+" "+string(line))
		}
	})
	slices.Sort(lines)
	return "\n  " + strings.Join(lines, "\n  ")
}

func (r *reality) eachLine(do func(line []byte)) {
	for _, p := range r.places {
		log, err := os.ReadFile(filepath.Join(r.logs, p.name+".log"))
		if err != nil {
			panic(err)
		}
		for line := range bytes.SplitSeq(bytes.TrimSpace(log), []byte("\n")) {
			do(line)
		}
	}
}

package integration_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/internal/hospital"
)

// Remarks in what was found: an error means that it is not all, a warning that it
// may not be.
func TestOddRemarks(t *testing.T) {
	rows := []row{
		// Oracle Millennium, Microsoft: an error beside what was found.
		{name: "an error in every search", habit: always(remarkOn(ofWork, "error", "exception", -1)), turns: nobodyIsJudged, intake: notWhole, unsafe: []string{"search"}},
		{name: "an error in every search from the start", habit: always(remarkOn(ask.search, "error", "exception", -1)), turns: neverBegins, unsafe: []string{""}},
		{name: "an error in every census", habit: always(remarkOn(ask.census, "error", "exception", -1)), intake: notWhole},
		{name: "an error that passes", habit: always(remarkOn(ofWork, "error", "exception", 3))},
		{name: "an error that passes at the start", habit: always(remarkOn(ask.search, "error", "exception", 1))},
		{name: "an error in one admission", habit: errorInOne, marked: isStuckAtLast("exception"), intake: either},
	}
	for _, code := range []string{"incomplete", "too-costly", "throttled", "timeout"} {
		// Microsoft says incomplete of whole answers too.
		rows = append(rows, row{name: "a warning " + code, habit: always(remarkOn(ask.search, "warning", code, -1)), intake: either})
	}
	for _, code := range []string{
		"processing",    // Epic says of every answer that it may not be all there is (onc-healthit/inferno-program#229)
		"not-supported", // Firely of a parameter that it ignores (FirelyTeam/spark#1267)
	} {
		rows = append(rows, row{name: "a warning " + code, habit: always(remarkOn(ask.search, "warning", code, -1))})
	}
	onOddServers(t, rows)
}

// remarkOn puts a remark into searchsets, so many times or, with -1, always.
func remarkOn(which func(ask) bool, severity, code string, times int) habit {
	return func(a ask, next server) said {
		s := next(a)
		if !which(a) || !s.ok() || times == 0 {
			return s
		}
		times--
		return s.add(remarked(severity, code))
	}
}

func errorInOne(p *play) habit { return remarkOn(p.ofMarked, "error", "exception", -1) }

func isStuckAtLast(why string) func(*play, hospital.Admission) {
	return func(p *play, a hospital.Admission) {
		p.Helper()
		p.stuckAtLast(a, why)
	}
}

// ofWork tells searches for what a ward works with: not for what setup put there.
func ofWork(a ask) bool {
	return a.search() && !slices.Contains([]string{"Questionnaire", "CodeSystem", "Device"}, a.path)
}

// nobodyIsJudged: where nothing that is found can be believed, nothing is written.
func nobodyIsJudged(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.isSaid()
	p.rounds(3)
	p.want(a, notAsked)
}

// neverBegins: a service that cannot see whether its form is there waits, and is not
// ready.
func neverBegins(p *play) {
	p.Helper()
	a := p.admit(hospital.Stay{Person: woman})
	p.start()
	p.until("searches", func() bool { return p.proxy.count(ask.search) > 1 })
	if got, phase := p.ready(), p.status("phase").String(); got != http.StatusServiceUnavailable || !strings.HasPrefix(phase, "waiting") {
		p.Errorf("/readyz is %d, and the service %s", got, phase)
	}
	p.want(a, notAsked)
}

// Where nothing was whole for a time that the operator sets, a service says that it
// is not ready; it is again when it sees.
func TestBlindIsNotReady(t *testing.T) {
	blind := true
	r := row{intake: notWhole, flags: []string{"--intake.unready_after", "1s"}, habit: func(*play) habit {
		seeing := remarkOn(ofWork, "error", "exception", -1)
		return func(a ask, next server) said {
			if blind {
				return seeing(a, next)
			}
			return next(a)
		}
	}}
	r.turns = func(p *play) {
		p.start()
		p.isSaid()
		p.until("not ready", func() bool { return p.ready() == http.StatusServiceUnavailable })
		p.metric("tilsyn_intake_whole 0\n")
		p.proxy.locked(func() { blind = false })
		p.row.intake = whole
		p.isSaid()
		p.until("ready", func() bool { return p.ready() == http.StatusOK })
		p.metric("tilsyn_intake_whole 1\n")
		if strings.Contains(p.get(p.pages, "/metrics"), "tilsyn_searches_not_whole_total 0\n") {
			p.Error("no search is counted as not whole")
		}
	}
	r.play(onSandbox(t))
}

func (p *play) metric(line string) {
	p.Helper()
	p.until(line, func() bool { return strings.Contains(p.get(p.pages, "/metrics"), line) })
}

package simulate_test

import (
	"net/url"
	"time"
)

// This file says what the replicas have to ask while nothing happens, which is more
// where the server has habits.

// budget is five types for each poll, and for each census its searches and every
// open admission once or twice, and the form where an answer says only where that lies.
// Who has gone home with a consult that the team has not ended is looked at too.
func (s *simulation) budget(d time.Duration) int {
	open, lying := 0, 0
	for _, st := range s.hospital.stays {
		if st.present() {
			open++
			lying += st.forms
		}
	}
	open += int(s.hospital.ehr.read("Task?code=" + url.QueryEscape(codes+"|consult") + "&status=requested,accepted&_summary=count").Get("total").Int())
	polls := 1 + int(d/s.config.Poll.Interval)
	censuses := 1 + int(d/s.config.Census.Interval)
	return len(s.replicas) * (polls*s.pollCosts() + censuses*(s.censusSearches()*s.pages(open)+s.lookCosts()*open+2*lying))
}

// pages are what so many results take; the last may be empty.
func (s *simulation) pages(results int) int {
	size := 200
	if s.habits.most > 0 {
		size = s.habits.most
	}
	return 1 + results/size
}

// pollCosts are one page of each type. Where nothing says when it was written, all
// of a type is read. Where the server does not mind _lastUpdated, the newest are,
// until 200 in a row are old.
func (s *simulation) pollCosts() (n int) {
	for _, typ := range watched {
		each := 1
		switch {
		case s.habits.undated[typ]:
			each = s.pages(int(s.hospital.ehr.read(typ + "?_summary=count").Get("total").Int()))
		case s.habits.ignores:
			each = 1 + s.pages(200)
		}
		if typ == "ServiceRequest" && s.habits.literal {
			each *= len(s.policy().Consult.Codings)
		}
		n += each
	}
	return n
}

// censusSearches are six, or one for each value. They ask for the classes in a
// bed with four statuses, four codes of our own, four kinds of task with six
// statuses, our forms, the classes that are late, four statuses of whatever class, and
// pregnancies.
func (s *simulation) censusSearches() int {
	if !s.habits.literal {
		return 6
	}
	classes := len(s.policy().Screening.Classes)
	return classes*4 + 4 + 4*6 + 1 + classes + 4 + len(s.policy().Pregnancy.Codings)
}

// lookCosts are one or two requests, and the patient and the whole of a part by
// themselves where they are not included.
func (s *simulation) lookCosts() int {
	if s.habits.includes == "" {
		return 2
	}
	return 4
}

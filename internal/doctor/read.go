package doctor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
)

// clockLimit is from where a clock is worth a remark.
const clockLimit = 30 * time.Second

// Plan is what tilsyn asks of the server under one configuration.
type Plan struct {
	Searches []string              // just as serve sends them, from the same code
	Reads    func(typ string) bool // types that are read: a server lets nobody read the others
	Audit    bool                  // AuditEvents are to be written
	Parties  []string              // of the routing: Type/id
	Endpoint string                // where our Subscriptions point to; "": there are none
	Watched  []string              // the types that they watch
}

// Read only reads: what the server states, and whether it answers every search of
// tilsyn's. An error is a server that does not answer.
func Read(ctx context.Context, c *fhir.Client, plan Plan) ([]Finding, error) {
	caps, err := c.Capabilities(ctx)
	if err != nil {
		return nil, err
	}
	l := reading{client: c, plan: plan}
	l.states(caps)
	for _, at := range []func(context.Context) error{l.links, l.searches, l.parties, l.subscriptions} {
		if err := at(ctx); err != nil {
			return l.found, err
		}
	}
	return l.found, nil
}

type reading struct {
	client *fhir.Client
	plan   Plan
	found  []Finding
}

func (l *reading) add(level Level, what, means, seen string, args ...any) {
	Add(&l.found, level, what, means, seen, args...)
}

func (l *reading) states(caps fhir.Capabilities) {
	l.add(levelIf(!strings.HasPrefix(caps.FHIR, "4.0."), Unsafe), "FHIR version",
		"tilsyn speaks R4, which is 4.0.1", "%s, software %s", cmp.Or(caps.FHIR, "unknown"), cmp.Or(caps.Software, "unknown"))
	off := caps.Ahead.Abs()
	l.add(levelIf(off > clockLimit, Note), "clock",
		"due times and reminders follow this machine's clock; set both by NTP", "%s from this machine's", off)
	lacks := Lacks(caps, l.plan.Audit)
	l.add(levelIf(len(lacks) > 0, Note), "capability statement",
		"statements may be wrong; `tilsyn doctor --write` tries", "does not state: %s", cmp.Or(strings.Join(lacks, "; "), "nothing is missing"))
}

// AnyPage is a search whose page shows how the server writes its own address;
// what it finds is on every server that is set up.
const AnyPage = "Questionnaire?_count=1"

// Strays words what Client.Elsewhere found.
const Strays = "pages beyond the first and absolute references are refused; set fhir.base_url to the server's own address, which stands in the links of any search, or mend that"

func (l *reading) links(ctx context.Context) error {
	elsewhere, err := l.client.Elsewhere(ctx, AnyPage)
	switch {
	case fhir.IsRefused(err):
		l.add(Unsafe, "links", "the form cannot be found", "%v", err)
		return nil
	case err != nil:
		return err
	case len(elsewhere) > 0:
		l.add(Unsafe, "links", Strays, "the server calls itself %s", strings.Join(elsewhere, ", "))
		return nil
	}
	l.add(Fine, "links", "", "under fhir.base_url")
	return nil
}

// parties looks whether those are there to whom work is given. Blaze answers 409,
// and HAPI 400, to what refers to nobody: then nobody is asked.
func (l *reading) parties(ctx context.Context) error {
	for _, party := range l.plan.Parties {
		_, err := l.client.Read(ctx, party)
		switch {
		case err == nil:
			l.add(Fine, "routing", "", "%s is there", named(party))
		case fhir.IsGone(err):
			l.add(Unsafe, "routing", "a server that minds references refuses all work for them, and nobody is asked; another keeps it where nobody looks: mend the name in routing", "%s is not on the server", named(party))
		case given(err):
			l.add(Unproved, "routing", "look yourself whether they are there", "%s cannot be read: %v", named(party), err)
		default:
			return err
		}
	}
	return nil
}

func named(party string) string { return fhir.Mask(party, party) }

// ActivationTime is how long a server may take to activate a Subscription. Medplum
// never does: it only looks at those that are active.
const ActivationTime = 10 * time.Minute

// subscriptions reads in which state ours are. Without them polls and the census
// find the same, later.
func (l *reading) subscriptions(ctx context.Context) error {
	if l.plan.Endpoint == "" {
		return nil
	}
	found, err := l.client.Search(ctx, fhir.Query("Subscription", "url", l.plan.Endpoint))
	if given(err) {
		l.add(Unproved, "subscriptions", "look yourself whether they are active", "they cannot be read: %v", err)
		return nil
	}
	if err != nil {
		return err
	}
	for _, typ := range l.plan.Watched {
		l.subscription(typ, found)
	}
	return nil
}

func (l *reading) subscription(typ string, found []fhir.Resource) {
	const means = "changes are seen at the next poll; run `tilsyn setup`, which mends it"
	what := "subscription " + typ
	for _, s := range found {
		if s.Get("criteria").String() != typ+"?" {
			continue
		}
		switch status := s.Get("status").String(); status {
		case "active":
			l.add(Fine, what, "", "active")
		case "requested":
			l.add(Note, what, "the server has not activated it; after "+ActivationTime.String()+" `tilsyn setup` sets it to active, which is all that Medplum looks at", "requested")
		case "error", "off":
			l.add(Note, what, means, "%s", status)
		default:
			l.add(Note, what, means, "in no state that R4 knows")
		}
		return
	}
	l.add(Note, what, means, "not there")
}

var errHit = errors.New("found something")

func orError(err error) string {
	if err == nil {
		return "answers"
	}
	return fmt.Sprint(err)
}

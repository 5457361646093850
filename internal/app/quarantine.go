package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"time"

	"github.com/tilsyn/tilsyn/fhir"
	"github.com/tilsyn/tilsyn/internal/intake"
	"github.com/tilsyn/tilsyn/internal/outside"
	"github.com/tilsyn/tilsyn/internal/reconcile"
)

// Quarantined is an admission that a person must look at: what is wrong with
// which resource. It holds no patient data.
type Quarantined struct {
	Reason string    `json:"reason"`
	Since  time.Time `json:"since"`

	over  bool // the admission has ended
	known bool // the server has shown it
}

const (
	maxWindows     = 100            // that come on top
	maxQuarantined = 1000           // more at once is one fault of the server's, not a thousand of admissions
	maxReason      = 500            // bytes
	maxID          = 100            // characters: FHIR has 64, and a window two times
	maxPage        = 4 << 20        // bytes of a /status
	keptWhenOver   = 24 * time.Hour // for somebody to see it, where the admission has ended
)

// quarantine holds them by admission. It is as good as the last reconcile of each:
// one that ends well takes it out.
type quarantine map[string]Quarantined

// put keeps since when an admission is here. Where it is full, the one that was
// seen first goes: it has been shown and logged, and comes back at a census.
func (q quarantine) put(id string, err error, done reconcile.Done, now time.Time) {
	entry, known := q[id]
	if !known {
		entry.Since = now
	}
	entry.Reason, entry.over, entry.known = err.Error(), done.Over, done.Known || entry.known
	entry.Reason = entry.Reason[:min(len(entry.Reason), maxReason)]
	q[id] = entry
	if len(q) > maxQuarantined {
		delete(q, slices.MinFunc(slices.Collect(maps.Keys(q)), func(a, b string) int { return q[a].Since.Compare(q[b].Since) }))
	}
}

// shown is a copy in which every admission has the name that people may see.
func (q quarantine) shown() quarantine {
	names := quarantine{}
	for id, entry := range q {
		names[shown(id, entry.known)] = entry
	}
	return names
}

// putUnread adds what a census could not read: a window, as no id is known.
func (q quarantine) putUnread(windows []intake.Unread, since time.Time) {
	for _, u := range windows {
		q[u.String()] = Quarantined{Since: since,
			Reason: "something there cannot be read, and nobody is asked about it: " + u.Why.Error() + "; mend or remove it on the FHIR server"}
	}
}

// IsWindow tells a window from an admission.
func IsWindow(name string) bool { return !fhir.ValidID(name) }

// again gives those to reconcile once more: what they wait for may be nothing that
// intake can hear of. Those whose admission has long ended are let go.
func (q quarantine) again(now time.Time) []string {
	maps.DeleteFunc(q, func(_ string, e Quarantined) bool { return e.over && now.Sub(e.Since) > keptWhenOver })
	return slices.Sorted(maps.Keys(q))
}

// ErrNoService tells that nobody listens where the configuration says.
var ErrNoService = errors.New("no service answers")

// Quarantined asks the service that runs on this machine with the same
// configuration. Each replica knows of its own reconciles only.
func (a *App) Quarantined(ctx context.Context) (map[string]Quarantined, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	address := a.Address()
	resp, err := a.askOperator(ctx, "/status")
	if errors.Is(err, errRequest) {
		return nil, err
	}
	if err != nil {
		return nil, fmt.Errorf("%w at %s: %w", ErrNoService, address, err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusUnauthorized {
		return nil, fmt.Errorf("the service at %s wants another token: start this command with the same operator.token_file", address)
	}
	var p page
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxPage)).Decode(&p); err != nil || p.Phase == "" ||
		resp.StatusCode != http.StatusOK || len(p.Quarantined) > maxQuarantined+maxWindows { // windows come on top
		return nil, fmt.Errorf("what answers at %s is not tilsyn; operator.listen names the service's address", address)
	}
	return p.Quarantined.printable(), nil
}

// printable is a copy for people's terminals: who answers may be anybody.
func (q quarantine) printable() quarantine {
	fit := quarantine{}
	for id, entry := range q {
		entry.Reason = outside.Text(entry.Reason, maxReason)
		fit[outside.Text(id, maxID)] = entry
	}
	return fit
}

// Address is where the service on this machine shows its pages to operators.
func (a *App) Address() string {
	host, port, err := net.SplitHostPort(a.cfg.Operator.Listen)
	if err != nil {
		return a.cfg.Operator.Listen
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// Unreadable walks past every admission that the census names, writes nothing,
// and gives those that cannot be understood. What the server refuses to take is
// not seen so.
func (a *App) Unreadable(ctx context.Context) (map[string]Quarantined, error) {
	q := quarantine{}
	n, err := a.walk(ctx, func(id string, e reconcile.Explanation, err error) error {
		if errors.Is(err, reconcile.ErrPermanent) || fhir.IsRefused(err) {
			q.put(id, err, reconcile.Done{Known: e.Found}, a.now())
			err = nil
		}
		return err
	})
	shown := q.shown()
	shown.putUnread(n.Gaps.Unread, a.now())
	return shown, err
}

// Retry works on one admission now, as the service does.
func (a *App) Retry(ctx context.Context, id string) (reconcile.Done, error) {
	rec, err := a.Reconciler(ctx)
	if err != nil {
		return reconcile.Done{}, err
	}
	return rec.Reconcile(ctx, id)
}

// Oldest gives the admissions of a quarantine, the one that waits longest first.
func Oldest(q map[string]Quarantined) []string {
	return slices.SortedFunc(maps.Keys(q), func(a, b string) int {
		return cmp.Or(q[a].Since.Compare(q[b].Since), cmp.Compare(a, b))
	})
}

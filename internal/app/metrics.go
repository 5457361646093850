package app

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/tilsyn/tilsyn/internal/pathway"
	"github.com/tilsyn/tilsyn/internal/stay"
)

// metrics are for machines what /status is for people. No label names a
// patient, an admission or a resource.
type metrics struct {
	registry     *prometheus.Registry
	reconciled   prometheus.Counter
	missed       prometheus.Counter
	oldestMissed prometheus.Gauge
	repaired     prometheus.Counter
	lastPoll     prometheus.Gauge
	lastCensus   prometheus.Gauge
	admissions   prometheus.Gauge
	plannedLate  prometheus.Gauge
	quarantined  prometheus.Gauge
	refused      prometheus.Counter
	putAside     *prometheus.CounterVec
	unrecorded   prometheus.Counter
	whole        prometheus.Gauge
	wrongForms   prometheus.Counter
}

func newMetrics(now func() vitals) *metrics {
	m := &metrics{registry: prometheus.NewRegistry()}
	m.reconciled = m.counter("reconciled_total", "Reconciles of one admission that ended well.")
	m.missed = m.counter("census_found_missed_total", "Admissions where the census found work that no notification and no poll had named in time. After a start: what came while nobody watched.")
	m.oldestMissed = m.gauge("census_oldest_missed_seconds", "How long ago that had happened, at most, since the start.")
	m.repaired = m.counter("duplicates_repaired_total", "Resources that the server let be made twice, and that were marked as made in error.")
	m.lastPoll = m.gauge("last_successful_poll_timestamp_seconds", "When the last poll that went well ended; 0: none yet.")
	m.lastCensus = m.gauge("last_successful_census_timestamp_seconds", "When the last census that went well ended; 0: none yet.")
	m.admissions = m.gauge("open_admissions", "Admissions of the asked classes with the patient in the hospital, at the last census.")
	m.plannedLate = m.gauge("planned_late", "Planned admissions whose start lies up to a week back, at the last census.")
	m.quarantined = m.gauge("quarantined", "Admissions that a person must look at.")
	m.refused = m.counter("refused_callers_total", "Callers of the hook or of the operators' pages who showed no valid secret.")
	m.putAside = m.counters("put_aside_total", "Questions that a person put aside instead of an answer. how: declined by the patient; put-away by the ward; unable, as the patient could not be asked.", pathway.WithoutAnswer, "how", "instrument")
	m.unrecorded = m.counter("unrecorded_writes_total", "Decisions written without AuditEvents, which audit.enabled wants and the FHIR server refuses.")
	m.whole = m.gauge("intake_whole", "1: the last poll and the last census read all that they asked for. 0: they did not, or there was none yet; /status says why.")
	m.wrongForms = m.counter("wrong_forms_total", "Responses to another form than the ward was asked with, or to one that cannot be read: for the EHR to mend; /status names them.")
	m.countOf("searches_not_whole_total", "Searches of which the FHIR server said that it had not given all.", func() int { return now().NotWhole })
	m.registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "tilsyn", Name: "queue_waiting", Help: "Admissions that wait for a worker."},
		func() float64 { return float64(now().Waiting) }))
	m.countOf("retries_total", "Reconciles of one admission that were tried again.", func() int { return now().Retries })
	m.countOf("fhir_requests_total", "Requests to the FHIR server.", func() int { return now().Requests })
	m.countOf("fhir_failed_total", "Requests to the FHIR server without an answer, or with 429 or 5xx.", func() int { return now().Failed })
	m.countOf("fhir_rests_total", "How often the FHIR server was left alone for a while, because it asked for it or was down.", func() int { return now().Rests })
	return m
}

func (m *metrics) counter(name, help string) prometheus.Counter {
	c := prometheus.NewCounter(prometheus.CounterOpts{Namespace: "tilsyn", Name: name, Help: help})
	m.registry.MustRegister(c)
	return c
}

// counters are one for each value of the first label, from 0 on, for AUDIT-C.
func (m *metrics) counters(name, help string, values []string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: "tilsyn", Name: name, Help: help}, labels)
	for _, value := range values {
		v.WithLabelValues(value, stay.AuditC)
	}
	m.registry.MustRegister(v)
	return v
}

func (m *metrics) gauge(name, help string) prometheus.Gauge {
	g := prometheus.NewGauge(prometheus.GaugeOpts{Namespace: "tilsyn", Name: name, Help: help})
	m.registry.MustRegister(g)
	return g
}

// countOf counts what is kept elsewhere.
func (m *metrics) countOf(name, help string, count func() int) {
	m.registry.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "tilsyn", Name: name, Help: help},
		func() float64 { return float64(count()) }))
}

func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

func seconds(at time.Time) float64 { return float64(at.UnixNano()) / 1e9 }

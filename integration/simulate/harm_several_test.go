package simulate_test

import (
	"strings"

	"github.com/tidwall/gjson"
	"github.com/tidwall/sjson"
)

// This file holds the mistakes that can be made where more is asked than AUDIT-C.

// twoConsults asks for one more, as if each question had its own.
func twoConsults(s *simulation) {
	for _, st := range s.hospital.stays {
		order, ok := s.hospital.ours("ServiceRequest", "consult", st)
		if ok && order.Get("status").Str == "active" {
			body := drop(drop(drop(order.Raw, "id"), "meta"), "resourceType")
			body, _ = sjson.Set(body, "identifier.0.value", nameOf(order)+":9")
			s.hospital.ehr.create("ServiceRequest", strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(body), "{"), "}"))
		}
	}
}

// neverUrgent leaves a consult that stands as urgent as it was when it was made.
func neverUrgent(e string) string {
	if gjson.Get(e, "resource.resourceType").Str == "ServiceRequest" && gjson.Get(e, "request.method").Str == "PUT" {
		e, _ = sjson.Set(e, "resource.priority", "routine")
	}
	return e
}

// oneGround lets a consult rest on one score.
func oneGround(e string) string { return drop(e, "resource.reasonReference.1") }

// firstLine leaves of why a consult is asked for what is said first.
func firstLine(e string) string {
	if note := gjson.Get(e, "resource.note.0.text").Str; gjson.Get(e, "resource.resourceType").Str == "ServiceRequest" && note != "" {
		note, _, _ = strings.Cut(note, "\n")
		e, _ = sjson.Set(e, "resource.note.0.text", note)
	}
	return e
}

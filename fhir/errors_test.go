package fhir_test

import (
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir"
)

// silentAbout makes sure that neither the error nor anything it wraps holds
// one of the given strings.
func silentAbout(t *testing.T, err error, canaries ...string) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, canary := range canaries {
			if strings.Contains(strings.ToLower(e.Error()), strings.ToLower(canary)) {
				t.Errorf("the error lets out %q: %v", canary, e)
				return
			}
		}
	}
}

func failing(t *testing.T, status int, body string) error {
	t.Helper()
	_, err := connect(t, always(status, body)).Search(t.Context(), "Task?encounter=1")
	if err == nil {
		t.Fatalf("a %d is no success", status)
	}
	return err
}

const nameCanary, idCanary = "Kanarina Testesen", "13116900216"

func TestNoFieldOfAnOperationOutcomeLetsAPatientOut(t *testing.T) {
	plain := map[string]string{"severity": "error", "code": "invalid", "diagnostics": "", "expression": "Task.for", "text": "", "location": "",
		"display": "", "id": "", "message": "Validation_VAL_Profile_Minimum"}
	for field := range plain {
		for _, canary := range []string{nameCanary, idCanary, "Patient/" + idCanary, "Patient?identifier=" + idCanary, "Patient.name.where(family='" + nameCanary + "')"} {
			t.Run(field+" "+canary, func(t *testing.T) {
				f := map[string]string{}
				for k, v := range plain {
					f[k] = v
				}
				f[field] = canary
				silentAbout(t, failing(t, 422, outcome(f)), "Kanarina", idCanary)
			})
		}
	}
}

func outcome(f map[string]string) string {
	return fmt.Sprintf(`{"resourceType":"OperationOutcome","id":%q,"text":{"status":"generated","div":%q},
		"issue":[{"severity":%q,"code":%q,"diagnostics":%q,"expression":[%q],"location":[%q],
		"details":{"text":%q,"coding":[{"code":%q,"display":%q}]},
		"extension":[{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id","valueString":%q}]}]}`,
		f["id"], f["text"], f["severity"], f["code"], f["diagnostics"], f["expression"], f["location"], f["text"], f["display"], f["display"], f["message"])
}

func TestAnErrorTellsWhereToLook(t *testing.T) {
	err := failing(t, 422, `{"resourceType":"OperationOutcome","issue":[
		{"severity":"warning","code":"informational","diagnostics":"HAPI-1111"},
		{"severity":"error","code":"required","diagnostics":"HAPI-0574: Ola Nordmann","expression":["Task.input[2].value[x]"],
		 "extension":[{"url":"http://hl7.org/fhir/StructureDefinition/operationoutcome-message-id","valueString":"Validation_VAL_Profile_Minimum"}]}]}`)
	want := "search Task: the server answered 422 Unprocessable Entity [required, HAPI-0574, Task.input[2].value[x], Validation_VAL_Profile_Minimum]"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func TestAnErrorIsShortHoweverManyIssuesThereAre(t *testing.T) {
	issue := `{"severity":"error","code":"invalid","diagnostics":"HAPI-1234","expression":["Task.for"]},`
	err := failing(t, 400, `{"resourceType":"OperationOutcome","issue":[`+strings.TrimSuffix(strings.Repeat(issue, 500), ",")+`]}`)
	if len(err.Error()) > 1200 {
		t.Errorf("the error is %d characters long", len(err.Error()))
	}
}

func TestAnAnswerThatIsNoHTTPIsNotRepeated(t *testing.T) {
	// net/http quotes a status line or a header that it cannot read.
	for _, answer := range []string{"HTTP/1.1 " + idCanary + "\r\n\r\n", idCanary + " 200 OK\r\n\r\n", "HTTP/1.1 200 OK\r\n" + idCanary + "\r\n\r\n"} {
		c := client(t, fhir.Options{BaseURL: "http://" + speaking(t, answer)})
		_, err := c.Read(t.Context(), "Task/1")
		if err == nil {
			t.Fatalf("%q passed for an answer", answer)
		}
		silentAbout(t, err, idCanary)
	}
}

// speaking is a listener that sends the same bytes to everyone.
func speaking(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = conn.Write([]byte(answer))
			conn.Close()
		}
	}()
	return l.Addr().String()
}

func TestConflictsRefusalsAndLossesAreToldApart(t *testing.T) {
	diagnostics := func(s string) string {
		return `{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"processing","diagnostics":"` + s + `"}]}`
	}
	tests := []struct {
		name                    string
		status                  int
		body                    string
		conflict, refused, gone bool
	}{
		{"somebody wrote first", 409, ``, true, false, false},
		{"stale If-Match", 412, `{}`, true, false, false},
		{"Helios wraps a stale ifMatch", 400, diagnostics("Entry failed with status 412"), true, false, false},
		{"a racing create met an index", 500, diagnostics("ERROR: duplicate key value violates a constraint violation"), true, false, false},
		{"HAPI's constraint error", 500, diagnostics("HAPI-0550: The operation has failed with a version constraint failure"), true, false, false},
		{"HAPI's version conflict", 500, diagnostics("HAPI-0989: Trying to update Task/1/_history/1 but this is not the current version"), true, false, false},
		{"a real 500", 500, diagnostics("NullPointerException"), false, false, false},
		{"not a FHIR 400", 400, `<html>Bad Request</html>`, false, true, false},
		{"invalid content", 422, diagnostics("Task.status: minimum required = 1"), false, true, false},
		{"a 422 is never a race", 422, diagnostics("status 412 is not in the value set"), false, true, false},
		{"no permission", 403, ``, false, true, false},
		{"no such operation", 405, ``, false, true, false},
		{"too large", 413, ``, false, true, false},
		{"not implemented", 501, ``, false, true, false},
		{"never there", 404, ``, false, false, true},
		{"deleted", 410, ``, false, false, true},
		{"a token that has run out", 401, ``, false, false, false},
		{"too busy", 429, ``, false, false, false},
		{"down for a while", 503, ``, false, false, false},
		{"not modified is no answer", 304, ``, false, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := fmt.Errorf("load stay: %w", failing(t, tt.status, tt.body))
			if fhir.IsConflict(err) != tt.conflict || fhir.IsRefused(err) != tt.refused || fhir.IsGone(err) != tt.gone {
				t.Errorf("conflict %v, refused %v, gone %v", fhir.IsConflict(err), fhir.IsRefused(err), fhir.IsGone(err))
			}
		})
	}
	other := errors.New("something else")
	if fhir.IsConflict(other) || fhir.IsRefused(other) || fhir.IsGone(other) {
		t.Error("an error of somebody else passed for the server's")
	}
}

func TestWhatIsUnavailableNowMayBeAskedAgain(t *testing.T) {
	for status, want := range map[int]bool{429: true, 500: true, 503: true, 400: false, 401: false, 404: false, 501: false} {
		if err := fmt.Errorf("start: %w", failing(t, status, "")); fhir.IsUnavailable(err) != want {
			t.Errorf("%d: %v, want %v", status, !want, want)
		}
	}
	_, err := client(t, fhir.Options{BaseURL: "http://" + speaking(t, "")}).Search(t.Context(), "Task?encounter=1")
	if !fhir.IsUnavailable(err) {
		t.Errorf("no answer at all: %v", err)
	}
	if fhir.IsUnavailable(nil) || fhir.IsUnavailable(errors.New("something else")) {
		t.Error("an error of somebody else passed for the server's")
	}
}

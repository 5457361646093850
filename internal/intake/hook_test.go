package intake

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const secret = "s3cret"

// ring sends one notification and gives the answer's status, what was named,
// and whether the poller was rung.
func ring(t *testing.T, r *http.Request, token func() (string, error)) (status int, named string, polled bool) {
	t.Helper()
	_, c := serve(t)
	q := &heard{}
	p := NewPoller(c, q, names, Window{}, nil, nil)
	w := httptest.NewRecorder()
	NewHook(q, p, token).ServeHTTP(w, r)
	fresh, backlog := q.took()
	if backlog != "" {
		t.Errorf("the hook put %s behind the backlog", backlog)
	}
	return w.Code, fresh, len(p.bell) == 1
}

func known() (string, error) { return secret, nil }

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+secret)
	return r
}

func TestWithoutTheTokenNothingIsHeard(t *testing.T) {
	for name, header := range map[string]string{
		"none": "", "wrong": "Bearer wrong", "empty": "Bearer ", "only the scheme": "Bearer", "no scheme": secret, "another scheme": "Basic " + secret,
		"longer": "Bearer " + secret + "x", "shorter": "Bearer s3cre", "other case": "Bearer S3CRET", "two blanks": "Bearer  " + secret, "a blank after": "Bearer " + secret + " ",
	} {
		for _, path := range []string{"/hooks/fhir", "/hooks/fhir/Encounter/1"} {
			r := request(http.MethodPost, path, "{}")
			r.Header.Del("Authorization")
			if header != "" {
				r.Header.Set("Authorization", header)
			}
			if status, named, polled := ring(t, r, known); status != 401 || named != "" || polled {
				t.Errorf("%s: %d, named %q, polled %v", name, status, named, polled)
			}
		}
	}
}

func TestAHookWithoutASecretOfItsOwnLetsNobodyIn(t *testing.T) {
	for name, token := range map[string]func() (string, error){
		"an empty secret":          func() (string, error) { return "", nil },
		"one that cannot be read":  func() (string, error) { return "", errors.New("gone") },
		"an error beside a secret": func() (string, error) { return secret, errors.New("half read") },
	} {
		for _, header := range []string{"Bearer ", "Bearer " + secret, ""} {
			r := request(http.MethodPost, "/hooks/fhir/Encounter/1", "")
			r.Header.Set("Authorization", header)
			if status, named, polled := ring(t, r, token); status != 401 || named != "" || polled {
				t.Errorf("%s: %d, named %q, polled %v", name, status, named, polled)
			}
		}
	}
}

func TestARefusedCallerLearnsNothingAboutTheSecret(t *testing.T) {
	_, c := serve(t)
	q := &heard{}
	w := httptest.NewRecorder()
	r := request(http.MethodPost, "/hooks/fhir", "")
	r.Header.Set("Authorization", "Bearer wrong")
	NewHook(q, NewPoller(c, q, names, Window{}, nil, nil), known).ServeHTTP(w, r)
	if w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), secret) || strings.Contains(w.Body.String(), "wrong") {
		t.Errorf("answered %q", w.Body.String())
	}
}

func TestARotatedSecretCountsAtOnce(t *testing.T) {
	_, c := serve(t)
	q := &heard{}
	now := "old"
	h := NewHook(q, NewPoller(c, q, names, Window{}, nil, nil), func() (string, error) { return now, nil })
	for _, step := range []struct {
		current, shown string
		want           int
	}{{"old", "old", 204}, {"new", "old", 401}, {"new", "new", 204}} {
		now = step.current
		r := request(http.MethodPost, "/hooks/fhir", "")
		r.Header.Set("Authorization", "Bearer "+step.shown)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != step.want {
			t.Errorf("%+v: %d", step, w.Code)
		}
	}
}

func TestOnlyNotificationsAreTaken(t *testing.T) {
	for method, want := range map[string]int{
		http.MethodPost: 204, http.MethodPut: 204, http.MethodDelete: 204,
		http.MethodGet: 405, http.MethodHead: 405, http.MethodPatch: 405, http.MethodOptions: 405, "PROPFIND": 405,
	} {
		status, named, _ := ring(t, request(method, "/hooks/fhir/Encounter/1", ""), known)
		if status != want || (named != "") != (want == 204) {
			t.Errorf("%s: %d, named %q", method, status, named)
		}
	}
}

func TestThePathNamesTheAdmissionOrRingsThePoller(t *testing.T) {
	for _, tt := range []struct {
		path, named string
	}{
		{"/hooks/fhir/Encounter/1", "1"},
		{"/hooks/fhir/Encounter/a-B.9", "a-B.9"},
		{"/hooks/fhir/Encounter/1/", "1"},
		{"/hooks/fhir", ""},
		{"/hooks/fhir/", ""},
		{"/hooks/fhir/Task/1", ""},
		{"/hooks/fhir/QuestionnaireResponse/1", ""},
		{"/hooks/fhir/Patient/1", ""},
		{"/hooks/fhir/Encounter", ""},
		{"/hooks/fhir/Encounter/", ""},
		{"/hooks/fhir/Encounter/..", ""},
		{"/hooks/fhir/Encounter/%2e%2e", ""},
		{"/hooks/fhir/Encounter/1%2F..%2F2", ""},
		{"/hooks/fhir/Encounter/1/_history/2", ""},
		{"/hooks/fhir/Encounter/1%00", ""},
		{"/hooks/fhir/Encounter/1%3Fx=y", ""},
		{"/hooks/fhir/Encounter/%F0%9F%98%80", ""},
		{"/hooks/fhir/Encounter/" + strings.Repeat("9", 65), ""},
		{"/hooks/fhir/encounter/1", ""},
		{"/hooks/fhir/Encounter/1?id=2", "1"},
	} {
		t.Run(tt.path, func(t *testing.T) {
			status, named, polled := ring(t, request(http.MethodPost, tt.path, ""), known)
			if status != 204 || named != tt.named || polled != (tt.named == "") {
				t.Errorf("%d, named %q, polled %v", status, named, polled)
			}
		})
	}
}

func TestTheBodyIsNeverLookedAt(t *testing.T) {
	for _, body := range []string{
		`{"resourceType":"Encounter","id":"666"}`, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","id":"666"}}]}`,
		`{`, "\xff\x00", strings.Repeat("[", 1<<19), strings.Repeat(" ", 1<<20),
	} {
		if status, named, polled := ring(t, request(http.MethodPut, "/hooks/fhir/Encounter/1", body), known); status != 204 || named != "1" || polled {
			t.Errorf("%.30q: %d, named %q, polled %v", body, status, named, polled)
		}
		if status, named, polled := ring(t, request(http.MethodPost, "/hooks/fhir", body), known); status != 204 || named != "" || !polled {
			t.Errorf("%.30q: %d, named %q, polled %v", body, status, named, polled)
		}
	}
}

func TestABodyThatIsTooLargeOrCutShortNamesNothing(t *testing.T) {
	endless := httptest.NewRequest(http.MethodPost, "/hooks/fhir/Encounter/1", io.MultiReader(strings.NewReader(strings.Repeat(" ", 1<<20)), strings.NewReader(" ")))
	endless.Header.Set("Authorization", "Bearer "+secret)
	if status, named, polled := ring(t, endless, known); status != 413 || named != "" || polled {
		t.Errorf("%d, named %q, polled %v", status, named, polled)
	}
	cut := httptest.NewRequest(http.MethodPost, "/hooks/fhir/Encounter/1", io.MultiReader(strings.NewReader("{"), broken{}))
	cut.Header.Set("Authorization", "Bearer "+secret)
	if status, named, polled := ring(t, cut, known); status < 400 || named != "" || polled {
		t.Errorf("%d, named %q, polled %v", status, named, polled)
	}
}

// broken is a connection that was reset.
type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

func TestAHundredPingsAreOneMoreRound(t *testing.T) {
	_, c := serve(t)
	q := &heard{}
	p := NewPoller(c, q, names, Window{}, nil, nil)
	h := NewHook(q, p, known)
	for range 100 {
		h.ServeHTTP(httptest.NewRecorder(), request(http.MethodPost, "/hooks/fhir", ""))
	}
	if len(p.bell) != 1 {
		t.Errorf("%d rounds wait", len(p.bell))
	}
}

package intake

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
)

const secret = "s3cret"

// ring sends one notification and gives the answer's status, what was named,
// and whether the poller was rung.
func ring(t *testing.T, r *http.Request, tokens Secrets) (status int, named string, polled bool) {
	t.Helper()
	_, c := serve(t)
	q := &heard{}
	p := NewPoller(c, q, names, Back{}, nil, nil)
	w := httptest.NewRecorder()
	NewHook(q, p, Proof{Tokens: tokens}).ServeHTTP(w, r)
	fresh, backlog := q.took()
	if backlog != "" {
		t.Errorf("the hook put %s behind the backlog", backlog)
	}
	return w.Code, fresh, len(p.bell) == 1
}

func known() ([]string, error) { return []string{secret}, nil }

func request(method, path, body string) *http.Request {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+secret)
	if body != "" {
		r.Header.Set("Content-Type", "application/fhir+json")
	}
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
	for name, token := range map[string]Secrets{
		"an empty secret":          func() ([]string, error) { return []string{""}, nil },
		"none":                     func() ([]string, error) { return nil, nil },
		"one that cannot be read":  func() ([]string, error) { return nil, errors.New("gone") },
		"an error beside a secret": func() ([]string, error) { return []string{secret}, errors.New("half read") },
		"nothing asked for":        nil,
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
	NewHook(q, NewPoller(c, q, names, Back{}, nil, nil), Proof{Tokens: known}).ServeHTTP(w, r)
	if w.Header().Get("WWW-Authenticate") == "" || strings.Contains(w.Body.String(), secret) || strings.Contains(w.Body.String(), "wrong") {
		t.Errorf("answered %q", w.Body.String())
	}
}

// While a secret is replaced the old one and the new one open.
func TestARotatedSecretCountsAtOnce(t *testing.T) {
	_, c := serve(t)
	q := &heard{}
	var now []string
	h := NewHook(q, NewPoller(c, q, names, Back{}, nil, nil), Proof{Tokens: func() ([]string, error) { return now, nil }})
	for _, step := range []struct {
		current, shown string
		want           int
	}{{"old", "old", 204}, {"old", "new", 401}, {"new old", "old", 204}, {"new old", "new", 204}, {"new old", "new old", 401}, {"new", "old", 401}, {"new", "new", 204}} {
		now = strings.Fields(step.current)
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

func TestNothingInTheBodyIsBelieved(t *testing.T) {
	for _, body := range []string{
		`{"resourceType":"Encounter","id":"666"}`, `{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"Encounter","id":"666"}}]}`,
		`{}`, `{"a":1,"a":2}`, nested(64), `{"text":"[[[[\\\"[[` + strings.Repeat("[", 100) + `"}`, `{"pad":"` + strings.Repeat(" ", 1<<20-10) + `"}`,
	} {
		if status, named, polled := ring(t, request(http.MethodPut, "/hooks/fhir/Encounter/1", body), known); status != 204 || named != "1" || polled {
			t.Errorf("%.30q: %d, named %q, polled %v", body, status, named, polled)
		}
		if status, named, polled := ring(t, request(http.MethodPost, "/hooks/fhir", body), known); status != 204 || named != "" || !polled {
			t.Errorf("%.30q: %d, named %q, polled %v", body, status, named, polled)
		}
	}
}

// nested is JSON so many arrays and objects deep.
func nested(n int) string {
	return strings.Repeat(`[{"a":`, n/2) + "1" + strings.Repeat("}]", n/2)
}

func TestABodyThatIsNoJSONNamesNothing(t *testing.T) {
	for _, tt := range []struct {
		contentType, body string
		want              int
	}{
		{"application/json", "{", 400}, {"application/json", "\xff\x00", 400}, {"application/fhir+json", nested(66), 400}, {"application/json", "{} {}", 400},
		{"application/json", strings.Repeat("[", 1<<19), 400}, {"application/json; charset=utf-8", "{}", 204}, {"application/fhir+json;fhirVersion=4.0", "{}", 204},
		{"", "{}", 415}, {"text/plain", "{}", 415}, {"application/xml", "<a/>", 415}, {"application/jsonp", "{}", 415}, {"image/svg+json", "{}", 415},
		{"", "", 204}, {"text/plain", "", 204}, // an empty ping of HAPI
	} {
		r := request(http.MethodPost, "/hooks/fhir/Encounter/1", tt.body)
		r.Header.Set("Content-Type", tt.contentType)
		if status, named, _ := ring(t, r, known); status != tt.want || (named != "") != (tt.want == 204) {
			t.Errorf("%s %.30q: %d, named %q; want %d", tt.contentType, tt.body, status, named, tt.want)
		}
	}
}

func TestASignatureCoversTheBody(t *testing.T) {
	keys := func() ([]string, error) { return []string{"new key", "old key"}, nil }
	sign := func(key, body string) string {
		mac := hmac.New(sha256.New, []byte(key))
		io.WriteString(mac, body)
		return hex.EncodeToString(mac.Sum(nil))
	}
	const body = `{"resourceType":"Encounter"}`
	for name, tt := range map[string]struct {
		proof            Proof
		token, signature string
		want             int
	}{
		"signed":                           {Proof{Keys: keys}, "", sign("new key", body), 204},
		"by the old key":                   {Proof{Keys: keys}, "", sign("old key", body), 204},
		"by another":                       {Proof{Keys: keys}, "", sign("no key", body), 401},
		"another body":                     {Proof{Keys: keys}, "", sign("new key", body+" "), 401},
		"not signed":                       {Proof{Keys: keys}, "", "", 401},
		"no hex":                           {Proof{Keys: keys}, "", "x" + sign("new key", body), 401},
		"cut short":                        {Proof{Keys: keys}, "", sign("new key", body)[:32], 401},
		"in capitals":                      {Proof{Keys: keys}, "", strings.ToUpper(sign("new key", body)), 204},
		"both":                             {Proof{Tokens: known, Keys: keys}, secret, sign("new key", body), 204},
		"only the token of both":           {Proof{Tokens: known, Keys: keys}, secret, "", 401},
		"only the signature of both":       {Proof{Tokens: known, Keys: keys}, "", sign("new key", body), 401},
		"an empty key signs nothing":       {Proof{Keys: func() ([]string, error) { return []string{""}, nil }}, "", sign("", body), 401},
		"keys that cannot be read":         {Proof{Keys: func() ([]string, error) { return nil, errors.New("gone") }}, "", sign("", body), 401},
		"a signature that nobody asks for": {Proof{Tokens: known}, secret, "nonsense", 204},
	} {
		_, c := serve(t)
		q := &heard{}
		r := httptest.NewRequest(http.MethodPost, "/hooks/fhir/Encounter/1", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+tt.token)
		r.Header.Set("X-Signature", tt.signature)
		w := httptest.NewRecorder()
		NewHook(q, NewPoller(c, q, names, Back{}, nil, nil), tt.proof).ServeHTTP(w, r)
		if named, _ := q.took(); w.Code != tt.want || (named == "1") != (tt.want == 204) {
			t.Errorf("%s: %d, named %q; want %d", name, w.Code, named, tt.want)
		}
	}
}

// RFC 4231, test case 2.
func TestTheSignatureIsTheStandardOne(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/", nil)
	r.Header.Set("X-Signature", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
	if !signed(r, []byte("what do ya want for nothing?"), func() ([]string, error) { return []string{"Jefe"}, nil }) {
		t.Error("was refused")
	}
}

func TestAFullQueueSendsCallersAway(t *testing.T) {
	_, c := serve(t)
	q := &heard{full: true}
	p := NewPoller(c, q, names, Back{}, nil, nil)
	h := NewHook(q, p, Proof{Tokens: known})
	for path, want := range map[string]int{"/hooks/fhir/Encounter/1": 503, "/hooks/fhir": 204, "/hooks/fhir/Task/1": 204} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(http.MethodPost, path, ""))
		if named, _ := q.took(); w.Code != want || named != "" || (w.Header().Get("Retry-After") != "") != (want == 503) {
			t.Errorf("%s: %d, named %q", path, w.Code, named)
		}
	}
	if len(p.bell) != 1 {
		t.Error("a ping takes no room: the poller is rung")
	}
}

// Callers who hold their bodies back cannot fill the memory.
func TestOnlySoManyBodiesAreReadAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &heard{}
		h := NewHook(q, &Poller{bell: newBell()}, Proof{Tokens: known})
		slow, end := io.Pipe()
		var group sync.WaitGroup
		for range hookSlots {
			group.Go(func() {
				r := httptest.NewRequest(http.MethodPost, "/hooks/fhir", slow)
				r.Header.Set("Authorization", "Bearer "+secret)
				h.ServeHTTP(httptest.NewRecorder(), r)
			})
		}
		synctest.Wait()
		w := httptest.NewRecorder()
		h.ServeHTTP(w, request(http.MethodPost, "/hooks/fhir/Encounter/1", "{}"))
		if w.Code != 503 {
			t.Errorf("one too many was answered %d", w.Code)
		}
		end.Close()
		group.Wait()
		w = httptest.NewRecorder()
		h.ServeHTTP(w, request(http.MethodPost, "/hooks/fhir/Encounter/1", "{}"))
		if w.Code != 204 {
			t.Errorf("when the others have gone: %d", w.Code)
		}
	})
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
	p := NewPoller(c, q, names, Back{}, nil, nil)
	h := NewHook(q, p, Proof{Tokens: known})
	for range 100 {
		h.ServeHTTP(httptest.NewRecorder(), request(http.MethodPost, "/hooks/fhir", ""))
	}
	if len(p.bell) != 1 {
		t.Errorf("%d rounds wait", len(p.bell))
	}
}

package auth_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/auth"
)

// silent makes sure that neither the error nor what it wraps says one of these.
func silent(t *testing.T, err error, words ...string) {
	t.Helper()
	for e := err; e != nil; e = errors.Unwrap(e) {
		for _, w := range words {
			if strings.Contains(e.Error(), w) {
				t.Errorf("the error lets out %q: %v", w, e)
			}
		}
	}
}

func TestARefusalSaysWhatToDoAndNothingThatTheServerWrote(t *testing.T) {
	for code, word := range map[string]string{
		"invalid_client": "tilsyn jwks", "invalid_scope": "fhir.auth.scopes", "invalid_grant": "fhir.auth.audience",
		"unauthorized_client": "client_credentials", "unsupported_grant_type": "fhir.auth.token_url", "invalid_request": "fhir.auth.token_url",
		canary: "400", "": "400",
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			s.token = func(w http.ResponseWriter, _ *http.Request) bool {
				w.WriteHeader(400)
				fmt.Fprintf(w, `{"error":%q,"error_description":%q,"error_uri":%q,"patient":%q}`, code, canary, canary, canary)
				return true
			}
			_, err := get(connect(t, s, o))
			if err == nil || !strings.Contains(err.Error(), word) || !strings.Contains(err.Error(), "token endpoint of https://ehr.test/") {
				t.Fatalf("%s: got %v", code, err)
			}
			silent(t, err, canary)
		})
	}
}

func TestWhatIsNoTokenIsNotSent(t *testing.T) {
	for name, body := range map[string]string{
		"no JSON": canary, "empty": ``, "an array": `[]`, "no token": `{"token_type":"bearer"}`, "no type": `{"access_token":"` + canary + `"}`,
		"another type": `{"access_token":"x","token_type":"` + canary + `"}`, "a token that is two lines": `{"access_token":"x\r\nX-Evil: ` + canary + `","token_type":"bearer"}`,
		"a token that is a number": `{"access_token":1,"token_type":"bearer"}`, "an endless answer": strings.Repeat(" ", 2<<20) + `{}`,
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			s.token = func(w http.ResponseWriter, _ *http.Request) bool { io.WriteString(w, body); return true }
			_, err := get(connect(t, s, o))
			if err == nil || len(s.fhir) != 0 {
				t.Errorf("%s: %v, and the FHIR server saw %q", name, err, s.fhir)
			}
			silent(t, err, canary)
		})
	}
}

func TestTheAssertionIsSentToNobodyElse(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			s.token = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "https://evil.test/token", status)
				return true
			}
			if _, err := get(connect(t, s, o)); err == nil {
				t.Errorf("%d: a redirect passed for a token", status)
			}
		})
	}
}

func TestTheTokenEndpointIsFound(t *testing.T) {
	for name, tt := range map[string]struct{ wellKnown, tokenURL, want string }{
		"named by the server":         {`{"token_endpoint":"` + tokenURL + `"}`, "", ""},
		"configured":                  {"", tokenURL, ""},
		"configured, and another one": {`{"token_endpoint":"https://evil.test/"}`, tokenURL, ""},
		"no configuration":            {"", "", "smart-configuration answered 404; set fhir.auth.token_url"},
		"no JSON":                     {canary, "", "is no SMART configuration"},
		"no endpoint":                 {`{"issuer":"` + canary + `"}`, "", "fhir.auth.token_url"},
		"without TLS":                 {`{"token_endpoint":"http://login.test/` + canary + `"}`, "", "https"},
		"with a password":             {`{"token_endpoint":"https://` + canary + `:x@login.test/"}`, "", "fhir.auth.token_url"},
		"a path":                      {`{"token_endpoint":"/token"}`, "", "fhir.auth.token_url"},
		"a file":                      {`{"token_endpoint":"file:///etc/passwd"}`, "", "fhir.auth.token_url"},
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			s.wellKnow, o.TokenURL = tt.wellKnown, tt.tokenURL
			status, err := get(connect(t, s, o))
			if tt.want == "" && status == 200 {
				return
			}
			if err == nil || tt.want == "" || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%s: %d, %v", name, status, err)
			}
			silent(t, err, canary)
		})
	}
}

func TestAnotherAudienceForAServerThatWantsIt(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		o.Audience, o.TokenURL = "https://login.test/realms/ward", tokenURL
		_, _ = get(connect(t, s, o))
		if s.claims["aud"] != o.Audience {
			t.Errorf("aud is %v", s.claims["aud"])
		}
	})
}

func TestAServerOfSMART1IsAskedInItsOwnWords(t *testing.T) {
	for capabilities, want := range map[string]string{
		`"permission-v1"`:                 "system/Encounter.read system/Task.read system/Task.write",
		`"permission-v1","permission-v2"`: "system/Encounter.rs system/Task.crus",
		``:                                "system/Encounter.rs system/Task.crus",
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			s.wellKnow = `{"token_endpoint":"` + tokenURL + `","capabilities":[` + capabilities + `]}`
			s.want(t, connect(t, s, o), 200)
			if got := s.asked[0].Get("scope"); got != want {
				t.Errorf("%s: asked for %s", capabilities, got)
			}
		})
	}
}

func TestATokenThatGrantsLessIsTold(t *testing.T) {
	for granted, want := range map[string]string{
		"system/Encounter.rs system/Task.crus":                 "",
		"system/Encounter.cruds system/Task.cruds":             "",
		"system/*.cruds":                                       "",
		"system/*.*":                                           "",
		"system/*.read system/Task.write openid":               "",
		"system/*.rs":                                          "system/Task.crus",
		"system/Encounter.rs system/Task.r":                    "system/Task.crus",
		"patient/*.cruds user/*.cruds":                         "system/Encounter.rs system/Task.crus",
		"system/Encounter.r system/Encounter.s system/*.cruds": "",
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			s.scope = granted
			var told []string
			o.Narrowed = func(missing []string) { told = missing }
			s.want(t, connect(t, s, o), 200)
			if got := strings.Join(told, " "); got != want {
				t.Errorf("%s: told of %q, want %q", granted, got, want)
			}
		})
	}
}

func TestTheTokenGoesNowhereElse(t *testing.T) {
	bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
		c := connect(t, s, o)
		for _, url := range []string{
			"http://ehr.test/fhir/Task/1", "https://ehr.test:8443/fhir/Task/1", "https://ehr.test/Task/1", "https://ehr.test/fhirer/Task/1",
			"https://ehr.test/fhir/../admin", "https://ehr.test/fhir/%2e%2e/admin", "https://evil.test/fhir/Task/1", "https://login.test/token",
			"https://169.254.169.254/fhir", "https://u:p@ehr.test/fhir/Task/1", "https://EHR.test/fhir",
		} {
			if _, err := c.Get(url); err == nil {
				t.Errorf("%s was asked", url)
			}
		}
		r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, fhirBase, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Host = "evil.test"
		if _, err := c.Do(r); err == nil {
			t.Error("another Host passed")
		}
		if s.tokens != 0 || len(s.fhir) != 0 {
			t.Errorf("%d tokens were asked for; the FHIR server saw %q", s.tokens, s.fhir)
		}
	})
}

func TestSecretsFromFiles(t *testing.T) {
	var content string
	var failure error
	read := func() (string, error) { return content, failure }
	for name, tt := range map[string]struct {
		source        auth.Source
		content, want string
		failure       error
	}{
		"bearer":              {auth.Bearer(read), "abc.def-_~+/=", "Bearer abc.def-_~+/=", nil},
		"bearer of two lines": {auth.Bearer(read), "abc\n" + canary, "", nil},
		"bearer unreadable":   {auth.Bearer(read), canary, "", errors.New("gone")},
		"basic":               {auth.Basic(read), "tilsyn:pass:word", "Basic dGlsc3luOnBhc3M6d29yZA==", nil},
		"basic without name":  {auth.Basic(read), ":" + canary, "", nil},
		"basic without colon": {auth.Basic(read), canary, "", nil},
	} {
		content, failure = tt.content, tt.failure
		got, err := tt.source.Header(t.Context())
		if got != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		silent(t, err, canary)
	}
}

// A token file that was replaced between two looks mends a refusal at once; one
// that was not is no reason to ask again.
func TestARefusedTokenFromAFile(t *testing.T) {
	for name, tt := range map[string]struct {
		tokens []string
		want   int
		seen   []string
	}{
		"replaced":  {[]string{"old", "new"}, 200, []string{"Bearer old", "Bearer new"}},
		"as it was": {[]string{"old", "old"}, 401, []string{"Bearer old"}},
	} {
		s := newSite(t, nil)
		s.valid["new"] = true
		reads := 0
		c := over(t, s, auth.Bearer(func() (string, error) { reads++; return tt.tokens[reads-1], nil }))
		if status, err := get(c); status != tt.want || !slices.Equal(s.fhir, tt.seen) {
			t.Errorf("%s: %d, %v; the server saw %q", name, status, err, s.fhir)
		}
	}
}

func TestSMARTNeedsToKnowWho(t *testing.T) {
	keys := func() (string, error) { return "", nil }
	for _, o := range []auth.SmartOptions{
		{BaseURL: fhirBase, Scopes: scopes, Keys: keys}, {BaseURL: fhirBase, ClientID: clientID, Scopes: scopes}, {BaseURL: fhirBase, ClientID: clientID, Keys: keys},
	} {
		if _, err := auth.Smart(o); err == nil {
			t.Errorf("%+v was taken", o)
		}
	}
}

func TestAKeyThatCannotBeReadIsToldWithoutIt(t *testing.T) {
	for _, content := range []string{canary, "{" + canary, "-----BEGIN PRIVATE KEY-----\n" + canary} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			o.Keys = func() (string, error) { return content, nil }
			_, err := get(connect(t, s, o))
			if err == nil || s.tokens != 0 {
				t.Errorf("got %v", err)
			}
			silent(t, err, canary)
		})
	}
}

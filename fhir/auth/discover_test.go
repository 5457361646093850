package auth_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/tilsyn/tilsyn/fhir/auth"
)

// leading is a FHIR server whose configuration names a token endpoint, and a
// network in which every address gives tokens.
type leading struct {
	endpoint string
	asked    []string // for a token
}

func (l *leading) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	switch {
	case strings.HasSuffix(r.URL.Path, "/.well-known/smart-configuration"):
		fmt.Fprintf(w, `{"token_endpoint":%q}`, l.endpoint)
	case r.Method == http.MethodPost:
		l.asked = append(l.asked, r.URL.String())
		io.WriteString(w, `{"access_token":"x","token_type":"bearer"}`)
	default:
		io.WriteString(w, "{}")
	}
	return w.Result(), nil
}

// An assertion for a configured audience is good there, whoever has it: so it
// goes to nobody whom the FHIR server alone has named.
func TestAnAssertionForAConfiguredAudienceGoesToNobodyWhomTheServerNames(t *testing.T) {
	const audience = "https://login.test/realms/ward"
	for _, tt := range []struct{ base, endpoint, audience, tokenURL, want string }{
		{fhirBase, "https://evil.test/token", audience, "", ""},
		{fhirBase, "https://login.test/token", audience, "", ""},
		{fhirBase, "https://ehr.test:8443/token", audience, "", ""},
		{fhirBase, "https://ehr.test.evil.test/token", audience, "", ""},
		{fhirBase, "http://ehr.test/token", audience, "", ""},
		{"http://ehr.test/fhir", "http://evil.test/token", audience, "", ""},
		{"http://ehr.test/fhir", "https://evil.test/token", audience, "", ""},
		{"http://ehr.test/fhir", "https://ehr.test/token", audience, "", ""},
		{fhirBase, "https://ehr.test/token", audience, "", "https://ehr.test/token"},
		{fhirBase, "HTTPS://EHR.test:443/token", audience, "", "https://EHR.test:443/token"},
		{"http://ehr.test:8080/fhir", "http://ehr.test:8080/token", audience, "", "http://ehr.test:8080/token"},
		{fhirBase, "https://evil.test/token", audience, tokenURL, tokenURL},
		{fhirBase, "https://login.test/token", "", "", "https://login.test/token"}, // it is good there alone
	} {
		bubble(t, func(t *testing.T, s *site, o *auth.SmartOptions) {
			l := &leading{endpoint: tt.endpoint}
			o.BaseURL, o.Audience, o.TokenURL, o.Transport = tt.base, tt.audience, tt.tokenURL, l
			source, err := auth.Smart(*o)
			if err != nil {
				t.Fatal(err)
			}
			_, err = source.Header(t.Context())
			if got := strings.Join(l.asked, " "); got != tt.want {
				t.Errorf("%+v: asked %q", tt, got)
			}
			if tt.want == "" && (err == nil || !strings.Contains(err.Error(), "set fhir.auth.token_url")) {
				t.Errorf("%+v: got %v", tt, err)
			}
			silent(t, err, "evil.test")
		})
	}
}
